//! Servers that fail: each failure has the expected error kind and leaves no files.

use std::time::Duration;

use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, QingStor, RetryPolicy};
use qingstor_suite::{CannedResponse, Server};
use tokio::net::TcpListener;

/// Timeout for servers that never respond.
const SHORT_TIMEOUT: Duration = Duration::from_millis(50);

fn bucket(config: Config, endpoint: &str) -> Bucket {
    let qingstor = QingStor::new(config.endpoint(endpoint)).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

fn config() -> Config {
    // Without retries, so that each test sees the first failure.
    Config::new("ID", "SECRET").retry(RetryPolicy::never())
}

/// Asserts the kind of a retryable error, and that its message starts with operation and object.
fn assert_failed(error: &Error, kind: ErrorKind) {
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.is_retryable(), "{error}");
    assert_eq!(error.attempts(), 1);
    assert!(
        error.to_string().starts_with("GetObject some-bucket/k: "),
        "{error}"
    );
}

#[tokio::test]
async fn connecting_to_a_closed_port_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = bucket(config(), &endpoint)
        .get_object("k")
        .await
        .unwrap_err();
    assert_failed(&error, ErrorKind::Connect);
    assert_eq!(error.status(), None);
}

#[tokio::test]
async fn a_server_that_never_responds_causes_a_timeout() {
    let server = Server::start(CannedResponse::silent()).await;
    let bucket = bucket(config().idle_timeout(SHORT_TIMEOUT), &server.endpoint());
    let error = bucket.get_object("k").await.unwrap_err();
    assert_failed(&error, ErrorKind::Timeout);
    assert_eq!(server.recorded().len(), 1);
}

#[tokio::test]
async fn the_timeout_of_a_request_applies() {
    let server = Server::start(CannedResponse::silent()).await;
    let bucket = bucket(config(), &server.endpoint());
    let error = bucket
        .get_object("k")
        .timeout(SHORT_TIMEOUT)
        .await
        .unwrap_err();
    assert_failed(&error, ErrorKind::Timeout);
    assert!(error.elapsed() >= SHORT_TIMEOUT);
}

#[tokio::test]
async fn maximum_timeouts_do_not_overflow() {
    let server = Server::start(CannedResponse::new(200).body("content")).await;
    let config = config()
        .connect_timeout(Duration::MAX)
        .idle_timeout(Duration::MAX)
        .slow_timeout(Duration::MAX);
    let bucket = bucket(config, &server.endpoint());
    let output = bucket.get_object("k").timeout(Duration::MAX).await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), "content");
}

#[tokio::test]
async fn a_204_response_with_a_content_length_succeeds() {
    let server = Server::start(CannedResponse::new(204).header("Content-Length", "5")).await;
    let bucket = bucket(config(), &server.endpoint());
    assert_eq!(bucket.delete_object("k").await.unwrap().status(), 204);
}

#[tokio::test]
async fn error_messages_are_one_line() {
    let document = serde_json::json!({"code": "a\nb", "message": "c\r\nd", "request_id": "e\nf"});
    let server = Server::start(CannedResponse::json(400, &document)).await;
    let bucket = bucket(config(), &server.endpoint());
    let error = bucket.get_object("g\nh").await.unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert_eq!((error.message(), error.key()), ("c\r\nd", Some("g\nh")));
}

#[tokio::test]
async fn a_stream_of_another_length_than_declared_fails() {
    let server = Server::start(CannedResponse::silent()).await;
    let bucket = bucket(config(), &server.endpoint());
    for (len, kind) in [
        (u64::MAX, ErrorKind::Io),
        (3, ErrorKind::Io),
        (1, ErrorKind::Io),
    ] {
        let items = futures_util::stream::iter([Ok::<_, std::io::Error>("ab")]);
        let call = bucket.put_object("k").body(Body::from_stream(items, len));
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{len}: {error:?}");
    }
}

#[tokio::test]
async fn a_copy_uses_the_slow_timeout_instead_of_the_idle_timeout() {
    let server = Server::start(CannedResponse::silent()).await;
    let config = config()
        .idle_timeout(Duration::from_millis(1))
        .slow_timeout(SHORT_TIMEOUT);
    let bucket = bucket(config, &server.endpoint());
    let error = bucket
        .put_object("k")
        .copy_source(("some-bucket", "s"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.elapsed() >= SHORT_TIMEOUT, "{:?}", error.elapsed());
}

#[tokio::test]
async fn a_truncated_body_is_an_error() {
    for sent in [0, 4] {
        let server = Server::start(CannedResponse::new(200).body("12345678").cut_after(sent)).await;
        let output = bucket(config(), &server.endpoint())
            .get_object("k")
            .await
            .unwrap();
        let error = output.body.bytes().await.unwrap_err();
        assert_failed(&error, ErrorKind::Interrupted);
        assert!(
            error
                .to_string()
                .contains(&format!("after {sent} of 8 bytes")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_stalled_body_causes_a_timeout() {
    let server = Server::start(CannedResponse::new(200).body("12345678").stalled_after(4)).await;
    let bucket = bucket(config().idle_timeout(SHORT_TIMEOUT), &server.endpoint());
    let mut body = bucket.get_object("k").await.unwrap().body;
    assert_eq!(body.chunk().await.unwrap().unwrap(), "1234");
    let error = body.chunk().await.unwrap_err();
    assert_failed(&error, ErrorKind::Timeout);
    // The body ends after an error.
    assert_eq!(body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_failed_download_does_not_replace_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, "the older report").unwrap();
    let server = Server::start(CannedResponse::new(200).body("12345678").cut_after(4)).await;
    let output = bucket(config(), &server.endpoint())
        .get_object("k")
        .await
        .unwrap();
    let error = output.body.write_to(&path).await.unwrap_err();
    assert_failed(&error, ErrorKind::Interrupted);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the older report");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "a temporary file remains: {names:?}");
}

#[tokio::test]
async fn a_dropped_download_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    let server = Server::start(CannedResponse::new(200).body("12345678").stalled_after(4)).await;
    let output = bucket(config(), &server.endpoint())
        .get_object("k")
        .await
        .unwrap();
    let download = output.body.write_to(&path);
    assert!(tokio::time::timeout(SHORT_TIMEOUT, download).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_truncated_json_body_is_an_error() {
    let body = r#"{"keys":[],"has_more":false}"#;
    let server = Server::start(CannedResponse::new(200).body(body).cut_after(12)).await;
    let error = bucket(config(), &server.endpoint())
        .list_objects()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
}
