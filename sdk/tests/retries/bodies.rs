//! Request bodies: a stream that was read cannot be sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream;
use qingstor_emulator::{FaultRule, Reset};
use qingstor_sdk::{Body, ErrorCode, ErrorKind};
use tokio::net::TcpListener;

use crate::{fail, start};

/// Creates a stream that counts how often it was polled.
fn counted(asked: &Arc<AtomicUsize>) -> Body {
    let asked = Arc::clone(asked);
    let pieces = stream::iter((0..4).map(move |_| {
        asked.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from_static(&[7; 64 * 1024]))
    }));
    Body::from_stream(pieces, 4 * 64 * 1024)
}

#[tokio::test]
async fn bytes_and_files_are_sent_again_from_their_start() {
    let (emulator, bucket) = start().await;
    let content: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, &content).unwrap();
    for body in [
        Body::from(content.clone()),
        Body::from_path(&file).await.unwrap(),
    ] {
        let rules = [
            FaultRule::on("PutObject").reset(Reset::Body).times(1),
            FaultRule::on("PutObject").reset(Reset::Before).times(1),
        ];
        fail(&emulator, rules);
        let output = bucket.put_object("big").body(body).await.unwrap();
        assert_eq!(output.attempts(), 3);
        let stored = bucket.get_object("big").await.unwrap();
        assert!(stored.body.bytes().await.unwrap() == content);
    }
}

#[tokio::test]
async fn a_stream_that_was_read_is_not_sent_again() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on("PutObject").reset(Reset::Body)]);
    let asked = Arc::new(AtomicUsize::new(0));
    let error = bucket.put_object("s").body(counted(&asked)).await;
    assert_eq!(error.unwrap_err().attempts(), 1);
    assert!(asked.load(Ordering::Relaxed) > 0);
}

/// The service refuses a request before it has read the body, and the caller gets that error.
#[tokio::test]
async fn a_refusal_in_the_middle_of_a_body_is_reported() {
    let (emulator, bucket) = start().await;
    fail(
        &emulator,
        [FaultRule::on("PutObject").code("permission_denied")],
    );
    let large = Bytes::from(vec![7; 24 << 20]);
    for _ in 0..8 {
        let error = bucket
            .put_object("k")
            .body(large.clone())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::PermissionDenied), "{error}");
        assert_eq!(error.attempts(), 1);
    }
}

/// At first, nothing listens. The stream has not been read when the connection succeeds.
#[tokio::test]
async fn a_stream_that_was_not_read_is_sent_again() {
    let (emulator, _) = start().await;
    let reserved = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = reserved.local_addr().unwrap();
    drop(reserved);
    let config = crate::config(&emulator).endpoint(format!("http://{addr}"));
    let policy = crate::quick().max_attempts(1000);
    let bucket = crate::bucket_of(config.retry(policy));
    let asked = Arc::new(AtomicUsize::new(0));
    let call = bucket.put_object("s").body(counted(&asked));
    let put = tokio::spawn(call.send());
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let forwarding = tokio::spawn(crate::connections::forward(addr, emulator.addr()));
    let output = put.await.unwrap().unwrap();
    assert!(output.attempts() > 1);
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    forwarding.abort();
}

#[tokio::test]
async fn an_empty_stream_can_be_sent_again() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on("PutObject").status(503).times(2)]);
    let body = Body::from_stream(stream::empty::<std::io::Result<bytes::Bytes>>(), 0);
    let output = bucket.put_object("empty").body(body).await.unwrap();
    assert_eq!(output.attempts(), 3);
}

#[tokio::test]
async fn a_form_is_sent_again() {
    let (emulator, bucket) = start().await;
    fail(
        &emulator,
        [FaultRule::on("PostObject").status(503).times(1)],
    );
    let output = bucket.post_object("form", "content").await.unwrap();
    assert_eq!(output.attempts(), 2);
    let stored = bucket.get_object("form").await.unwrap();
    assert_eq!(stored.body.bytes().await.unwrap(), "content");
}

#[tokio::test]
async fn a_digest_is_computed_for_replayable_bodies() {
    let (emulator, bucket) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from a file").unwrap();
    let body = || Body::from_path(file.path());
    let put = |body: Body| bucket.put_object("k").body(body).compute_content_md5();
    let built = put("abc".into()).build().unwrap();
    assert_eq!(built.headers()["content-md5"], "kAFQmDzST7DWlj99KOF/cg==");
    put(body().await.unwrap()).await.unwrap();
    assert!(put(body().await.unwrap()).build().is_err());
    let stream = Body::from_reader(&b"abc"[..], 3);
    let error = put(stream).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    // The caller's digest is sent, and the service checks it.
    let wrong = put("abc".into()).content_md5("1B2M2Y8AsgTpgAmY7PhCfg==");
    let error = wrong.await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::BadDigest), "{error}");
    drop(emulator);
}

#[tokio::test]
async fn digests_of_many_bodies_are_computed_at_once() {
    let (_emulator, bucket) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let content: Vec<u8> = (0..100_000_u32).map(|byte| (byte % 251) as u8).collect();
    std::fs::write(file.path(), &content).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40_u16 {
        let len = usize::from(number) * 2500;
        let body = match number % 2 {
            0 => Body::from(content[..len].to_vec()),
            _ => Body::from_file_range(file.path(), 0, len as u64),
        };
        // The emulator refuses a wrong digest.
        let put = bucket.put_object(format!("{number}")).body(body);
        tasks.spawn(put.compute_content_md5().send());
    }
    while let Some(output) = tasks.join_next().await {
        output.unwrap().unwrap();
    }
    // A file that ends early is an error of the call.
    let short = Body::from_file_range(file.path(), 99_999, 2);
    let put = bucket.put_object("short").body(short);
    let error = put.compute_content_md5().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}
