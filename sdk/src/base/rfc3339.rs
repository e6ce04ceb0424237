//! Times of RFC 3339, the profile of ISO 8601 that the API uses in JSON.
//!
//! Not from a calendar crate: `chrono` and its dependencies were 2 % of the CPU time of a cold build of a
//! small program.

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;
/// Days from 0000-03-01, the first day of a cycle of 400 years, to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// Days in 400 years.
const DAYS_OF_400_YEARS: i64 = 146_097;

/// Reads a time. Returns Unix seconds and nanoseconds.
///
/// A leap second becomes the last nanosecond before it, because Unix time has no leap seconds. Digits
/// beyond nanoseconds are ignored.
pub(crate) fn parse(text: &str) -> Option<(i64, u32)> {
    let mut rest = Digits(text.as_bytes());
    let year = rest.number(4)?;
    rest.one_of(b"-")?;
    let month = rest.number(2)?;
    rest.one_of(b"-")?;
    let day = rest.number(2)?;
    rest.one_of(b"Tt ")?;
    let hour = rest.number(2)?;
    rest.one_of(b":")?;
    let minute = rest.number(2)?;
    rest.one_of(b":")?;
    let second = rest.number(2)?;
    let fraction = rest.fraction()?;
    let offset = rest.offset()?;
    let is_valid = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && rest.0.is_empty();
    let (second, nanoseconds) = match second {
        60 => (59, 999_999_999),
        second => (second, fraction),
    };
    let time = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    is_valid.then_some((time - offset, nanoseconds))
}

/// Writes a time in UTC, with 0, 3, 6 or 9 digits after the second.
///
/// The year must be between 0 and 9999.
pub(crate) fn format(unix_seconds: i64, nanoseconds: u32) -> String {
    let (year, month, day) = civil_from_days(unix_seconds.div_euclid(DAY));
    let second = unix_seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = match nanoseconds {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        nanos => format!(".{nanos:09}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// The unread rest of a text.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// Reads one of these bytes.
    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        allowed.contains(first).then_some(*first)
    }

    fn digit(&mut self) -> Option<i64> {
        let digit = self.one_of(b"0123456789")?;
        Some(i64::from(digit - b'0'))
    }

    /// Reads a number with exactly this many digits.
    fn number(&mut self, digits: u32) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    /// Reads an optional fraction of a second. Returns nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let Some(rest) = self.0.strip_prefix(b".") else {
            return Some(0);
        };
        let end = rest.iter().position(|byte| !byte.is_ascii_digit());
        let (digits, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.0 = rest;
        let missing = || std::iter::repeat(&b'0');
        let nanoseconds = digits.iter().chain(missing()).take(9);
        let nanoseconds =
            nanoseconds.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        (!digits.is_empty()).then_some(nanoseconds)
    }

    /// Reads `Z` or an offset such as `+08:00`. Returns seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        self.one_of(b":")?;
        let minutes = self.number(2)?;
        let is_valid = hours < 24 && minutes < 60;
        is_valid.then_some(sign * (hours * 3600 + minutes * 60))
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap_year => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the number of days from 1970-01-01 to a date of the proleptic Gregorian calendar.
///
/// Years are counted from March, so that a leap day is the last day of its year. A month that starts
/// in March has `153 / 5` days on average, and rounding down gives each month its first day.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        ..=2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let of_cycle = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_cycle = of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + day_of_year;
    year.div_euclid(400) * DAYS_OF_400_YEARS + day_of_cycle - DAYS_TO_1970
}

/// Returns year, month and day of a number of days since 1970-01-01: the reverse of
/// [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let day = days.rem_euclid(DAYS_OF_400_YEARS);
    // Removes the leap days before this day: one in 4 years, except one in 100, but one in 400.
    let of_cycle = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * of_cycle + of_cycle / 4 - of_cycle / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = days.div_euclid(DAYS_OF_400_YEARS) * 400 + of_cycle;
    match month {
        10.. => (year + 1, month - 9, day),
        _ => (year, month + 3, day),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};
    use proptest::prelude::*;

    use super::*;

    /// The first second of the year 0, and the last one of the year 9999.
    const FIRST: i64 = -62_167_219_200;
    const LAST: i64 = 253_402_300_799;

    #[test]
    fn reads_and_writes_known_times() {
        for (text, seconds, nanoseconds) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2016-08-22T15:03:32.500Z", 1_471_878_212, 500_000_000),
            ("2000-02-29T23:59:59.000001Z", 951_868_799, 1_000),
            ("0000-01-01T00:00:00Z", FIRST, 0),
            ("9999-12-31T23:59:59.999999999Z", LAST, 999_999_999),
        ] {
            assert_eq!(parse(text), Some((seconds, nanoseconds)), "{text}");
            assert_eq!(format(seconds, nanoseconds), text);
        }
    }

    #[test]
    fn rejects_other_texts() {
        for text in [
            "",
            "yesterday",
            "2016-08-22",
            "2016-08-22T15:03:32",
            "2016-08-22T15:03Z",
            "2016-08-22T15:03:32.Z",
            "2016-08-22T15:03:32Z ",
            "2016-08-22T15:03:32+24:00",
            "2016-08-22T15:03:32+0800",
            "2016-13-22T15:03:32Z",
            "2016-00-22T15:03:32Z",
            "2016-08-32T15:03:32Z",
            "2015-02-29T15:03:32Z",
            "1900-02-29T15:03:32Z",
            "2016-08-22T24:03:32Z",
            "2016-08-22T15:60:32Z",
            "2016-08-22T15:03:61Z",
            "20160822T150332Z",
            "２016-08-22T15:03:32Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn writes_what_a_calendar_library_writes(seconds in FIRST..=LAST, nanos in 0_u32..1_000_000_000) {
            for nanos in [nanos, nanos / 1_000 * 1_000, nanos / 1_000_000 * 1_000_000, 0] {
                let expected = DateTime::from_timestamp(seconds, nanos).unwrap();
                let expected = expected.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                prop_assert_eq!(format(seconds, nanos), expected);
            }
        }

        #[test]
        fn reads_what_a_calendar_library_reads(
            text in "[0-9]{4}-(0[0-9]|1[0-3])-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{0,12})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])",
        ) {
            let expected = DateTime::parse_from_rfc3339(&text).ok();
            let expected = expected.map(|time| (time.timestamp(), time.timestamp_subsec_nanos()));
            prop_assert_eq!(parse(&text), expected, "{}", text);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = parse(&text);
        }
    }
}
