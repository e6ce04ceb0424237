//! Which faults a run has, and which errors they explain.

use std::fmt;

use qingstor_emulator::FaultRule;
use qingstor_sdk::{Error, ErrorCode, ErrorKind};

use crate::chance::Chance;

#[derive(Debug)]
pub(crate) struct Faults {
    /// The emulator's, as text.
    pub(crate) rules: Vec<String>,
    /// Of the run.
    pub(crate) seed: u64,
    pub(crate) ill: u64,
    pub(crate) most: u64,
    /// Whether the object is overwritten in the middle.
    pub(crate) overwritten: bool,
}

impl Faults {
    pub(crate) fn choose(seed: u64, chance: &mut Chance) -> Self {
        let rules = (0..chance.within(0..3)).map(|_| rule(chance)).collect();
        Self {
            rules,
            seed,
            ill: chance.one_of(&[0, 15, 30, 45, 60]),
            most: chance.one_of(&[1000, 200_000, 10 << 20]),
            overwritten: chance.percent(30),
        }
    }

    pub(crate) fn parsed(&self) -> Vec<FaultRule> {
        let parse = |rule: &String| FaultRule::parse(rule).unwrap();
        self.rules.iter().map(parse).collect()
    }

    fn has(&self, part: &str) -> bool {
        self.rules.iter().any(|rule| rule.contains(part))
    }

    /// Whether the error is what these faults may well lead to.
    pub(crate) fn explain(&self, error: &Error) -> bool {
        // An error tells where and how often.
        assert!(
            error.operation().is_some() && error.bucket().is_some(),
            "{error:?}"
        );
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted => true,
            ErrorKind::Integrity => self.has("etag=wrong"),
            ErrorKind::Service if error.is_retryable() => true,
            ErrorKind::Service if error.is_precondition_failed() => {
                self.overwritten || self.has("etag=wrong")
            }
            // A clock that is right one moment and wrong the next.
            ErrorKind::Service if error.is_permission_denied() => {
                let expired = error
                    .code()
                    .is_none_or(|code| *code == ErrorCode::RequestExpired);
                expired && self.has("skew=")
            }
            // The object of an upload whose last answer got lost looks like another one; and a
            // copied part, whose bytes nobody here knows, has no such tag.
            ErrorKind::Service => {
                let refused = error.code() == Some(&ErrorCode::InvalidArgument);
                (error.is_not_found() || refused) && self.has("etag=wrong")
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
    let often = match chance.within(0..3) {
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
    format!("operation={operation},{often},{fault}")
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            rules,
            ill,
            most,
            overwritten,
        } = self;
        write!(
            f,
            "seed {seed}, {rules:?}, {ill} % of connections within {most} bytes, overwritten: {overwritten}"
        )
    }
}
