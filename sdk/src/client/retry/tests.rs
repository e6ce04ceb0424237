use std::error::Error as _;
use std::sync::Mutex;

use super::*;
use crate::base::error::ErrorResponse;

const SECOND: Duration = Duration::from_secs(1);

/// Settings of a run.
#[derive(Default)]
struct Run {
    policy: RetryPolicy,
    budget: RetryBudget,
    timeout: Option<Duration>,
    previous_attempts: u32,
}

/// Attempts that take a second each, on a clock that does not wait.
struct Simulation<F> {
    /// Decides about the attempt of a number.
    outcome: F,
    now: Instant,
    attempts: Vec<u32>,
    delays: Mutex<Vec<Duration>>,
}

impl<F: Fn(u32) -> Result<(), FailedAttempt> + Send + Sync> Attempts for Simulation<F> {
    type Output = u32;

    async fn attempt(
        &mut self,
        number: u32,
        previous_error: Option<Error>,
    ) -> Result<u32, FailedAttempt> {
        assert_eq!(previous_error.is_some(), !self.attempts.is_empty());
        self.attempts.push(number);
        self.now += SECOND;
        (self.outcome)(number).map(|()| number)
    }

    fn retrying(&self, _: &Error, _: Duration) {}

    fn now(&self) -> Instant {
        self.now + self.delays.lock().unwrap().iter().sum::<Duration>()
    }

    async fn sleep(&self, delay: Duration) {
        self.delays.lock().unwrap().push(delay);
    }
}

/// Attempts and result of a run.
struct Trace {
    /// The number of the successful attempt, or the error.
    result: Result<u32>,
    /// The numbers of all attempts.
    attempts: Vec<u32>,
    delays: Vec<Duration>,
}

impl Run {
    /// `outcome` decides about the attempt of a number.
    async fn with(
        &self,
        outcome: impl Fn(u32) -> Result<(), FailedAttempt> + Send + Sync,
    ) -> Trace {
        let start = Instant::now();
        let mut limits = RetryLimits::new(&self.policy, &self.budget);
        limits.deadline = self.timeout.map(|timeout| Deadline {
            timeout,
            at: start + timeout,
        });
        let mut simulation = Simulation {
            outcome,
            now: start,
            attempts: Vec::new(),
            delays: Mutex::default(),
        };
        let result = run(&mut simulation, &limits, self.previous_attempts).await;
        Trace {
            result,
            attempts: simulation.attempts,
            delays: simulation.delays.into_inner().unwrap(),
        }
    }
}

fn failed(kind: ErrorKind, retry: Retry) -> Result<(), FailedAttempt> {
    Err(FailedAttempt {
        error: Error::new(kind, "attempt failed"),
        retry,
    })
}

fn unavailable(retry_after: Duration) -> Result<(), FailedAttempt> {
    Err(FailedAttempt {
        error: Error::new(ErrorKind::Service, "busy").with_response(ErrorResponse {
            retry_after: Some(retry_after),
            ..ErrorResponse::default()
        }),
        retry: Retry::AfterDelay,
    })
}

fn kind(trace: &Trace) -> ErrorKind {
    trace.result.as_ref().unwrap_err().kind()
}

#[tokio::test]
async fn a_success_ends_the_loop() {
    let trace = Run::default().with(|_| Ok(())).await;
    assert_eq!(trace.result.unwrap(), 1);
    assert!(trace.delays.is_empty());
}

#[tokio::test]
async fn retries_after_a_delay_until_an_attempt_succeeds() {
    let trace = Run::default()
        .with(|number| match number {
            3 => Ok(()),
            _ => failed(ErrorKind::Connect, Retry::AfterDelay),
        })
        .await;
    assert_eq!(trace.result.unwrap(), 3);
    assert_eq!(trace.attempts, [1, 2, 3]);
    let [first, second] = trace.delays.try_into().unwrap();
    assert!(first <= Duration::from_millis(100), "{first:?}");
    assert!(second <= Duration::from_millis(200), "{second:?}");
}

#[tokio::test]
async fn returns_the_error_of_the_last_allowed_attempt() {
    let trace = Run::default()
        .with(|number| match number {
            4 => failed(ErrorKind::Interrupted, Retry::AfterDelay),
            _ => failed(ErrorKind::Connect, Retry::AfterDelay),
        })
        .await;
    assert_eq!(kind(&trace), ErrorKind::Interrupted);
    assert_eq!(trace.attempts, [1, 2, 3, 4]);
    assert_eq!(trace.delays.len(), 3);
}

#[tokio::test]
async fn does_not_resend_a_request_that_may_have_been_executed() {
    let trace = Run::default()
        .with(|_| failed(ErrorKind::Interrupted, Retry::Never))
        .await;
    assert_eq!(kind(&trace), ErrorKind::Interrupted);
    assert_eq!(trace.attempts, [1]);
}

#[tokio::test]
async fn stops_when_the_budget_is_empty() {
    let run = Run {
        policy: RetryPolicy::default().max_attempts(100),
        budget: RetryBudget::new(14),
        ..Run::default()
    };
    let trace = run
        .with(|_| failed(ErrorKind::Connect, Retry::AfterDelay))
        .await;
    assert_eq!(trace.attempts, [1, 2, 3]);
    assert_eq!(run.budget.tokens(), Some(4));
}

#[tokio::test]
async fn a_retry_after_a_timeout_takes_more_tokens() {
    let run = Run {
        budget: RetryBudget::new(14),
        ..Run::default()
    };
    let trace = run
        .with(|_| failed(ErrorKind::Timeout, Retry::AfterDelay))
        .await;
    assert_eq!(trace.attempts, [1, 2]);
    assert_eq!(run.budget.tokens(), Some(4));
}

