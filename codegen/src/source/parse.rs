//! A strict JSON parser that records places and limits its recursion.

use super::{FileId, Member, Node, Object, Span, Value};
use crate::diagnostic::Diagnostic;

/// Maximum depth of nested values.
const MAX_DEPTH: usize = 128;

/// Parses a file. Reports all duplicate keys, but stops at the first syntax error.
pub(super) fn parse(file: FileId, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let mut parser = Parser {
        text,
        at: 0,
        file,
        depth: 0,
        duplicates: Vec::new(),
    };
    match parser.document() {
        Ok(node) if parser.duplicates.is_empty() => Ok(node),
        Ok(_) => Err(parser.duplicates),
        Err(error) => {
            let mut all = parser.duplicates;
            all.push(*error);
            Err(all)
        }
    }
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    file: FileId,
    depth: usize,
    duplicates: Vec<Diagnostic>,
}

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Node> {
        self.skip_space();
        if self.peek().is_none() {
            return Err(self.error(
                "json-empty",
                self.at..self.at,
                "the file is empty",
                "write a JSON document: a specification, a part of one, or an overlay; a specification is \
                 written in Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1",
            ));
        }
        let node = self.value()?;
        self.skip_space();
        match self.peek() {
            None => Ok(node),
            Some(_) => Err(self.unexpected("the end of the file")),
        }
    }

    fn value(&mut self) -> Parsed<Node> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.unexpected("a JSON value")),
        };
        Ok(Node {
            value,
            span: self.span(start..self.at),
        })
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(
                "json-depth",
                self.at..self.at + 1,
                format!("nested deeper than {MAX_DEPTH} levels"),
                "flatten the document: no specification needs this depth",
            ));
        }
        self.depth += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Parsed<Value> {
        self.at += 1;
        let mut object = Object::new();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = self.span(start..self.at);
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.unexpected("`:` after the key"));
            }
            self.skip_space();
            let node = self.value()?;
            self.insert(&mut object, key, key_span, node);
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Value::Object(object));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn insert(&mut self, object: &mut Object, key: String, span: Span, node: Node) {
        if let Some(first) = object.get(&key) {
            self.duplicates.push(
                Diagnostic::error("json-duplicate-key", span, format!("duplicate key {key:?}"))
                    .with_note(first.key, "first used here")
                    .with_help("merge the two members or rename one of them"),
            );
            return;
        }
        object.insert(key, Member { key: span, node });
    }

    fn array(&mut self) -> Parsed<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value()?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    /// Reads a string. Finds its end, and lets `serde_json` decode it.
    fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut plain = true;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    self.at += 2;
                }
                Some(byte) if byte < 0x20 => {
                    return Err(self.error(
                        "json-syntax",
                        self.at..self.at + 1,
                        "a control character in a string",
                        "escape it, for example a line break as `\\n`",
                    ));
                }
                Some(_) => self.at += 1,
                None => {
                    self.at = self.text.len();
                    return Err(self.error(
                        "json-syntax",
                        start..start + 1,
                        "this string has no end",
                        "close it with `\"`; the file may be cut short",
                    ));
                }
            }
        }
        self.at += 1;
        let raw = self.text.get(start..self.at).unwrap_or_default();
        if plain {
            return Ok(raw.trim_matches('"').to_owned());
        }
        serde_json::from_str(raw).map_err(|_| {
            self.error(
                "json-syntax",
                start..self.at,
                "a string with an invalid escape",
                "valid escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX (surrogates in pairs)",
            )
        })
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.at;
        while let Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        match serde_json::from_str::<serde_json::Number>(raw) {
            Ok(number) => Ok(Value::Number(exact(raw, number))),
            Err(_) => Err(self.error(
                "json-number",
                start..self.at,
                "not a number that can be represented",
                "use a JSON number (without leading zeros or `+`) within the range of a double",
            )),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Parsed<Value> {
        if self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.unexpected("a JSON value"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> Box<Diagnostic> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.chars().next() {
            Some(found) => self.error(
                "json-syntax",
                self.at..self.at + found.len_utf8(),
                format!("expected {wanted}, found {found:?}"),
                "correct the JSON here, or just before",
            ),
            None => self.error(
                "json-syntax",
                self.at..self.at,
                format!("expected {wanted}, found the end of the file"),
                "the file may be cut short: compare it with its origin",
            ),
        }
    }

    fn error(
        &self,
        rule: &'static str,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
        help: &str,
    ) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(rule, self.span(range), message).with_help(help))
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        // Files of 4 GiB are refused before parsing.
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: clamp(range.start),
            end: clamp(range.end),
        }
    }
}

/// Returns the exact value of the text, because `serde_json` can be off by the last bit of a
/// double.
fn exact(raw: &str, number: serde_json::Number) -> serde_json::Number {
    if number.is_i64() || number.is_u64() {
        return number;
    }
    let parsed = raw.parse().ok();
    parsed
        .and_then(serde_json::Number::from_f64)
        .unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Sources;

    fn parsed(text: &str) -> Result<Node, Vec<Diagnostic>> {
        parse(file(), text)
    }

    fn file() -> FileId {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        std::fs::write(&path, "0").unwrap();
        Sources::new(&path).load(&path).unwrap().0
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            (-1e300..1e300).prop_map(|number: f64| number.into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                proptest::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    /// Checks that the text at each value's place parses to that value, and that its pointer leads
    /// to it.
    fn check_places(root: &Node, node: &Node, text: &str) {
        let own = &text[node.span.start as usize..node.span.end as usize];
        assert!(parsed(own).unwrap().same_json(node));
        let found = root.pointer(&root.pointer_at(node.span)).unwrap();
        assert_eq!(found.span, node.span);
        match &node.value {
            Value::Array(items) => items.iter().for_each(|item| check_places(root, item, text)),
            Value::Object(object) => {
                for (key, member) in object {
                    let own = &text[member.key.start as usize..member.key.end as usize];
                    assert_eq!(&serde_json::from_str::<String>(own).unwrap(), key);
                    check_places(root, &member.node, text);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn json_is_parsed_with_correct_places(value in json(), pretty in any::<bool>()) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let node = parsed(&text).unwrap();
            prop_assert_eq!(node.to_json(), value);
            check_places(&node, &node, &text);
        }

        #[test]
        fn any_text_is_read_as_serde_json_reads_it_or_refused(text in "[\\[\\]{}:,\"\\\\a0-9.eE+tfn \\-]{0,24}") {
            let strict = serde_json::from_str::<serde_json::Value>(&text);
            match parsed(&text) {
                Ok(_) => prop_assert!(strict.is_ok(), "{text}"),
                Err(problems) => {
                    let duplicate = problems.iter().all(|one| one.rule == "json-duplicate-key");
                    prop_assert!(strict.is_err() || duplicate, "{:?} for {}", problems, text);
                }
            }
        }

        #[test]
        fn no_text_causes_a_panic(text in any::<String>()) {
            let _ = parsed(&text);
        }
    }
}
