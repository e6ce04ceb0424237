//! Fault rules.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::name_pattern::NamePattern;

/// The operation name that matches every operation.
pub(super) const ANY: &str = "*";

/// The moment of a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Instead of the operation, which is not executed.
    #[default]
    Before,
    /// After the operation: its response is lost.
    After,
}

/// The moment at which a connection is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Before any byte of the response.
    Before,
    /// After half of the response body, or of the head for a response without a body.
    Mid,
    /// After half of the request body has been read. The operation is not executed.
    Body,
}

/// The difference between two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skew {
    pub(super) is_behind: bool,
    pub(super) by: Duration,
}

/// A fault rule: a set of requests, and the fault that affects them.
///
/// A rule can be parsed from text, or built with methods:
///
/// ```
/// use qingstor_emulator::{FaultRule, When};
///
/// let text = "operation=PutObject,key=logs/*,times=3,when=after,code=internal_error";
/// let rule = FaultRule::on("PutObject")
///     .key("logs/*")
///     .times(3)
///     .when(When::After)
///     .code("internal_error");
/// assert_eq!(FaultRule::parse(text)?, rule);
/// assert_eq!(rule.to_string(), text);
/// # Ok::<(), qingstor_emulator::FaultRuleError>(())
/// ```
///
/// An invalid rule is an error when its text is parsed, or when the rule is activated.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct FaultRule {
    pub(super) operation: String,
    pub(super) bucket: Option<NamePattern>,
    pub(super) key: Option<NamePattern>,
    pub(super) probability: f64,
    pub(super) after: u64,
    pub(super) times: Option<u64>,
    pub(super) when: When,
    pub(super) latency: Option<Duration>,
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) reset: Option<Reset>,
    pub(super) truncate: Option<u64>,
    pub(super) trickle: Option<u64>,
    pub(super) wrong_etag: bool,
    pub(super) skew: Option<Skew>,
}

impl FaultRule {
    /// Creates a rule for one operation, given by its ID such as `GetObject`. `*` matches every
    /// operation.
    pub fn on(operation: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            bucket: None,
            key: None,
            probability: 1.0,
            after: 0,
            times: None,
            when: When::Before,
            latency: None,
            status: None,
            code: None,
            retry_after: None,
            reset: None,
            truncate: None,
            trickle: None,
            wrong_etag: false,
            skew: None,
        }
    }

    /// Creates a rule for all operations.
    pub fn on_any() -> Self {
        Self::on(ANY)
    }

    /// Matches only buckets with this name. A star matches any characters.
    pub fn bucket(mut self, pattern: &str) -> Self {
        self.bucket = Some(NamePattern::parse(pattern));
        self
    }

    /// Matches only objects with this key. A star matches any characters, and a backslash escapes
    /// the next character.
    pub fn key(mut self, pattern: &str) -> Self {
        self.key = Some(NamePattern::parse(pattern));
        self
    }

    /// Sets the probability that a matching request is affected, from 0 to 1. The default is 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Skips this number of matching requests.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// Limits the number of affected requests.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Sets whether the fault replaces the operation or happens after it.
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Delays the response.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// Responds with this status. Unless a [`code`](Self::code) is set, the response does not have
    /// a document, like that of a proxy.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Responds with this error code, and with its status unless [`status`](Self::status) is set.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds `Retry-After`, in whole seconds, to the error.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Resets the connection.
    pub fn reset(mut self, reset: Reset) -> Self {
        self.reset = Some(reset);
        self
    }

    /// Closes the connection after this number of bytes of the response body. `Content-Length` does
    /// not change.
    pub fn truncate(mut self, bytes: u64) -> Self {
        self.truncate = Some(bytes);
        self
    }

    /// Limits the rate of the response body, in bytes per second.
    pub fn trickle(mut self, bytes_per_second: u64) -> Self {
        self.trickle = Some(bytes_per_second);
        self
    }

    /// Responds with an `ETag` that is not that of the object.
    pub fn wrong_etag(mut self) -> Self {
        self.wrong_etag = true;
        self
    }

    /// Moves the clock ahead that checks signatures and sets `Date`.
    pub fn clock_ahead(mut self, by: Duration) -> Self {
        self.skew = Some(Skew {
            is_behind: false,
            by,
        });
        self
    }

    /// Moves the clock back that checks signatures and sets `Date`.
    pub fn clock_behind(mut self, by: Duration) -> Self {
        self.skew = Some(Skew {
            is_behind: true,
            by,
        });
        self
    }
}

