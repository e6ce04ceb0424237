//! Rules for bucket names and object keys.

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

const BUCKET_NAME_LENGTH: std::ops::RangeInclusive<usize> = 6..=63;
const MAX_KEY_LENGTH: usize = 1023;

/// Checks the name of a new bucket.
pub(crate) fn check_bucket_name(name: &str) -> Result<(), ApiError> {
    let refuse = |rule: &str| {
        Err(ApiError::new(
            ErrorCode::InvalidBucketName,
            format!("bucket name {name:?}: {rule}"),
        ))
    };
    if !BUCKET_NAME_LENGTH.contains(&name.len()) {
        return refuse("must have 6 to 63 characters");
    }
    // This also excludes IPv4 addresses.
    if !name
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    {
        return refuse("must consist of lower-case letters, digits and hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return refuse("must start and end with a letter or a digit");
    }
    Ok(())
}

/// Checks a decoded key, and converts it to text.
pub(crate) fn object_key(key: Vec<u8>) -> Result<String, ApiError> {
    let refuse = |rule: &str| Err(ApiError::new(ErrorCode::InvalidObjectName, rule.to_owned()));
    let Ok(key) = String::from_utf8(key) else {
        return refuse("the object key must be UTF-8");
    };
    if key.is_empty() {
        return refuse("the object key must not be empty");
    }
    if key.len() > MAX_KEY_LENGTH {
        return refuse("the object key must have at most 1023 bytes");
    }
    if key.starts_with('/') {
        return refuse("the object key must not start with a slash");
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_bucket_names() {
        for good in ["abcdef", "123456", "a-b-c-d", &"a".repeat(63)] {
            assert!(check_bucket_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "abcde",
            &"a".repeat(64),
            "-abcdef",
            "abcdef-",
            "Abcdef",
            "abc_def",
            "abc.def",
            "192.168.1.1",
            "../../etc",
            "abc def",
            "\u{4e2d}\u{6587}",
        ] {
            assert!(check_bucket_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn checks_object_keys() {
        for good in ["a", "..", "a/", "a//b", "\u{1f600}", &"k".repeat(1023)] {
            assert!(object_key(good.into()).is_ok(), "{good}");
        }
        for bad in [
            Vec::new(),
            b"/a".to_vec(),
            vec![0xff],
            "k".repeat(1024).into_bytes(),
        ] {
            assert!(object_key(bad).is_err());
        }
    }
}
