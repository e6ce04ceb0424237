//! How features write what a line can't hold, and how documents are compared.

use bytes::Bytes;
use serde_json::Value;

/// Reads a key: `{U+0020}` is a character by its number, `{k*1023}` a text that is repeated.
pub(crate) fn key(text: &str) -> String {
    let (mut key, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        key += before;
        let escaped = after.split_once('}');
        match escaped.and_then(|(inside, behind)| Some((escape(inside)?, behind))) {
            Some((text, behind)) => {
                key += &text;
                rest = behind;
            }
            None => {
                key.push('{');
                rest = after;
            }
        }
    }
    key + rest
}

fn escape(inside: &str) -> Option<String> {
    match inside.strip_prefix("U+") {
        Some(number) => u32::from_str_radix(number, 16)
            .ok()
            .and_then(char::from_u32)
            .map(String::from),
        None => {
            let (text, times) = inside.split_once('*')?;
            Some(text.repeat(times.parse().ok()?))
        }
    }
}

/// Reads a content: `4 MiB of a + end` is four million letters and a word, others are themselves.
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

/// Fails unless a document holds all that is expected: objects may have more fields, lists may not
/// have more items.
pub(crate) fn assert_holds(document: &Value, expected: &Value) {
    match (document, expected) {
        (Value::Object(fields), Value::Object(expected)) => {
            for (name, value) in expected {
                let field = fields.get(name).unwrap_or(&Value::Null);
                assert_holds(field, value);
            }
        }
        (Value::Array(items), Value::Array(expected)) => {
            assert_eq!(items.len(), expected.len(), "{document}");
            for (item, expected) in items.iter().zip(expected) {
                assert_holds(item, expected);
            }
        }
        _ => assert_eq!(document, expected),
    }
}