/// Formats the rule as text, which [`FaultRule::parse`] accepts.
impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            bucket,
            key,
            probability,
            after,
            times,
            when,
            latency,
            status,
            code,
            retry_after,
            reset,
            truncate,
            trickle,
            wrong_etag,
            skew,
        } = self;
        write!(f, "operation={operation}")?;
        part(f, "bucket", bucket.as_ref())?;
        part(f, "key", key.as_ref())?;
        part(f, "probability", Some(probability).filter(|&&p| p != 1.0))?;
        part(f, "after", Some(after).filter(|&&after| after != 0))?;
        part(f, "times", times.as_ref())?;
        part(f, "when", (*when == When::After).then_some(&"after"))?;
        part(f, "latency", latency.map(format_duration).as_ref())?;
        part(f, "status", status.as_ref())?;
        part(f, "code", code.as_ref())?;
        part(f, "retry-after", retry_after.map(format_duration).as_ref())?;
        part(f, "reset", reset.as_ref())?;
        part(f, "truncate", truncate.as_ref())?;
        part(f, "trickle", trickle.as_ref())?;
        part(f, "etag", wrong_etag.then_some(&"wrong"))?;
        part(f, "skew", skew.as_ref())
    }
}

fn part(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&impl fmt::Display>) -> fmt::Result {
    match value {
        None => Ok(()),
        Some(value) => write!(f, ",{name}={value}"),
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::Mid => "mid",
            Self::Body => "body",
        })
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_behind { "-" } else { "" };
        write!(f, "{sign}{}", format_duration(self.by))
    }
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    fn duration() -> impl Strategy<Value = Duration> {
        (0..400_u64 * 24 * 3600, 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds))
    }

    /// Which requests a rule is for.
    fn selector() -> impl Strategy<Value = FaultRule> {
        (
            prop_oneof![Just("*"), Just("GetObject"), Just("ListBuckets")],
            option::of(any::<String>()),
            option::of(r"[a-c*,\\/=\n ]*"),
            0.0..=1.0,
            0..3_u64,
            option::of(1..u64::MAX),
        )
            .prop_map(|(operation, bucket, key, probability, after, times)| {
                let mut rule = FaultRule::on(operation)
                    .probability(probability)
                    .after(after);
                rule.times = times;
                rule.bucket = bucket.as_deref().map(NamePattern::parse);
                rule.key = key.as_deref().map(NamePattern::parse);
                rule
            })
    }

    /// Returns rules that select all requests and have any effects.
    fn effects() -> impl Strategy<Value = FaultRule> {
        (
            duration(),
            any::<bool>(),
            option::of(400..600_u16),
            prop_oneof![Just("internal_error"), Just("service_unavailable")],
            option::of((0..100_u64).prop_map(Duration::from_secs)),
            option::of(any::<u64>()),
            option::of(1..u64::MAX),
            any::<bool>(),
            option::of((any::<bool>(), (0..1000_u64).prop_map(Duration::from_secs))),
        )
            .prop_map(
                |(latency, after, status, code, wait, truncate, trickle, etag, skew)| {
                    let mut rule = FaultRule::on_any().latency(latency).code(code);
                    rule.when = if after { When::After } else { When::Before };
                    rule.status = status;
                    rule.retry_after = wait;
                    rule.truncate = truncate;
                    rule.trickle = trickle;
                    rule.wrong_etag = etag;
                    rule.skew = skew.map(|(is_behind, by)| Skew { is_behind, by });
                    rule
                },
            )
    }

    proptest! {
        #[test]
        fn displayed_rules_can_be_parsed(selector in selector(), effects in effects()) {
            let rule = FaultRule {
                operation: selector.operation,
                bucket: selector.bucket,
                key: selector.key,
                probability: selector.probability,
                after: selector.after,
                times: selector.times,
                ..effects
            };
            prop_assert_eq!(FaultRule::parse(&rule.to_string()), Ok(rule));
        }

        #[test]
        fn any_text_is_a_rule_or_a_one_line_error(text: String) {
            if let Err(error) = FaultRule::parse(&text) {
                prop_assert_eq!(error.to_string().lines().count(), 1);
            }
        }
    }
}
