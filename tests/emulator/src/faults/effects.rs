//! Effects of rules on one request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{DATE, ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::rule::{Skew, When};
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;

/// Replacement for the response of an operation.
#[derive(Clone, Debug)]
pub(crate) enum ResponseFault {
    Error {
        status: StatusCode,
        /// `None` sends an error without a document.
        code: Option<ErrorCode>,
        retry_after: Option<u64>,
    },
    Reset,
    /// Resets the connection in the middle of the request body.
    ResetInBody,
}

/// The way in which a response is truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truncation {
    /// A reset in the middle of the body.
    Reset,
    /// A regular close after this number of bytes of the body.
    Close(u64),
}

/// Effects of rules on one request, at most one of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(super) latency: Option<(When, Duration)>,
    pub(super) response_fault: Option<(When, ResponseFault)>,
    pub(super) truncation: Option<Truncation>,
    /// Rate in bytes per second.
    pub(super) trickle: Option<u64>,
    pub(super) wrong_etag: Option<()>,
    pub(super) skew: Option<Skew>,
}

impl Effects {
    /// Adds the kinds of effects that are missing. Returns whether there were any.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        fn take<T: Clone>(own: &mut Option<T>, other: &Option<T>) -> bool {
            let takes = own.is_none() && other.is_some();
            if takes {
                own.clone_from(other);
            }
            takes
        }
        // `||` would stop after the first kind.
        take(&mut self.latency, &other.latency)
            | take(&mut self.response_fault, &other.response_fault)
            | take(&mut self.truncation, &other.truncation)
            | take(&mut self.trickle, &other.trickle)
            | take(&mut self.wrong_etag, &other.wrong_etag)
            | take(&mut self.skew, &other.skew)
    }

    /// Returns the latency at this moment.
    pub(crate) fn latency(&self, moment: When) -> Option<Duration> {
        at(self.latency.as_ref(), moment).copied()
    }

    /// Returns the replacement for the response at this moment.
    pub(crate) fn response_fault(&self, moment: When) -> Option<&ResponseFault> {
        at(self.response_fault.as_ref(), moment)
    }

    /// Returns whether the response will be truncated.
    pub(crate) fn is_truncated(&self) -> bool {
        self.truncation.is_some()
    }

    /// Applies the faults to the headers of a response.
    pub(crate) fn apply_to_head(&self, headers: &mut HeaderMap) {
        if self.skew.is_some() {
            let date = httpdate::fmt_http_date(self.now());
            // An HTTP date is a valid header value.
            headers.extend(HeaderValue::try_from(date).map(|date| (DATE, date)));
        }
        if self.wrong_etag.is_some()
            && let Some(etag) = headers.get_mut(ETAG)
        {
            // The wrong ETag keeps the form of the original, including quotes.
            let zeros = etag.as_bytes().iter().map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() => b'0',
                other => *other,
            });
            if let Ok(wrong) = HeaderValue::from_bytes(&zeros.collect::<Vec<_>>()) {
                *etag = wrong;
            }
        }
    }

    /// Returns the time of the simulated clock.
    pub(crate) fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        let Some(skew) = self.skew else { return now };
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        UNIX_EPOCH
            + if skew.is_behind {
                now.saturating_sub(skew.by)
            } else {
                now.saturating_add(skew.by)
            }
    }
}

fn at<T>(slot: Option<&(When, T)>, moment: When) -> Option<&T> {
    slot.filter(|(when, _)| *when == moment)
        .map(|(_, what)| what)
}

/// Returns the error response of a fault.
pub(crate) fn error_response(
    status: StatusCode,
    code: Option<ErrorCode>,
    retry_after: Option<u64>,
    request_id: &str,
    is_head: bool,
) -> ApiResponse {
    let mut response = match code {
        None => response::empty(status),
        Some(code) => {
            let error = ApiError::new(code, "caused by a fault rule of the emulator");
            response::error(&error.with_status(status), request_id, is_head)
        }
    };
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
