//! Mistakes in the line of the date or the expiration time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::auth::explanation::date_formats::{
    END_OF_HTTP_DATES, formats, has_http_dates, usual_formats,
};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::header_model::HeaderLines;
use crate::auth::explanation::mistake::{Change, Description, Likelihood, Mistakes, line, quote};
use crate::auth::signature::Part;

use Likelihood::{Alone, Common, Rare};

const DATE: &str = "date";
const X_QS_DATE: &str = "x-qs-date";

/// Seconds before and after a time in which a client may have signed an earlier or later attempt.
const BEFORE: u64 = 90;
const AFTER: u64 = 5;
const HOUR: i64 = 3600;

/// Lifetimes of signed URLs that clients use, in seconds.
const LIFETIMES: [u64; 15] = [
    10, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 43_200, 86_400, 604_800, 31_536_000,
];

pub(super) fn add(
    request: &UnmatchedRequest<'_>,
    expires: Option<&str>,
    mistakes: &mut Mistakes<'_>,
) {
    match expires {
        Some(expires) => add_expires(request, expires, mistakes),
        None => add_dates(request, mistakes),
    }
    let text = match expires {
        Some(_) => "the line of `expires` is left out",
        None => "the line of the date is left out",
    };
    mistakes.part(Common, Part::Date, "", text);
    let missing = [Part::ContentMd5, Part::ContentType, Part::Date].map(|part| (part, Vec::new()));
    mistakes.add(
        Rare,
        Change::Parts(missing.to_vec()),
        "the lines of `Content-MD5`, `Content-Type` and the date are left out",
    );
}

fn add_dates(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let headers = HeaderLines::of(request);
    let (before, after) = headers.around(X_QS_DATE);
    let with_date = |value: &str| [&before, value.as_bytes(), &after].concat();
    let without_date = headers.without(X_QS_DATE).to_bytes();
    let (date, x_qs_date) = (request.header(DATE), request.header(X_QS_DATE));
    let (sent, name) = if x_qs_date.is_empty() {
        (&date, DATE)
    } else {
        (&x_qs_date, X_QS_DATE)
    };
    if x_qs_date.is_empty() {
        mistakes.part(Common, Part::Date, "\n", "the line of `Date` is empty");
        mistakes.add(
            Common,
            Change::Parts(vec![
                (Part::Date, line("")),
                (Part::Headers, with_date(&date)),
            ]),
            "the date is signed as `x-qs-date`, but sent as `Date`",
        );
        mistakes.part(
            Rare,
            Part::Headers,
            with_date(&date),
            "`x-qs-date` is signed, but only `Date` is sent",
        );
    } else {
        mistakes.part(
            Common,
            Part::Date,
            line(&x_qs_date),
            "the line of `Date` contains `x-qs-date`; it must be empty if `x-qs-date` is sent",
        );
        mistakes.add(
            Common,
            Change::Parts(vec![
                (Part::Date, line(&x_qs_date)),
                (Part::Headers, without_date.clone()),
            ]),
            "`x-qs-date` is signed in the line of `Date` instead of among the `x-qs-` headers",
        );
        if !date.is_empty() {
            mistakes.part(
                Common,
                Part::Date,
                line(&date),
                "the line of `Date` contains `Date`; it must be empty if `x-qs-date` is sent",
            );
            mistakes.add(
                Common,
                Change::Parts(vec![
                    (Part::Date, line(&date)),
                    (Part::Headers, without_date.clone()),
                ]),
                "`Date` is signed, although the request has `x-qs-date`",
            );
            mistakes.part(
                Rare,
                Part::Headers,
                with_date(&date),
                "`x-qs-date` has the value of `Date`",
            );
        }
    }
    // In the header scheme, `expires` has no meaning.
    if let Some(expires) = request.target.query.get("expires") {
        mistakes.part(
            Common,
            Part::Date,
            line(expires),
            "the line of `Date` contains `expires`",
        );
    }
    let in_place = |text: &str| match x_qs_date.is_empty() {
        true => Change::Parts(vec![(Part::Date, line(text))]),
        false => Change::Parts(vec![(Part::Headers, with_date(text))]),
    };
    for prefix in ["Date: ", "Date:", "date:", "date: ", " "] {
        let description = format!("{prefix:?} precedes the date in the string to sign");
        mistakes.add(Rare, in_place(&format!("{prefix}{sent}")), description);
    }
    mistakes.add(
        Rare,
        in_place(&sent.to_lowercase()),
        format!("`{name}` is signed in lower case"),
    );
    let sent_time = httpdate::parse_http_date(sent).ok();
    if let Some(time) = sent_time.filter(|time| has_http_dates(*time)) {
        for (text, description) in usual_formats(time) {
            mistakes.add(Common, in_place(&text), description);
        }
        for (text, format) in formats(time) {
            let description = format!("`{name}` is signed {format}, but sent as {}", quote(sent));
            mistakes.add(Rare, in_place(&text), description);
        }
        time_zones(time, &mut |text, offset| {
            mistakes.add(Alone, in_place(&text), Description::LocalTime(offset));
        });
        for second in (1..=BEFORE)
            .map(|second| time - Duration::from_secs(second))
            .chain((1..=AFTER).map(|second| time + Duration::from_secs(second)))
        {
            let text = httpdate::fmt_http_date(second);
            let description = Description::Time(
                "the date is that of an earlier attempt instead of the one that is sent:",
                second,
            );
            mistakes.add(Alone, in_place(&text), description);
        }
    }
    if !has_http_dates(request.now) {
        return;
    }
    // A browser does not let a page set `Date`, and an HTTP library may replace it.
    let seconds = if sent.is_empty() { BEFORE } else { 2 };
    let text = match sent.is_empty() {
        true => "the date is signed, but not sent:",
        false => "the date is the current time instead of the one that is sent:",
    };
    for second in 0..=seconds {
        let time = request.now - Duration::from_secs(second);
        let description = Description::Time(text, time);
        let text = httpdate::fmt_http_date(time);
        mistakes.add(Alone, in_place(&text), description.clone());
        if sent.is_empty() {
            let change = Change::Parts(vec![(Part::Headers, with_date(&text))]);
            mistakes.add(Alone, change, description);
        }
    }
}