/// Each attempt takes a second, as with a timeout of attempts.
#[tokio::test]
async fn attempts_that_time_out_are_repeated_until_the_deadline() {
    for (millis, attempts) in [(900, 1), (1500, 2), (2500, 3), (3500, 4), (9000, 4)] {
        let run = Run {
            policy: RetryPolicy::default().initial_backoff(Duration::ZERO),
            timeout: Some(Duration::from_millis(millis)),
            ..Run::default()
        };
        let trace = run
            .with(|_| failed(ErrorKind::Timeout, Retry::AfterDelay))
            .await;
        assert_eq!(trace.attempts.len(), attempts, "{millis} ms");
        assert_eq!(kind(&trace), ErrorKind::Timeout);
    }
}

#[tokio::test]
async fn the_error_records_an_earlier_attempt_that_may_have_been_executed() {
    let unsent = || {
        Err(FailedAttempt {
            error: Error::new(ErrorKind::Connect, "refused").unsent(),
            retry: Retry::AfterDelay,
        })
    };
    let refused = || failed(ErrorKind::Credentials, Retry::Never);
    let may_have_been_executed = |trace: Trace| trace.result.unwrap_err().may_have_been_executed();

    let trace = Run::default().with(|_| unsent()).await;
    assert!(!may_have_been_executed(trace));
    let trace = Run::default().with(|_| refused()).await;
    assert!(!may_have_been_executed(trace));
    let run = Run::default();
    let trace = run.with(|number| match number {
        2 => failed(ErrorKind::Connect, Retry::AfterDelay),
        3 => refused(),
        _ => unsent(),
    });
    assert!(may_have_been_executed(trace.await));
    // The response that is continued.
    let run = Run {
        previous_attempts: 1,
        ..Run::default()
    };
    assert!(may_have_been_executed(run.with(|_| unsent()).await));
}

#[tokio::test]
async fn only_a_success_at_the_first_attempt_returns_a_token() {
    let budget = RetryBudget::new(10);
    assert!(budget.take(false));
    for (previous_attempts, tokens) in [(1, 5), (0, 6)] {
        let run = Run {
            budget: budget.clone(),
            previous_attempts,
            ..Run::default()
        };
        assert!(run.with(|_| Ok(())).await.result.is_ok());
        assert_eq!(budget.tokens(), Some(tokens));
    }
}

#[tokio::test]
async fn previous_attempts_count() {
    let run = Run {
        previous_attempts: 2,
        ..Run::default()
    };
    let trace = run
        .with(|_| failed(ErrorKind::Connect, Retry::AfterDelay))
        .await;
    assert_eq!(trace.attempts, [3, 4]);
}

#[tokio::test]
async fn waits_as_long_as_the_service_asks() {
    let trace = Run::default()
        .with(|number| match number {
            1 => unavailable(7 * SECOND),
            _ => Ok(()),
        })
        .await;
    assert_eq!(trace.delays, [7 * SECOND]);
}

#[tokio::test]
async fn fails_at_once_if_the_service_asks_for_too_long_a_delay() {
    let run = Run::default();
    let trace = run.with(|_| unavailable(61 * SECOND)).await;
    assert_eq!(kind(&trace), ErrorKind::Service);
    assert_eq!(trace.attempts, [1]);
    assert_eq!(run.budget.tokens(), RetryBudget::default().tokens());
}

#[tokio::test]
async fn does_not_start_a_delay_that_ends_after_the_deadline() {
    for (retry_after, attempts) in [(3, 2), (4, 1), (5, 1)] {
        let run = Run {
            timeout: Some(5 * SECOND),
            ..Run::default()
        };
        // The first attempt takes 1 s of the 5 s.
        let trace = run
            .with(|number| match number {
                1 => unavailable(retry_after * SECOND),
                _ => Ok(()),
            })
            .await;
        assert_eq!(trace.attempts.len(), attempts, "Retry-After: {retry_after}");
    }
}

#[tokio::test]
async fn an_immediate_retry_needs_no_delay_and_no_tokens() {
    let run = Run {
        budget: RetryBudget::new(0),
        ..Run::default()
    };
    let trace = run
        .with(|number| match number {
            1 => failed(ErrorKind::Service, Retry::Immediately),
            _ => Ok(()),
        })
        .await;
    assert_eq!(trace.attempts, [1, 2]);
    assert!(trace.delays.is_empty());
}

#[tokio::test]
async fn an_immediate_retry_counts_as_an_attempt() {
    let run = Run {
        policy: RetryPolicy::never(),
        ..Run::default()
    };
    let trace = run
        .with(|_| failed(ErrorKind::Service, Retry::Immediately))
        .await;
    assert_eq!(trace.attempts, [1]);
}

#[tokio::test]
async fn a_future_that_outlives_the_deadline_is_dropped() {
    let (policy, budget) = (RetryPolicy::default(), RetryBudget::default());
    let limits = RetryLimits::new(&policy, &budget).start_timeout(Some(Duration::from_millis(10)));
    let never = std::pin::pin!(std::future::pending::<()>());
    assert_eq!(limits.before_deadline(never).await, None);
    let ready = std::pin::pin!(std::future::ready(1));
    assert_eq!(limits.before_deadline(ready).await, Some(1));
    let error = limits.deadline_exceeded(Some(Error::new(ErrorKind::Connect, "first")));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.to_string(), "deadline of 0.01 s exceeded");
    assert_eq!(error.source().unwrap().to_string(), "first");
}
