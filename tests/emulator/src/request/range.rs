//! The `Range` header.

use http::HeaderValue;
use http::header::CONTENT_RANGE;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// A range of bytes of an object. It is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) first: u64,
    /// Inclusive.
    pub(crate) last: u64,
}

impl ByteRange {
    /// Parses `bytes=a-b`, `bytes=a-` or `bytes=-n` for an object of `size` bytes.
    ///
    /// # Errors
    ///
    /// Returns `invalid_range` if the header is malformed, is out of bounds, or has several ranges.
    /// The API differs from HTTP, which ignores malformed ranges.
    pub(crate) fn parse(value: &HeaderValue, size: u64) -> Result<Self, ApiError> {
        value
            .to_str()
            .ok()
            .and_then(|text| Self::from_text(text, size))
            .ok_or_else(|| {
                let error = ApiError::new(
                    ErrorCode::InvalidRange,
                    format!(
                        "range {value:?} is malformed, or outside the {size} bytes of the object"
                    ),
                );
                match HeaderValue::try_from(format!("bytes */{size}")) {
                    Ok(content_range) => error.with_header(CONTENT_RANGE, content_range),
                    Err(_) => error,
                }
            })
    }

    fn from_text(text: &str, size: u64) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
        let end = size.checked_sub(1)?;
        let range = match (first, last) {
            ("", suffix) => Self {
                first: size.saturating_sub(number(suffix)?),
                last: end,
            },
            (first, "") => Self {
                first: number(first)?,
                last: end,
            },
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return None;
                }
                Self {
                    first,
                    last: last.min(end),
                }
            }
        };
        (range.first <= range.last).then_some(range)
    }

    pub(crate) fn len(self) -> u64 {
        self.last - self.first + 1
    }

    /// Returns the value of `Content-Range`.
    pub(crate) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// Parses digits. Unlike `parse`, it refuses a plus sign and saturates on overflow.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, size: u64) -> Option<(u64, u64)> {
        ByteRange::parse(&HeaderValue::from_str(text).unwrap(), size)
            .ok()
            .map(|range| (range.first, range.last))
    }

    #[test]
    fn parses_ranges_of_objects() {
        for (text, size, expected) in [
            ("bytes=0-0", 10, Some((0, 0))),
            ("bytes=2-5", 10, Some((2, 5))),
            ("bytes=2-", 10, Some((2, 9))),
            ("bytes=9-", 10, Some((9, 9))),
            ("bytes=2-99", 10, Some((2, 9))),
            ("bytes=2-99999999999999999999999", 10, Some((2, 9))),
            ("bytes=-3", 10, Some((7, 9))),
            ("bytes=-10", 10, Some((0, 9))),
            ("bytes=-11", 10, Some((0, 9))),
            ("bytes=10-", 10, None),
            ("bytes=10-20", 10, None),
            ("bytes=99999999999999999999999-", 10, None),
            ("bytes=5-2", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=-", 10, None),
            ("bytes=", 10, None),
            ("bytes=a-b", 10, None),
            ("bytes=+1-2", 10, None),
            ("bytes=0-1,3-4", 10, None),
            ("bytes 0-1", 10, None),
            ("items=0-1", 10, None),
            ("", 10, None),
            ("bytes=0-", 0, None),
            ("bytes=-1", 0, None),
        ] {
            assert_eq!(parse(text, size), expected, "{text} of {size}");
        }
    }

    #[test]
    fn limits_ranges_to_the_object() {
        let range = ByteRange { first: 2, last: 5 };
        assert_eq!(range.len(), 4);
        assert_eq!(range.content_range(10), "bytes 2-5/10");
        let error = ByteRange::parse(&HeaderValue::from_static("bytes=20-"), 10).unwrap_err();
        assert_eq!(error.status().as_u16(), 416);
        assert_eq!(error.headers()[0].1, "bytes */10");
    }
}
