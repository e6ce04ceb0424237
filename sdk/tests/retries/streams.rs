//! Response bodies that break off and continue.

use std::pin::Pin;

use futures_util::StreamExt;
use http_body::Body as _;
use qingstor_emulator::{FaultRule, Reset};
use qingstor_sdk::{Bucket, Config, ErrorKind, RetryBudget, RetryPolicy};

use tokio::io::AsyncReadExt;

use crate::{bucket_of, config, fail, hits, quick, start};

/// More bytes than the buffers of a connection hold, different at each position.
fn content() -> Vec<u8> {
    (0..1_500_000_u32)
        .flat_map(|place| (place / 7).to_le_bytes())
        .collect()
}

async fn put(bucket: &Bucket) -> Vec<u8> {
    let content = content();
    bucket.put_object("k").body(content.clone()).await.unwrap();
    content
}

/// Returns a rule that interrupts the object after `bytes` bytes, `times` times.
fn cut(bytes: u64, times: u64) -> FaultRule {
    FaultRule::on("GetObject").truncate(bytes).times(times)
}

#[tokio::test]
async fn an_interrupted_body_continues() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    for rule in [
        cut(100_000, 1),
        cut(1, 3),
        cut(500_000, 8),
        FaultRule::on("GetObject").reset(Reset::Mid).times(6),
    ] {
        let struck = rule.clone();
        fail(&emulator, [rule]);
        let output = bucket.get_object("k").await.unwrap();
        assert_eq!(output.body.len(), Some(content.len() as u64));
        let read = output.body.bytes().await.unwrap();
        assert!(read == content, "{struck}: other bytes");
        assert!(hits(&emulator)[0] > 0, "{struck}");
    }
}

/// Continuing is a retry: if the budget allows none, the interruption is an error.
#[tokio::test]
async fn the_budget_limits_how_often_a_body_continues() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    let budget = RetryBudget::new(12);
    let poor = bucket_of(config(&emulator).retry_budget(budget.clone()));
    fail(&emulator, [cut(100_000, 9)]);
    let output = poor.get_object("k").await.unwrap();
    let error = output.body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(budget.tokens().unwrap() < 5, "{budget:?}");
    // Other clients have their own budget.
    let output = bucket.get_object("k").await.unwrap();
    assert!(output.body.bytes().await.unwrap() == content);
}

/// A server that closes connections after a time, or after a number of bytes, has not failed.
#[tokio::test]
async fn a_body_that_makes_good_progress_takes_no_tokens() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    let budget = RetryBudget::new(1);
    let poor = bucket_of(config(&emulator).retry_budget(budget.clone()));
    fail(&emulator, [cut(2 << 20, 2)]);
    let output = poor.get_object("k").await.unwrap();
    assert!(output.body.bytes().await.unwrap() == content);
    assert_eq!((hits(&emulator), budget.tokens()), (vec![2], Some(1)));
}

#[tokio::test]
async fn an_interrupted_range_continues() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    fail(&emulator, [cut(200_000, 2)]);
    let call = bucket.get_object("k").range("bytes=1000-2000999");
    let output = call.await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("part");
    output.body.write_to(&file).await.unwrap();
    assert!(std::fs::read(file).unwrap() == content[1000..2_001_000]);
    assert_eq!(hits(&emulator), [2]);
}

#[tokio::test]
async fn an_object_that_was_overwritten_is_not_mixed() {
    let (emulator, bucket) = start().await;
    put(&bucket).await;
    fail(&emulator, [cut(100_000, 1)]);
    let output = bucket.get_object("k").await.unwrap();
    bucket.put_object("k").body("another").await.unwrap();
    let error = output.body.bytes().await.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
    assert_eq!(error.key(), Some("k"));

    fail(&emulator, []);
    put(&bucket).await;
    fail(&emulator, [cut(100_000, 1)]);
    let output = bucket.get_object("k").await.unwrap();
    bucket.delete_object("k").await.unwrap();
    let error = output.body.bytes().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn a_body_without_progress_is_given_up() {
    let (emulator, bucket) = start().await;
    put(&bucket).await;
    // No byte of the body arrives, so the attempts count.
    fail(&emulator, [cut(0, 100)]);
    let output = bucket.get_object("k").await.unwrap();
    let error = output.body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(hits(&emulator)[0] <= 4, "{:?}", hits(&emulator));
}

#[tokio::test]
async fn a_policy_without_retries_does_not_resume() {
    let (emulator, bucket) = start().await;
    put(&bucket).await;
    fail(&emulator, [cut(100_000, 1)]);
    let call = bucket.get_object("k").retry(RetryPolicy::never());
    let error = call.await.unwrap().body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(error.to_string().contains("of 6000000"), "{error}");
    assert_eq!(hits(&emulator), [1]);
}

#[tokio::test]
async fn a_body_of_an_anonymous_request_continues() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    let everyone = qingstor_sdk::types::Grantee::group("QS_ALL_USERS");
    let read = qingstor_sdk::types::Permission::Read;
    let acl = qingstor_sdk::types::AclGrant::new(everyone, read);
    bucket.put_acl([acl]).await.unwrap();
    let anonymous = Config::anonymous().endpoint(emulator.endpoint());
    let anonymous = bucket_of(anonymous.retry(quick()));
    fail(&emulator, [cut(300_000, 1)]);
    let output = anonymous.get_object("k").await.unwrap();
    assert!(output.body.bytes().await.unwrap() == content);
    assert_eq!(hits(&emulator), [1]);
}

#[tokio::test]
async fn a_digest_is_verified_if_there_is_one() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    fail(&emulator, [cut(300_000, 2)]);
    let body = bucket.get_object("k").await.unwrap().body.verified();
    assert!(body.bytes().await.unwrap() == content);
    // The emulator returns an MD5 that is not that of the object.
    fail(&emulator, [FaultRule::on("GetObject").wrong_etag()]);
    let body = bucket.get_object("k").await.unwrap().body.verified();
    let error = body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    let part = bucket.get_object("k").range("bytes=0-9").await.unwrap();
    assert_eq!(part.body.verified().bytes().await.unwrap(), content[..10]);
}

/// A reader that knows the length does not ask for the end.
#[tokio::test]
async fn a_digest_is_verified_before_the_last_bytes_arrive() {
    let (emulator, bucket) = start().await;
    let content = put(&bucket).await;
    bucket.put_object("small").body("content").await.unwrap();
    for (wrong, key, content) in [
        (false, "k", &*content),
        (false, "small", b"content"),
        (true, "k", &content),
        (true, "small", b"content"),
    ] {
        fail(
            &emulator,
            wrong.then(|| FaultRule::on("GetObject").wrong_etag()),
        );
        let body = async || bucket.get_object(key).await.unwrap().body.verified();

        let mut read = vec![0; content.len()];
        let result = body().await.read_exact(&mut read).await;
        assert_eq!(result.is_err(), wrong, "{key}: {result:?}");
        let kind = result.err().map(|error| error.kind());
        assert_eq!(kind, wrong.then_some(std::io::ErrorKind::InvalidData));

        // As a server reads it that has announced the length.
        let mut body = body().await;
        let (mut received, mut error) = (0, None);
        while error.is_none() && received < content.len() {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            match frame.unwrap() {
                Ok(frame) => received += frame.into_data().unwrap().len(),
                Err(failure) => error = Some(failure),
            }
        }
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, wrong.then_some(ErrorKind::Integrity), "{key}");
        assert!(!wrong || body.next().await.is_none(), "{key}: it ended");
    }
}
