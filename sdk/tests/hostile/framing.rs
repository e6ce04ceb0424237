//! Responses with invalid heads, wrong lengths or more bytes than announced.

use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::{Bucket, Config, ErrorKind, Result, RetryPolicy};
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

async fn content(bucket: &Bucket, key: &str) -> Result<Bytes> {
    bucket.get_object(key).await?.body.bytes().await
}

/// The result of a call for the key `invalid`.
#[derive(Debug, PartialEq)]
enum Outcome {
    Content(Vec<u8>),
    Error(ErrorKind),
}

/// A response, and the result of a call that receives it.
struct Row {
    name: &'static str,
    response: String,
    expected: Outcome,
}

impl Row {
    /// A response whose content is `{}`.
    fn valid(name: &'static str, head: &[&str], body: &str) -> Self {
        let expected = Outcome::Content(b"{}".to_vec());
        Self::new(name, head, body, expected)
    }

    fn error(kind: ErrorKind, name: &'static str, head: &[&str], body: &str) -> Self {
        Self::new(name, head, body, Outcome::Error(kind))
    }

    fn new(name: &'static str, head: &[&str], body: &str, expected: Outcome) -> Self {
        Self {
            name,
            response: format!("{}\r\n\r\n{body}", head.join("\r\n")),
            expected,
        }
    }
}

const OK: &str = "HTTP/1.1 200 OK";
const LENGTH_2: &str = "Content-Length: 2";
const CHUNKED: &str = "Transfer-Encoding: chunked";

/// A complete response that nothing requested.
const OTHER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";

fn valid_responses() -> Vec<Row> {
    let interim = ["HTTP/1.1 103 Early Hints", "Link: </a>", ""].repeat(200);
    let after_interim = [&*interim, &[OK, LENGTH_2]].concat();
    let not_ascii = "X: \u{e9}\u{4e2d}";
    vec![
        Row::valid("plain", &[OK, LENGTH_2], "{}"),
        Row::valid("gzip", &[OK, LENGTH_2, "Content-Encoding: gzip"], "{}"),
        Row::valid("equal lengths", &[OK, LENGTH_2, LENGTH_2], "{}"),
        Row::valid("closed", &[OK, LENGTH_2, "Connection: close"], "{}"),
        Row::valid("not ASCII", &[OK, LENGTH_2, not_ascii], "{}"),
        Row::valid("no reason", &["HTTP/1.1 200", LENGTH_2], "{}"),
        Row::valid("HTTP/1.0", &["HTTP/1.0 200 OK", LENGTH_2], "{}"),
        Row::valid("after interim responses", &after_interim, "{}"),
    ]
}

/// Responses with more bytes than announced.
fn long_responses() -> Vec<Row> {
    use ErrorKind::Service;

    let more = format!("{{}}{OTHER}");
    let chunks = format!("2;a=b\r\n{{}}\r\n0\r\nX: y\r\n\r\n{OTHER}");
    let no_content = ["HTTP/1.1 204 No Content", "Content-Length: 4"];
    let upgrade = ["HTTP/1.1 101 Switching Protocols", "Upgrade: x"];
    let redirect = ["HTTP/1.1 307 R", "Location: /k", "Content-Length: 0"];
    let odd = ["HTTP/1.1 999 Odd", "Content-Length: 0"];
    vec![
        Row::valid("text after the body", &[OK, LENGTH_2], "{}more"),
        Row::valid("response after the body", &[OK, LENGTH_2], &more),
        Row::valid("response after the chunks", &[OK, CHUNKED], &chunks),
        Row::error(Service, "body of a 204", &no_content, OTHER),
        Row::error(Service, "body of a 304", &["HTTP/1.1 304 N"], OTHER),
        Row::error(Service, "body of a 101", &upgrade, OTHER),
        Row::error(Service, "response after a redirect", &redirect, OTHER),
        Row::error(Service, "response after a 999", &odd, OTHER),
    ]
}

