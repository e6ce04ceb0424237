//! What bounds the repeats: time, the budget, what the service asks for, and the caller.

use std::time::{Duration, Instant};

use qingstor_emulator::FaultRule;
use qingstor_sdk::{ErrorKind, RetryBudget};

use crate::{bucket_of, config, fail, hits, quick, start};

const SHORT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_calls_time_bounds_all_its_attempts() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().latency(60 * SHORT)]);
    for call in [
        bucket.get_object("k").timeout(SHORT),
        bucket.get_object("k").retry(quick().total_timeout(SHORT)),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
        assert!(
            error.elapsed() >= SHORT && error.elapsed() < 30 * SHORT,
            "{error}"
        );
    }
    // A wait that would not end in time is not begun: the service's own error is more worth.
    fail(&emulator, [FaultRule::on_any().status(503)]);
    let slow = quick()
        .initial_backoff(Duration::from_secs(3000))
        .max_backoff(Duration::from_secs(3000));
    let call = bucket.get_object("k").retry(slow).timeout(SHORT);
    let error = call.await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    // The time is up in the middle of a later attempt; the one before is told, too.
    let rules = [
        FaultRule::on_any().status(503).times(1),
        FaultRule::on_any().latency(60 * SHORT).after(1),
    ];
    fail(&emulator, rules);
    let error = bucket.get_object("k").timeout(5 * SHORT).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 2));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("503"), "{source}");
}

#[tokio::test]
async fn a_standstill_is_tried_again() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(config(&emulator).idle_timeout(SHORT));
    fail(
        &emulator,
        [FaultRule::on_any().latency(20 * SHORT).times(2)],
    );
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 3);
    fail(&emulator, [FaultRule::on_any().latency(20 * SHORT)]);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
}

#[tokio::test]
async fn the_service_is_left_alone_as_long_as_it_asks() {
    let (emulator, bucket) = start().await;
    let busy = |seconds| {
        FaultRule::on_any()
            .status(503)
            .retry_after(Duration::from_secs(seconds))
    };
    fail(&emulator, [busy(1).times(1)]);
    let started = Instant::now();
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
    assert!(started.elapsed() >= Duration::from_secs(1));
    // But not for longer than is sensible, nor than there is time.
    for (rule, call) in [
        (busy(61), bucket.get_object("k")),
        (
            busy(30),
            bucket.get_object("k").timeout(Duration::from_secs(20)),
        ),
    ] {
        fail(&emulator, [rule]);
        let error = call.await.unwrap_err();
        assert_eq!(error.attempts(), 1);
        assert!(error.retry_after() >= Some(Duration::from_secs(30)));
    }
}

#[tokio::test]
async fn an_outage_is_not_amplified() {
    let (emulator, _) = start().await;
    let budget = RetryBudget::default();
    let bucket = bucket_of(config(&emulator).retry_budget(budget.clone()));
    fail(&emulator, [FaultRule::on_any().status(503)]);
    let calls = (0..200).map(|_| tokio::spawn(bucket.clone().get_object("k").send()));
    let calls: Vec<_> = calls.collect();
    let mut attempts = 0;
    for call in calls {
        attempts += call.await.unwrap().unwrap_err().attempts();
    }
    // 200 first ones, and as many repeats as 500 tokens buy.
    assert_eq!((attempts, hits(&emulator)), (300, vec![300]));
    assert_eq!(budget.tokens(), Some(0));
    // Calls that go well fill it again.
    emulator.clear_faults();
    for _ in 0..5 {
        bucket.head_object("k").await.unwrap();
    }
    assert_eq!(budget.tokens(), Some(5));
    fail(&emulator, [FaultRule::on_any().status(503).times(1)]);
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
}

/// Dropping a call in the middle of its attempts ends them.
#[tokio::test]
async fn nothing_goes_on_without_the_caller() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().status(503)]);
    let policy = quick().max_attempts(u32::MAX).max_backoff(SHORT / 4);
    let call = bucket.get_object("k").retry(policy).send();
    assert!(tokio::time::timeout(SHORT, call).await.is_err());
    // What was under way may still arrive.
    tokio::time::sleep(SHORT).await;
    let before = hits(&emulator);
    tokio::time::sleep(SHORT).await;
    assert_eq!(hits(&emulator), before);
    assert!(before[0] > 1, "{before:?}");
}
