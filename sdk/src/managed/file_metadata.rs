//! Facts about files in the user metadata of objects.

use super::part_sizes::PartSizes;
use crate::base::timestamp::Timestamp;
use crate::message::metadata::Metadata;

/// Name of the user metadata in which an upload of a folder, or one with
/// [`file_metadata`](crate::Upload::file_metadata), stores the modification time of the file: Unix
/// seconds, with up to nine decimals, such as `1764432000.25`. Other tools use the same name and format.
pub const MODIFIED_METADATA: &str = "mtime";

/// Name of the user metadata in which an upload of a folder, or one with
/// [`file_metadata`](crate::Upload::file_metadata), stores the part size, in bytes, of a file that is
/// uploaded in parts. `Compare::Checksum` of a folder transfer needs it to compute the ETag of the file.
pub const PART_SIZE_METADATA: &str = "part-size";

/// Stores the modification time of a file, unless the caller has set another one.
#[inline]
pub(super) fn insert_modified(metadata: &mut Metadata, modified: Option<Timestamp>) {
    if let Some(modified) = modified
        && metadata.get(MODIFIED_METADATA).is_none()
    {
        metadata.insert(MODIFIED_METADATA, format_time(modified));
    }
}

/// Stores the part size of a file of `len` bytes that is uploaded in parts.
#[inline]
pub(super) fn insert_part_size(metadata: &mut Metadata, part_size: u64, len: u64) {
    // An invalid size fails the upload.
    if let Ok(sizes) = PartSizes::new(part_size, Some(len)) {
        metadata.insert(PART_SIZE_METADATA, sizes.first().to_string());
    }
}

/// Returns the modification time of the file that was uploaded, if the metadata has it.
#[inline]
pub(super) fn recorded_time(metadata: &Metadata) -> Option<Timestamp> {
    metadata.get(MODIFIED_METADATA).and_then(parse_time)
}

/// Returns the time that a downloaded file gets: the one in the metadata of the object, or else that
/// of its last change.
#[inline]
pub(super) fn time_of_file(
    metadata: &Metadata,
    last_modified: Option<Timestamp>,
) -> Option<Timestamp> {
    recorded_time(metadata).or(last_modified)
}

/// Formats a time for the metadata of an object: Unix seconds with decimals.
#[inline]
fn format_time(time: Timestamp) -> String {
    // Before 1970, the seconds are rounded down, so the decimals count from there.
    let total =
        i128::from(time.as_unix_seconds()) * 1_000_000_000 + i128::from(time.subsec_nanos());
    let sign = if total < 0 { "-" } else { "" };
    let total = total.unsigned_abs();
    let text = format!(
        "{sign}{}.{:09}",
        total / 1_000_000_000,
        total % 1_000_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Parses a time from the metadata of an object. Returns `None` if the text is not a number of
/// seconds.
#[inline]
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (seconds, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !is_number(seconds) || !is_number(decimals) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    let nanoseconds: String = decimals
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanoseconds = std::time::Duration::from_nanos(nanoseconds.parse().ok()?);
    let whole = Timestamp::from_unix_seconds(if is_negative { -seconds } else { seconds }).ok()?;
    Some(match is_negative {
        true => whole - nanoseconds,
        false => whole + nanoseconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_in_metadata() {
        for (text, expected) in [
            ("0", Some("0")),
            ("1764432000.25", Some("1764432000.25")),
            ("1764432000.123456789", Some("1764432000.123456789")),
            ("1764432000.1234567891", Some("1764432000.123456789")),
            (" 5.50 ", Some("5.5")),
            ("-0.5", Some("-0.5")),
            ("-2.25", Some("-2.25")),
            ("1.", Some("1")),
            ("", None),
            (".5", None),
            ("-", None),
            ("1e9", None),
            ("+1", None),
            ("2026-01-01", None),
            ("99999999999999999999", None),
        ] {
            let time = parse_time(text).map(format_time);
            assert_eq!(time.as_deref(), expected, "{text}");
        }
    }
}
