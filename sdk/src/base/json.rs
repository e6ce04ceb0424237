//! Helpers for JSON as services write it in practice: `null` fields, single values instead of
//! lists.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Returns the document without its `null` fields; `None` if there are none, it is not valid JSON,
/// or it has a duplicate field.
///
/// Some servers write `null` for an empty list or an unset string. Such a field counts as absent.
/// `null` values in a list stay unchanged.
pub(crate) fn without_nulls(json: &[u8]) -> Option<Vec<u8>> {
    let Tree(mut document) = serde_json::from_slice(json).ok()?;
    if !drop_nulls(&mut document) {
        return None;
    }
    serde_json::to_vec(&document).ok()
}

/// A document without duplicate fields. [`Value`] alone would silently use the last of several
/// values.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Self)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Tree(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Tree(value))) = object.next_entry::<String, _>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate field"));
            }
        }
        Ok(fields.into())
    }
}

/// Removes `null` fields, and returns whether there were any. The recursion is limited by that of
/// the parser.
fn drop_nulls(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => {
            let before = fields.len();
            fields.retain(|_, value| !value.is_null());
            let mut dropped = fields.len() < before;
            for value in fields.values_mut() {
                dropped |= drop_nulls(value);
            }
            dropped
        }
        Value::Array(values) => {
            let dropped = values
                .iter_mut()
                .filter_map(|value| drop_nulls(value).then_some(()));
            dropped.count() > 0
        }
        _ => false,
    }
}

/// Returns whether a field has its default value and is not serialized.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Deserializes a list, which may be written as a single value.
pub fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    optional_one_or_many(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes a list, which may be written as a single value; `None` for `null`.
pub fn optional_one_or_many<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a value or a list of values")]
    enum OneOrMany<T> {
        One(T),
        Many(Vec<T>),
        None(()),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => Some(vec![one]),
        OneOrMany::Many(many) => Some(many),
        OneOrMany::None(()) => None,
    })
}

/// Returns the path of the value that ends at `line` and `column` (both from 1, as in serde_json),
/// such as `keys[3].size`. `None` at the top level and beyond the end of the text.
pub(crate) fn path_at(json: &[u8], line: usize, column: usize) -> Option<String> {
    let start: usize = json
        .split(|byte| *byte == b'\n')
        .take(line.checked_sub(1)?)
        .map(|line| line.len() + 1)
        .sum();
    let mut reader = PathReader::default();
    for &byte in json.get(..(start + column).min(json.len()))? {
        reader.read(byte);
    }
    let path = reader.to_string();
    (!path.is_empty()).then_some(path)
}

/// The position of a reader in a JSON text.
#[derive(Default)]
struct PathReader {
    /// One entry for each open object (with its current key) and each open list (with its current
    /// index).
    open: Vec<PathSegment>,
    /// The part of the string that has been read so far.
    string: Option<Vec<u8>>,
    escaped: bool,
}

enum PathSegment {
    Object { key: String, in_value: bool },
    List(usize),
}

impl PathReader {
    fn read(&mut self, byte: u8) {
        let Some(content) = &mut self.string else {
            return self.read_outside(byte);
        };
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => return self.end_string(),
            _ => {}
        }
        content.push(byte);
    }

    fn end_string(&mut self) {
        let content = self.string.take().unwrap_or_default();
        if let Some(PathSegment::Object {
            key,
            in_value: false,
        }) = self.open.last_mut()
        {
            *key = String::from_utf8_lossy(&content).into_owned();
        }
    }

    fn read_outside(&mut self, byte: u8) {
        match byte {
            b'"' => self.string = Some(Vec::new()),
            b'{' => self.open.push(PathSegment::Object {
                key: String::new(),
                in_value: false,
            }),
            b'[' => self.open.push(PathSegment::List(0)),
            b'}' | b']' => drop(self.open.pop()),
            b':' => {
                if let Some(PathSegment::Object { in_value, .. }) = self.open.last_mut() {
                    *in_value = true;
                }
            }
            b',' => match self.open.last_mut() {
                Some(PathSegment::Object { in_value, .. }) => *in_value = false,
                Some(PathSegment::List(index)) => *index += 1,
                None => {}
            },
            _ => {}
        }
    }
}

