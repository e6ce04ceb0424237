//! Metadata of objects: standard headers, user metadata, storage class.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Headers that are stored and returned unchanged.
const STANDARD: [&str; 5] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-type",
    "expires",
];
const USER_PREFIX: &str = "x-qs-meta-";
const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";
const MAX_CONTENT_TYPE_LENGTH: usize = 255;
/// Longest key, in bytes, without the prefix.
const MAX_USER_KEY_LENGTH: usize = 512;
/// Largest total length of all keys, without the prefix, and values, in bytes.
const MAX_USER_LENGTH: usize = 2048;

/// The metadata of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    /// Standard headers by lower-case name.
    standard: BTreeMap<String, String>,
    /// User metadata by lower-case key, without the prefix.
    user: BTreeMap<String, String>,
}

impl Metadata {
    /// Parses the metadata of a request.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut metadata = Self::default();
        for name in STANDARD {
            if let Some(value) = headers.get(name) {
                let value = std::str::from_utf8(value.as_bytes())
                    .map_err(|_| invalid(format!("{name} is not UTF-8 text")))?;
                metadata.standard.insert(name.to_owned(), value.to_owned());
            }
        }
        if metadata.content_type().chars().count() > MAX_CONTENT_TYPE_LENGTH {
            return Err(invalid("Content-Type must have at most 255 characters"));
        }
        for name in headers.keys() {
            if let Some(key) = name.as_str().strip_prefix(USER_PREFIX) {
                let value = headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
                metadata
                    .user
                    .insert(key.to_owned(), user_value(key, value)?);
            }
        }
        metadata.check_user_length()?;
        Ok(metadata)
    }

    pub(crate) fn has_user_metadata(&self) -> bool {
        !self.user.is_empty()
    }

    pub(crate) fn content_type(&self) -> &str {
        self.standard
            .get("content-type")
            .map_or(DEFAULT_CONTENT_TYPE, String::as_str)
    }

    /// Sets the content type, unless it is not valid for an object.
    pub(crate) fn set_content_type(&mut self, value: &HeaderValue) {
        let fit = std::str::from_utf8(value.as_bytes())
            .ok()
            .filter(|text| text.chars().count() <= MAX_CONTENT_TYPE_LENGTH);
        if let Some(text) = fit {
            self.standard
                .insert("content-type".to_owned(), text.to_owned());
        }
    }

    /// Writes the headers of a response.
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) {
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(DEFAULT_CONTENT_TYPE),
        );
        let standard = self
            .standard
            .iter()
            .map(|(name, value)| (name.clone(), value));
        let user = self
            .user
            .iter()
            .map(|(key, value)| (format!("{USER_PREFIX}{key}"), value));
        for (name, value) in standard.chain(user) {
            // They were headers of a request, so they are valid headers.
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name),
                HeaderValue::from_bytes(value.as_bytes()),
            ) {
                headers.insert(name, value);
            }
        }
    }

    fn check_user_length(&self) -> Result<(), ApiError> {
        let too_large = |message| Err(ApiError::new(ErrorCode::MetadataTooLarge, message));
        if self.user.keys().any(|key| key.len() > MAX_USER_KEY_LENGTH) {
            return too_large("a key of user metadata must have at most 512 bytes");
        }
        let length = self
            .user
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>();
        if length > MAX_USER_LENGTH {
            return too_large("the user metadata of an object must have at most 2048 bytes");
        }
        Ok(())
    }
}

fn user_value(key: &str, value: &[u8]) -> Result<String, ApiError> {
    if key.is_empty()
        || !key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    {
        return Err(invalid(format!(
            "user metadata {key:?}: a key must consist of letters, digits, hyphens, underscores and dots"
        )));
    }
    std::str::from_utf8(value)
        .ok()
        .filter(|value| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
        .map(str::to_owned)
        .ok_or_else(|| {
            invalid(format!(
                "user metadata {key:?}: the value must be printable ASCII"
            ))
        })
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, message)
}

/// Storage class of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StorageClass {
    #[default]
    Standard,
    StandardIa,
}

impl StorageClass {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, ApiError> {
        match headers.get("x-qs-storage-class").map(HeaderValue::as_bytes) {
            None => Ok(Self::default()),
            Some(value) => [Self::Standard, Self::StandardIa]
                .into_iter()
                .find(|class| class.as_str().as_bytes() == value)
                .ok_or_else(|| {
                    ApiError::new(
                        ErrorCode::InvalidRequest,
                        "x-qs-storage-class must be STANDARD or STANDARD_IA",
                    )
                }),
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::StandardIa => "STANDARD_IA",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    fn code(pairs: &[(&str, &str)]) -> Result<Metadata, &'static str> {
        Metadata::from_headers(&headers(pairs)).map_err(|error| error.code())
    }

    #[test]
    fn metadata_is_returned_unchanged() {
        let sent = [
            ("Content-Type", "text/plain"),
            ("Cache-Control", "max-age=60"),
            ("Content-Disposition", "attachment; filename=\"\u{4e2d}\""),
            ("Expires", "never"),
            ("X-QS-Meta-Color.1", "dark blue"),
            ("Accept", "not stored"),
        ];
        let metadata = code(&sent).unwrap();
        let mut returned = HeaderMap::new();
        metadata.write_headers(&mut returned);
        assert_eq!(returned, headers(&sent[..5]));
        assert!(metadata.has_user_metadata());
    }

    #[test]
    fn the_default_type_is_octet_stream() {
        let mut returned = HeaderMap::new();
        Metadata::default().write_headers(&mut returned);
        assert_eq!(
            returned,
            headers(&[("content-type", "application/octet-stream")])
        );
    }

    #[test]
    fn refuses_metadata_above_the_limits() {
        let name = |length: usize| format!("x-qs-meta-{}", "k".repeat(length));
        assert!(code(&[(&name(512), "v")]).is_ok());
        assert_eq!(code(&[(&name(513), "v")]), Err("metadata_too_large"));
        assert!(code(&[(&name(2), &"v".repeat(2046))]).is_ok());
        assert_eq!(
            code(&[(&name(2), &"v".repeat(2047))]),
            Err("metadata_too_large")
        );
        assert!(code(&[("content-type", &"t".repeat(255))]).is_ok());
        assert_eq!(
            code(&[("content-type", &"t".repeat(256))]),
            Err("invalid_argument")
        );
    }

    #[test]
    fn refuses_invalid_keys_and_values() {
        for pair in [
            ("x-qs-meta-", "v"),
            ("x-qs-meta-a!b", "v"),
            ("x-qs-meta-a", "\u{4e2d}"),
            ("x-qs-meta-a", "tab\there"),
        ] {
            assert_eq!(code(&[pair]), Err("invalid_argument"), "{pair:?}");
        }
    }

    #[test]
    fn parses_storage_classes() {
        let class = |value| {
            StorageClass::from_headers(&headers(&[("x-qs-storage-class", value)]))
                .map_err(|error| error.code())
        };
        assert_eq!(class("STANDARD_IA"), Ok(StorageClass::StandardIa));
        assert_eq!(class("standard"), Err("invalid_request"));
        assert_eq!(
            StorageClass::from_headers(&HeaderMap::new()).unwrap(),
            StorageClass::Standard
        );
    }
}
