//! Naming rules and type map of the language that a pack renders.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::naming::Naming;

/// The part of a pack that determines names and types.
#[derive(Debug, Clone, Default)]
pub struct TargetLanguage {
    /// Rules for identifiers.
    pub naming: Naming,
    /// Types of the language, by kind of value.
    pub types: BTreeMap<String, String>,
    /// Headers that the runtime computes.
    pub computed: Computed,
    /// Kinds of values that are never optional.
    pub always_set: Vec<String>,
    /// Handles that the output has code for. `None` if all handles are allowed.
    pub handles: Option<Vec<String>>,
}

/// Headers that the runtime computes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Computed {
    /// Headers that it always computes.
    pub headers: Vec<String>,
    /// Headers that it computes if the service requires them.
    pub when_required: Vec<String>,
}

/// Optional keys of a type map. Without them, a header map is a `map`, optional values have their
/// plain type, and times in all formats are a `time`.
const OPTIONAL_TYPE_KEYS: &[&str] = &[
    "header_map",
    "optional",
    "time:iso8601",
    "time:http_date",
    "time:unix",
];

/// Prefixes of keys that map a text format to a custom type: everywhere, or only for sent headers.
pub(crate) const FORMAT_PREFIXES: &[&str] = &["format:", "header-format:"];

/// Required keys of a type map, in addition to those with [`FORMAT_PREFIXES`].
const TYPE_KEYS: &[&str] = &[
    "text",
    "bool",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "bytes",
    "time",
    "date",
    "list",
    "map",
    "named",
    "recursive",
    "free",
    "binary",
];

/// Kinds of values that can be listed in `always_set`.
const PLAIN_KINDS: &[&str] = &[
    "list",
    "map",
    "bool",
    "bytes",
    "binary",
    "free",
    "recursive",
];

impl TargetLanguage {
    /// Checks for values that would have no effect.
    ///
    /// # Errors
    ///
    /// Returns the problem with advice.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        for key in self.types.keys() {
            let mut known = TYPE_KEYS.iter().chain(OPTIONAL_TYPE_KEYS);
            if !known.any(|known| known == key)
                && !FORMAT_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
            {
                let known = TYPE_KEYS.join(", ");
                let message = format!(
                    "unknown key `{key}` in `types`; known are {known}, {}, format:NAME, header-format:NAME",
                    OPTIONAL_TYPE_KEYS.join(", ")
                );
                return Err(Refusal::new(&["types", key], message));
            }
            if let Some(format) = key.strip_prefix("format:")
                && self.types.contains_key(&format!("header-format:{format}"))
            {
                let message = format!(
                    "`types` has both `{key}` and `header-format:{format}`; keep one of them"
                );
                return Err(Refusal::new(&["types", key], message));
            }
        }
        self.check_placeholders()?;
        // A pack that renders types needs all keys. One that renders none has an empty map.
        let lacking = TYPE_KEYS.iter().find(|key| !self.types.contains_key(**key));
        if let (false, Some(key)) = (self.types.is_empty(), lacking) {
            return Err(Refusal::new(&["types"], format!("`types` lacks `{key}`")));
        }
        match self
            .always_set
            .iter()
            .enumerate()
            .find(|(_, kind)| !PLAIN_KINDS.contains(&kind.as_str()))
        {
            Some((index, kind)) => {
                let message = format!(
                    "unknown kind `{kind}` in `always_set`; known are {}",
                    PLAIN_KINDS.join(", ")
                );
                Err(Refusal::new(&["always_set", &index.to_string()], message))
            }
            None => Ok(()),
        }
    }

    /// Checks the placeholders, because a mistake would get into every such type.
    fn check_placeholders(&self) -> Result<(), Refusal> {
        for (key, pattern) in &self.types {
            let known = match key.as_str() {
                "list" => "item",
                "map" => "value",
                "named" => "ident",
                "recursive" | "optional" => "type",
                _ => continue,
            };
            if let Some(found) = placeholders(pattern).find(|found| *found != known) {
                let message =
                    format!("`{key}` in `types` can contain `{{{known}}}`, not `{{{found}}}`");
                return Err(Refusal::new(&["types", key], message));
            }
        }
        for (key, word, patterns) in [
            ("operation_types", "ident", &self.naming.operation_types),
            (
                "operation_methods",
                "method",
                &self.naming.operation_methods,
            ),
        ] {
            let mut patterns = patterns.iter();
            if let Some(pattern) = patterns.find(|pattern| placeholders(pattern).ne([word])) {
                let message = format!(
                    "`{key}` in `naming` must contain `{{{word}}}` once in each name, not `{pattern}`"
                );
                return Err(Refusal::new(&["naming", key], message));
            }
        }
        Ok(())
    }

    /// Returns whether values of a kind are never optional.
    pub(crate) fn is_always_set(&self, kind: &str) -> bool {
        self.always_set.iter().any(|set| set == kind)
    }

    /// Returns whether the runtime computes a header.
    pub(crate) fn computes(&self, header: &str, required: bool) -> bool {
        let has = |list: &[String]| list.iter().any(|name| name.eq_ignore_ascii_case(header));
        has(&self.computed.headers) || (required && has(&self.computed.when_required))
    }
}

/// An error in a manifest, with the keys that lead to the wrong value.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) pointer: Vec<String>,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(pointer: &[&str], message: String) -> Self {
        Self {
            pointer: pointer.iter().map(|&key| key.to_owned()).collect(),
            message,
        }
    }
}

/// Returns the words in braces.
pub(crate) fn placeholders(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).filter_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
        is_word.then_some(word)
    })
}
