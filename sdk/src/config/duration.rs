//! Durations in the text of settings: `500ms`, `1m 30s`.

use std::time::Duration;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Parses numbers with units, such as `500ms` or `1m 30s`. The units are those of the crate
/// `humantime`, up to days.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let invalid = || {
        format!(
            "`{text}` is not a duration: must be numbers with units, such as `500ms` or `1m 30s`"
        )
    };
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let (number, after) = split_at_first(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_at_first(after.trim_start(), |c| !c.is_ascii_alphabetic());
        rest = after.trim_start();
        let part = number
            .parse()
            .ok()
            .zip(nanos_of(unit))
            .and_then(|(number, nanos)| duration(number, nanos));
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(invalid)?;
    }
    Ok(total)
}

/// Splits a text before the first character that matches.
fn split_at_first(text: &str, matches: fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(matches).unwrap_or(text.len()))
}

/// Returns the length of a unit in nanoseconds.
fn nanos_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" | "nsec" | "nanos" => 1,
        "us" | "usec" | "micros" => 1_000,
        "ms" | "msec" | "millis" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => NANOS_PER_SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * NANOS_PER_SECOND,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600 * NANOS_PER_SECOND,
        "d" | "day" | "days" => 86_400 * NANOS_PER_SECOND,
        _ => return None,
    })
}

/// Returns `number` units of `nanos` nanoseconds.
fn duration(number: u64, nanos: u64) -> Option<Duration> {
    match nanos / NANOS_PER_SECOND {
        0 => number.checked_mul(nanos).map(Duration::from_nanos),
        seconds => number.checked_mul(seconds).map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_numbers_with_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("60 seconds", 60_000),
            (" 1m 30s ", 90_000),
            ("1h2min3sec", 3_723_000),
            ("2 days", 172_800_000),
            ("0s", 0),
        ] {
            let expected = Ok(Duration::from_millis(millis));
            assert_eq!(parse_duration(text), expected, "{text}");
        }
        let longest = format!("{}s", u64::MAX);
        assert_eq!(parse_duration(&longest), Ok(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn refuses_other_texts() {
        let overflow = format!("{}s 1s", u64::MAX);
        for text in [
            "",
            " ",
            "5",
            "s",
            "5 5s",
            "-5s",
            "+5s",
            "1.5s",
            "5S",
            "5é",
            "5s,",
            "99999999999999999999s",
            "18446744073709551615d",
            &overflow,
        ] {
            let error = parse_duration(text).unwrap_err();
            let says = format!("`{text}` is not a duration");
            assert!(error.starts_with(&says), "{error}");
        }
    }
}
