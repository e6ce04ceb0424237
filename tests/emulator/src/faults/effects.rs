//! What rules do to one request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{DATE, ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::rule::{Skew, When};
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;

/// What comes instead of an operation's response.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Error {
        status: StatusCode,
        /// Without one there is no document.
        code: Option<ErrorCode>,
        retry_after: Option<u64>,
    },
    Reset,
    /// In the middle of the request's body.
    ResetInBody,
}

/// How a response ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// With a reset, in the middle.
    Reset,
    /// With the usual end of a connection, after so many bytes of the body.
    Close(u64),
}

/// What rules do to one request, each kind once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(super) latency: Option<(When, Duration)>,
    pub(super) outcome: Option<(When, Outcome)>,
    pub(super) cut: Option<Cut>,
    /// In bytes per second.
    pub(super) trickle: Option<u64>,
    pub(super) wrong_etag: Option<()>,
    pub(super) skew: Option<Skew>,
}

impl Effects {
    /// Takes over the kinds that are still missing; tells whether there were any.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        fn take<T: Clone>(mine: &mut Option<T>, other: &Option<T>) -> bool {
            let takes = mine.is_none() && other.is_some();
            if takes {
                mine.clone_from(other);
            }
            takes
        }
        // Each one is tried, so no `||`.
        take(&mut self.latency, &other.latency)
            | take(&mut self.outcome, &other.outcome)
            | take(&mut self.cut, &other.cut)
            | take(&mut self.trickle, &other.trickle)
            | take(&mut self.wrong_etag, &other.wrong_etag)
            | take(&mut self.skew, &other.skew)
    }

    /// The wait of this moment.
    pub(crate) fn latency(&self, moment: When) -> Option<Duration> {
        at(self.latency.as_ref(), moment).copied()
    }

    /// What comes at this moment instead of the operation's response.
    pub(crate) fn outcome(&self, moment: When) -> Option<&Outcome> {
        at(self.outcome.as_ref(), moment)
    }

    /// Whether the client won't get the whole response.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Has the headers of a response suffer what is planned.
    pub(crate) fn spoil_head(&self, headers: &mut HeaderMap) {
        if self.skew.is_some() {
            let date = httpdate::fmt_http_date(self.now());
            // An HTTP date is fit for a header.
            headers.extend(HeaderValue::try_from(date).map(|date| (DATE, date)));
        }
        if self.wrong_etag.is_some()
            && let Some(etag) = headers.get_mut(ETAG)
        {
            // It keeps its form, quotes and all.
            let zeros = etag.as_bytes().iter().map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() => b'0',
                other => *other,
            });
            if let Ok(wrong) = HeaderValue::from_bytes(&zeros.collect::<Vec<_>>()) {
                *etag = wrong;
            }
        }
    }

    /// The clock that the client sees.
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

/// The response of a fault.
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
            let error = ApiError::new(code, "a fault rule of the emulator wants this answer");
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
