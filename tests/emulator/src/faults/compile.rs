//! Validation of rules, and conversion to effects.

use std::time::Duration;

use http::StatusCode;

use super::effects::{Effects, ResponseFault, Truncation};
use super::rule::{ANY, FaultRule, Reset, When};
use crate::base::error::FaultRuleError;
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;

/// Largest clock skew. It keeps dates in the range of the calendar.
const MAX_SKEW: Duration = Duration::from_secs(365 * 24 * 3600);

impl FaultRule {
    /// Checks the rule. Returns the operation, if the rule has one, and the effects.
    pub(super) fn compile(&self) -> Result<(Option<Operation>, Effects), String> {
        let operation = self.checked_operation()?;
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(format!(
                "probability={} is not a number from 0 to 1",
                self.probability
            ));
        }
        if self.times == Some(0) {
            return Err("times must be at least 1".to_owned());
        }
        if self.trickle == Some(0) {
            return Err("trickle must be at least 1 byte per second".to_owned());
        }
        if self.skew.is_some_and(|skew| skew.by > MAX_SKEW) {
            return Err("skew is more than 365 days".to_owned());
        }
        let effects = Effects {
            latency: self.latency.map(|latency| (self.when, latency)),
            response_fault: self
                .checked_outcome()?
                .map(|response_fault| (self.when, response_fault)),
            truncation: match self.reset {
                Some(Reset::Mid) => Some(Truncation::Reset),
                _ => self.truncate.map(Truncation::Close),
            },
            trickle: self.trickle,
            wrong_etag: self.wrong_etag.then_some(()),
            skew: self.skew,
        };
        let has_moment = effects.latency.is_some() || effects.response_fault.is_some();
        if self.when == When::After && (!has_moment || self.reset == Some(Reset::Body)) {
            return Err("when=after needs latency, status, code or reset=before".to_owned());
        }
        if !Effects::default().add(&effects) {
            return Err(
                "the rule has no effect; add latency, status, code, reset, truncate, trickle, etag or skew"
                    .to_owned(),
            );
        }
        Ok((operation, effects))
    }

    /// Like [`compile`](Self::compile), but adds the text of the rule to the error.
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
                    "operation={:?} is unknown; expected * or one of {}",
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
                    "code={text:?} is unknown; expected one of {}",
                    codes().collect::<Vec<_>>().join(", ")
                )
            })
    }

    fn checked_outcome(&self) -> Result<Option<ResponseFault>, String> {
        let has_error = self.status.is_some() || self.code.is_some();
        if let Some(reset) = self.reset {
            let changes_body = self.truncate.is_some() || self.trickle.is_some();
            if self.truncate.is_some() && reset == Reset::Mid {
                return Err("reset=mid and truncate cannot be combined".into());
            }
            if reset != Reset::Mid && (has_error || changes_body || self.wrong_etag) {
                return Err(format!(
                    "reset={reset} cannot be combined with status, code, truncate, trickle or etag"
                ));
            }
        }
        let retry_after = self.retry_after.map(|wait| wait.as_secs());
        if self.retry_after.is_some_and(|wait| wait.subsec_nanos() > 0) {
            return Err("retry-after is not whole seconds such as 2s".to_owned());
        }
        if retry_after.is_some() && !has_error {
            return Err("retry-after needs a status or code".to_owned());
        }
        match self.reset {
            Some(Reset::Before) => return Ok(Some(ResponseFault::Reset)),
            Some(Reset::Body) => return Ok(Some(ResponseFault::ResetInBody)),
            Some(Reset::Mid) | None => {}
        }
        let code = self.checked_code()?;
        let Some(number) = self.status.or_else(|| code.map(ErrorCode::status)) else {
            return Ok(None);
        };
        let status = StatusCode::from_u16(number)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .ok_or_else(|| format!("status={number} is out of range; expected 400 to 599"))?;
        Ok(Some(ResponseFault::Error {
            status,
            code,
            retry_after,
        }))
    }
}
