//! Responses with invalid heads, wrong lengths or more bytes than announced.

use std::time::Duration;

use qingstor_sdk::{Config, ErrorKind, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{RequestBody, Server};

/// Sends `invalid` for the key `invalid`, and the path of the request as the body for other keys.
async fn server(invalid: Vec<u8>) -> Server {
    Server::start(RequestBody::Read, move |_, head| {
        let path = head.split(' ').nth(1).unwrap();
        if path.ends_with("/invalid") {
            return invalid.clone();
        }
        let len = path.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{path}").into_bytes()
    })
    .await
}

fn once(config: Config) -> Config {
    config
        .retry(RetryPolicy::never())
        .idle_timeout(Duration::from_millis(500))
}

/// The result of a call for the key `invalid`.
#[derive(Debug, PartialEq)]
enum Outcome {
    Content(Vec<u8>),
    Error(ErrorKind),
}

/// After each response, the next requests get their own responses.
#[tokio::test]
async fn no_response_is_delivered_to_another_request() {
    use Outcome::{Content, Error};

    const OTHER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";
    const FIXED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    let ok = || Content(b"{}".to_vec());
    let many_interim = format!(
        "{}{FIXED}\r\n{{}}",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(200)
    );
    for (response, expected) in [
        (format!("{FIXED}\r\n{{}}"), ok()),
        (format!("{FIXED}Content-Encoding: gzip\r\n\r\n{{}}"), ok()),
        (format!("{FIXED}Content-Length: 2\r\n\r\n{{}}"), ok()),
        (format!("{FIXED}Connection: close\r\n\r\n{{}}"), ok()),
        (format!("{FIXED}X: \u{e9}\u{4e2d}\r\n\r\n{{}}"), ok()),
        ("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}".into(), ok()),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}".into(),
            ok(),
        ),
        (many_interim, ok()),
        // More bytes than announced, and complete responses that nothing requested.
        (format!("{FIXED}\r\n{{}}more"), ok()),
        (format!("{FIXED}\r\n{{}}{OTHER}"), ok()),
        (
            format!("{CHUNKED}\r\n2;a=b\r\n{{}}\r\n0\r\nX: y\r\n\r\n{OTHER}"),
            ok(),
        ),
        (
            format!("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n{OTHER}"),
            Error(ErrorKind::Service),
        ),
        (
            format!("HTTP/1.1 304 Not Modified\r\n\r\n{OTHER}"),
            Error(ErrorKind::Service),
        ),
        (
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n{OTHER}"),
            Error(ErrorKind::Service),
        ),
        (
            format!("HTTP/1.1 307 Redirect\r\nLocation: /k\r\nContent-Length: 0\r\n\r\n{OTHER}"),
            Error(ErrorKind::Service),
        ),
        (
            format!("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n{OTHER}"),
            Error(ErrorKind::Service),
        ),
        // Fewer bytes than announced.
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}".into(),
            Error(ErrorKind::Timeout),
        ),
        (
            format!("{CHUNKED}\r\n2\r\n{{}}\r\n"),
            Error(ErrorKind::Timeout),
        ),
        (
            format!("{CHUNKED}Content-Length: 5\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
            Error(ErrorKind::Interrupted),
        ),
        (
            format!("{CHUNKED}\r\n{{}}\r\n0\r\n\r\n"),
            Error(ErrorKind::Interrupted),
        ),
        (
            format!("{CHUNKED}\r\nfffffffffffffffff\r\n{{}}"),
            Error(ErrorKind::Interrupted),
        ),
        // Codings that were not requested.
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}".into(),
            Error(ErrorKind::Decode),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
                .into(),
            Error(ErrorKind::Decode),
        ),
        // Invalid heads.
        (
            format!("{FIXED}Content-Length: 3\r\n\r\n{{}}"),
            Error(ErrorKind::Connect),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}".into(),
            Error(ErrorKind::Connect),
        ),
        (
            "HTTP/1.1 99 Odd\r\nContent-Length: 2\r\n\r\n{}".into(),
            Error(ErrorKind::Connect),
        ),
        (
            "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}".into(),
            Error(ErrorKind::Connect),
        ),
        (
            "<html>hello</html>\r\n\r\n".into(),
            Error(ErrorKind::Connect),
        ),
        (
            format!("{FIXED}X: a\r\n b\r\n\r\n{{}}"),
            Error(ErrorKind::Connect),
        ),
        (
            format!("{FIXED}X : a\r\n\r\n{{}}"),
            Error(ErrorKind::Connect),
        ),
        (
            format!("{FIXED}X: a\0b\r\n\r\n{{}}"),
            Error(ErrorKind::Connect),
        ),
        (
            format!("{FIXED}X: {}\r\n\r\n{{}}", "x".repeat(1 << 20)),
            Error(ErrorKind::Connect),
        ),
    ] {
        let server = server(response.clone().into_bytes()).await;
        let bucket = server.bucket_with(once);
        let shown: String = response.chars().take(200).collect();
        for round in 0..3 {
            let result = match bucket.get_object("invalid").await {
                Ok(output) => output.body.bytes().await,
                Err(error) => Err(error),
            };
            let outcome = match result {
                Ok(content) => Content(content.to_vec()),
                Err(error) => {
                    let is_invalid = error.to_string().contains(" is not valid HTTP: ");
                    assert_eq!(is_invalid, error.kind() == ErrorKind::Connect, "{error}");
                    Error(error.kind())
                }
            };
            assert_eq!(outcome, expected, "{shown}");
            // The output of `HEAD` has no body, whatever the server sends.
            let _ = bucket.head_object("invalid").await;
            let key = format!("valid-{round}");
            let output = bucket.get_object(&*key).await.unwrap();
            let content = output.body.bytes().await.unwrap();
            assert!(content.ends_with(key.as_bytes()), "{shown}: {content:?}");
        }
    }
}

/// The metadata of an object may have 2,048 bytes, so hundreds of headers.
#[tokio::test]
async fn an_object_may_have_many_metadata_entries() {
    let mut response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".to_owned();
    for number in 0..250 {
        response += &format!("x-qs-meta-{number}: v{number}\r\n");
    }
    let server = server(format!("{response}\r\n").into_bytes()).await;
    let bucket = server.bucket_with(once);
    let output = bucket.head_object("invalid").await.unwrap();
    assert_eq!(output.metadata.len(), 250);
    assert_eq!(output.metadata.get("249"), Some("v249"));
    let output = bucket.get_object("invalid").await.unwrap();
    assert_eq!(output.metadata.len(), 250);
}

/// Some servers send `408` before they close an unused connection. It is not the response to the
/// next request.
#[tokio::test]
async fn an_unused_connection_may_be_closed_with_a_response() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let response = b"HTTP/1.1 204 No Content\r\n\r\n";
            stream.write_all(response).await.unwrap();
            stream.flush().await.unwrap();
            let response = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(response).await.unwrap();
        }
    });
    let config = once(Config::new("ID", "SECRET").endpoint(endpoint));
    let qingstor = qingstor_sdk::QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    for _ in 0..20 {
        bucket.delete_object("k").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
