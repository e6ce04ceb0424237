//! [`Metadata`]: user-defined metadata of an object.

use std::collections::BTreeMap;
use std::{slice, vec};

use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::error::{Error, Result};
use crate::base::sorted_map::SortedMap;

/// User-defined metadata: names and values that are stored with an object.
///
/// Names have no `x-qs-meta-` prefix, in requests and in responses. They are lower case, because
/// the service ignores case.
///
/// The client checks the limits before it sends a request: a name has at most 512 bytes of letters,
/// digits, `-`, `_` and `.`; a value is printable ASCII without surrounding white space; names and
/// values together have at most 2,048 bytes.
///
/// ```
/// use qingstor_sdk::Metadata;
///
/// let metadata = Metadata::from_iter([("Author", "lin"), ("reviewed", "yes")]);
/// assert_eq!(metadata.get("author"), Some("lin"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(SortedMap<String, String>);

type Entry = (String, String);

const MAX_NAME: usize = 512;
const MAX_TOTAL: usize = 2048;

impl Metadata {
    /// Creates an empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of `name`, ignoring case.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(value) => Some(value),
            None => self.0.get(&name.to_ascii_lowercase()).map(String::as_str),
        }
    }

    /// Sets the value of `name`, and returns the previous value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        let mut name = name.into();
        name.make_ascii_lowercase();
        self.0.insert(name, value.into())
    }

    /// Removes `name`, and returns its value.
    #[inline]
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.remove(&name.to_ascii_lowercase())
    }

    /// Returns the names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let entries = self.0.entries().iter();
        entries.map(|(name, value)| (&**name, &**value))
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the metadata is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the headers of a response whose names start with `prefix`, without the prefix.
    /// Decodes invalid UTF-8 lossily, because other tools may have stored it.
    pub(crate) fn from_headers(headers: &HeaderMap, prefix: &str) -> Self {
        let mut map = Self::new();
        for (name, value) in headers {
            if let Some(name) = name.as_str().strip_prefix(prefix) {
                map.insert(name, String::from_utf8_lossy(value.as_bytes()));
            }
        }
        map
    }

    /// Checks the rules of the API, and returns the entries.
    pub(crate) fn checked(&self) -> Result<impl Iterator<Item = (&str, &str)>> {
        let mut total = 0;
        for (name, value) in self.iter() {
            check(name, value)?;
            total += name.len() + value.len();
        }
        if total > MAX_TOTAL {
            return Err(Error::invalid_input(format!(
                "metadata: names and values have {total} bytes together, at most {MAX_TOTAL} are allowed"
            )));
        }
        Ok(self.iter())
    }
}

fn check(name: &str, value: &str) -> Result<()> {
    let refused = |why: &str| Err(Error::invalid_input(format!("metadata {name:?}: {why}")));
    if name.is_empty() || name.len() > MAX_NAME {
        return refused("a name has 1 to 512 bytes");
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        return refused("a name has only letters, digits, `-`, `_` and `.`");
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return refused(
            "a value has only printable ASCII characters; encode others, for example as base64",
        );
    }
    if value.trim() != value {
        return refused(
            "a value must not start or end with a space, because HTTP does not preserve it",
        );
    }
    Ok(())
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<N: Into<String>, V: Into<String>> Extend<(N, V)> for Metadata {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

/// Converts names to lower case.
impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<String, String>::deserialize(deserializer).map(Self::from_iter)
    }
}

impl IntoIterator for Metadata {
    type Item = (String, String);
    type IntoIter = vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_entries().into_iter()
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = (&'a str, &'a str);
    type IntoIter = std::iter::Map<slice::Iter<'a, Entry>, fn(&'a Entry) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let entries = self.0.entries().iter();
        entries.map(|(name, value)| (name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_yields_the_entries() {
        let metadata = Metadata::from_iter([("b", "2"), ("A", "1")]);
        let mut entries = Vec::new();
        for (name, value) in &metadata {
            entries.push((name, value));
        }
        assert_eq!(entries, [("a", "1"), ("b", "2")]);
    }

    #[test]
    fn checks_the_rules_of_the_api() {
        let good = [("a-b_c.1", "inner space ok"), ("k", "~!@")];
        assert_eq!(Metadata::from_iter(good).checked().unwrap().count(), 2);
        let long = "n".repeat(513);
        for (name, value) in [
            ("", "v"),
            ("a b", "v"),
            ("名", "v"),
            (&*long, "v"),
            ("k", "值"),
            ("k", "a\r\nb"),
            ("k", " v"),
            ("k", &"v".repeat(2048)),
        ] {
            assert!(
                Metadata::from_iter([(name, value)]).checked().is_err(),
                "{name:?} {value:?}"
            );
        }
        assert!(
            Metadata::from_iter([("k", "v".repeat(2047))])
                .checked()
                .is_ok()
        );
    }

    #[test]
    fn names_ignore_case() {
        let mut headers = HeaderMap::new();
        headers.insert("x-qs-meta-author", "lin".parse().unwrap());
        headers.insert("content-type", "text/plain".parse().unwrap());
        let map = Metadata::from_headers(&headers, "x-qs-meta-");
        assert_eq!(map.iter().collect::<Vec<_>>(), [("author", "lin")]);
        assert_eq!(map.get("AUTHOR"), Some("lin"));
        let read: Metadata = serde_json::from_str(r#"{"Author":"lin"}"#).unwrap();
        assert_eq!(read, map);
    }
}
