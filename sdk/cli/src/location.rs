//! Operands: `qs://BUCKET/KEY`, paths of files, and `-`.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::action::{Operands, Verb};
use crate::exit::usage;
use crate::messages;
use crate::special_files::{is_stdin, is_stdout};

/// Prefix of addresses of buckets and objects.
pub(crate) const SCHEME: &str = "qs://";

/// An operand of a command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Location {
    /// A bucket, or an object or a prefix in it.
    Remote(Remote),
    /// A file or folder.
    Local(PathBuf),
    /// Standard input or output.
    Stdio,
}

/// A bucket and a key, which is empty for the bucket itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remote {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Location {
    /// Parses an operand.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the operand is empty, if the bucket after `qs://` is missing, or if an
    /// address is not UTF-8.
    pub(crate) fn parse(operand: impl AsRef<OsStr>) -> Result<Self> {
        let operand = operand.as_ref();
        if !is_address(operand) {
            return match operand.to_str() {
                Some("") => Err(usage(messages::empty_path())),
                Some("-") => Ok(Self::Stdio),
                _ => Ok(Self::Local(operand.into())),
            };
        }
        let text = operand
            .to_str()
            .ok_or_else(|| usage(messages::not_utf8(operand.display())))?;
        let rest = text.get(SCHEME.len()..).unwrap_or_default();
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(usage(messages::no_bucket(text)));
        }
        Ok(Self::Remote(Remote::new(bucket, key)))
    }

    /// Parses an operand that is read: `/dev/stdin` is standard input.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`parse`](Self::parse).
    pub(crate) fn parse_source(operand: impl AsRef<OsStr>) -> Result<Self> {
        Ok(match Self::parse(operand)? {
            Self::Local(path) if is_stdin(&path) => Self::Stdio,
            location => location,
        })
    }

    /// Parses an operand that is written: `/dev/stdout` is standard output.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`parse`](Self::parse).
    pub(crate) fn parse_target(operand: impl AsRef<OsStr>) -> Result<Self> {
        Ok(match Self::parse(operand)? {
            Self::Local(path) if is_stdout(&path) => Self::Stdio,
            location => location,
        })
    }

    /// Refuses a target that no request can store.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Remote::check_target`].
    pub(crate) fn check_target(&self) -> Result<()> {
        match self {
            Self::Remote(remote) => remote.check_target(),
            Self::Local(_) | Self::Stdio => Ok(()),
        }
    }
}

impl Remote {
    /// Creates the address of a bucket, or of a key or prefix in it.
    pub(crate) fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
        }
    }

    /// Parses an operand that must be a bucket or a key.
    ///
    /// # Errors
    ///
    /// Returns a usage error for everything else.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match Location::parse(text)? {
            Location::Remote(remote) => Ok(remote),
            _ => Err(usage(messages::not_remote(text, address_of(text)))),
        }
    }

    /// Parses an operand that must be a key.
    ///
    /// # Errors
    ///
    /// Returns a usage error for everything else.
    pub(crate) fn parse_object(text: &str) -> Result<Self> {
        let remote = Self::parse(text)?;
        match remote.key.is_empty() {
            true => Err(usage(messages::no_key(text))),
            false => Ok(remote),
        }
    }

    /// Parses an operand that must be a bucket: `qs://BUCKET` or `BUCKET`.
    ///
    /// # Errors
    ///
    /// Returns a usage error if there is a key.
    pub(crate) fn parse_bucket(text: &str) -> Result<String> {
        let remote = match Location::parse(text)? {
            Location::Remote(remote) => remote,
            _ => Self::parse(&format!("{SCHEME}{text}"))?,
        };
        match remote.key.is_empty() {
            true => Ok(remote.bucket),
            false => Err(usage(messages::not_a_bucket(text))),
        }
    }

    /// Returns the key as a prefix of the keys in this folder: empty, or with a `/` at the end.
    pub(crate) fn folder_prefix(&self) -> String {
        match self.key.is_empty() || self.key.ends_with('/') {
            true => self.key.clone(),
            false => format!("{}/", self.key),
        }
    }

    /// Returns whether the key can only be a folder: it is empty or ends with `/`.
    pub(crate) fn is_folder(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// Refuses a key that no request can store.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the key starts with `/`, or has a segment `.` or `..`.
    pub(crate) fn check_target(&self) -> Result<()> {
        if has_dot_segment(&self.key) {
            return Err(usage(messages::dot_segments_in_target(self)));
        }
        match self.key.starts_with('/') {
            true => Err(usage(messages::slash_before_target(self))),
            false => Ok(()),
        }
    }

    /// Returns the part of the key after the last `/`.
    pub(crate) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.key.is_empty() {
            true => format!("{SCHEME}{}", self.bucket),
            false => format!("{SCHEME}{}/{}", self.bucket, self.key),
        };
        f.write_str(&text)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(remote) => remote.fmt(f),
            Self::Local(path) => path.display().fmt(f),
            Self::Stdio => f.write_str("-"),
        }
    }
}

