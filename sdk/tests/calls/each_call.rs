//! Options that a transfer sets for all its requests, and arguments that are refused before
//! anything is sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::operations::PutObject;
use qingstor_sdk::types::{MetadataDirective, StorageClass};
use qingstor_sdk::{
    Bucket, Config, DownloadTarget, Error, ErrorKind, Observer, QingStor, RequestEvent, RetryPolicy,
};

/// Records the operations that were sent, and whether each had the header.
#[derive(Default)]
struct Sent(Mutex<Vec<(&'static str, bool)>>);

impl Observer for Sent {
    fn request(&self, event: &RequestEvent<'_>) {
        let marked = event
            .headers
            .get("x-asked-by")
            .is_some_and(|by| by == "nightly");
        self.0.lock().unwrap().push((event.operation, marked));
    }
}

impl Sent {
    fn take(&self) -> Vec<(&'static str, bool)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn start() -> (Emulator, Bucket, Arc<Sent>) {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let sent = Arc::new(Sent::default());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .observer(Arc::clone(&sent));
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    bucket.put().await.unwrap();
    sent.take();
    (emulator, bucket, sent)
}

#[tokio::test]
async fn a_header_applies_to_every_request_of_a_transfer() {
    let (_emulator, bucket, sent) = start().await;
    let all_marked = |operations: &[&str]| {
        let sent = sent.take();
        assert!(sent.iter().all(|(_, marked)| *marked), "{sent:?}");
        for operation in operations {
            assert!(
                sent.iter().any(|(name, _)| name == operation),
                "{operation}: {sent:?}"
            );
        }
    };
    let by = ("x-asked-by", "nightly");
    let upload = bucket.upload("k", vec![1; 9 << 20]).header(by.0, by.1);
    upload
        .multipart_threshold(4 << 20)
        .part_size(4 << 20)
        .await
        .unwrap();
    all_marked(&[
        "InitiateMultipartUpload",
        "UploadMultipart",
        "CompleteMultipartUpload",
    ]);
    let mut content = Vec::new();
    let download = bucket
        .download("k", DownloadTarget::writer(&mut content))
        .part_size(4 << 20);
    download.header(by.0, by.1).await.unwrap();
    assert_eq!(content.len(), 9 << 20);
    all_marked(&["GetObject"]);
    let copy = bucket
        .copy_object(("some-bucket", "k"), "copy")
        .header(by.0, by.1);
    copy.multipart_threshold(4 << 20)
        .part_size(4 << 20)
        .await
        .unwrap();
    all_marked(&["HeadObject", "InitiateMultipartUpload", "UploadMultipart"]);
    let outcome = bucket
        .delete_objects(["k", "copy"])
        .header(by.0, by.1)
        .await;
    assert!(outcome.is_complete());
    all_marked(&["DeleteMultipleObjects"]);
    // The handle itself is not changed.
    bucket.head().await.unwrap();
    assert_eq!(sent.take(), [("HeadBucket", false)]);
}

#[tokio::test]
async fn a_policy_and_a_timeout_apply_to_each_request_of_a_transfer() {
    let (emulator, bucket, sent) = start().await;
    bucket.put_object("k").body("content").await.unwrap();
    let once = RetryPolicy::never();
    let fail = |rule: FaultRule| emulator.set_faults([rule]).unwrap();
    fail(FaultRule::on_any().status(503));
    sent.take();
    let mut nowhere = Vec::new();
    let upload = bucket
        .upload("k", b"x")
        .retry(once.clone())
        .await
        .unwrap_err();
    let download = bucket.download("k", DownloadTarget::writer(&mut nowhere));
    let download = download.retry(once.clone()).await.unwrap_err();
    let copy = bucket.copy_object(("some-bucket", "k"), "copy");
    let copy = copy.retry(once.clone()).await.unwrap_err();
    let deleted = bucket.delete_objects(["k"]).retry(once).await;
    assert_eq!(deleted.errors[0].cause.as_ref().unwrap().attempts(), 1);
    let attempts = [&upload, &download, &copy].map(Error::attempts);
    assert_eq!((attempts, sent.take().len()), ([1; 3], 4));
    let policy = RetryPolicy::default()
        .max_attempts(6)
        .initial_backoff(Duration::from_millis(1));
    fail(FaultRule::on_any().status(503).times(5));
    bucket.upload("k", b"x").retry(policy).await.unwrap();

    fail(FaultRule::on_any().latency(Duration::from_secs(20)));
    let short = Duration::from_millis(50);
    let mut nowhere = Vec::new();
    let errors = [
        bucket.upload("k", b"x").timeout(short).await.unwrap_err(),
        bucket
            .download("k", DownloadTarget::writer(&mut nowhere))
            .timeout(short)
            .await
            .unwrap_err(),
        bucket
            .copy_object(("some-bucket", "k"), "c")
            .timeout(short)
            .await
            .unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Timeout; 3]);
    let deleted = bucket.delete_objects(["k"]).timeout(short).await;
    let cause = deleted.errors[0].cause.as_ref().unwrap();
    assert_eq!(cause.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_header_that_the_client_sets_is_refused() {
    let (_emulator, bucket, sent) = start().await;
    let error = bucket
        .upload("k", b"x")
        .header("Host", "h")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let copy = bucket
        .copy_object(("some-bucket", "k"), "c")
        .header("x", "\n");
    assert_eq!(copy.await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(sent.take().is_empty());
}

/// A copy has the metadata of its source, unless the caller replaces it.
#[tokio::test]
async fn metadata_that_a_copy_would_ignore_is_refused() {
    let (_emulator, bucket, sent) = start().await;
    let copy = || bucket.put_object("copy").copy_source(("some-bucket", "k"));
    let moved = || bucket.put_object("moved").move_source(("some-bucket", "k"));
    for start in [&copy as &dyn Fn() -> PutObject, &moved] {
        for (call, header) in [
            (start().metadata([("a", "2")]), "x-qs-meta-a"),
            (start().content_type("image/png"), "content-type"),
            (start().cache_control("no-store"), "cache-control"),
            (start().content_encoding("gzip"), "content-encoding"),
            (start().content_disposition("inline"), "content-disposition"),
            (start().expires("0"), "expires"),
            (start().header("X-QS-Meta-B", "2"), "x-qs-meta-b"),
            (
                start()
                    .content_type("image/png")
                    .metadata_directive(MetadataDirective::Copy),
                "content-type",
            ),
        ] {
            let error = call.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(
                error.message().contains(&format!("header `{header}`")),
                "{error}"
            );
        }
    }
    assert!(sent.take().is_empty());
    bucket.put_object("k").body("content").await.unwrap();
    let replaced = copy().content_type("image/png").metadata([("a", "2")]);
    let replaced = replaced.metadata_directive(MetadataDirective::Replace);
    replaced
        .storage_class(StorageClass::StandardIa)
        .await
        .unwrap();
    let head = bucket.head_object("copy").await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("image/png"));
    assert_eq!(head.metadata.get("a"), Some("2"));
    // The storage class is that of the request in any case.
    copy()
        .storage_class(StorageClass::StandardIa)
        .await
        .unwrap();
    moved()
        .storage_class(StorageClass::StandardIa)
        .await
        .unwrap();
}

/// The message names the function for a file name that is not ASCII.
#[tokio::test]
async fn a_file_name_that_is_not_ascii_is_refused_with_a_remedy() {
    let (_emulator, bucket, sent) = start().await;
    let put = |disposition: &str| {
        bucket
            .put_object("k")
            .content_disposition(disposition)
            .body("a")
    };
    let error = put("attachment; filename=\"张三.pdf\"").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error.message().contains("`qingstor_sdk::attachment`"),
        "{error}"
    );
    let other = bucket
        .put_object("k")
        .cache_control("张")
        .await
        .unwrap_err();
    assert!(!other.message().contains("attachment"), "{other}");
    assert!(sent.take().is_empty());
    let encoded = qingstor_sdk::attachment("张三.pdf");
    put(&encoded).await.unwrap();
    let head = bucket.head_object("k").await.unwrap();
    assert_eq!(head.content_disposition, Some(encoded));
}

#[tokio::test]
async fn content_has_one_source() {
    let (_emulator, bucket, sent) = start().await;
    let put = || bucket.put_object("k").body("content");
    let calls = [
        (put().copy_source(("some-bucket", "a")), "x-qs-copy-source"),
        (put().move_source(("some-bucket", "a")), "x-qs-move-source"),
        (
            put().fetch_source("http://example.com/a"),
            "x-qs-fetch-source",
        ),
        (
            put().header("X-QS-Fetch-Source", "http://example.com/a"),
            "x-qs-fetch-source",
        ),
    ];
    for (call, header) in calls {
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(header), "{error}");
    }
    let part = bucket.upload_multipart("k", "id", 0).body("content");
    let error = part.copy_source(("some-bucket", "a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(sent.take().is_empty());
    // An empty body counts as no body.
    put().await.unwrap();
    let copy = bucket
        .put_object("copy")
        .copy_source(("some-bucket", "k"))
        .body("");
    copy.await.unwrap();
    let content = bucket
        .get_object("copy")
        .await
        .unwrap()
        .body
        .bytes()
        .await
        .unwrap();
    assert_eq!(content, "content");
}
