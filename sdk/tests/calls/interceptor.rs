//! Interceptors: which requests they see, what they may change, and what happens if one refuses an
//! attempt or panics.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Response;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::types::{AclGrant, Grantee, Permission};
use qingstor_sdk::{
    Bucket, Config, DownloadTarget, ErrorKind, Intercept, InterceptedRequest, QingStor,
    RetryPolicy, SseKey, UploadSource,
};

type Outcome = Result<(), Box<dyn StdError + Send + Sync>>;

/// Runs a closure as an interceptor.
struct With<F>(F);

impl<F: Fn(&mut InterceptedRequest<'_>) -> Outcome + Send + Sync> Intercept for With<F> {
    fn intercept(&self, request: &mut InterceptedRequest<'_>) -> Outcome {
        (self.0)(request)
    }
}

fn interceptor(
    work: impl Fn(&mut InterceptedRequest<'_>) -> Outcome + Send + Sync,
) -> impl Intercept {
    With(work)
}

/// Records the operation and the number of each attempt, and signs a header into it.
#[derive(Default)]
struct Seen(Mutex<Vec<(&'static str, u32)>>);

impl Intercept for Seen {
    fn intercept(&self, request: &mut InterceptedRequest<'_>) -> Outcome {
        let attempt = (request.operation(), request.attempt());
        self.0.lock().unwrap().push(attempt);
        // The emulator refuses the request if the signature does not cover this header.
        request.set_header("x-qs-meta-team", "blue")?;
        Ok(())
    }
}

impl Seen {
    fn take(&self) -> Vec<(&'static str, u32)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn config(emulator: &Emulator) -> Config {
    Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
}

fn bucket_of(config: Config) -> Bucket {
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

/// Starts an emulator with an empty bucket.
async fn start() -> Emulator {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    bucket_of(config(&emulator)).put().await.unwrap();
    emulator
}

/// Returns the number of requests that the emulator has executed.
fn served(emulator: &Emulator) -> u64 {
    emulator.operations_served().values().sum()
}

#[tokio::test]
async fn every_attempt_of_a_call_is_intercepted_and_signed() {
    let emulator = start().await;
    let seen = Arc::new(Seen::default());
    let bucket = bucket_of(config(&emulator).interceptor(Arc::clone(&seen)));
    emulator
        .set_faults([FaultRule::on("PutObject").status(503).times(2)])
        .unwrap();
    bucket.put_object("k").body("content").await.unwrap();
    let put = "PutObject";
    assert_eq!(seen.take(), [(put, 1), (put, 2), (put, 3)]);
    let head = bucket.head_object("k").await.unwrap();
    assert_eq!(head.metadata.get("team"), Some("blue"));
    assert_eq!(seen.take(), [("HeadObject", 1)]);
}

#[tokio::test]
async fn a_resumed_body_is_intercepted() {
    let emulator = start().await;
    let seen = Arc::new(Seen::default());
    let bucket = bucket_of(config(&emulator).interceptor(Arc::clone(&seen)));
    bucket.put_object("k").body("0123456789").await.unwrap();
    seen.take();
    emulator
        .set_faults([FaultRule::on("GetObject").truncate(4).times(1)])
        .unwrap();
    let body = bucket.get_object("k").await.unwrap().body;
    assert_eq!(body.bytes().await.unwrap(), "0123456789");
    assert_eq!(seen.take(), [("GetObject", 1), ("GetObject", 2)]);
}

#[tokio::test]
async fn transfers_and_pages_are_intercepted() {
    let emulator = start().await;
    let seen = Arc::new(Seen::default());
    let bucket = bucket_of(config(&emulator).interceptor(Arc::clone(&seen)));
    let before = served(&emulator);
    let part_size = 4 << 20;
    let upload = bucket.upload("k", vec![1; 9 << 20]);
    let upload = upload.multipart_threshold(part_size).part_size(part_size);
    assert_eq!(upload.await.unwrap().parts, 3);
    let mut content = Vec::new();
    let download = bucket.download("k", DownloadTarget::writer(&mut content));
    download.part_size(part_size).await.unwrap();
    let source = ("some-bucket", "k");
    bucket.copy_object(source, "copy").await.unwrap();
    let mut pages = bucket.list_objects().limit(1).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let deleted = bucket.delete_objects(["k", "copy"]).await;
    assert_eq!(deleted.deleted.len(), 2);
    let seen = seen.take();
    assert_eq!(seen.len() as u64, served(&emulator) - before, "{seen:?}");
    for operation in [
        "InitiateMultipartUpload",
        "UploadMultipart",
        "CompleteMultipartUpload",
        "GetObject",
        "ListObjects",
        "DeleteMultipleObjects",
    ] {
        let is_seen = seen.iter().any(|(name, _)| *name == operation);
        assert!(is_seen, "{operation}: {seen:?}");
    }
}

#[tokio::test]
async fn the_search_for_a_zone_is_intercepted() {
    let seen = Arc::new(Seen::default());
    let config = Config::new("ID", "SECRET").in_process(|request| async move {
        assert_eq!(request.headers()["x-qs-meta-team"], "blue");
        let zone = "http://some-bucket.pek3a.qingstor.com/";
        let response = Response::builder().status(301).header("location", zone);
        response.body("").unwrap()
    });
    let qingstor = QingStor::new(config.interceptor(Arc::clone(&seen))).unwrap();
    let _ = qingstor.locate_bucket("some-bucket").await;
    assert!(!seen.take().is_empty());
}

#[tokio::test]
async fn anonymous_calls_are_intercepted() {
    let emulator = start().await;
    let everyone = Grantee::group("QS_ALL_USERS");
    let owner = bucket_of(config(&emulator));
    owner.put_object("k").body("x").await.unwrap();
    owner
        .put_acl([AclGrant::new(everyone, Permission::Read)])
        .await
        .unwrap();
    let seen = Arc::new(Seen::default());
    let anonymous = Config::anonymous().endpoint(emulator.endpoint());
    let bucket = bucket_of(anonymous.interceptor(Arc::clone(&seen)));
    bucket.get_object("k").await.unwrap();
    assert_eq!(seen.take(), [("GetObject", 1)]);
}

#[tokio::test]
async fn interceptors_run_in_order() {
    let emulator = start().await;
    let second: Box<dyn Intercept> = Box::new(interceptor(|request| {
        let previous = request.header("x-qs-meta-order").unwrap().to_owned();
        request.set_header("x-qs-meta-order", format!("{previous} second"))?;
        Ok(())
    }));
    let config = config(&emulator)
        .interceptor(interceptor(|request| {
            request.set_header("x-qs-meta-order", "first")?;
            Ok(())
        }))
        .interceptor(second);
    let bucket = bucket_of(config);
    bucket.put_object("k").body("x").await.unwrap();
    let head = bucket.head_object("k").await.unwrap();
    assert_eq!(head.metadata.get("order"), Some("first second"));
}

#[tokio::test]
async fn a_refused_attempt_is_not_sent_and_not_retried() {
    let emulator = start().await;
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let bucket = bucket_of(config(&emulator).interceptor(interceptor(move |request| {
        counter.fetch_add(1, Ordering::Relaxed);
        match (request.operation(), request.attempt()) {
            ("DeleteObject", _) | (_, 2) => Err("not on Sundays".into()),
            _ => Ok(()),
        }
    })));
    let before = served(&emulator);
    let error = bucket.delete_object("k").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interceptor);
    assert_eq!((error.attempts(), error.is_retryable()), (0, false));
    assert_eq!(error.operation(), Some("DeleteObject"));
    let source = StdError::source(&error).unwrap();
    assert_eq!(source.to_string(), "not on Sundays");
    assert_eq!(served(&emulator), before);
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);
    // The second attempt is refused: one was sent.
    emulator
        .set_faults([FaultRule::on("PutObject").status(503).times(1)])
        .unwrap();
    let error = bucket.put_object("k").body("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interceptor);
    assert_eq!(error.attempts(), 1);
    assert_eq!(served(&emulator), before);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_header_of_the_client_is_named_in_the_error() {
    let emulator = start().await;
    for name in ["Host", "Content-Length", "Date", "Transfer-Encoding"] {
        let bucket = bucket_of(config(&emulator).interceptor(interceptor(move |request| {
            request.set_header(name, "x")?;
            Ok(())
        })));
        let before = served(&emulator);
        let error = bucket.put_object("k").body("x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interceptor);
        let header = format!("header `{}` ", name.to_ascii_lowercase());
        assert!(error.message().starts_with(&header), "{error}");
        assert_eq!(served(&emulator), before);
    }
}

#[tokio::test]
async fn an_interceptor_sees_no_secrets() {
    let emulator = start().await;
    let shown = Arc::new(Mutex::new(String::new()));
    let notes = Arc::clone(&shown);
    let bucket = bucket_of(config(&emulator).interceptor(interceptor(move |request| {
        let headers: Vec<_> = request.headers().collect();
        let text = format!(
            "{request:?} {headers:?} {} {}",
            request.method(),
            request.uri()
        );
        notes.lock().unwrap().push_str(&text);
        for (name, _) in request.headers() {
            assert!(!name.as_str().ends_with("customer-key"), "{name}");
        }
        Ok(())
    })));
    let key = SseKey::new([b'x'; 32]);
    let put = bucket.put_object("k").sse_key(&key).body("x");
    put.header("x-own-token", "hush-hush").await.unwrap();
    bucket.get_object("k").sse_key(&key).await.unwrap();
    let shown = shown.lock().unwrap();
    assert!(shown.contains("/some-bucket/k"), "{shown}");
    let secret = emulator.secret_access_key();
    for hidden in [secret, "eHh4eHh4", "hush", "QS ", "authorization"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}

#[tokio::test]
async fn presigned_and_built_requests_are_not_intercepted() {
    let emulator = start().await;
    let seen = Arc::new(Seen::default());
    let bucket = bucket_of(config(&emulator).interceptor(Arc::clone(&seen)));
    let call = || bucket.put_object("k").body("x");
    let presigned = call().presign(Duration::from_secs(60)).unwrap();
    assert!(!presigned.headers().contains_key("x-qs-meta-team"));
    let built = call().build().unwrap();
    assert!(!built.headers().contains_key("x-qs-meta-team"));
    assert_eq!(seen.take(), []);
}

#[tokio::test]
async fn the_client_remains_usable_after_a_panic() {
    let emulator = start().await;
    let config = config(&emulator)
        .transfer_requests(1)
        .transfer_memory(1)
        .interceptor(interceptor(|request| {
            assert!(!request.uri().path().ends_with("/panic"), "as intended");
            Ok(())
        }));
    let bucket = bucket_of(config);
    for _ in 0..3 {
        let put = bucket.put_object("panic").body("x");
        let joined = tokio::spawn(async { put.await.map(drop) }).await;
        assert!(joined.unwrap_err().is_panic());
        let upload = bucket.upload("panic", UploadSource::reader(&b"content"[..]));
        let joined = tokio::spawn(async { upload.await.map(drop) }).await;
        assert!(joined.unwrap_err().is_panic());
        bucket.put_object("k").body("x").await.unwrap();
        let upload = bucket.upload("k", UploadSource::reader(&b"content"[..]));
        upload.await.unwrap();
    }
}

#[cfg(feature = "blocking")]
#[test]
fn blocking_calls_are_intercepted() {
    use qingstor_sdk::blocking::Wait;

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(start());
    let seen = Arc::new(Seen::default());
    let bucket = bucket_of(config(&emulator).interceptor(Arc::clone(&seen)));
    bucket.put_object("k").body("x").wait().unwrap();
    assert_eq!(seen.take(), [("PutObject", 1)]);
}
