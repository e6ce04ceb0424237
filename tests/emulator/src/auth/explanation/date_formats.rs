//! Formats of dates that clients confuse with the format of HTTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;
/// The year 10,000 as Unix time.
pub(super) const END_OF_HTTP_DATES: u64 = 253_402_300_800;

/// Returns whether all times within a day can be written as HTTP dates, which end in 9999.
pub(super) fn has_http_dates(time: SystemTime) -> bool {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    (DAY..END_OF_HTTP_DATES - DAY).contains(&seconds)
}

/// Returns the date of a header in the formats that clients confuse most often with that of HTTP.
pub(super) fn usual_formats_of(date: &[u8]) -> Vec<(String, &'static str)> {
    std::str::from_utf8(date)
        .ok()
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .filter(|time| has_http_dates(*time))
        .map_or_else(Vec::new, usual_formats)
}

/// Half of all users live in the time zone UTC+8.
pub(super) fn usual_formats(time: SystemTime) -> Vec<(String, &'static str)> {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let http = httpdate::fmt_http_date(time);
    let local = httpdate::fmt_http_date(time + Duration::from_secs(8 * 3600));
    let local_time = "the date is local time (UTC+08:00) instead of GMT";
    vec![
        (
            humantime::format_rfc3339_seconds(time).to_string(),
            "the date is signed in ISO 8601",
        ),
        (
            seconds.to_string(),
            "the date is signed as Unix time in seconds",
        ),
        (
            http.replace("GMT", "+0000"),
            "the date is signed with `+0000` instead of `GMT`",
        ),
        (local.replace("GMT", "+0800"), local_time),
        (local, local_time),
    ]
}

/// Returns the time in formats that clients confuse with the format of HTTP.
pub(super) fn formats(time: SystemTime) -> Vec<(String, &'static str)> {
    let http = httpdate::fmt_http_date(time);
    let iso = humantime::format_rfc3339_seconds(time).to_string();
    let elapsed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let bare = iso.trim_end_matches('Z');
    let compact = iso.replace(['-', ':'], "");
    let mut list = vec![
        (elapsed.as_secs().to_string(), "as Unix time in seconds"),
        (
            elapsed.as_millis().to_string(),
            "as Unix time in milliseconds",
        ),
        (iso.clone(), "in ISO 8601"),
        (format!("{bare}.000Z"), "in ISO 8601"),
        (format!("{bare}+00:00"), "in ISO 8601"),
        (format!("{bare}+0000"), "in ISO 8601"),
        (bare.to_owned(), "in ISO 8601"),
        (bare.replace('T', " "), "in ISO 8601"),
        (compact.clone(), "in the basic form of ISO 8601"),
        (
            compact.get(..8).unwrap_or_default().to_owned(),
            "as a date without time",
        ),
        (
            iso.get(..10).unwrap_or_default().to_owned(),
            "as a date without time",
        ),
        (
            http.replace("GMT", "+0000"),
            "with `+0000` instead of `GMT`",
        ),
        (
            http.replace("GMT", "-0000"),
            "with `-0000` instead of `GMT`",
        ),
        (http.replace("GMT", "UTC"), "with `UTC` instead of `GMT`"),
        (http.replace("GMT", "UT"), "with `UT` instead of `GMT`"),
        (http.replace("GMT", "Z"), "with `Z` instead of `GMT`"),
        (
            http.replace("GMT", "GMT+0000"),
            "with `GMT+0000` instead of `GMT`",
        ),
        (
            http.replace("GMT", "GMT+00:00"),
            "with `GMT+00:00` instead of `GMT`",
        ),
        (http.replace(" GMT", ""), "without `GMT`"),
        (http.replace(", 0", ", "), "without the zero before the day"),
        (
            http.replace(", 0", ",  "),
            "with a space instead of the zero before the day",
        ),
        (http.replacen(',', "", 1), "without the comma"),
    ];
    let words = http
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>();
    if let [weekday, day, month, year, clock, _] = words.as_slice() {
        let full = match *weekday {
            "Tue" => "Tuesday",
            "Wed" => "Wednesday",
            "Thu" => "Thursday",
            "Sat" => "Saturday",
            "Mon" => "Monday",
            "Fri" => "Friday",
            _ => "Sunday",
        };
        let short = year.get(2..).unwrap_or_default();
        let padded = day
            .strip_prefix('0')
            .map_or((*day).to_owned(), |digit| format!(" {digit}"));
        list.extend([
            (
                format!("{full}, {day}-{month}-{short} {clock} GMT"),
                "in the format of RFC 850",
            ),
            (
                format!("{weekday}, {day}-{month}-{year} {clock} GMT"),
                "with hyphens",
            ),
            (
                format!("{weekday} {month} {padded} {clock} {year}"),
                "in the format of `asctime`",
            ),
            (
                format!("{weekday} {month} {padded} {clock} UTC {year}"),
                "in the format of `date`",
            ),
            (
                format!("{weekday} {month} {day} {year} {clock} GMT"),
                "in the format of JavaScript",
            ),
            (
                format!("{weekday} {month} {day} {year} {clock} GMT+0000"),
                "in the format of JavaScript",
            ),
            (
                format!("{day} {month} {year} {clock} GMT"),
                "without the weekday",
            ),
            (
                format!("{full}, {day} {month} {year} {clock} GMT"),
                "with the full name of the weekday",
            ),
        ]);
    }
    list
}
