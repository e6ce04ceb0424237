//! [`ContentRange`]: the part of an object that a 206 response carries, checked against the
//! request.
//!
//! All responses with partial content are checked here: the first response of a request, and the
//! response that continues an interrupted body.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderName, RANGE};

/// A part of an object: the positions of its first and last byte, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Size of the whole object.
    pub(crate) size: u64,
}

/// The value of a `Range` header with one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestedRange {
    /// `bytes=5-9` or `bytes=5-`.
    From { first: u64, last: Option<u64> },
    /// `bytes=-5`: the last 5 bytes of the object.
    Suffix(u64),
}

impl ContentRange {
    /// Checks the headers of a 206 response against those of its request, and returns the part.
    ///
    /// # Errors
    ///
    /// Returns the contradiction: the request has no `Range`; the response does not have exactly
    /// one `Content-Range`; it is not the requested part, limited to the end of the object; or
    /// `Content-Length` is not the length of the part.
    pub(crate) fn check(request: &HeaderMap, response: &HeaderMap) -> Result<Self, String> {
        let Some(range) = only(request, &RANGE).map_err(str::to_owned)? else {
            return Err("the response is a part of the object, but no range was requested".into());
        };
        let text = only(response, &CONTENT_RANGE)
            .map_err(str::to_owned)?
            .ok_or(
                "the response is a part of the object, but does not say which (`Content-Range`)",
            )?;
        let part = Self::parse(text)
            .ok_or_else(|| format!("the response has an invalid `Content-Range`: {text:?}"))?;
        let wanted = RequestedRange::parse(range).and_then(|range| range.within(part.size));
        if wanted != Some((part.first, part.last)) {
            return Err(format!(
                "the response is another range than {range:?}: {text:?}"
            ));
        }
        match announced(response) {
            Some(length) if length != part.len() => Err(format!(
                "the response has {length} bytes, but its `Content-Range` is {text:?}"
            )),
            _ => Ok(part),
        }
    }

    /// Parses `bytes 0-9/100`. Returns `None` if the part is not within the object.
    fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, size) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let part = Self {
            first: number(first)?,
            last: number(last)?,
            size: number(size)?,
        };
        let is_within = part.first <= part.last && part.last < part.size;
        (unit.eq_ignore_ascii_case("bytes") && is_within).then_some(part)
    }

    /// Returns the number of bytes of the part.
    pub(crate) fn len(self) -> u64 {
        // `last` is less than `size`, so this does not overflow.
        self.last - self.first + 1
    }

    /// Returns what remains of the part after its first `received` bytes.
    pub(crate) fn after(self, received: u64) -> Option<Self> {
        let first = self.first.checked_add(received)?;
        (first <= self.last).then_some(Self { first, ..self })
    }
}

impl RequestedRange {
    /// Parses `bytes=0-9`, `bytes=5-` or `bytes=-5`. Returns `None` for several ranges, which the
    /// service does not support.
    fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once('=')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let last = match last {
            "" => None,
            digits => Some(clamped(digits)?),
        };
        let requested = match (first, last) {
            ("", last) => Self::Suffix(last?),
            (first, last) => Self::From {
                first: clamped(first)?,
                last,
            },
        };
        unit.trim()
            .eq_ignore_ascii_case("bytes")
            .then_some(requested)
    }

    /// Returns the first and the last byte of the range in an object of this size.
    fn within(self, size: u64) -> Option<(u64, u64)> {
        let end = size.checked_sub(1)?;
        let (first, last) = match self {
            Self::From { first, last } => (first, last.map_or(end, |last| last.min(end))),
            Self::Suffix(0) => return None,
            Self::Suffix(length) => (size.saturating_sub(length), end),
        };
        (first <= last).then_some((first, last))
    }
}

/// Returns the length of the body in bytes that the headers announce.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
    length.trim().parse().ok()
}

/// Returns the value of a header that may occur at most once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(match *name {
            RANGE => "the request has more than one `Range`",
            _ => "the response has more than one `Content-Range`",
        });
    }
    // A value that is not ASCII fails to parse later.
    Ok(value.map(|value| value.to_str().unwrap_or_default()))
}

/// Parses digits. Unlike `str::parse`, it refuses a sign.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

