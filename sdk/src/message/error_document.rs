//! [`ErrorDocument`]: the JSON document that describes an error.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::base::error::ErrorCode;

/// The body of an error response, as in the API document *Error codes*.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDocument {
    #[serde(deserialize_with = "code")]
    pub(crate) code: Option<ErrorCode>,
    #[serde(deserialize_with = "text")]
    pub(crate) message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) request_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(crate) url: Option<String>,
}

/// Deserializes a string or a number, which some proxies write. Every other value counts as absent.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(TextVisitor)
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Deserializes a code. Only the spelling of the API is a known code, because proxies write codes such
/// as `SERVICE_UNAVAILABLE`.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ErrorCode>, D::Error> {
    let code = text(deserializer)?.filter(|code| !code.is_empty());
    Ok(code.map(|text| match ErrorCode::from(text.as_str()) {
        known if known.as_str() == text => known,
        _ => ErrorCode::Unknown(text),
    }))
}

impl ErrorDocument {
    /// Parses the body of a response; `None` if it is not a JSON object.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        // serde would accept a list that has the fields in order.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        serde_json::from_slice(body).ok().filter(|_| is_object)
    }

    /// Parses the body of a response with a success status. Returns `None` unless it is an error
    /// document: a JSON object with `code` and `message` and without a field of the operation's
    /// output.
    pub(crate) fn in_success(body: &[u8], output: BodyFields) -> Option<Self> {
        let BodyFields::Named(names) = output else {
            return None;
        };
        if !body.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let mut keys = Keys {
            names,
            has_code: false,
            has_message: false,
        };
        // Parsing stops at the first field of the output, which is the first field of almost every
        // response.
        let parsed = serde_json::Deserializer::from_slice(body).deserialize_map(&mut keys);
        let is_error = parsed.is_ok() && keys.has_code && keys.has_message;
        // It is an error even if the rest of the document cannot be decoded.
        is_error.then(|| Self::parse(body).unwrap_or_default())
    }
}

/// The fields that the JSON body of an output may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFields {
    /// These fields.
    Named(&'static [&'static str]),
    /// Any field, because the keys are data.
    Any,
}

impl BodyFields {
    /// Returns the fields of a type, as its `Deserialize` names them.
    #[must_use]
    pub fn of<'de, T: Deserialize<'de>>() -> Self {
        match T::deserialize(Probe) {
            Err(ProbeResult(fields)) => fields,
            // The type deserializes from nothing, so it is not an object.
            Ok(_) => Self::Named(&[]),
        }
    }
}

/// Examines the keys of an object.
struct Keys {
    names: &'static [&'static str],
    has_code: bool,
    has_message: bool,
}

impl<'de> Visitor<'de> for &mut Keys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            // A field that is `null` counts as absent.
            if self.names.contains(&&*key) {
                // Any other value fails at its first byte, before it is parsed.
                map.next_value::<()>()?;
                continue;
            }
            let is_there = map.next_value::<Option<IgnoredAny>>()?.is_some();
            match &*key {
                "code" => self.has_code |= is_there,
                "message" => self.has_message |= is_there,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A deserializer without data. It returns the kind of value that a type requests, as an error.
struct Probe;

#[derive(Debug)]
struct ProbeResult(BodyFields);

impl fmt::Display for ProbeResult {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for ProbeResult {}

impl de::Error for ProbeResult {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(BodyFields::Named(&[]))
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = ProbeResult;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Named(fields)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeResult> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ProbeResult> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Any))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Any))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Any))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Named(&[])))
    }

    fn deserialize_str<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Named(&[])))
    }

    fn deserialize_string<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeResult> {
        Err(ProbeResult(BodyFields::Named(&[])))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct enum identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only its fields are looked at")]
    struct Output {
        keys: Vec<String>,
        #[serde(rename = "type")]
        kind: String,
        #[serde(skip)]
        meta: u32,
    }

    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only its fields are looked at")]
    struct Report {
        code: u32,
        message: String,
    }

    fn code_of(body: &str, fields: BodyFields) -> Option<String> {
        let document = ErrorDocument::in_success(body.as_bytes(), fields)?;
        Some(
            document
                .code
                .map_or_else(String::new, |code| code.to_string()),
        )
    }

    #[test]
    fn finds_the_fields_of_a_type() {
        let fields = BodyFields::of::<Output>();
        assert_eq!(fields, BodyFields::Named(&["keys", "type"]));
        assert_eq!(BodyFields::of::<Option<Output>>(), fields);
        assert_eq!(BodyFields::of::<Vec<Output>>(), BodyFields::Named(&[]));
        assert_eq!(BodyFields::of::<String>(), BodyFields::Named(&[]));
        assert_eq!(
            BodyFields::of::<BTreeMap<String, String>>(),
            BodyFields::Any
        );
        assert_eq!(BodyFields::of::<serde_json::Value>(), BodyFields::Any);
    }

    #[test]
    fn recognizes_error_documents() {
        let fields = BodyFields::of::<Output>();
        for (body, code) in [
            (
                r#"{"code":"internal_error","message":"m"}"#,
                "internal_error",
            ),
            (
                r#" {"message":"m","url":"u","code":"c","request_id":"r"}"#,
                "c",
            ),
            (r#"{"code":404,"message":"m"}"#, "404"),
            (r#"{"x":{"keys":[]},"code":{},"message":[]}"#, ""),
            (
                r#"{"keys":null,"code":"c","message":"m","type": null}"#,
                "c",
            ),
        ] {
            assert_eq!(code_of(body, fields).as_deref(), Some(code), "{body}");
            assert!(code_of(body, BodyFields::Named(&[])).is_some(), "{body}");
            assert_eq!(code_of(body, BodyFields::Any), None, "{body}");
        }
    }

    #[test]
    fn other_documents_are_not_errors() {
        let fields = BodyFields::of::<Output>();
        for body in [
            "",
            "{}",
            "null",
            r#"["code","message"]"#,
            r#"{"code":"c"}"#,
            r#"{"message":"m"}"#,
            r#"{"code":null,"message":"m"}"#,
            r#"{"code":"c","message":"m""#,
            r#"{"keys":[],"code":"c","message":"m"}"#,
            r#"{"type":null,"keys":[],"code":"c","message":"m"}"#,
            r#"{"code":"c","message":"m","keys":{}}"#,
            r#"{"code":"c","message":"m","keys":nul}"#,
            r#"{"code":"c","message":"m","type":""}"#,
        ] {
            assert_eq!(code_of(body, fields), None, "{body}");
        }
        let body = r#"{"code":1,"message":"m"}"#;
        assert_eq!(code_of(body, BodyFields::of::<Report>()), None);
    }
}
