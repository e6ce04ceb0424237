//! [`Failure`]: whether a retry of a failed request is safe, and can help.

use std::time::Duration;

use super::{Error, ErrorCode, ErrorKind};
use crate::base::header_names::X_QS_REQUEST_ID;

/// Whether the service may have executed the request of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service has not executed the request.
    NotExecuted,
    /// The service may have executed the request.
    Ambiguous,
    /// The service has not executed the request, because its body was damaged on the way. One retry
    /// can help.
    Damaged,
    /// A retry would fail in the same way.
    Final,
}

/// Why a request is not retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryRefusal {
    /// The retry policy, the error or the deadline.
    Policy,
    /// The retry budget of the client, which other requests use, too.
    Budget,
}

impl RetryRefusal {
    /// Returns the error of the last attempt, with the reason if it is not obvious.
    pub(crate) fn explain(self, mut error: Error) -> Error {
        error.0.is_budget_used_up = self == Self::Budget;
        error
    }
}

impl Error {
    /// Returns whether the service may have executed the request, and whether a retry can help.
    pub(crate) fn failure(&self) -> Failure {
        match self.kind() {
            _ if self.0.permanent => Failure::Final,
            ErrorKind::Connect | ErrorKind::Timeout if self.0.unsent => Failure::NotExecuted,
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted => Failure::Ambiguous,
            ErrorKind::Service => self.failure_of_response(),
            _ => Failure::Final,
        }
    }

    fn failure_of_response(&self) -> Failure {
        match self.code() {
            Some(code) if code.is_ambiguous() => return Failure::Ambiguous,
            Some(code) if code.is_retryable() => return Failure::NotExecuted,
            Some(code) if code.is_damaged_body() => return Failure::Damaged,
            _ => {}
        }
        match self.status().map(|status| status.as_u16()) {
            Some(429) if self.is_of_service() => Failure::NotExecuted,
            // Not implemented, and HTTP version not supported: both are permanent.
            Some(501 | 505) => Failure::Final,
            // A proxy sends 429, too, and may have lost the response of the service. Proxies use
            // statuses above 511 that no standard defines.
            Some(408 | 429 | 500..=599) => Failure::Ambiguous,
            _ => Failure::Final,
        }
    }

    /// Returns whether the service may have executed the attempt that the error is about.
    pub(super) fn last_attempt_may_have_been_executed(&self) -> bool {
        match self.kind() {
            ErrorKind::InvalidInput
            | ErrorKind::Config
            | ErrorKind::Credentials
            | ErrorKind::Interceptor => false,
            ErrorKind::Connect | ErrorKind::Timeout => !self.0.unsent,
            ErrorKind::Service => match self.failure_of_response() {
                Failure::NotExecuted | Failure::Damaged => false,
                Failure::Ambiguous => true,
                Failure::Final => !self.is_refusal(),
            },
            ErrorKind::Interrupted | ErrorKind::Decode | ErrorKind::Integrity | ErrorKind::Io => {
                self.attempts() > 0 || self.0.response.is_some()
            }
        }
    }

    /// Returns whether a response with a permanent error says that the request was not executed.
    fn is_refusal(&self) -> bool {
        match self.status().map(|status| status.as_u16()) {
            Some(300..=499 | 501 | 505) => true,
            // A proxy sends error documents under a success status, too.
            _ => self.is_of_service(),
        }
    }

    /// Returns whether the service, and not a proxy, sent the error document of the response. Proxies
    /// write JSON, too, with other codes, numbers and request IDs.
    fn is_of_service(&self) -> bool {
        let Some(code) = self.code() else {
            return false;
        };
        let is_known = !matches!(code, ErrorCode::Unknown(_));
        let headers = self.headers();
        is_known || headers.is_some_and(|headers| headers.contains_key(&X_QS_REQUEST_ID))
    }

    /// Returns the least delay before a retry, if there is one.
    pub(crate) fn least_delay(&self) -> Option<Duration> {
        let needs_delay = self.code().is_some_and(ErrorCode::needs_delay);
        let of_code = needs_delay.then_some(Duration::from_secs(1));
        self.retry_after().max(of_code)
    }
}
