//! Helpers to parse JSON documents: strict objects, flags in any case, one string or a list.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Accepts only a JSON object. A plain struct would also accept a list of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Object<T>(pub(crate) T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(ObjectVisitor(PhantomData))
            .map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Parses an object.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|object| object.0)
}

/// Parses a list of objects.
pub(crate) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|object| object.0).collect())
}

/// Parses a field that may be absent or null. Some clients send null for an absent field.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Parses a flag. Null means enabled.
pub(super) fn flag_or_enabled<'de, D>(deserializer: D) -> Result<Flag, D::Error>
where
    D: Deserializer<'de>,
{
    flag(deserializer).map(|flag| flag.unwrap_or(Flag::Enabled))
}

/// Parses a flag. Null means disabled.
pub(super) fn flag_or_disabled<'de, D>(deserializer: D) -> Result<Flag, D::Error>
where
    D: Deserializer<'de>,
{
    flag(deserializer).map(|flag| flag.unwrap_or(Flag::Disabled))
}

fn flag<'de, D>(deserializer: D) -> Result<Option<Flag>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| Flag::deserialize(StringDeserializer::new(text.to_ascii_lowercase())))
        .transpose()
}

/// Parses an enum whose names are in lower case. Accepts any case.
pub(super) fn lower_case<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let text = String::deserialize(deserializer)?.to_ascii_lowercase();
    T::deserialize(StringDeserializer::new(text))
}

/// Parses an enum whose names are in upper case. Accepts any case.
pub(super) fn upper_case<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let text = String::deserialize(deserializer)?.to_ascii_uppercase();
    T::deserialize(StringDeserializer::new(text))
}

/// Parses an enum whose names are in upper case. Accepts any case, and null for the default.
pub(super) fn upper_case_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    match Option::<String>::deserialize(deserializer)? {
        Some(text) => T::deserialize(StringDeserializer::new(text.to_ascii_uppercase())),
        None => Ok(T::default()),
    }
}

/// Whether a feature is enabled. Use [`lower_case`] to accept any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Flag {
    Enabled,
    Disabled,
}

impl Flag {
    pub(super) const fn enabled() -> Self {
        Self::Enabled
    }

    pub(super) const fn disabled() -> Self {
        Self::Disabled
    }
}

/// A string or a list of strings, which is serialized in the form in which it was parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        };
        texts.iter().map(String::as_str)
    }

    /// Returns the total number of characters.
    pub(super) fn length(&self) -> usize {
        self.iter().map(|text| text.chars().count()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(deserialize_with = "lower_case")]
        flag: Flag,
    }

    fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_cannot_be_a_list() {
        let sample = parse::<Object<Sample>>(r#"{"flag": "ENabled", "unknown": 1}"#).unwrap();
        assert_eq!(sample.0.flag, Flag::Enabled);
        assert!(parse::<Sample>(r#"["enabled"]"#).is_ok());
        for list in [r#"["enabled"]"#, "[]", "1", "null", r#""flag""#] {
            let error = parse::<Object<Sample>>(list).unwrap_err();
            assert!(error.contains("expected an object"), "{error}");
        }
    }

    #[test]
    fn the_error_for_an_unknown_flag_lists_the_alternatives() {
        let error = parse::<Sample>(r#"{"flag": "on"}"#).unwrap_err();
        assert!(
            error.contains("`on`, expected `enabled` or `disabled`"),
            "{error}"
        );
    }

    #[test]
    fn one_or_many_keeps_its_form() {
        for text in [r#""a""#, r#"["a"]"#, r#"["a","b"]"#, "[]"] {
            let value = parse::<OneOrMany>(text).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
        let error = parse::<OneOrMany>("[1]").unwrap_err();
        assert!(error.contains("a string or a list of strings"), "{error}");
    }
}
