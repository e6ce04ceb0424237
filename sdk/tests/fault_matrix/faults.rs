//! The faults of a run, and the errors that they explain.

use std::fmt;

use qingstor_emulator::FaultRule;
use qingstor_sdk::{Error, ErrorCode, ErrorKind};

use crate::chance::Chance;

#[derive(Debug)]
pub(crate) struct Faults {
    /// Fault rules of the emulator.
    pub(crate) rules: Vec<String>,
    pub(crate) seed: u64,
    /// Percentage of connections that the proxy breaks.
    pub(crate) percent: u64,
    /// The proxy breaks a connection within this number of bytes.
    pub(crate) within: u64,
    /// Whether the object is overwritten during the run.
    pub(crate) overwritten: bool,
}

impl Faults {
    pub(crate) fn choose(seed: u64, chance: &mut Chance) -> Self {
        let rules = (0..chance.within(0..3)).map(|_| rule(chance)).collect();
        Self {
            rules,
            seed,
            percent: chance.one_of(&[0, 15, 30, 45, 60]),
            within: chance.one_of(&[1000, 200_000, 10 << 20]),
            overwritten: chance.percent(30),
        }
    }

    pub(crate) fn parsed(&self) -> Vec<FaultRule> {
        let parse = |rule: &String| FaultRule::parse(rule).unwrap();
        self.rules.iter().map(parse).collect()
    }

    /// Returns the faults whose consequences remain after the end of all faults: what was received
    /// with a wrong ETag.
    pub(crate) fn remaining(&self) -> Self {
        let mut rules = self.rules.clone();
        rules.retain(|rule| rule.contains("etag=wrong"));
        Self {
            rules,
            percent: 0,
            ..*self
        }
    }

    fn has(&self, part: &str) -> bool {
        self.rules.iter().any(|rule| rule.contains(part))
    }

    /// Returns `true` if the faults can cause this error.
    pub(crate) fn explain(&self, error: &Error) -> bool {
        // Each error must have its context.
        assert!(
            error.operation().is_some() && error.bucket().is_some(),
            "{error:?}"
        );
        let breaks_connections = self.percent > 0;
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Interrupted => {
                breaks_connections || self.has("reset=") || self.has("truncate=")
            }
            // Only the proxy stalls.
            ErrorKind::Timeout => breaks_connections,
            ErrorKind::Integrity => self.has("etag=wrong"),
            // The proxy responds with 503.
            ErrorKind::Service if error.is_retryable() => {
                breaks_connections || self.has("status=") || self.has("code=")
            }
            ErrorKind::Service if error.is_precondition_failed() => {
                self.overwritten || self.has("etag=wrong")
            }
            // The clock of the service is right for one request and wrong for the next.
            ErrorKind::Service if error.is_permission_denied() => {
                let expired = error
                    .code()
                    .is_none_or(|code| *code == ErrorCode::RequestExpired);
                expired && self.has("skew=")
            }
            // The object of an upload whose last response was lost looks like another one. The
            // completion of a copy fails, because a part has another ETag.
            ErrorKind::Service => {
                let is_rejected = error.code() == Some(&ErrorCode::InvalidArgument);
                (error.is_not_found() || is_rejected) && self.has("etag=wrong")
            }
            _ => false,
        }
    }
}

fn rule(chance: &mut Chance) -> String {
    let operation = chance.one_of(&[
        "*",
        "*",
        "*",
        "PutObject",
        "GetObject",
        "HeadObject",
        "InitiateMultipartUpload",
        "UploadMultipart",
        "CompleteMultipartUpload",
        "DeleteMultipleObjects",
        "ListObjects",
    ]);
    let frequency = match chance.within(0..3) {
        0 => format!("times={}", chance.within(1..4)),
        1 => format!(
            "after={},times={}",
            chance.within(0..3),
            chance.within(1..6)
        ),
        _ => format!("probability=0.{}", chance.within(1..6)),
    };
    let fault = match chance.within(0..13) {
        0 => "status=503".into(),
        1 => "status=503,retry-after=0s".into(),
        2 => "code=internal_error".into(),
        3 => "when=after,code=internal_error".into(),
        4 => "when=after,reset=before".into(),
        5 => "reset=before".into(),
        6 => "reset=mid".into(),
        7 => "reset=body".into(),
        8 => format!("truncate={}", chance.of_any_size(1 << 20)),
        9 => format!("latency={}ms", chance.within(1..40)),
        10 => "etag=wrong".into(),
        11 => chance.one_of(&["skew=1h", "skew=-1h"]).to_owned(),
        _ => "status=429".into(),
    };
    format!("operation={operation},{frequency},{fault}")
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            rules,
            percent,
            within,
            overwritten,
        } = self;
        write!(
            f,
            "seed {seed}, {rules:?}, {percent} % of connections broken within {within} bytes, overwritten: {overwritten}"
        )
    }
}
