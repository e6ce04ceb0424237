//! Unusual responses of proxies and other servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use qingstor_sdk::{Body, Bucket, Config, ErrorKind};

use crate::{bucket_of, quick};

type TestResponse = http::Response<Vec<u8>>;

/// Creates a client that gets these responses. The closure is called with the number of the
/// request, starting at 1.
fn bucket_with_handler(
    response: impl Fn(u32, http::Request<Body>) -> TestResponse + Send + Sync + 'static,
) -> Bucket {
    let (count, response) = (AtomicU32::new(0), Arc::new(response));
    let config = Config::new("ID", "SECRET").in_process(move |request| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        let response = response(number, request);
        async move { response }
    });
    bucket_of(config.retry(quick()))
}

fn status(status: u16) -> TestResponse {
    let response = http::Response::builder().status(status);
    response.body(Vec::new()).unwrap()
}

#[tokio::test]
async fn statuses_of_proxies_are_retried() {
    for (number, attempts) in [(408, 2), (520, 2), (599, 2), (501, 1), (505, 1)] {
        let bucket =
            bucket_with_handler(move |count, _| status(if count == 1 { number } else { 200 }));
        let seen = match bucket.get_object("k").await {
            Ok(output) => output.attempts(),
            Err(error) => {
                assert!(!error.is_retryable(), "{error}");
                error.attempts()
            }
        };
        assert_eq!(seen, attempts, "{number}");
        // A request that is not idempotent is not retried.
        let bucket = bucket_with_handler(move |_, _| status(number));
        assert_eq!(bucket.put().await.unwrap_err().attempts(), 1, "{number}");
    }
}

#[tokio::test]
async fn a_json_response_of_a_proxy_does_not_prove_that_the_service_refused_the_request() {
    let refusal = |status: u16, document: &'static str, id: Option<&'static str>| {
        bucket_with_handler(move |_, _| {
            let response = http::Response::builder().status(status);
            let response = response.header("content-type", "application/json");
            let response = match id {
                Some(id) => response.header("x-qs-request-id", id),
                None => response,
            };
            response.body(document.into()).unwrap()
        })
    };
    let timeout = r#"{"code":503,"message":"upstream request timeout"}"#;
    let named = r#"{"code":"UPSTREAM_TIMEOUT","message":"m","request_id":"r"}"#;
    let uppercase = r#"{"code":"SERVICE_UNAVAILABLE","message":"m"}"#;
    let known = r#"{"code":"fetch_throttled","message":"m"}"#;
    for (document, id, attempts) in [
        (timeout, None, [1, 1]),
        (named, None, [1, 1]),
        (named, Some("3f2cf9ac3168744d"), [4, 1]),
        (uppercase, None, [1, 1]),
        (uppercase, Some("3f2cf9ac3168744d"), [4, 1]),
        (known, None, [4, 4]),
    ] {
        for (status, attempts) in [429, 503].into_iter().zip(attempts) {
            let bucket = refusal(status, document, id);
            let append = bucket.append_object("k", 0).body("line");
            assert_eq!(append.await.unwrap_err().attempts(), attempts, "{document}");
            let error = bucket.get_object("k").await.unwrap_err();
            assert_eq!(error.attempts(), 4, "{document}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_limited() {
    for asked in [
        "99999999999999999999999999",
        "61",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let bucket = bucket_with_handler(move |_, _| {
            let mut response = status(503);
            response
                .headers_mut()
                .insert("retry-after", asked.parse().unwrap());
            response
        });
        let error = bucket.get_object("k").await.unwrap_err();
        assert_eq!(error.attempts(), 1, "{asked}");
        assert!(error.retry_after().unwrap().as_secs() > 60);
    }
    for asked in ["Thu, 01 Jan 1970 00:00:00 GMT", "-1", "soon", ""] {
        let bucket = bucket_with_handler(move |count, _| {
            let mut response = status(if count == 1 { 503 } else { 200 });
            response
                .headers_mut()
                .insert("retry-after", asked.parse().unwrap());
            response
        });
        assert_eq!(
            bucket.get_object("k").await.unwrap().attempts(),
            2,
            "{asked}"
        );
    }
}

/// `Content-Range` has the length of a part even if the response has no `Content-Length`.
#[tokio::test]
async fn a_short_part_without_a_length_is_not_complete() {
    let part = |range: &str, body: &str| {
        let response = http::Response::builder()
            .status(206)
            .header("ETag", "\"e\"");
        let response = response.header("Content-Range", range);
        response.body(body.as_bytes().to_vec()).unwrap()
    };
    let bucket = bucket_with_handler(move |count, request| match count {
        1 => part("bytes 0-9/20", "0123"),
        _ => {
            assert_eq!(request.headers()["range"], "bytes=4-9");
            assert_eq!(request.headers()["if-match"], "\"e\"");
            part("bytes 4-9/20", "456789")
        }
    });
    let output = bucket.get_object("k").range("bytes=0-9").await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), "0123456789");
    let bucket = bucket_with_handler(move |_, _| part("bytes 0-9/20", ""));
    let output = bucket.get_object("k").range("bytes=0-9").await.unwrap();
    let error = output.body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
}

/// The status reports success. The rest of the body does not matter.
#[tokio::test]
async fn a_success_counts_even_if_its_body_is_incomplete() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let _ = near.read(&mut [0; 4096]).await.unwrap();
        let response = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"half";
        near.write_all(response.as_bytes()).await.unwrap();
    });
    let config = Config::new("ID", "SECRET").endpoint(format!("http://{addr}"));
    let output = bucket_of(config.retry(quick())).put().await.unwrap();
    assert_eq!(output.status(), 201);
    server.await.unwrap();
}
