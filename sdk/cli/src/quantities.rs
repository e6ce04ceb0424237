//! Sizes and durations as text.

use std::time::Duration;

use crate::messages;

/// Suffixes of sizes, each 1024 times the one before.
const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];

/// Parses a number of bytes such as `100`, `4K`, `1.5G` or `16MiB`. Units are powers of 1024.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || messages::expected_size(text);
    let unit_start = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_start);
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_suffix('B').unwrap_or(&unit);
    let unit = unit.strip_suffix('I').unwrap_or(unit);
    let power = match unit {
        "" => 0,
        _ => {
            1 + UNITS
                .iter()
                .position(|known| *known == unit)
                .ok_or_else(wrong)?
        }
    };
    let factor = 1_u64 << (10 * power);
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).ok_or_else(wrong);
    }
    let fraction: f64 = number.parse().map_err(|_| wrong())?;
    let bytes = fraction * factor as f64;
    if power == 0 || bytes >= u64::MAX as f64 {
        return Err(wrong());
    }
    Ok(bytes as u64)
}

/// Smallest and largest part that the service accepts.
const PART_SIZES: std::ops::RangeInclusive<u64> = 4 << 20..=5 << 30;

/// Parses the size of a part.
pub(crate) fn parse_part_size(text: &str) -> Result<u64, String> {
    let bytes = parse_size(text)?;
    match PART_SIZES.contains(&bytes) {
        true => Ok(bytes),
        false => Err(messages::part_size_out_of_range()),
    }
}

/// Parses a number of bytes per second.
pub(crate) fn parse_rate(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        0 => Err(messages::rate_is_zero()),
        bytes => Ok(bytes),
    }
}

/// Parses the time during which a presigned URL is valid.
pub(crate) fn parse_validity(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    match duration.as_secs() {
        0 => Err(messages::validity_too_short()),
        _ => Ok(duration),
    }
}

/// Parses a duration such as `90s`, `12h` or `30d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| messages::expected_duration(text))
}

/// Returns a number of bytes as digits, or with a unit for people, such as `1.5 MiB`.
pub(crate) fn size_text(bytes: u64, human: bool) -> String {
    if !human || bytes < 1024 {
        let unit = if human { " B" } else { "" };
        return format!("{bytes}{unit}");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    // 1023.95 would be shown as 1024.0.
    while value >= 1023.95 {
        let Some(next) = units.next() else { break };
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}iB")
}

/// Returns a number of bytes for a sentence: like [`size_text`], but never without a unit.
pub(crate) fn size_phrase(bytes: u64, human: bool) -> String {
    match human {
        true => size_text(bytes, true),
        false => messages::bytes(bytes, messages::plural(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("4k", 4096),
            ("16M", 16 << 20),
            ("16MiB", 16 << 20),
            ("16mb", 16 << 20),
            ("1.5G", 3 << 29),
            ("5B", 5),
            ("15E", 15 << 60),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "-1",
            "1.5",
            "1X",
            "16E",
            "99999999999999999999",
            "1.2.3K",
            "1 M",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_for_people_have_one_decimal() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size_text(bytes, true), text);
        }
        assert_eq!(size_text(1 << 30, false), "1073741824");
    }
}
