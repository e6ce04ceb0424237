//! Clock skew is corrected by the clock of the service.

use std::time::{Duration, SystemTime};

use qingstor_emulator::FaultRule;
use qingstor_sdk::{Config, ErrorCode, RetryPolicy};

use crate::{bucket_of, config, fail, hits, start};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn the_clock_is_corrected_and_the_request_retried_once() {
    let (emulator, _) = start().await;
    for rule in [
        FaultRule::on_any().clock_ahead(HOUR),
        FaultRule::on_any().clock_behind(HOUR),
    ] {
        // A separate client, because the correction persists.
        let bucket = bucket_of(config(&emulator));
        fail(&emulator, [rule.clone()]);
        assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
        // Later requests and presigned URLs use the corrected clock.
        assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 1);
        assert_eq!(bucket.put_object("k").await.unwrap().attempts(), 1);
        let url = bucket.get_object("k").presign(HOUR / 2).unwrap();
        let expires = SystemTime::from(url.expires().unwrap());
        let now = SystemTime::now();
        let off = expires.duration_since(now).unwrap_or_default();
        let expected = if rule == FaultRule::on_any().clock_ahead(HOUR) {
            HOUR + HOUR / 2
        } else {
            Duration::ZERO
        };
        assert!(off.abs_diff(expected) < Duration::from_secs(30), "{off:?}");
        assert_eq!(hits(&emulator), [4]);
    }
}

/// A response to `HEAD` has no error code.
#[tokio::test]
async fn the_clock_is_corrected_by_a_response_to_head() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().clock_ahead(HOUR)]);
    assert_eq!(bucket.head_object("k").await.unwrap().attempts(), 2);
    assert_eq!(bucket.head().await.unwrap().attempts(), 1);
}

/// An anonymous request has no date that could be wrong.
#[tokio::test]
async fn a_refused_anonymous_request_is_not_retried() {
    let (emulator, _) = start().await;
    fail(&emulator, [FaultRule::on_any().clock_ahead(HOUR)]);
    let anonymous = Config::anonymous().endpoint(emulator.endpoint());
    let error = bucket_of(anonymous).head_object("k").await.unwrap_err();
    assert_eq!(error.status().unwrap(), 403, "{error}");
    assert_eq!((error.attempts(), hits(&emulator)), (1, vec![1]));
}

#[tokio::test]
async fn concurrent_calls_all_recover() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().clock_behind(HOUR)]);
    let calls = (0..16).map(|_| tokio::spawn(bucket.get_object("k").send()));
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap().unwrap().attempts() <= 2);
    }
}

#[tokio::test]
async fn a_corrected_local_clock_is_used_again() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().clock_ahead(HOUR)]);
    bucket.get_object("k").await.unwrap();
    emulator.clear_faults();
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 1);
}

#[tokio::test]
async fn a_refusal_that_another_date_does_not_fix_is_an_error() {
    let (emulator, bucket) = start().await;
    // The date of the response agrees with the local clock.
    fail(&emulator, [FaultRule::on_any().code("request_expired")]);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::RequestExpired));
    assert_eq!((error.attempts(), hits(&emulator)), (1, vec![1]));
    // It does not agree, but the service refuses every date: there is one retry, and no loop.
    let rules = [FaultRule::on_any()
        .code("request_expired")
        .clock_ahead(HOUR)];
    fail(&emulator, rules);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!((error.attempts(), hits(&emulator)), (2, vec![2]));
}

#[tokio::test]
async fn the_clock_is_corrected_without_retries() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().clock_ahead(HOUR)]);
    let call = bucket.get_object("k").retry(RetryPolicy::never());
    assert_eq!(call.await.unwrap_err().attempts(), 1);
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 1);
}