/// Returns whether a segment of a key is `.` or `..`, which a request cannot contain.
pub(crate) fn has_dot_segment(key: &str) -> bool {
    key.split('/').any(|name| name == "." || name == "..")
}

/// Returns whether an operand starts with the scheme.
pub(crate) fn is_address(operand: &OsStr) -> bool {
    let scheme = operand.as_encoded_bytes().get(..SCHEME.len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME.as_bytes()))
}

/// Parses the operands of a command.
///
/// # Errors
///
/// Returns the first error of `parse`, with the operand as context.
pub(crate) fn parse_each<T>(
    verb: Verb,
    operands: &[String],
    parse: impl Fn(&str) -> Result<T>,
) -> Result<Vec<T>> {
    let parsed = operands
        .iter()
        .map(|operand| parse(operand).with_context(|| Operands::new(verb, operand)));
    parsed.collect()
}

/// Returns the address that an operand without the scheme probably means, such as `qs://bucket/key` for
/// `bucket/key` and `s3://bucket/key`.
pub(crate) fn address_of(text: &str) -> String {
    let rest = match text.split_once("://") {
        Some((_, rest)) => rest,
        None => ["qs:/", "qs//", "qs:"]
            .iter()
            .find_map(|start| text.strip_prefix(start))
            .unwrap_or(text),
    };
    // Other characters are not allowed in the names of buckets.
    let bucket = rest.split('/').next().unwrap_or_default();
    let is_bucket = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match bucket.starts_with(|first: char| first != '-') && bucket.chars().all(is_bucket) {
        true => format!("{SCHEME}{rest}"),
        false => format!("{SCHEME}BUCKET/KEY"),
    }
}

/// Returns the error for a command whose operands are both not in a bucket.
pub(crate) fn both_local(source: &Location, target: &Location) -> anyhow::Error {
    let (source, target) = (source.to_string(), target.to_string());
    let mut other_schemes = [&source, &target].into_iter();
    let address = match other_schemes.find(|text| text.contains("://")) {
        Some(text) => address_of(text),
        None => format!("{SCHEME}BUCKET/KEY"),
    };
    usage(messages::both_local(&source, &target, address))
}

/// Returns whether the text of a path ends with a separator.
pub(crate) fn ends_with_separator(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    text.last()
        .is_some_and(|last| std::path::is_separator(char::from(*last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_addresses_paths_or_a_dash() {
        let remote = |bucket, key| Location::Remote(Remote::new(bucket, key));
        for (text, expected) in [
            ("qs://b", remote("b", "")),
            ("qs://b/", remote("b", "")),
            ("QS://b/k", remote("b", "k")),
            ("qs://b/a//b/", remote("b", "a//b/")),
            ("qs://b//k", remote("b", "/k")),
            ("qs://b/文件 ?", remote("b", "文件 ?")),
            ("a/b", Location::Local("a/b".into())),
            ("qs:/b", Location::Local("qs:/b".into())),
            ("é", Location::Local("é".into())),
            ("-", Location::Stdio),
            ("./-", Location::Local("./-".into())),
        ] {
            assert_eq!(Location::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", "qs://", "qs:///k"] {
            assert!(Location::parse(text).is_err(), "{text}");
        }
        for (text, address) in [
            ("b", "qs://b"),
            ("b/k", "qs://b/k"),
            ("s3://b/k", "qs://b/k"),
            ("qs:/b/k", "qs://b/k"),
            ("qs//b", "qs://b"),
            ("./k", "qs://BUCKET/KEY"),
            ("a.txt", "qs://BUCKET/KEY"),
            ("My/k", "qs://BUCKET/KEY"),
            ("/k", "qs://BUCKET/KEY"),
        ] {
            assert_eq!(address_of(text), address, "{text}");
        }
        assert_eq!(Remote::parse_bucket("b").unwrap(), "b");
        assert_eq!(Remote::parse_bucket("qs://b/").unwrap(), "b");
        assert!(Remote::parse_bucket("qs://b/k").is_err());
    }
}
