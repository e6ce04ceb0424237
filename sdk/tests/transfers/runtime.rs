//! Transfers outside of a Tokio runtime.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use qingstor_sdk::{Body, Chain, Config, DownloadTarget, Error, ErrorKind, QingStor, UploadSource};

/// Returns the error of a future that is ready at once.
fn error<T>(future: impl IntoFuture<Output = Result<T, Error>>) -> Error {
    let future = pin!(future.into_future());
    let mut context = Context::from_waker(Waker::noop());
    match future.poll(&mut context) {
        Poll::Ready(Err(error)) => error,
        Poll::Ready(Ok(_)) => panic!("no error"),
        Poll::Pending => panic!("the future waits"),
    }
}

fn check(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}

#[test]
fn a_refresh_of_credentials_outside_of_a_runtime_is_an_error() {
    let config = Config::anonymous().credentials_provider(Chain::new());
    let service = QingStor::new(config).unwrap();
    check(&error(service.refresh_credentials()));
}

#[test]
fn pages_outside_of_a_runtime_are_an_error() {
    let service = QingStor::new(Config::new("ID", "SECRET")).unwrap();
    let bucket = service.bucket("my-bucket", "pek3a").unwrap();
    let error = error(async {
        let mut keys = bucket.list_objects().items();
        keys.next().await.unwrap()
    });
    check(&error);
    assert_eq!(error.operation(), Some("ListObjects"));
}

#[test]
fn a_transfer_outside_of_a_runtime_is_an_error() {
    let service = QingStor::new(Config::new("ID", "SECRET")).unwrap();
    let bucket = service.bucket("my-bucket", "pek3a").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [file, missing] = ["file", "missing"].map(|name| folder.path().join(name));
    std::fs::write(&file, "content").unwrap();
    let upload = |source| bucket.upload("k", source).multipart_threshold(0);
    let source = || UploadSource::path(&file);
    for error in [
        error(bucket.upload("k", b"content")),
        error(upload(source())),
        error(upload(source()).token_file(&missing)),
        error(upload(UploadSource::reader(tokio::io::empty()))),
        error(bucket.upload_writer("k").finish()),
        error(bucket.complete_upload("k", "id", [])),
        error(bucket.download("k", &missing)),
        error(bucket.download("k", &missing).resumable(true)),
        error(bucket.download("k", DownloadTarget::writer(tokio::io::sink()))),
        error(bucket.copy_object(("my-bucket", "a"), "b")),
        error(service.locate_bucket("my-bucket")),
        error(service.wait_for_aborts(Duration::ZERO)),
        error(qingstor_sdk::etag_of_file(&file, 1, 1)),
        error(Body::from_path(&file)),
    ] {
        check(&error);
    }
    #[cfg(feature = "folders")]
    for error in [
        error(bucket.upload_dir(folder.path(), "")),
        error(bucket.download_dir("", folder.path())),
        error(async {
            let mut plan = bucket.sync_up(folder.path(), "").plan();
            plan.next().await.unwrap()
        }),
    ] {
        check(&error);
    }
    let outcome = pin!(bucket.delete_objects(["a"]).into_future());
    let Poll::Ready(outcome) = outcome.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the deletion waits");
    };
    assert_eq!(outcome.errors.len(), 1);
    let message = &outcome.errors[0].message;
    assert!(message.contains("Tokio runtime"), "{message}");
    assert!(!missing.exists());
}
