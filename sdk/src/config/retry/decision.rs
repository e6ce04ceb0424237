//! [`may_retry`]: which requests may be retried, by failure, operation and body.

use http::HeaderMap;

use crate::base::error::Failure;
use crate::message::operation_info::Repeatable;

/// Returns whether a request may be retried.
///
/// `can_restart`: whether its body can be sent from its first byte.
pub(crate) fn may_retry(
    failure: Failure,
    repeatable: Repeatable,
    headers: &HeaderMap,
    can_restart: bool,
) -> bool {
    let is_idempotent = match repeatable {
        Repeatable::Always => true,
        Repeatable::Never => false,
        Repeatable::UnlessHeader(name) => !headers.contains_key(name),
    };
    match failure {
        Failure::NotExecuted | Failure::Damaged => can_restart,
        Failure::Ambiguous => can_restart && is_idempotent,
        Failure::Final => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ambiguous_failures_are_retried_only_for_idempotent_requests() {
        const MOVE: &str = "x-qs-move-source";
        let put = HeaderMap::new();
        let moving: HeaderMap = [(MOVE.parse().unwrap(), HeaderValue::from_static("/b/k"))]
            .into_iter()
            .collect();
        for (repeatable, headers, is_idempotent) in [
            (Repeatable::Always, &put, true),
            (Repeatable::Always, &moving, true),
            (Repeatable::Never, &put, false),
            (Repeatable::UnlessHeader(MOVE), &put, true),
            (Repeatable::UnlessHeader(MOVE), &moving, false),
        ] {
            for (failure, expected) in [
                (Failure::NotExecuted, true),
                (Failure::Ambiguous, is_idempotent),
                (Failure::Damaged, true),
                (Failure::Final, false),
            ] {
                let allowed = |can_restart| may_retry(failure, repeatable, headers, can_restart);
                assert_eq!(allowed(true), expected, "{repeatable:?} {failure:?}");
                assert!(!allowed(false), "{repeatable:?} {failure:?}");
            }
        }
    }
}
