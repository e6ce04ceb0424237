//! What rules do to one request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{DATE, ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::parse::ANY;
use super::rule::{FaultRule, FaultRuleError, Reset, Skew, When};
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;

/// How far a clock may be off: far enough for every test, and never out of the calendar.
const MAX_SKEW: Duration = Duration::from_secs(365 * 24 * 3600);

/// What comes instead of an operation's answer.
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

/// How an answer ends before its end.
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

    /// What comes at this moment instead of the operation's answer.
    pub(crate) fn outcome(&self, moment: When) -> Option<&Outcome> {
        at(self.outcome.as_ref(), moment)
    }

    /// Whether the client won't get the whole answer.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Has the headers of an answer suffer what is planned.
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

/// The answer of a fault.
pub(crate) fn error_answer(
    status: StatusCode,
    code: Option<ErrorCode>,
    retry_after: Option<u64>,
    request_id: &str,
    is_head: bool,
) -> Answer {
    let mut answer = match code {
        None => answer::empty(status),
        Some(code) => {
            let error = ApiError::new(code, "a fault rule of the emulator wants this answer");
            answer::error(&error.with_status(status), request_id, is_head)
        }
    };
    if let Some(seconds) = retry_after {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

impl FaultRule {
    /// Checks the rule; gives the operation, if it is for one only, and the effects.
    pub(super) fn compile(&self) -> Result<(Option<Operation>, Effects), String> {
        let operation = self.checked_operation()?;
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(format!(
                "probability={} is not a number from 0 to 1",
                self.probability
            ));
        }
        if self.times == Some(0) {
            return Err("times=0 never strikes; it is at least 1".to_owned());
        }
        if self.trickle == Some(0) {
            return Err("trickle=0 sends nothing; it is at least 1 byte per second".to_owned());
        }
        if self.skew.is_some_and(|skew| skew.by > MAX_SKEW) {
            return Err("skew is more than 365 days".to_owned());
        }
        let effects = Effects {
            latency: self.latency.map(|latency| (self.when, latency)),
            outcome: self.checked_outcome()?.map(|outcome| (self.when, outcome)),
            cut: match self.reset {
                Some(Reset::Mid) => Some(Cut::Reset),
                _ => self.truncate.map(Cut::Close),
            },
            trickle: self.trickle,
            wrong_etag: self.wrong_etag.then_some(()),
            skew: self.skew,
        };
        let has_moment = effects.latency.is_some() || effects.outcome.is_some();
        if self.when == When::After && (!has_moment || self.reset == Some(Reset::Body)) {
            return Err(
                "when=after is for latency, status, code and reset=before, and there is none"
                    .to_owned(),
            );
        }
        if !Effects::default().add(&effects) {
            return Err(
                "it does nothing; add latency, status, code, reset, truncate, trickle, etag or skew"
                    .to_owned(),
            );
        }
        Ok((operation, effects))
    }

    /// As [`compile`](Self::compile), for rules that no text stands for yet.
    pub(super) fn compile_named(&self) -> Result<(Option<Operation>, Effects), FaultRuleError> {
        self.compile().map_err(|problem| FaultRuleError {
            rule: self.to_string(),
            problem,
        })
    }

    fn checked_operation(&self) -> Result<Option<Operation>, String> {
        if self.operation == ANY {
            return Ok(None);
        }
        let ids = || Operation::ALL.iter().map(|operation| operation.facts().id);
        Operation::ALL
            .iter()
            .find(|operation| operation.facts().id == self.operation)
            .map(|&operation| Some(operation))
            .ok_or_else(|| {
                format!(
                    "operation={:?} is not *, nor one of {}",
                    self.operation,
                    ids().collect::<Vec<_>>().join(", ")
                )
            })
    }

    fn checked_code(&self) -> Result<Option<ErrorCode>, String> {
        let Some(text) = &self.code else {
            return Ok(None);
        };
        let codes = || ErrorCode::ALL.iter().map(|code| code.as_str());
        ErrorCode::ALL
            .iter()
            .find(|code| code.as_str() == text)
            .map(|&code| Some(code))
            .ok_or_else(|| {
                format!(
                    "code={text:?} is none of {}",
                    codes().collect::<Vec<_>>().join(", ")
                )
            })
    }

    fn checked_outcome(&self) -> Result<Option<Outcome>, String> {
        let has_error = self.status.is_some() || self.code.is_some();
        if let Some(reset) = self.reset {
            let changes_body = self.truncate.is_some() || self.trickle.is_some();
            if self.truncate.is_some() && reset == Reset::Mid {
                return Err("reset=mid and truncate both end the body; one of them will do".into());
            }
            if reset != Reset::Mid && (has_error || changes_body || self.wrong_etag) {
                return Err(format!(
                    "reset={reset} leaves no answer for status, code, truncate, trickle or etag"
                ));
            }
        }
        let retry_after = self.retry_after.map(|wait| wait.as_secs());
        if self.retry_after.is_some_and(|wait| wait.subsec_nanos() > 0) {
            return Err("retry-after is not whole seconds such as 2s".to_owned());
        }
        if retry_after.is_some() && !has_error {
            return Err("retry-after belongs to a status or code, and there is none".to_owned());
        }
        match self.reset {
            Some(Reset::Before) => return Ok(Some(Outcome::Reset)),
            Some(Reset::Body) => return Ok(Some(Outcome::ResetInBody)),
            Some(Reset::Mid) | None => {}
        }
        let code = self.checked_code()?;
        let Some(number) = self.status.or_else(|| code.map(ErrorCode::status)) else {
            return Ok(None);
        };
        let status = StatusCode::from_u16(number)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .ok_or_else(|| format!("status={number} is not from 400 to 599"))?;
        Ok(Some(Outcome::Error {
            status,
            code,
            retry_after,
        }))
    }
}