impl fmt::Display for PathReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.open.iter().enumerate() {
            match step {
                PathSegment::List(index) => write!(f, "[{index}]")?,
                PathSegment::Object { key, .. } if depth == 0 => f.write_str(key)?,
                PathSegment::Object { key, .. } => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::operations::ListObjectsOutput;
    use crate::types::PolicyStatement;

    fn path_of(json: &str) -> Option<String> {
        let error = serde_json::from_str::<ListObjectsOutput>(json).unwrap_err();
        path_at(json.as_bytes(), error.line(), error.column())
    }

    #[test]
    fn an_error_contains_the_path_of_its_field() {
        let table = [
            (
                r#"{"keys":[{"size":1},{"size":"x"}]}"#,
                Some("keys[1].size"),
            ),
            ("{\n \"keys\": [\n  {\"size\": -1}]}", Some("keys[0].size")),
            (
                r#"{"a,b\":{":1,"has_more":"no","keys":[]}"#,
                Some("has_more"),
            ),
            (r#"{"owner":{"id":1}}"#, Some("owner.id")),
            (r#"{"keys":7}"#, Some("keys")),
            ("7", None),
        ];
        for (json, path) in table {
            assert_eq!(path_of(json).as_deref(), path, "{json}");
        }
    }

    #[test]
    fn a_null_field_counts_as_absent() {
        let nulls = r#"{"name":null,"keys":null,"has_more":null,"owner":{"id":null,"name":"n"}}"#;
        assert!(serde_json::from_str::<ListObjectsOutput>(nulls).is_err());
        let without = without_nulls(nulls.as_bytes()).unwrap();
        let page: ListObjectsOutput = serde_json::from_slice(&without).unwrap();
        assert!(page.name.is_empty() && page.keys.is_empty() && !page.has_more);
        assert_eq!(without, br#"{"owner":{"name":"n"}}"#);
        for untouched in ["{\"a\":[null,1]}", "{}", "null", "{", ""] {
            assert_eq!(without_nulls(untouched.as_bytes()), None, "{untouched}");
        }
        let kept = r#"{"a":[{"b":null,"c":-1}],"d":0.5,"e":true,"f":18446744073709551615}"#;
        let without = without_nulls(kept.as_bytes()).unwrap();
        assert_eq!(without, kept.replace("\"b\":null,", "").as_bytes());
    }

    #[test]
    fn duplicate_fields_are_not_hidden_by_null() {
        for twice in [
            r#"{"name":"a","name":null}"#,
            r#"{"name":null,"name":"a"}"#,
            r#"{"keys":null,"owner":{"id":"a","id":null}}"#,
            r#"{"name":null,"unknown":[{"a":1,"a":null}]}"#,
        ] {
            assert_eq!(without_nulls(twice.as_bytes()), None, "{twice}");
        }
    }

    #[test]
    fn a_single_value_is_a_list_with_one_item() {
        let users = |json: &str| {
            serde_json::from_str::<PolicyStatement>(json).map(|statement| statement.user)
        };
        assert_eq!(users(r#"{"user":"*"}"#).unwrap(), ["*"]);
        assert_eq!(users(r#"{"user":["a","b"]}"#).unwrap(), ["a", "b"]);
        assert!(users(r#"{"user":null}"#).unwrap().is_empty());
        let resource = |json: &str| {
            serde_json::from_str::<PolicyStatement>(json).map(|statement| statement.resource)
        };
        let expected = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect());
        assert_eq!(resource(r#"{"resource":"a"}"#).unwrap(), expected(&["a"]));
        assert_eq!(resource(r#"{"resource":[]}"#).unwrap(), expected(&[]));
        for absent in ["{}", r#"{"resource":null}"#] {
            assert_eq!(resource(absent).unwrap(), None, "{absent}");
        }
        let error = users(r#"{"user":7}"#).unwrap_err().to_string();
        assert!(error.contains("a value or a list"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_and_place_panics(json: Vec<u8>, line in 0_usize..9, column in 0_usize..99) {
            let _ = path_at(&json, line, column);
            let _ = without_nulls(&json);
        }
    }
}