/// Parses digits. A number that is too large becomes `u64::MAX`, which is beyond the end of every
/// object.
fn clamped(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_str(value));
        values.map(|value| (name.clone(), value.unwrap())).fold(
            HeaderMap::new(),
            |mut all, (name, value)| {
                all.append(name, value);
                all
            },
        )
    }

    fn check(range: &[&str], content_range: &[&str], length: Option<u64>) -> Result<(), String> {
        let mut response = headers(CONTENT_RANGE, content_range);
        if let Some(length) = length {
            response.insert(CONTENT_LENGTH, length.into());
        }
        ContentRange::check(&headers(RANGE, range), &response).map(drop)
    }

    #[test]
    fn accepts_exactly_the_requested_part() {
        for (range, content_range, length) in [
            ("bytes=0-9", "bytes 0-9/100", Some(10)),
            ("bytes=0-9", "bytes 0-9/100", None),
            ("bytes=0-0", "bytes 0-0/1", Some(1)),
            ("bytes=90-200", "bytes 90-99/100", Some(10)),
            ("bytes=90-", "bytes 90-99/100", Some(10)),
            ("bytes=-10", "bytes 90-99/100", Some(10)),
            ("bytes=-200", "bytes 0-99/100", Some(100)),
            ("bytes=0-99999999999999999999", "bytes 0-99/100", Some(100)),
            ("Bytes = 0 - 9", "BYTES 0-9/100", Some(10)),
        ] {
            assert_eq!(check(&[range], &[content_range], length), Ok(()), "{range}");
        }
    }

    #[test]
    fn refuses_every_other_part() {
        for (range, content_range) in [
            ("bytes=0-9", "bytes 0-8/100"),
            ("bytes=0-9", "bytes 0-10/100"),
            ("bytes=0-9", "bytes 1-9/100"),
            ("bytes=0-9", "bytes 10-19/100"),
            ("bytes=5-", "bytes 5-98/100"),
            ("bytes=5-", "bytes 0-99/100"),
            ("bytes=-5", "bytes 0-4/100"),
            ("bytes=-5", "bytes 94-98/100"),
            ("bytes=-0", "bytes 0-99/100"),
            ("bytes=100-", "bytes 99-99/100"),
            ("bytes=9-5", "bytes 5-9/100"),
            ("bytes=0-1,4-5", "bytes 0-1/100"),
            ("bytes=0-1,4-5", "bytes 0-5/100"),
            ("items=0-9", "bytes 0-9/100"),
            ("bytes=+0-9", "bytes 0-9/100"),
            ("bytes", "bytes 0-9/100"),
            ("", "bytes 0-9/100"),
        ] {
            assert!(check(&[range], &[content_range], None).is_err(), "{range}");
        }
    }

    #[test]
    fn refuses_an_invalid_content_range() {
        for content_range in [
            "",
            "bytes */100",
            "bytes 0-9/*",
            "bytes 0-9",
            "bytes 9-0/100",
            "bytes 0-9/9",
            "bytes +0-9/100",
            "bytes 0-9/+100",
            "bytes 0-18446744073709551615/18446744073709551615",
            "items 0-9/100",
            "bytes=0-9/100",
            "0-9/100",
        ] {
            let refused = check(&["bytes=0-9"], &[content_range], None);
            assert!(refused.is_err(), "{content_range}");
        }
        let twice = ["bytes 0-9/100", "bytes 0-9/100"];
        assert!(check(&["bytes=0-9"], &twice, None).is_err());
        assert!(check(&["bytes=0-9"], &[], None).is_err());
        assert!(check(&[], &["bytes 0-9/100"], None).is_err());
        assert!(check(&["bytes=0-9", "bytes=0-9"], &["bytes 0-9/100"], None).is_err());
    }

    #[test]
    fn refuses_another_length() {
        for length in [0, 9, 11, 100] {
            let refused = check(&["bytes=0-9"], &["bytes 0-9/100"], Some(length));
            assert!(refused.is_err(), "{length}");
        }
    }

    #[test]
    fn after_returns_the_rest_of_a_part() {
        let part = ContentRange::parse("bytes 10-19/100").unwrap();
        assert_eq!(part.len(), 10);
        assert_eq!(part.after(0), Some(part));
        assert_eq!(part.after(9).map(|rest| rest.first), Some(19));
        assert_eq!(part.after(10), None);
        assert_eq!(part.after(u64::MAX), None);
    }
}