/// Responses with fewer bytes than announced, or with invalid chunks.
fn short_responses() -> Vec<Row> {
    use ErrorKind::{Interrupted, Timeout};

    let both = [OK, CHUNKED, "Content-Length: 5"];
    let chunks = "2\r\n{}\r\n0\r\n\r\n";
    let huge = "fffffffffffffffff\r\n{}";
    vec![
        Row::error(Timeout, "short", &[OK, "Content-Length: 3"], "{}"),
        Row::error(Timeout, "no last chunk", &[OK, CHUNKED], "2\r\n{}\r\n"),
        Row::error(Interrupted, "length and chunks", &both, chunks),
        Row::error(Interrupted, "no size", &[OK, CHUNKED], "{}\r\n0\r\n\r\n"),
        Row::error(Interrupted, "huge size", &[OK, CHUNKED], huge),
    ]
}

/// Responses with a transfer coding that was not requested.
fn coded_responses() -> Vec<Row> {
    use ErrorKind::Decode;

    let gzip = "Transfer-Encoding: gzip";
    let chunked_gzip = "Transfer-Encoding: gzip, chunked";
    let chunks = "2\r\n{}\r\n0\r\n\r\n";
    vec![
        Row::error(Decode, "gzip as transfer coding", &[OK, gzip], "{}"),
        Row::error(Decode, "gzip in chunks", &[OK, chunked_gzip], chunks),
    ]
}

fn invalid_heads() -> Vec<Row> {
    use ErrorKind::Connect;

    let long = format!("X: {}", "x".repeat(1 << 20));
    let lengths = [OK, LENGTH_2, "Content-Length: 3"];
    let negative = [OK, "Content-Length: -2"];
    vec![
        Row::error(Connect, "different lengths", &lengths, "{}"),
        Row::error(Connect, "negative length", &negative, "{}"),
        Row::error(Connect, "status 99", &["HTTP/1.1 99 Odd", LENGTH_2], "{}"),
        Row::error(Connect, "HTTP/2", &["HTTP/2 200 OK", LENGTH_2], "{}"),
        Row::error(Connect, "HTML", &["<html>hello</html>"], ""),
        Row::error(
            Connect,
            "folded header",
            &[OK, LENGTH_2, "X: a", " b"],
            "{}",
        ),
        Row::error(Connect, "space in a name", &[OK, LENGTH_2, "X : a"], "{}"),
        Row::error(Connect, "NUL in a value", &[OK, LENGTH_2, "X: a\0b"], "{}"),
        Row::error(Connect, "long header", &[OK, LENGTH_2, &long], "{}"),
    ]
}

/// After each response, the next requests get their own responses.
#[tokio::test]
async fn no_response_is_delivered_to_another_request() {
    let rows = [
        valid_responses(),
        long_responses(),
        short_responses(),
        coded_responses(),
        invalid_heads(),
    ];
    for row in rows.into_iter().flatten() {
        let name = row.name;
        let server = server(row.response.into_bytes()).await;
        let bucket = server.bucket_with(once);
        for round in 0..3 {
            let outcome = match content(&bucket, "invalid").await {
                Ok(content) => Outcome::Content(content.to_vec()),
                Err(error) => {
                    let is_invalid = error.to_string().contains(" is not valid HTTP: ");
                    let is_connect = error.kind() == ErrorKind::Connect;
                    assert_eq!(is_invalid, is_connect, "{name}: {error}");
                    Outcome::Error(error.kind())
                }
            };
            assert_eq!(outcome, row.expected, "{name}");
            // The output of `HEAD` has no body, whatever the server sends.
            let _ = bucket.head_object("invalid").await;
            let key = format!("valid-{round}");
            match content(&bucket, &key).await {
                Ok(content) => assert!(content.ends_with(key.as_bytes()), "{name}: {content:?}"),
                Err(error) => panic!("{name}: {error}"),
            }
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
