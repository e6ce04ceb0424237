//! [`RetryPolicy`]: how often and after what a call is sent again.

use std::time::Duration;

mod backoff;
mod budget;
mod decision;

pub use budget::RetryBudget;
pub(crate) use decision::{Failure, may_repeat};

/// The longest wait that a service may ask for with `Retry-After`. It is better to tell the caller
/// than to sleep longer.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// How often a call is sent again, how long it waits in between, and how long all of it may take.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
/// use std::time::Duration; use qingstor_sdk::{Config, QingStor, RetryPolicy};
///
/// let patient = RetryPolicy::default().max_attempts(8).total_timeout(Duration::from_secs(120));
/// let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").retry(patient);
/// let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
/// let at_once = bucket.get_object("key").retry(RetryPolicy::never()); // for this call
/// # let _ = at_once; Ok(()) }
/// ```
///
/// # What is sent again
///
/// | what happened | sent again |
/// | --- | --- |
/// | no connection; 429; 503; a code that says "not now" | always: nothing was carried out |
/// | a connection that broke, no response in time, 408, 5xx but 501 and 505, a response that was cut off, a success before the whole body was sent | if a repeat does no harm |
/// | every other answer | never |
///
/// A repeat does harm where the first call may have been carried out unseen: an append, a move,
/// the start or the end of a multipart upload, making or deleting a bucket. See
/// the field `repeatable` of [`OperationInfo`](crate::OperationInfo). A body must be in memory or
/// in a file, or a stream of which nothing was read yet.
///
/// The wait before the first repeat is a random time up to `initial_backoff`; that limit doubles
/// with each further one, up to `max_backoff`. Where the service asks for more time with
/// `Retry-After`, it gets it, up to 60 seconds; if it asks for more, or for more than is left of
/// the total time, its answer is given to the caller at once. The waits of all calls of a client
/// are bounded by a [`RetryBudget`], too.
///
/// A call that was refused as `request_expired` because this machine's clock is wrong is dated by
/// the service's clock and sent again at once; later calls are dated right from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    total_timeout: Option<Duration>,
}

impl Default for RetryPolicy {
    /// 4 attempts in all, waits of at most 100 ms, 200 ms and 400 ms, no total time.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(20),
            total_timeout: None,
        }
    }
}

impl RetryPolicy {
    /// One attempt, whatever happens.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often a call is sent at most, the first time included. 4 by default; 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest wait before the first repeat. 100 ms by default.
    #[must_use]
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// The longest wait before any repeat, unless the service asks for more. 20 seconds by default.
    #[must_use]
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// How long all attempts and waits may take together. No limit by default: only a standstill
    /// and the number of attempts end a call. [`Call::timeout`](crate::Call::timeout) does the same
    /// for one call; the shorter one counts.
    #[must_use]
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// The time that a call may take, if it has a limit of its own, too.
    pub(crate) fn limit(&self, own: Option<Duration>) -> Option<Duration> {
        match (own, self.total_timeout) {
            (Some(own), Some(total)) => Some(own.min(total)),
            (own, total) => own.or(total),
        }
    }

    /// Whether a further attempt may follow this one, the first being 1.
    pub(crate) fn goes_on_after(&self, attempt: u32) -> bool {
        attempt < self.max_attempts
    }

    /// How long to wait after this attempt. `asked`: what the service asked for. `None` when that
    /// is too long.
    pub(crate) fn wait(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        let own = backoff::full_jitter(self.ceiling(attempt), backoff::random());
        match asked {
            Some(asked) if asked > LONGEST_ASKED => None,
            Some(asked) => Some(own.max(asked)),
            None => Some(own),
        }
    }

    /// The longest wait after this attempt.
    fn ceiling(&self, attempt: u32) -> Duration {
        backoff::ceiling(self.initial_backoff, self.max_backoff, attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_shorter_limit_counts() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.limit(None), None);
        assert_eq!(policy.limit(Some(SECOND)), Some(SECOND));
        let policy = policy.total_timeout(2 * SECOND);
        assert_eq!(policy.limit(None), Some(2 * SECOND));
        assert_eq!(policy.limit(Some(SECOND)), Some(SECOND));
        assert_eq!(policy.limit(Some(3 * SECOND)), Some(2 * SECOND));
    }

    #[test]
    fn attempts_are_counted_from_one() {
        let policy = RetryPolicy::default();
        assert!(policy.goes_on_after(3) && !policy.goes_on_after(4));
        assert!(!RetryPolicy::never().goes_on_after(1));
        assert_eq!(policy.max_attempts(0), RetryPolicy::never());
    }

    #[test]
    fn the_service_gets_the_time_it_asks_for_but_not_any_time() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.wait(1, Some(7 * SECOND)), Some(7 * SECOND));
        assert_eq!(policy.wait(1, Some(61 * SECOND)), None);
        let own = policy.wait(1, Some(Duration::ZERO)).unwrap();
        assert!(own <= Duration::from_millis(100), "{own:?}");
    }
}
