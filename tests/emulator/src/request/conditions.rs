//! Conditional headers of GET and HEAD, and of the source of a copy or a move.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::store::ObjectRecord;

/// Result of the conditions of a GET or HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

/// Whether each condition of a request is met. `None` if the header is absent.
#[derive(Clone, Debug)]
struct ConditionResults {
    matches: Option<bool>,
    none_match: Option<bool>,
    modified_since: Option<bool>,
    unmodified_since: Option<bool>,
    /// Name of a header whose date is not valid.
    bad_date: Option<String>,
}

/// Evaluates `If-Match` and similar headers. As HTTP requires, ETags have precedence over
/// dates, and invalid dates are ignored.
pub(crate) fn evaluate_read(headers: &HeaderMap, object: &ObjectRecord) -> Verdict {
    let met = evaluate(headers, "", object);
    if met.matches.or(met.unmodified_since) == Some(false) {
        return Verdict::Failed;
    }
    if met.none_match.or(met.modified_since) == Some(false) {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Checks `x-qs-copy-source-if-match` and similar headers, where `prefix` is `x-qs-copy-source-`.
/// All conditions must be met.
pub(crate) fn check_source(
    headers: &HeaderMap,
    prefix: &str,
    object: &ObjectRecord,
) -> Result<(), ApiError> {
    let met = evaluate(headers, prefix, object);
    if let Some(name) = met.bad_date {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            format!("{name} is not an HTTP date"),
        ));
    }
    let all = [
        ("if-match", met.matches),
        ("if-none-match", met.none_match),
        ("if-modified-since", met.modified_since),
        ("if-unmodified-since", met.unmodified_since),
    ];
    match all.iter().find(|(_, is_met)| *is_met == Some(false)) {
        Some((name, _)) => Err(failed(&format!("{prefix}{name}"))),
        None => Ok(()),
    }
}

/// Returns the error for a condition that is not met.
pub(crate) fn failed(condition: &str) -> ApiError {
    ApiError::new(
        ErrorCode::PreconditionFailed,
        format!("the condition {condition} is not met"),
    )
}

fn evaluate(headers: &HeaderMap, prefix: &str, object: &ObjectRecord) -> ConditionResults {
    let tags = |name: &str| {
        headers
            .get(format!("{prefix}{name}"))
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let mut bad_date = None;
    let mut date = |name: &str| {
        let name = format!("{prefix}{name}");
        let text = headers.get(&name)?.to_str().unwrap_or_default();
        let date = httpdate::parse_http_date(text).ok();
        if date.is_none() {
            bad_date = Some(name);
        }
        date
    };
    // HTTP dates do not have fractions of a second.
    let modified = UNIX_EPOCH + Duration::from_secs(object.modified.unix_seconds());
    ConditionResults {
        matches: tags("if-match").map(|list| names_tag(&list, &object.etag, false)),
        none_match: tags("if-none-match").map(|list| !names_tag(&list, &object.etag, true)),
        modified_since: date("if-modified-since").map(|date| modified > date),
        unmodified_since: date("if-unmodified-since").map(|date| modified <= date),
        bad_date,
    }
}

/// Returns whether a list of ETags contains `etag`. Clients send tags with and without
/// quotes, and percent-encode them in `x-qs-` headers.
fn names_tag(list: &str, etag: &str, weak_counts: bool) -> bool {
    list.split(',').map(str::trim).any(|tag| {
        let tag = match tag.strip_prefix("W/") {
            Some(_) if !weak_counts => return false,
            Some(tag) => tag,
            None => tag,
        };
        let tag = percent_decode_str(tag).decode_utf8_lossy();
        let tag = tag.trim_matches('"');
        tag == "*" || tag == etag
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::store::tests::record;

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(pairs: &[(&str, &'static str)], prefix: &str) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::try_from(format!("{prefix}{name}")).unwrap(),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn evaluates_conditions_of_reads() {
        use Verdict::{Failed, NotModified, Proceed};
        let object = record("key", "abc", 784_111_777);
        for (pairs, expected) in [
            (&[][..], Proceed),
            (&[("if-match", "\"abc\"")], Proceed),
            (&[("if-match", "abc")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "\"x\", \"abc\"")], Proceed),
            (&[("if-match", "W/\"abc\"")], Failed),
            (&[("if-match", "\"x\"")], Failed),
            (&[("if-none-match", "\"abc\"")], NotModified),
            (&[("if-none-match", "W/\"abc\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x\"")], Proceed),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", THEN)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", "yesterday")], Proceed),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", THEN)], Proceed),
            (&[("if-unmodified-since", AFTER)], Proceed),
            // Tags outrank dates.
            (
                &[("if-match", "abc"), ("if-unmodified-since", BEFORE)],
                Proceed,
            ),
            (
                &[("if-none-match", "x"), ("if-modified-since", AFTER)],
                Proceed,
            ),
            (&[("if-match", "x"), ("if-none-match", "abc")], Failed),
        ] {
            assert_eq!(
                evaluate_read(&headers(pairs, ""), &object),
                expected,
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn evaluates_conditions_of_copy_sources() {
        let object = record("key", "abc", 784_111_777);
        for (pairs, expected) in [
            (&[][..], Ok(())),
            (&[("if-match", "%22abc%22")], Ok(())),
            (&[("if-match", "%22x%22")], Err(412)),
            (&[("if-none-match", "abc")], Err(412)),
            (&[("if-modified-since", BEFORE)], Ok(())),
            (&[("if-modified-since", THEN)], Err(412)),
            (&[("if-unmodified-since", BEFORE)], Err(412)),
            (&[("if-unmodified-since", THEN)], Ok(())),
            (
                &[("if-match", "abc"), ("if-unmodified-since", BEFORE)],
                Err(412),
            ),
            (&[("if-modified-since", "yesterday")], Err(400)),
        ] {
            let prefix = "x-qs-copy-source-";
            let result = check_source(&headers(pairs, prefix), prefix, &object)
                .map_err(|error| error.status().as_u16());
            assert_eq!(result, expected, "{pairs:?}");
        }
    }
}
