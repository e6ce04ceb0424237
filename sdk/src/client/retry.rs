//! The retry loop.
//!
//! [`run`] knows nothing about HTTP, sockets or clocks: the implementation of [`Attempts`] provides
//! the attempt, the clock and the sleep function, so unit tests run it without a network and without
//! waiting.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::deadline::deadline;
use crate::base::error::{Error, ErrorKind, Result, RetryRefusal};
use crate::client::spans::retry_delayed;
use crate::config::retry::{RetryBudget, RetryPolicy};

/// The attempts of one request, and the clock on which they run.
pub(super) trait Attempts {
    type Output;

    /// Makes the attempt of this number, which ends at the deadline.
    ///
    /// `previous_error`: the error of the previous attempt.
    fn attempt(
        &mut self,
        number: u32,
        previous_error: Option<Error>,
    ) -> impl Future<Output = Result<Self::Output, FailedAttempt>> + Send;

    /// Reports that another attempt follows after the delay.
    fn retrying(&self, error: &Error, delay: Duration);

    fn now(&self) -> Instant;

    fn sleep(&self, delay: Duration) -> impl Future<Output = ()> + Send;
}

/// Limits of the attempts of one request.
pub(super) struct RetryLimits<'a> {
    policy: &'a RetryPolicy,
    budget: &'a RetryBudget,
    deadline: Option<Deadline>,
}

#[derive(Clone, Copy)]
struct Deadline {
    timeout: Duration,
    at: Instant,
}

/// A failed attempt.
pub(super) struct FailedAttempt {
    pub(super) error: Error,
    pub(super) retry: Retry,
}

/// When a failed attempt may be followed by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    Never,
    /// After the delay of the policy, if the budget has enough tokens.
    AfterDelay,
    /// After the delay of the policy: the failed attempt was of use.
    WithoutTokens,
    /// Without delay and tokens: the client has corrected the cause of the failure.
    Immediately,
}

impl<'a> RetryLimits<'a> {
    /// Limits without a deadline.
    pub(super) fn new(policy: &'a RetryPolicy, budget: &'a RetryBudget) -> Self {
        Self {
            policy,
            budget,
            deadline: None,
        }
    }

    /// Starts the timeout of a request. `call_timeout`: the timeout of this call, if it has one.
    pub(super) fn start_timeout(mut self, call_timeout: Option<Duration>) -> Self {
        self.deadline = self.policy.timeout(call_timeout).map(|timeout| Deadline {
            timeout,
            at: deadline(timeout),
        });
        self
    }

    /// Returns the time until the deadline; `None` without a deadline.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let end = self.deadline?.at;
        Some(end.saturating_duration_since(Instant::now()))
    }

    /// Returns the maximum time of each attempt.
    pub(super) fn timeout_of_attempt(&self) -> Option<Duration> {
        self.policy.timeout_of_attempt()
    }

    /// Returns whether the policy allows an attempt after the one of this number.
    pub(super) fn allows_attempt_after(&self, attempt: u32) -> bool {
        self.policy.allows_attempt_after(attempt)
    }

    /// Returns the output of `future`; `None` if the deadline passes first.
    ///
    /// Takes a pinned future because the generated state machine would otherwise contain it twice.
    pub(super) async fn before_deadline<F: Future>(
        &self,
        future: Pin<&mut F>,
    ) -> Option<F::Output> {
        match self.deadline {
            // In a box, because the futures of calls without a deadline would contain the timer, too.
            Some(deadline) => Box::pin(tokio::time::timeout_at(deadline.at, future))
                .await
                .ok(),
            None => Some(future.await),
        }
    }

    /// Returns whether there is a deadline.
    pub(super) fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    /// Returns the error of a request whose deadline has passed, with the error of the previous
    /// attempt as its source.
    pub(super) fn deadline_exceeded(&self, previous_error: Option<Error>) -> Error {
        self.deadline_exceeded_in_attempt("", previous_error)
    }

    /// As [`deadline_exceeded`](Self::deadline_exceeded). `progress`: how far the attempt came, such as
    /// `before the response`.
    pub(super) fn deadline_exceeded_in_attempt(
        &self,
        progress: &str,
        previous_error: Option<Error>,
    ) -> Error {
        let timeout = self.deadline.map_or(Duration::ZERO, |end| end.timeout);
        let text = format!(
            "deadline of {} s exceeded {progress}",
            timeout.as_secs_f32()
        );
        let text = text.trim_end();
        let error = Error::new(ErrorKind::Timeout, text);
        match previous_error {
            Some(previous) => error.with_source(previous),
            None => error,
        }
    }

    /// Returns the delay before the retry that follows `attempt`, and takes its tokens from the
    /// budget, or why no retry is allowed.
    pub(super) fn delay_before_retry(
        &self,
        error: &Error,
        retry: Retry,
        attempt: u32,
        now: Instant,
    ) -> Result<Duration, RetryRefusal> {
        match retry {
            Retry::Never => return Err(RetryRefusal::Policy),
            Retry::Immediately => {
                let is_allowed = self.allows_attempt_after(attempt);
                let delay = is_allowed.then_some(Duration::ZERO);
                return delay.ok_or(RetryRefusal::Policy);
            }
            Retry::AfterDelay | Retry::WithoutTokens => {}
        }
        let delay = self.policy.delay_after(attempt, error.least_delay());
        let delay = delay.ok_or(RetryRefusal::Policy)?;
        let is_in_time = self.deadline.is_none_or(|deadline| {
            let end_of_delay = now.checked_add(delay);
            end_of_delay.is_some_and(|end| end < deadline.at)
        });
        let is_timeout = error.kind() == ErrorKind::Timeout;
        if !is_in_time {
            return Err(RetryRefusal::Policy);
        }
        match retry == Retry::WithoutTokens || self.budget.take(is_timeout) {
            true => Ok(delay),
            false => Err(RetryRefusal::Budget),
        }
    }
}

/// Makes attempts until one succeeds, or until no further attempt is allowed.
///
/// The number of the first attempt is `previous_attempts + 1`.
///
/// # Errors
///
/// Returns the error of the last attempt. It records whether an earlier one may have been executed.
pub(super) async fn run<A: Attempts>(
    attempts: &mut A,
    limits: &RetryLimits<'_>,
    previous_attempts: u32,
) -> Result<A::Output> {
    let mut previous_error = None;
    // A request with previous attempts continues a response.
    let mut earlier_execution = previous_attempts > 0;
    let mut number = previous_attempts.saturating_add(1);
    loop {
        let failed = match attempts.attempt(number, previous_error).await {
            Ok(output) => {
                if number == 1 {
                    limits.budget.return_token();
                }
                return Ok(output);
            }
            Err(failed) => failed,
        };
        let FailedAttempt { error, retry } = failed;
        let delay = match limits.delay_before_retry(&error, retry, number, attempts.now()) {
            Ok(delay) => delay,
            Err(refusal) => {
                return Err(refusal
                    .explain(error)
                    .with_earlier_execution(earlier_execution));
            }
        };
        attempts.retrying(&error, delay);
        if retry != Retry::Immediately {
            retry_delayed(number, delay);
            attempts.sleep(delay).await;
        }
        earlier_execution |= error.may_have_been_executed();
        previous_error = Some(error);
        number = number.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
