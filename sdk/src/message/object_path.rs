//! [`ObjectPath`]: the source of a copy or a move.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Serialize};

use crate::base::encode_set::PATH;
use crate::base::error::{Error, Result};
use crate::message::object_key::{self, KeyPlace, check_path_parameter};

/// The bucket, the key and optionally the version of an object: the source of a copy or a move.
///
/// Pass the key unencoded: the client percent-encodes it. `Display` writes `bucket/key` unencoded.
/// [`Bucket::copy_object`](crate::Bucket::copy_object) takes a source, and so do `copy_source` and
/// `move_source` of [`Bucket::put_object`](crate::Bucket::put_object).
///
/// ```
/// use qingstor_sdk::ObjectPath;
///
/// let source = ObjectPath::new("my-bucket", "中文 100%.txt");
/// let older = ObjectPath::new("my-bucket", "report.pdf").version_id("NjkxMjM0MzM1MjAxNzAwODMz");
/// let short: ObjectPath = ("my-bucket", "report.pdf").into();
/// let parsed: ObjectPath = "my-bucket/report.pdf".parse()?;
/// assert_eq!(short, parsed);
/// # let _ = (source, older); Ok::<(), qingstor_sdk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectPath {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object, unencoded.
    pub key: String,
    /// Version of the object, in a bucket with versioning. `None` means the latest version.
    pub version_id: Option<String>,
}

impl ObjectPath {
    /// Creates the path of the latest version of an object.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
            version_id: None,
        }
    }

    /// Sets the version of the object.
    #[must_use]
    pub fn version_id(mut self, version_id: impl Into<String>) -> Self {
        self.version_id = Some(version_id.into());
        self
    }

    /// Returns `/bucket/key`, percent-encoded except for slashes and unreserved characters.
    pub(crate) fn encode(&self) -> Result<String> {
        check_path_parameter("source bucket", &self.bucket)?;
        object_key::check("source key", &self.key, KeyPlace::Existing)?;
        let mut text = format!(
            "/{}/{}",
            utf8_percent_encode(&self.bucket, PATH),
            utf8_percent_encode(&self.key, PATH)
        );
        if let Some(id) = &self.version_id {
            if id.is_empty() {
                let text = "source version: must not be empty, which would mean the latest version";
                return Err(Error::invalid_input(text));
            }
            // The `?` is not encoded: it separates the version from the key.
            let _ = write!(text, "?version_id={}", utf8_percent_encode(id, PATH));
        }
        Ok(text)
    }
}

impl<B: Into<String>, K: Into<String>> From<(B, K)> for ObjectPath {
    fn from((bucket, key): (B, K)) -> Self {
        Self::new(bucket, key)
    }
}

impl FromStr for ObjectPath {
    type Err = Error;

    /// Parses `bucket/key`, as written by `Display`. The bucket ends at the first slash.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the slash is missing, or if the bucket or the key is empty.
    #[inline]
    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(Self::new(bucket, key))
            }
            _ => Err(Error::invalid_input(format!(
                "`{text}` is not an object path: it must be `bucket/key`"
            ))),
        }
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_display_writes() {
        for (bucket, key) in [("b", "k"), ("b", "a/b c%20/"), ("b", "/k")] {
            let path = ObjectPath::new(bucket, key);
            assert_eq!(path.to_string().parse::<ObjectPath>().unwrap(), path);
        }
        for text in ["", "b", "b/", "/k", "/"] {
            let error = text.parse::<ObjectPath>().unwrap_err();
            assert!(error.to_string().contains("bucket/key"), "{error}");
        }
    }

    #[test]
    fn a_source_is_always_encoded() {
        let encode = |key: &str| ObjectPath::new("mybucket", key).encode().unwrap();
        assert_eq!(encode("中文"), "/mybucket/%E4%B8%AD%E6%96%87");
        assert_eq!(encode("a%2Fb?c/d e+"), "/mybucket/a%252Fb%3Fc/d%20e%2B");
        let versioned = ObjectPath::new("mybucket", "a")
            .version_id("v 1")
            .encode()
            .unwrap();
        assert_eq!(versioned, "/mybucket/a?version_id=v%201");
    }

    #[test]
    fn a_source_with_dot_segments_is_sent_unchanged() {
        let encode = |key: &str| ObjectPath::new("mybucket", key).encode().unwrap();
        assert_eq!(encode("../c/./k"), "/mybucket/../c/./k");
        assert_eq!(encode("/a"), "/mybucket//a");
    }

    #[test]
    fn refuses_an_incomplete_source() {
        for (bucket, key) in [("", "k"), ("b", ""), ("..", "k")] {
            assert!(
                ObjectPath::new(bucket, key).encode().is_err(),
                "{bucket}/{key}"
            );
        }
        assert!(ObjectPath::new("b", "k").version_id("").encode().is_err());
    }
}
