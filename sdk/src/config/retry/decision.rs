//! Which requests may be retried, by failure, operation and body.

use http::HeaderMap;

use crate::base::error::{Error, ErrorKind};
use crate::message::operation_info::Repeatable;

/// Consequence of a failed attempt for retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service has certainly not carried the call out.
    NotDone,
    /// It may have, and nobody knows.
    Unknown,
    /// It would fail again.
    Final,
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Timeout if error.is_unsent() => Self::NotDone,
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted => Self::Unknown,
            ErrorKind::Service => Self::answered(error),
            _ => Self::Final,
        }
    }

    fn answered(error: &Error) -> Self {
        match error.code() {
            // A failure inside tells nothing of what was done before it.
            Some(code) if code.as_str() == "internal_error" => return Self::Unknown,
            Some(code) if code.is_retryable() => return Self::NotDone,
            _ => {}
        }
        match error.status().map(|status| status.as_u16()) {
            Some(429 | 503) => Self::NotDone,
            // What the service can't do, it can't do later either.
            Some(501 | 505) => Self::Final,
            // Proxies have numbers of their own.
            Some(408 | 500..=599) => Self::Unknown,
            _ => Self::Final,
        }
    }
}

/// Returns whether a request may be retried. `can_start`: whether its body can be sent from its
/// first byte.
pub(crate) fn may_repeat(
    failure: Failure,
    repeatable: Repeatable,
    headers: &HeaderMap,
    can_start: bool,
) -> bool {
    let harmless = match repeatable {
        Repeatable::Always => true,
        Repeatable::Never => false,
        Repeatable::UnlessHeader(name) => !headers.contains_key(name),
    };
    match failure {
        Failure::NotDone => can_start,
        Failure::Unknown => can_start && harmless,
        Failure::Final => false,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;
    use crate::base::error::{Answer, ErrorCode};

    fn answer(status: u16, code: Option<&str>) -> Error {
        Error::new(ErrorKind::Service, "").with_answer(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.map(ErrorCode::from),
            ..Answer::default()
        })
    }

    /// Every kind of failure, and what it means.
    fn failures() -> Vec<(Error, Failure)> {
        use ErrorKind as Kind;
        use Failure::{Final, NotDone, Unknown};
        let of = |kind| Error::new(kind, "");
        vec![
            (of(Kind::Connect).unsent(), NotDone),
            (of(Kind::Timeout).unsent(), NotDone),
            (of(Kind::Connect), Unknown),
            (of(Kind::Timeout), Unknown),
            (of(Kind::Interrupted), Unknown),
            (of(Kind::InvalidInput), Final),
            (of(Kind::Config), Final),
            (of(Kind::Credentials), Final),
            (of(Kind::Decode), Final),
            (of(Kind::Integrity), Final),
            (of(Kind::Io), Final),
            (answer(429, None), NotDone),
            (answer(429, Some("fetch_throttled")), NotDone),
            (answer(503, None), NotDone),
            (answer(503, Some("service_unavailable")), NotDone),
            (answer(503, Some("upstream_failed")), NotDone),
            (answer(400, Some("service_unavailable")), NotDone),
            (answer(500, None), Unknown),
            (answer(500, Some("internal_error")), Unknown),
            (answer(503, Some("internal_error")), Unknown),
            (answer(502, None), Unknown),
            (answer(504, Some("some_new_code")), Unknown),
            (answer(408, None), Unknown),
            (answer(520, None), Unknown),
            (answer(501, None), Final),
            (answer(505, None), Final),
            (answer(301, None), Final),
            (answer(304, None), Final),
            (answer(400, Some("invalid_argument")), Final),
            (answer(403, Some("request_expired")), Final),
            (answer(403, Some("permission_denied")), Final),
            (answer(404, Some("object_not_exists")), Final),
            (answer(409, Some("bucket_already_exists")), Final),
            (answer(412, Some("precondition_failed")), Final),
        ]
    }

    #[test]
    fn every_failure_of_every_kind_of_operation() {
        const MOVE: &str = "x-qs-move-source";
        let plain = HeaderMap::new();
        let moving: HeaderMap = [(MOVE.parse().unwrap(), HeaderValue::from_static("/b/k"))]
            .into_iter()
            .collect();
        let operations = [
            (Repeatable::Always, &plain, true),
            (Repeatable::Always, &moving, true),
            (Repeatable::Never, &plain, false),
            (Repeatable::UnlessHeader(MOVE), &plain, true),
            (Repeatable::UnlessHeader(MOVE), &moving, false),
        ];
        for (error, expected) in failures() {
            let failure = Failure::of(&error);
            assert_eq!(failure, expected, "{error:?}");
            for (repeatable, headers, harmless) in operations {
                let repeats = |can_start| may_repeat(failure, repeatable, headers, can_start);
                let expected = match failure {
                    Failure::NotDone => true,
                    Failure::Unknown => harmless,
                    Failure::Final => false,
                };
                assert_eq!(repeats(true), expected, "{repeatable:?} {error:?}");
                assert!(!repeats(false), "{repeatable:?} {error:?}");
            }
        }
    }

    /// `Error::is_retryable` agrees with the decision.
    #[test]
    fn failure_is_final_iff_error_is_not_retryable() {
        for (error, failure) in failures() {
            assert_eq!(error.is_retryable(), failure != Failure::Final, "{error:?}");
        }
    }
}
