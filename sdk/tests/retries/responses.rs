//! Retries after a response, and after a lost response.

use std::time::{Duration, Instant};

use qingstor_emulator::{FaultRule, Reset, When};
use qingstor_sdk::{ErrorCode, ErrorKind, RetryPolicy};

use crate::{fail, hits, start};

#[tokio::test]
async fn a_request_to_a_busy_service_is_retried() {
    let (emulator, bucket) = start().await;
    for (status, times, attempts) in [(503, 1, 2), (503, 3, 4), (429, 2, 3), (500, 3, 4)] {
        fail(
            &emulator,
            [FaultRule::on("GetObject").status(status).times(times)],
        );
        let output = bucket.get_object("k").await.unwrap();
        assert_eq!(output.attempts(), attempts, "{status}");
        assert_eq!(output.body.bytes().await.unwrap(), "content");
    }
    emulator.clear_faults();
    assert_eq!(bucket.head_object("k").await.unwrap().attempts(), 1);
}

#[tokio::test]
async fn the_error_counts_the_attempts() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().code("service_unavailable")]);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ServiceUnavailable));
    assert_eq!((error.attempts(), hits(&emulator)), (4, vec![4]));
    assert!(error.to_string().contains("; 4 attempts, "), "{error}");

    let call = bucket.get_object("k").retry(RetryPolicy::never());
    assert_eq!(call.await.unwrap_err().attempts(), 1);
    let call = bucket.get_object("k").retry(crate::quick().max_attempts(7));
    assert_eq!(call.await.unwrap_err().attempts(), 7);
    assert_eq!(hits(&emulator), [12]);
}

#[tokio::test]
async fn the_lease_of_a_new_bucket_is_waited_for() {
    let (emulator, bucket) = start().await;
    let not_ready = FaultRule::on("AppendObject").code("lease_not_ready");
    fail(&emulator, [not_ready.times(1)]);
    let started = Instant::now();
    let output = bucket.append_object("log", 0).body("line").await.unwrap();
    assert_eq!(output.attempts(), 2);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_damaged_body_is_sent_once_more() {
    let (emulator, bucket) = start().await;
    for code in ["bad_digest", "incomplete_body"] {
        let damaged = || FaultRule::on("AppendObject").code(code);
        fail(&emulator, [damaged().times(1)]);
        let output = bucket.append_object(code, 0).body("line").await.unwrap();
        assert_eq!(output.attempts(), 2, "{code}");
        // The digest or the length is wrong.
        fail(&emulator, [damaged()]);
        let call = bucket.append_object(code, 4).body("line");
        let error = call
            .retry(crate::quick().max_attempts(7))
            .await
            .unwrap_err();
        assert_eq!((error.attempts(), hits(&emulator)), (2, vec![2]), "{code}");
        assert!(!error.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn a_final_error_is_not_retried() {
    let (emulator, bucket) = start().await;
    for code in ["invalid_argument", "permission_denied", "object_not_exists"] {
        fail(&emulator, [FaultRule::on("GetObject").code(code)]);
        let error = bucket.get_object("k").await.unwrap_err();
        assert_eq!((error.attempts(), hits(&emulator)), (1, vec![1]), "{code}");
    }
    fail(&emulator, [FaultRule::on("GetObject").status(501)]);
    assert_eq!(bucket.get_object("k").await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn a_request_that_is_not_idempotent_is_not_retried_after_an_ambiguous_failure() {
    let (emulator, bucket) = start().await;
    for fault in [
        FaultRule::on("AppendObject").reset(Reset::Before),
        FaultRule::on("AppendObject").code("internal_error"),
        FaultRule::on("AppendObject").status(504),
        // A proxy's, without an error document.
        FaultRule::on("AppendObject").status(503),
        FaultRule::on("AppendObject").status(429),
    ] {
        fail(&emulator, [fault.when(When::After).times(1)]);
        let key = format!("log-{:?}", hits(&emulator));
        let error = bucket.append_object(&*key, 0).body("line").await;
        assert_eq!(error.unwrap_err().attempts(), 1);
        assert_eq!(hits(&emulator), [1]);
        bucket.delete_object(&*key).await.unwrap();
    }
    // A `PUT` of a whole object is idempotent.
    let lost = FaultRule::on("PutObject").reset(Reset::Before);
    fail(&emulator, [lost.when(When::After).times(2)]);
    let output = bucket.put_object("k2").body("new").await.unwrap();
    assert_eq!(output.attempts(), 3);
    // A move is not: the source does not exist any more.
    let lost = FaultRule::on("PutObject").reset(Reset::Before);
    fail(&emulator, [lost.when(When::After).times(1)]);
    let moved = bucket
        .put_object("k3")
        .move_source(("some-bucket", "k2"))
        .await;
    assert_eq!(moved.unwrap_err().attempts(), 1);
    assert!(bucket.head_object("k3").await.is_ok());
}

#[tokio::test]
async fn a_refused_request_of_any_kind_is_retried() {
    let (emulator, bucket) = start().await;
    let refusal = || FaultRule::on_any().code("fetch_throttled");
    fail(&emulator, [refusal().times(2)]);
    let output = bucket.append_object("log", 0).body("line").await.unwrap();
    assert_eq!(output.attempts(), 3);
    let throttled = FaultRule::on_any().code("fetch_throttled");
    fail(&emulator, [throttled.times(1)]);
    let moved = bucket.put_object("k2").move_source(("some-bucket", "k"));
    assert_eq!(moved.await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn creating_a_bucket_is_not_retried_after_an_ambiguous_failure() {
    let (emulator, bucket) = start().await;
    let lost = || FaultRule::on_any().when(When::After).reset(Reset::Before);
    let refusal = || FaultRule::on_any().code("fetch_throttled");
    bucket.delete_object("k").await.unwrap();
    fail(&emulator, [lost().times(1)]);
    let error = bucket.delete().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1));
    fail(&emulator, [refusal().times(1), lost().times(1)]);
    let error = bucket.put().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 2));
}

#[tokio::test]
async fn an_incomplete_json_response_is_requested_again() {
    let (emulator, bucket) = start().await;
    for fault in [
        FaultRule::on("ListObjects").truncate(20),
        FaultRule::on("ListObjects").reset(Reset::Mid),
    ] {
        fail(&emulator, [fault.clone().times(2)]);
        let output = bucket.list_objects().await.unwrap();
        assert_eq!((output.keys.len(), output.attempts()), (1, 3), "{fault}");
        fail(&emulator, [fault.clone()]);
        let error = bucket.list_objects().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert_eq!(error.attempts(), 4);
    }
    // The ID of the first upload is lost, with or without a second one.
    let initiation = FaultRule::on("InitiateMultipartUpload").truncate(5);
    fail(&emulator, [initiation.times(1)]);
    let output = bucket.initiate_multipart_upload("big").await.unwrap();
    assert_eq!((output.upload_id.len() > 5, output.attempts()), (true, 2));
}
