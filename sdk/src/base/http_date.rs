//! Dates in HTTP headers (RFC 9110, section 5.6.7).

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Returns a time in Unix seconds as an HTTP date, or `None` if it is not within the years 1970 to 9999.
pub(crate) fn format(unix_seconds: i64) -> Option<String> {
    let time = DateTime::from_timestamp(unix_seconds, 0)?;
    if !(1970..=9999).contains(&time.year()) {
        return None;
    }
    let month = MONTHS.get(usize::try_from(time.month0()).ok()?)?;
    Some(format!(
        "{}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        time.weekday(),
        time.day(),
        time.year(),
        time.hour(),
        time.minute(),
        time.second(),
    ))
}

/// Reads an HTTP date in any of its three formats. Returns Unix seconds, or `None` if the text is not a date within the years
/// 1970 to 9999. The name of the weekday is not compared with the date.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (weekday, date) = match text.split_once(", ") {
        Some((weekday, rest)) => (weekday, day_first(rest)?),
        None => {
            let (weekday, rest) = text.split_once(' ')?;
            (weekday, month_first(rest)?)
        }
    };
    WEEKDAYS.iter().find(|name| weekday.starts_with(**name))?;
    let (date, time) = date;
    let seconds = date.and_time(time).and_utc().timestamp();
    (seconds >= 0).then_some(seconds)
}

/// `06 Nov 1994 08:49:37 GMT`, or `06-Nov-94 08:49:37 GMT` as in RFC 850.
fn day_first(text: &str) -> Option<(NaiveDate, NaiveTime)> {
    let (date, clock) = text.strip_suffix(" GMT")?.rsplit_once(' ')?;
    let (separator, digits) = match date.contains('-') {
        true => ('-', 2),
        false => (' ', 4),
    };
    let (day, rest) = date.split_once(separator)?;
    let (month, year) = rest.split_once(separator)?;
    let year = match (digits, number(year, digits)?) {
        (2, year @ ..70) => 2000 + year,
        (2, year) => 1900 + year,
        (_, year) => year,
    };
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month_of(month)?, number(day, 2)?)?;
    Some((date, time_of(clock)?))
}

/// `Nov  6 08:49:37 1994`, as the C function `asctime` writes it.
fn month_first(text: &str) -> Option<(NaiveDate, NaiveTime)> {
    let (month, rest) = text.split_once(' ')?;
    let (day, rest) = match rest.strip_prefix(' ') {
        Some(rest) => (number(rest.get(..1)?, 1)?, rest.get(1..)?),
        None => (number(rest.get(..2)?, 2)?, rest.get(2..)?),
    };
    let (clock, year) = rest.strip_prefix(' ')?.split_once(' ')?;
    let year = i32::try_from(number(year, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, month_of(month)?, day)?;
    Some((date, time_of(clock)?))
}

/// Returns the number of a month, starting at 1.
fn month_of(name: &str) -> Option<u32> {
    (1..)
        .zip(MONTHS)
        .find_map(|(number, month)| (month == name).then_some(number))
}

/// `08:49:37`.
fn time_of(text: &str) -> Option<NaiveTime> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    NaiveTime::from_hms_opt(number(hour, 2)?, number(minute, 2)?, number(second, 2)?)
}

/// Reads a number with exactly this many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    /// 9999-12-31T23:59:59Z.
    const LAST: i64 = 253_402_300_799;

    #[test]
    fn all_three_formats_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(text), Some(784_111_777), "{text}");
        }
        assert_eq!(parse("Wed Feb 29 00:00:00 2012"), Some(1_330_473_600));
        // Years with two digits are within 1970 to 2069.
        assert_eq!(parse("Thursday, 01-Jan-70 00:00:01 GMT"), Some(1));
        assert_eq!(
            parse("Tuesday, 31-Dec-69 00:00:00 GMT"),
            Some(3_155_673_600)
        );
    }

    #[test]
    fn other_texts_are_not_dates() {
        for text in [
            "",
            "Sun",
            "Sun, ",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Day, 06 Nov 1994 08:49:37 GMT",
            "06 Nov 1994 08:49:37 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov é6 08:49:37 1994",
            "784111777",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(format(-1), None);
        assert_eq!(format(LAST + 1), None);
        assert_eq!(format(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn the_reference_reads_and_writes_the_same(seconds in 0..=LAST) {
            let text = format(seconds).unwrap();
            let time = UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap());
            prop_assert_eq!(&text, &httpdate::fmt_http_date(time));
            prop_assert_eq!(parse(&text), Some(seconds));
        }

        #[test]
        fn no_text_panics(text in "(Sun|Monday)?,? ?[0-9 ]{0,3}[ -]?(Nov|Feb)?[ -]?[0-9]{0,4} ?[0-9:]{0,8} ?(GMT)?") {
            // The reference checks less, so that only texts that both read can be compared.
            if let (Some(seconds), Ok(time)) = (parse(&text), httpdate::parse_http_date(&text)) {
                let expected = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
                prop_assert_eq!(u64::try_from(seconds).unwrap(), expected);
            }
        }
    }
}
