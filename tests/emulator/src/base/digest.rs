//! Digests, and the `Content-MD5` header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// An MD5 digest.
pub(crate) type Md5Digest = [u8; 16];

/// Returns the digest in `Content-MD5`: Base64 as documented, or hexadecimal digits, which some
/// official clients send.
pub(crate) fn announced(headers: &HeaderMap) -> Result<Option<Md5Digest>, ApiError> {
    headers
        .get("content-md5")
        .map(|value| {
            let bytes = value.as_bytes();
            let decoded = match bytes.len() {
                32 => from_hex(bytes),
                _ => STANDARD.decode(bytes).ok(),
            };
            decoded
                .and_then(|decoded| Md5Digest::try_from(decoded).ok())
                .ok_or_else(|| {
                    ApiError::new(
                        ErrorCode::InvalidArgument,
                        "Content-MD5 is not an MD5 digest in Base64",
                    )
                })
        })
        .transpose()
}

/// Returns an error if a digest was announced and differs from the actual one.
pub(crate) fn check(announced: Option<Md5Digest>, actual: Md5Digest) -> Result<(), ApiError> {
    if announced.is_some_and(|announced| announced != actual) {
        return Err(ApiError::new(
            ErrorCode::BadDigest,
            "the body does not match Content-MD5",
        ));
    }
    Ok(())
}

/// Returns the bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(digits).ok()?;
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|start| u8::from_str_radix(text.get(start..start + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use md5::{Digest, Md5};

    use super::*;

    fn parse(value: &str) -> Result<Option<Md5Digest>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert("content-md5", HeaderValue::from_str(value).unwrap());
        announced(&headers).map_err(|error| error.code())
    }

    #[test]
    fn parses_base64_and_hexadecimal() {
        let expected = Ok(Some(Md5::digest(b"").into()));
        assert_eq!(parse("1B2M2Y8AsgTpgAmY7PhCfg=="), expected);
        assert_eq!(parse("d41d8cd98f00b204e9800998ecf8427e"), expected);
        assert_eq!(parse("D41D8CD98F00B204E9800998ECF8427E"), expected);
        assert_eq!(announced(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn refuses_other_encodings() {
        for bad in [
            "",
            "1B2M2Y8AsgTpgAmY7PhCfg",
            "AAAA",
            &"z".repeat(32),
            &"+1".repeat(16),
        ] {
            assert_eq!(parse(bad), Err("invalid_argument"), "{bad}");
        }
    }

    #[test]
    fn compares_digests() {
        let (a, b) = ([1; 16], [2; 16]);
        assert!(check(None, a).is_ok());
        assert!(check(Some(a), a).is_ok());
        assert_eq!(check(Some(a), b).unwrap_err().code(), "bad_digest");
    }
}
