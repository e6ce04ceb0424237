//! Choices that a user of the store makes.

use std::str::FromStr;

/// Treatment of listed keys that an `object_store` path cannot express: with an empty segment
/// (`a//b`, `/a`, or `a/` with content), a segment `.` or `..`, or a control character.
///
/// Other programs can store such objects. The store cannot read or delete them. A key that ends with
/// `/` and has no content is a folder marker, which lists never contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnaddressableKey {
    /// Omits the key, and logs a warning with `tracing`.
    #[default]
    Skip,
    /// Reports the key with an `InvalidPath` error.
    Error,
}

/// Method of writes that must not replace an object: `PutMode::Create`, `copy_if_not_exists` and
/// `rename_if_not_exists`.
///
/// The API of QingStor does not document a condition on the target of a write, and a HEAD request
/// before a PUT request is a race. So these operations are `NotImplemented` by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionalPut {
    /// Conditional writes are `NotImplemented`.
    #[default]
    Disabled,
    /// Creates the object with an append at position 0, which the API accepts only if the object does
    /// not exist, or is an empty appendable object.
    ///
    /// The documents of the API do not promise that one of several concurrent appends wins. Test your
    /// bucket with `examples/probe_conditions.rs` before you rely on it. Further limits:
    ///
    /// - The object is appendable: its ETag need not be the MD5 of the content.
    /// - Empty content is `NotImplemented`, because it would not exclude a second append.
    /// - Of the attributes, only `ContentType` and `StorageClass` are supported. A copy of an object
    ///   with other attributes is `NotImplemented`.
    /// - A copy passes through the client, and has at most 5 GiB. A rename is such a copy, followed by
    ///   the deletion of the source.
    /// - To recognize an object whose response was lost, the store sends the metadata
    ///   `object-store-create` with a random value. If the service does not keep it, a lost response is
    ///   an error, and the object may or may not exist.
    Append,
}

impl FromStr for OnUnaddressableKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "skip" => Ok(Self::Skip),
            "error" => Ok(Self::Error),
            _ => Err(format!("`{text}` is not skip or error")),
        }
    }
}

impl FromStr for ConditionalPut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "disabled" => Ok(Self::Disabled),
            "append" => Ok(Self::Append),
            _ => Err(format!("`{text}` is not disabled or append")),
        }
    }
}