/// Passes the local times of all time zones, with and without their offset.
fn time_zones(time: SystemTime, add: &mut impl FnMut(String, i64)) {
    let halves = [-7, -19, 7, 9, 11, 13, 19];
    for half_hours in (-24..=28)
        .step_by(2)
        .chain(halves)
        .filter(|hours| *hours != 0)
    {
        let offset = half_hours * HOUR / 2;
        let distance = Duration::from_secs(offset.unsigned_abs());
        let local = if offset < 0 {
            time - distance
        } else {
            time + distance
        };
        let (hours, minutes) = (offset.abs() / HOUR, offset.abs() % HOUR / 60);
        let sign = if offset < 0 { '-' } else { '+' };
        let zone = format!("{sign}{hours:02}{minutes:02}");
        let http = httpdate::fmt_http_date(local);
        let iso = humantime::format_rfc3339_seconds(local).to_string();
        let bare = iso.trim_end_matches('Z');
        add(http.clone(), offset);
        for text in [
            http.replace("GMT", &zone),
            http.replace(" GMT", ""),
            format!("{bare}{sign}{hours:02}:{minutes:02}"),
            iso.clone(),
        ] {
            add(text, offset);
        }
        if half_hours == 16 {
            add(http.replace("GMT", "CST"), offset);
        }
    }
}

fn add_expires(request: &UnmatchedRequest<'_>, expires: &str, mistakes: &mut Mistakes<'_>) {
    let part = Part::Date;
    let now = request
        .now
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    mistakes.part(
        Common,
        part,
        "\n",
        "`expires` is missing in the string to sign",
    );
    for (name, likelihood) in [(DATE, Common), (X_QS_DATE, Common)] {
        let value = request.header(name);
        if !value.is_empty() {
            let description = format!("the string to sign contains `{name}` instead of `expires`");
            mistakes.part(likelihood, part, line(value), description);
        }
    }
    for prefix in ["expires=", "Expires=", "expires:", "Expires: "] {
        let description =
            format!("`{prefix}` precedes the value of `expires` in the string to sign");
        mistakes.part(Rare, part, line(format!("{prefix}{expires}")), description);
    }
    let Ok(number) = expires.trim().parse::<u64>() else {
        return;
    };
    mistakes.part(
        Rare,
        part,
        line(number.to_string()),
        "`expires` is signed as a number without white space",
    );
    mistakes.part(
        Common,
        part,
        line(format!("{number}000")),
        "`expires` is signed in milliseconds",
    );
    mistakes.part(
        Rare,
        part,
        line(format!("{number}.0")),
        "`expires` is signed with decimals",
    );
    mistakes.part(
        Common,
        part,
        line((number / 1000).to_string()),
        "`expires` is signed in seconds, but sent in milliseconds",
    );
    for lifetime in LIFETIMES {
        let likelihood = if lifetime == 3600 { Common } else { Rare };
        let description = format!(
            "`expires` is signed as a lifetime of {lifetime} s instead of the Unix time that is sent"
        );
        mistakes.part(likelihood, part, line(lifetime.to_string()), description);
    }
    let sent_time = Some(number)
        .filter(|seconds| *seconds < END_OF_HTTP_DATES)
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    if let Some(time) = sent_time {
        mistakes.part(
            Rare,
            part,
            line(httpdate::fmt_http_date(time)),
            "`expires` is signed as an HTTP date",
        );
        for (text, format) in formats(time) {
            mistakes.part(
                Alone,
                part,
                line(text),
                format!("`expires` is signed {format}"),
            );
        }
    }
    for offset in [-8 * HOUR, 8 * HOUR] {
        let shifted = number.saturating_add_signed(offset);
        mistakes.part(
            Rare,
            part,
            line(shifted.to_string()),
            "`expires` is signed in local time instead of Unix time",
        );
    }
    if !has_http_dates(request.now) {
        return;
    }
    for second in 0..=BEFORE {
        let signed_at = now.saturating_sub(second);
        if let Some(lifetime) = number.checked_sub(signed_at) {
            mistakes.part(
                Alone,
                part,
                line(lifetime.to_string()),
                "`expires` is signed as a lifetime instead of the Unix time that is sent",
            );
        }
        // Sent as a lifetime.
        if let Some(time) = signed_at.checked_add(number).filter(|_| number < now / 2) {
            let description =
                "`expires` is signed as Unix time, but sent as a lifetime; send the Unix time, too";
            mistakes.part(Alone, part, line(time.to_string()), description);
        }
        let time = request.now - Duration::from_secs(second);
        mistakes.part(
            Alone,
            part,
            line(httpdate::fmt_http_date(time)),
            Description::Time(
                "the string to sign contains a date instead of `expires`:",
                time,
            ),
        );
    }
}
