//! Bodies of which one byte arrives, and which the client can do without: the status is known.

use std::time::{Duration, Instant};

use qingstor_sdk::{ErrorKind, RetryPolicy};

use crate::server::{RequestBody, Server, raw, response};

/// Longer than the client waits for such a body, and less than the time after which its throughput is
/// too low.
const LIMIT: Duration = Duration::from_secs(5);

async fn server(status: &'static str) -> Server {
    Server::start(RequestBody::Read, move |_, _| {
        let headers = [("ETag", "\"stored\""), ("Content-Length", "100")];
        raw(status, &headers, b"x")
    })
    .await
}

#[tokio::test]
async fn a_stalled_body_does_not_delay_a_success() {
    let server = server("201 Created").await;
    let started = Instant::now();
    let output = server.bucket().put_object("k").body("x").await.unwrap();
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    assert_eq!((&*output.etag, output.attempts()), ("\"stored\"", 1));
    assert_eq!(server.seen.requests(), 1);
}

#[tokio::test]
async fn a_stalled_body_does_not_delay_an_error() {
    for (status, code) in [("404 Not Found", 404), ("503 Service Unavailable", 503)] {
        let server = server(status).await;
        let bucket = server.bucket_with(|config| config.retry(RetryPolicy::never()));
        let started = Instant::now();
        let error = bucket.get_object("k").await.unwrap_err();
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
        assert_eq!(error.kind(), ErrorKind::Service, "{error}");
        assert_eq!(error.status().unwrap(), code, "{error}");
    }
}

/// Otherwise, the caller of an append would not know that it was executed.
#[tokio::test]
async fn the_deadline_of_a_call_does_not_replace_a_known_result() {
    let timeout = Duration::from_secs(1);
    let append = server("200 OK").await;
    let call = append.bucket().append_object("k", 0).body("x");
    let started = Instant::now();
    call.timeout(timeout).await.unwrap();
    assert!(started.elapsed() < 2 * timeout, "{:?}", started.elapsed());
    assert_eq!(append.seen.requests(), 1);

    let missing = server("404 Not Found").await;
    let call = missing.bucket().get_object("k").timeout(timeout);
    let error = call.await.unwrap_err();
    assert_eq!(error.status().unwrap(), 404, "{error}");

    let busy = server("503 Service Unavailable").await;
    let call = busy.bucket().append_object("k", 0).body("x");
    let error = call.timeout(timeout).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503, "{error}");
    assert_eq!(busy.seen.requests(), 1);
}

#[tokio::test]
async fn a_complete_body_that_the_output_does_not_need_keeps_the_connection() {
    let server = Server::start(RequestBody::Read, |number, _| {
        let status = if number % 2 == 0 {
            "404 Not Found"
        } else {
            "201 Created"
        };
        response(status, &[("ETag", "\"stored\"")], &[b' '; 50_000])
    })
    .await;
    let bucket = server.bucket();
    for _ in 0..4 {
        bucket.put_object("k").body("x").await.unwrap();
        bucket.put_object("k").body("x").await.unwrap_err();
    }
    assert_eq!((server.seen.requests(), server.seen.connections()), (8, 1));
}
