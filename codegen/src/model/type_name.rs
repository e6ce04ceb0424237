//! Names of types in the pack's language.

use super::property::{Shape, TimeFormat};
use crate::target_language::{FORMAT_PREFIXES, TargetLanguage};

impl TargetLanguage {
    /// Returns the type of a shape, or the kind of the shape if the pack has no type map.
    pub(crate) fn type_name(&self, shape: &Shape) -> String {
        let key = match shape {
            Shape::Bool => "bool",
            Shape::Int {
                bits: 32,
                signed: true,
            } => "int32",
            Shape::Int {
                bits: 32,
                signed: false,
            } => "uint32",
            Shape::Int { signed: true, .. } => "int64",
            Shape::Int { signed: false, .. } => "uint64",
            Shape::Float { bits: 32 } => "float32",
            Shape::Float { .. } => "float64",
            Shape::Text => "text",
            Shape::Bytes => "bytes",
            Shape::Binary => "binary",
            Shape::Time {
                format: TimeFormat::Date,
            } => "date",
            Shape::Time { format } => {
                let own = self.types.get(&format!("time:{}", format.key()));
                return own.cloned().unwrap_or_else(|| self.plain_type("time"));
            }
            Shape::Free => "free",
            Shape::List { item } => return self.wrap("list", "{item}", &self.type_name(item)),
            Shape::Map { value } => return self.wrap("map", "{value}", &self.type_name(value)),
            Shape::Named {
                ident, recursive, ..
            } => {
                let named = self.wrap("named", "{ident}", ident);
                return if *recursive {
                    self.wrap("recursive", "{type}", &named)
                } else {
                    named
                };
            }
            Shape::Format { format } => {
                let entries = FORMAT_PREFIXES.iter();
                let mut entries =
                    entries.filter_map(|prefix| self.types.get(&format!("{prefix}{format}")));
                return entries.next().unwrap_or(format).clone();
            }
        };
        self.plain_type(key)
    }

    /// Returns the type of a key without placeholders.
    fn plain_type(&self, key: &str) -> String {
        let known = self.types.get(key);
        known.cloned().unwrap_or_else(|| key.to_owned())
    }

    /// Returns the type of list items or map values.
    pub(super) fn item_type(&self, shape: &Shape) -> Option<String> {
        match shape {
            Shape::List { item } | Shape::Map { value: item } => Some(self.type_name(item)),
            _ => None,
        }
    }

    /// Returns the type of a map of headers with a common prefix.
    pub(super) fn header_map(&self, shape: &Shape) -> String {
        let own = self.types.get("header_map").cloned();
        own.unwrap_or_else(|| self.type_name(shape))
    }

    /// Returns the type of a field: within the pack's `optional` type unless it is always set.
    pub(super) fn field_type(&self, type_name: &str, always_set: bool) -> String {
        match self.types.get("optional") {
            Some(pattern) if !always_set => pattern.replace("{type}", type_name),
            _ => type_name.to_owned(),
        }
    }

    fn wrap(&self, key: &str, placeholder: &str, inner: &str) -> String {
        match self.types.get(key) {
            Some(pattern) => pattern.replace(placeholder, inner),
            None if key == "named" => inner.to_owned(),
            None => format!("{key}<{inner}>"),
        }
    }
}
