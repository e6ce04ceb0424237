//! Helpers for JSON as services write it in practice: `null` fields, single values instead of
//! lists.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Returns the document without its `null` fields; `None` if there are none, it is not valid JSON,
/// or it has a duplicate field.
///
/// Some servers write `null` for an empty list or an unset string. Such a field counts as absent.
/// `null` values in a list stay unchanged.
#[inline]
pub(crate) fn without_nulls(json: &[u8]) -> Option<Vec<u8>> {
    let mut filter = NullFilter {
        json: Vec::with_capacity(json.len()),
        has_nulls: false,
    };
    let mut parser = serde_json::Deserializer::from_slice(json);
    filter.deserialize(&mut parser).ok()?;
    parser.end().ok()?;
    filter.has_nulls.then_some(filter.json)
}

/// Writes a document without its `null` fields, while it is parsed. The recursion is limited by that
/// of the parser.
///
/// A tree of `serde_json::Value` would be shorter, but its maps were a tenth of this crate's code
/// before optimization. Besides, it would silently use the last of several values of a field.
struct NullFilter {
    /// The document as far as it has been parsed.
    json: Vec<u8>,
    has_nulls: bool,
}

impl NullFilter {
    /// Writes a value, and returns that it is not `null`.
    fn write<E: Error>(&mut self, value: &(impl Serialize + ?Sized)) -> Result<bool, E> {
        serde_json::to_writer(&mut self.json, value).map_err(E::custom)?;
        Ok(false)
    }

    /// Writes a comma, unless the list or object has just been opened.
    fn separate(&mut self) {
        if !matches!(self.json.last(), Some(b'[' | b'{')) {
            self.json.push(b',');
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut NullFilter {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut NullFilter {
    /// Whether the value is `null`.
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        self.json.extend_from_slice(b"null");
        Ok(true)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        self.write(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        self.write(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        self.write(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        self.write(&value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<bool, E> {
        self.write(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        self.json.push(b'[');
        loop {
            let end = self.json.len();
            self.separate();
            if list.next_element_seed(&mut *self)?.is_none() {
                self.json.truncate(end);
                self.json.push(b']');
                return Ok(false);
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        self.json.push(b'{');
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            let end = self.json.len();
            self.separate();
            self.write::<A::Error>(&name)?;
            self.json.push(b':');
            if object.next_value_seed(&mut *self)? {
                self.json.truncate(end);
                self.has_nulls = true;
            }
            if !names.insert(name) {
                return Err(A::Error::custom("duplicate field"));
            }
        }
        self.json.push(b'}');
        Ok(false)
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
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

/// Reads a value, a list of values, or `null`.
///
/// A derived `untagged` enum would be shorter, but it would also compile `T` for the deserializer of
/// its buffered values.
struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> OneOrMany<T> {
    fn one<D: Deserializer<'de>>(self, value: D) -> Result<Option<Vec<T>>, D::Error> {
        Ok(Some(vec![T::deserialize(value)?]))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.one(value.into_deserializer())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.one(value.into_deserializer())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.one(value.into_deserializer())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.one(value.into_deserializer())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.one(value.into_deserializer())
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        self.one(MapAccessDeserializer::new(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Some(values))
    }
}

/// Returns the path of the value that ends at `line` and `column` (both from 1, as in serde_json),
/// such as `keys[3].size`. `None` at the top level and beyond the end of the text.
#[inline]
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
    #[inline]
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

    #[inline]
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

    #[inline]
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
    #[inline]
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
    use crate::types::{Grantee, Permission, PolicyStatement};

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
        assert!(error.contains("expected a string"), "{error}");
    }

    #[test]
    fn single_values_of_any_type_are_lists() {
        fn list<'de, T: Deserialize<'de>>(json: &'de str) -> Result<Option<Vec<T>>, String> {
            let mut parser = serde_json::Deserializer::from_str(json);
            optional_one_or_many(&mut parser).map_err(|error| error.to_string())
        }
        assert_eq!(list("7"), Ok(Some(vec![7_u64])));
        assert_eq!(list("-7"), Ok(Some(vec![-7_i32])));
        assert_eq!(list("[7, 8]"), Ok(Some(vec![7_u8, 8])));
        assert_eq!(list("0.5"), Ok(Some(vec![0.5])));
        assert_eq!(list("true"), Ok(Some(vec![true])));
        assert_eq!(list::<bool>("null"), Ok(None));
        assert_eq!(list("\"READ\""), Ok(Some(vec![Permission::Read])));
        assert_eq!(
            list(r#"{"type":"user"}"#),
            Ok(Some(vec![Grantee::new("user".into())]))
        );
        let error = list::<Grantee>(r#"{"type":7}"#).unwrap_err();
        assert!(error.contains("invalid type: integer `7`"), "{error}");
        assert!(list::<Grantee>("7").is_err());
    }

    proptest! {
        #[test]
        fn no_text_and_place_panics(json: Vec<u8>, line in 0_usize..9, column in 0_usize..99) {
            let _ = path_at(&json, line, column);
            let _ = without_nulls(&json);
        }
    }
}
