//! Servers that fail: each failure has its kind, and leaves nothing behind.

use std::time::Duration;

use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, QingStor, RetryPolicy};
use qingstor_suite::{Answer, Server};
use tokio::net::TcpListener;

/// Short, for servers that never answer.
const SHORT: Duration = Duration::from_millis(50);

fn bucket(config: Config, endpoint: &str) -> Bucket {
    let qingstor = QingStor::new(config.endpoint(endpoint)).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

fn config() -> Config {
    // What each failure is, without a further attempt that may hide it.
    Config::new("ID", "SECRET").retry(RetryPolicy::never())
}

/// The kind, that a repeat may help, and the line that names operation and object.
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
async fn nobody_listens() {
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
async fn a_server_that_never_answers() {
    let server = Server::start(Answer::silence()).await;
    let bucket = bucket(config().idle_timeout(SHORT), &server.endpoint());
    let error = bucket.get_object("k").await.unwrap_err();
    assert_failed(&error, ErrorKind::Timeout);
    assert_eq!(server.recorded().len(), 1);
}

#[tokio::test]
async fn a_call_has_a_limit_of_its_own() {
    let server = Server::start(Answer::silence()).await;
    let bucket = bucket(config(), &server.endpoint());
    let error = bucket.get_object("k").timeout(SHORT).await.unwrap_err();
    assert_failed(&error, ErrorKind::Timeout);
    assert!(error.elapsed() >= SHORT);
}

#[tokio::test]
async fn no_time_is_too_long() {
    let server = Server::start(Answer::new(200).body("content")).await;
    let config = config()
        .connect_timeout(Duration::MAX)
        .idle_timeout(Duration::MAX)
        .slow_timeout(Duration::MAX);
    let bucket = bucket(config, &server.endpoint());
    let output = bucket.get_object("k").timeout(Duration::MAX).await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), "content");
}

#[tokio::test]
async fn a_success_without_content_is_one_whatever_it_announces() {
    let server = Server::start(Answer::new(204).header("Content-Length", "5")).await;
    let bucket = bucket(config(), &server.endpoint());
    assert_eq!(bucket.delete_object("k").await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_message_of_many_lines_is_one_line() {
    let document = serde_json::json!({"code": "a\nb", "message": "c\r\nd", "request_id": "e\nf"});
    let server = Server::start(Answer::json(400, &document)).await;
    let bucket = bucket(config(), &server.endpoint());
    let error = bucket.get_object("g\nh").await.unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert_eq!((error.message(), error.key()), ("c\r\nd", Some("g\nh")));
}

#[tokio::test]
async fn a_stream_that_claims_too_much_fails_by_itself() {
    let server = Server::start(Answer::silence()).await;
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
async fn a_copy_may_take_longer_than_the_connection_may_idle() {
    let server = Server::start(Answer::silence()).await;
    let config = config()
        .idle_timeout(Duration::from_millis(1))
        .slow_timeout(SHORT);
    let bucket = bucket(config, &server.endpoint());
    let error = bucket
        .put_object("k")
        .copy_source(("some-bucket", "s"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.elapsed() >= SHORT, "{:?}", error.elapsed());
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    for sent in [0, 4] {
        let server = Server::start(Answer::new(200).body("12345678").cut_after(sent)).await;
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
async fn a_body_that_stands_still() {
    let server = Server::start(Answer::new(200).body("12345678").stalled_after(4)).await;
    let bucket = bucket(config().idle_timeout(SHORT), &server.endpoint());
    let mut body = bucket.get_object("k").await.unwrap().body;
    assert_eq!(body.chunk().await.unwrap().unwrap(), "1234");
    let error = body.chunk().await.unwrap_err();
    assert_failed(&error, ErrorKind::Timeout);
    // It has ended: nothing comes after an error.
    assert_eq!(body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_file_is_replaced_by_a_whole_download_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, "the older report").unwrap();
    let server = Server::start(Answer::new(200).body("12345678").cut_after(4)).await;
    let output = bucket(config(), &server.endpoint())
        .get_object("k")
        .await
        .unwrap();
    let error = output.body.write_to(&path).await.unwrap_err();
    assert_failed(&error, ErrorKind::Interrupted);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the older report");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "a temporary file is left: {names:?}");
}

/// Dropping the future is the caller's way to stop: no temporary file may stay.
#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    let server = Server::start(Answer::new(200).body("12345678").stalled_after(4)).await;
    let output = bucket(config(), &server.endpoint())
        .get_object("k")
        .await
        .unwrap();
    let download = output.body.write_to(&path);
    assert!(tokio::time::timeout(SHORT, download).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn json_that_breaks_off_is_no_listing() {
    let body = r#"{"keys":[],"has_more":false}"#;
    let server = Server::start(Answer::new(200).body(body).cut_after(12)).await;
    let error = bucket(config(), &server.endpoint())
        .list_objects()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
}
