//! Escapes that features use for keys and contents, and the comparison of JSON documents.

use bytes::Bytes;
use serde_json::Value;

/// Decodes a key: `{U+0020}` is the character with that code point, `{k*1023}` a repeated string.
pub(crate) fn key(text: &str) -> String {
    let (mut key, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        key += before;
        let parts = after.split_once('}');
        match parts.and_then(|(escape, after)| Some((unescape(escape)?, after))) {
            Some((text, after)) => {
                key += &text;
                rest = after;
            }
            None => {
                key.push('{');
                rest = after;
            }
        }
    }
    key + rest
}

fn unescape(escape: &str) -> Option<String> {
    match escape.strip_prefix("U+") {
        Some(number) => u32::from_str_radix(number, 16)
            .ok()
            .and_then(char::from_u32)
            .map(String::from),
        None => {
            let (text, times) = escape.split_once('*')?;
            Some(text.repeat(times.parse().ok()?))
        }
    }
}

/// Decodes a content: in `4 MiB of a + end`, the first piece is 4 MiB of the letter `a`. All other
/// pieces are literal.
pub(crate) fn content(text: &str) -> Bytes {
    let pieces = text.split(" + ").map(|piece| {
        let repeated = piece.split_once(" MiB of ");
        match repeated.and_then(|(times, letter)| Some((times.parse::<usize>().ok()?, letter))) {
            Some((times, letter)) => letter.repeat(times * 1024 * 1024),
            None => piece.to_owned(),
        }
    });
    Bytes::from(pieces.collect::<String>())
}

/// Panics unless `document` contains `expected`: objects can have more fields, lists cannot have more
/// items.
pub(crate) fn assert_contains(document: &Value, expected: &Value) {
    match (document, expected) {
        (Value::Object(fields), Value::Object(expected)) => {
            for (name, value) in expected {
                let field = fields.get(name).unwrap_or(&Value::Null);
                assert_contains(field, value);
            }
        }
        (Value::Array(items), Value::Array(expected)) => {
            assert_eq!(items.len(), expected.len(), "{document}");
            for (item, expected) in items.iter().zip(expected) {
                assert_contains(item, expected);
            }
        }
        _ => assert_eq!(document, expected),
    }
}
