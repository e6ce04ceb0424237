//! [`RetryPolicy`] and [`RetryBudget`]: how requests are retried.

use std::time::Duration;

mod backoff;
mod budget;
mod decision;

pub use budget::RetryBudget;
pub(crate) use decision::may_retry;

/// The longest `Retry-After` that the client follows. If the service asks for more, the request
/// fails at once.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Controls how requests are retried: the number of attempts, the delay between them, the time of
/// each attempt, and the total time.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
/// use std::time::Duration;
///
/// use qingstor_sdk::{Config, QingStor, RetryPolicy};
///
/// let policy = RetryPolicy::default().max_attempts(8).total_timeout(Duration::from_secs(120));
/// let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").retry(policy);
/// let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
/// let at_once = bucket.get_object("key").retry(RetryPolicy::never()); // for this call
/// # let _ = at_once; Ok(()) }
/// ```
///
/// # Which failures are retried
///
/// | failure | retried |
/// | --- | --- |
/// | no connection; `lease_not_ready`; 429 with a code of the service | always: the service has not executed the request |
/// | a broken connection, no response in time, an incomplete response, a success before the whole body was sent; 429 without a code of the service; 408, and 5xx except 501 and 505 | if the request is idempotent |
/// | `bad_digest`, `incomplete_body`: the request body was damaged on the way | once |
/// | every other error, also an untrusted certificate, a server without TLS, and a proxy that refuses the target or the password | never |
///
/// Requests that are not idempotent are not retried after an ambiguous failure, because the service
/// may have executed the first attempt: appends, moves, the end of a multipart upload, creating and
/// deleting a bucket. See the field `repeatable` of
/// [`OperationInfo`](crate::generic::OperationInfo). The request body must be replayable: in memory, in a
/// file, or a stream that has not been read yet.
///
/// A proxy may send 429 after it has lost the response of the service, also as JSON with a code.
/// A code is one of the service if it is an [`ErrorCode`](crate::ErrorCode) of the API, or if the
/// response has the header `x-qs-request-id`.
///
/// # Delays
///
/// The delay before the first retry is random, between zero and `initial_backoff`. This limit
/// doubles with each further retry, up to `max_backoff`. If the service sends `Retry-After`, the
/// client waits at least that long; after `lease_not_ready`, at least a second. If that is more than
/// 60 seconds, or more than what is left of the total time, the request fails at once with the error
/// of its last attempt. The retries of all requests of a client share a [`RetryBudget`].
///
/// If the service rejects the date of a request (`request_expired`), the client corrects its clock
/// by the `Date` of the response and retries at once, without a delay. Later requests use the
/// corrected clock. In the same way, the client retries once if the service does not know the access
/// key ID, and a [`ProvideCredentials`](crate::ProvideCredentials) returns another one. A retry after
/// a reused connection broke without a byte of the response has no delay either, see
/// [broken connections](crate::guide::retries#broken-connections).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
}

impl Default for RetryPolicy {
    /// 4 attempts with delays of at most 100 ms, 200 ms and 400 ms, without a limit of the time.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(20),
            attempt_timeout: None,
            total_timeout: None,
        }
    }
}

impl RetryPolicy {
    /// Disables retries.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts, including the first one. 4 by default; 0 means 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum delay before the first retry. 100 ms by default.
    #[must_use]
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// Sets the maximum delay before any retry, unless the service asks for more. 20 seconds by
    /// default.
    #[must_use]
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// Sets the maximum time of each attempt until its output is available, or until the head of a
    /// streamed response has arrived. An attempt that takes longer fails with `Timeout` and is
    /// retried. Unlimited by default; each attempt has the timeouts of [`Config`](crate::Config). Zero is
    /// an error of [`QingStor::new`](crate::QingStor::new).
    ///
    /// With a [`total_timeout`](Self::total_timeout) or a [`Call::timeout`](crate::Call::timeout),
    /// choose a fraction of it: otherwise, a connection that does not respond uses up the time of all
    /// attempts. The time includes connecting and sending the request body, but neither time in which
    /// the source of the body (a stream, a reader, a file) has nothing to send, nor that of a
    /// [credentials provider](crate::ProvideCredentials). It also limits operations for which
    /// [`Config::slow_timeout`](crate::Config::slow_timeout) allows more, and uploads of large bodies:
    /// set the policy of such calls with [`Call::retry`](crate::Call::retry).
    ///
    /// ```
    /// # fn example(bucket: qingstor_sdk::Bucket) {
    /// use std::time::Duration; use qingstor_sdk::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default().attempt_timeout(Duration::from_secs(1));
    /// let call = bucket.head_object("key").retry(policy).timeout(Duration::from_secs(5));
    /// # let _ = call; }
    /// ```
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the maximum time of all attempts and delays together.
    ///
    /// Unlimited by default; each attempt has the timeouts of [`Config`](crate::Config).
    /// [`Call::timeout`](crate::Call::timeout) limits one call; the shorter limit applies.
    #[must_use]
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// Returns the maximum time of an attempt.
    pub(crate) fn timeout_of_attempt(&self) -> Option<Duration> {
        self.attempt_timeout
    }

    /// Returns the maximum time of a call. `call_timeout`: the timeout of this call, if it has one.
    pub(crate) fn timeout(&self, call_timeout: Option<Duration>) -> Option<Duration> {
        match (call_timeout, self.total_timeout) {
            (Some(call), Some(total)) => Some(call.min(total)),
            (call, total) => call.or(total),
        }
    }

    /// Returns the delay before the retry that follows `attempt`, the first being 1; at least `least`.
    /// `None` if no further attempt is allowed, or if the service asks for too long a delay.
    pub(crate) fn delay_after(&self, attempt: u32, least: Option<Duration>) -> Option<Duration> {
        if !self.allows_attempt_after(attempt) {
            return None;
        }
        let ceiling = backoff::ceiling(self.initial_backoff, self.max_backoff, attempt);
        let delay = backoff::full_jitter(ceiling, backoff::random());
        match least {
            Some(least) if least > MAX_RETRY_AFTER => None,
            Some(least) => Some(delay.max(least)),
            None => Some(delay),
        }
    }

    /// Returns whether a further attempt may follow `attempt`, the first being 1.
    pub(crate) fn allows_attempt_after(&self, attempt: u32) -> bool {
        attempt < self.max_attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_shorter_timeout_applies() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.timeout(None), None);
        assert_eq!(policy.timeout(Some(SECOND)), Some(SECOND));
        let policy = policy.total_timeout(2 * SECOND);
        assert_eq!(policy.timeout(None), Some(2 * SECOND));
        assert_eq!(policy.timeout(Some(SECOND)), Some(SECOND));
        assert_eq!(policy.timeout(Some(3 * SECOND)), Some(2 * SECOND));
    }

    #[test]
    fn the_last_attempt_is_not_retried() {
        let policy = RetryPolicy::default();
        assert!(policy.delay_after(3, None).is_some());
        assert_eq!(policy.delay_after(4, None), None);
        assert_eq!(RetryPolicy::never().delay_after(1, None), None);
        assert_eq!(policy.max_attempts(0), RetryPolicy::never());
    }

    #[test]
    fn follows_retry_after_up_to_its_maximum() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay_after(1, Some(7 * SECOND)), Some(7 * SECOND));
        assert_eq!(policy.delay_after(1, Some(61 * SECOND)), None);
        let delay = policy.delay_after(1, Some(Duration::ZERO)).unwrap();
        assert!(delay <= Duration::from_millis(100), "{delay:?}");
    }
}
