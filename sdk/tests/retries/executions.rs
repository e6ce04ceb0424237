//! Whether an error reports that a request may have been executed.

use std::time::Duration;

use qingstor_emulator::{Emulator, FaultRule, Reset, When};
use qingstor_sdk::{Bucket, Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{bucket_of, config, fail, hits, quick, start};

async fn append(bucket: &Bucket) -> Result<(), Error> {
    let append = bucket.append_object("log", 0).body("line");
    append.await.map(|_| ())
}

/// Returns a bucket of a server that reads each request, if `reads`, and sends these bytes before it
/// closes the connection.
async fn bucket_at(emulator: &Emulator, reads: bool, response: &'static str) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            if !reads {
                continue;
            }
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\nline") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(response.as_bytes()).await.unwrap();
        }
    });
    bucket_of(config(emulator).endpoint(endpoint))
}

#[tokio::test]
async fn a_request_without_a_connection_was_not_executed() {
    let (emulator, _) = start().await;
    let reserved = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", reserved.local_addr().unwrap());
    drop(reserved);
    let error = append(&bucket_of(config(&emulator).endpoint(endpoint))).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4));
    assert!(!error.may_have_been_executed(), "{error}");
}

#[tokio::test]
async fn a_request_on_a_broken_connection_may_have_been_executed() {
    let (emulator, _) = start().await;
    for reads in [false, true] {
        let bucket = bucket_at(&emulator, reads, "").await;
        let error = append(&bucket).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1));
        assert!(error.may_have_been_executed(), "{error}");
    }
}

#[tokio::test]
async fn only_a_code_of_the_service_proves_that_a_busy_service_executed_nothing() {
    let (emulator, _) = start().await;
    for (response, attempts, expected) in [
        (
            "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            1,
            true,
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 26\r\nConnection: close\r\n\
             Content-Type: application/json\r\n\r\n{\"code\":\"fetch_throttled\"}",
            4,
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\
             Content-Type: application/json\r\nX-QS-Next-Append-Position: x\r\n\r\n{}",
            1,
            true,
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            1,
            false,
        ),
    ] {
        let bucket = bucket_at(&emulator, true, response).await;
        let error = append(&bucket).await.unwrap_err();
        assert_eq!(error.attempts(), attempts, "{error}");
        assert_eq!(error.may_have_been_executed(), expected, "{error}");
    }
}

#[tokio::test]
async fn the_error_of_an_executed_request_never_denies_it() {
    let (emulator, bucket) = start().await;
    let rule = || FaultRule::on("AppendObject");
    for fault in [
        rule().reset(Reset::Before),
        rule().status(429),
        rule().status(500),
        rule().status(502),
        rule().status(503),
        rule().status(504),
        rule().code("service_unavailable"),
    ] {
        for when in [When::Before, When::After] {
            fail(&emulator, [fault.clone().when(when)]);
            let error = append(&bucket).await.unwrap_err();
            assert_eq!(error.attempts(), 1, "{error}");
            assert!(error.may_have_been_executed(), "{fault}: {error}");
            let exists = bucket.head_object("log").await.is_ok();
            assert_eq!(exists, when == When::After, "{fault}: {error}");
            bucket.delete_object("log").await.unwrap();
        }
    }
    fail(&emulator, [rule().code("fetch_throttled")]);
    let error = append(&bucket).await.unwrap_err();
    assert!(!error.may_have_been_executed(), "{error}");
    assert!(bucket.head_object("log").await.is_err());
}

/// The service may execute the request after the client has given up.
#[tokio::test]
async fn the_error_of_an_attempt_without_a_response_never_denies_it() {
    let (emulator, bucket) = start().await;
    let limited = quick().attempt_timeout(Duration::from_millis(500));
    let fault = FaultRule::on("AppendObject").latency(Duration::from_secs(600));
    for when in [When::Before, When::After] {
        fail(&emulator, [fault.clone().when(when)]);
        let call = bucket.append_object("log", 0).body("line");
        let error = call.retry(limited.clone()).await.unwrap_err();
        assert_eq!(error.attempts(), 1, "{error}");
        assert!(error.may_have_been_executed(), "{error}");
        let executed = async {
            while hits(&emulator) != [1] {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            while when == When::After && bucket.head_object("log").await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), executed).await;
        waited.expect("the emulator reads the request");
        let exists = bucket.head_object("log").await.is_ok();
        assert_eq!(exists, when == When::After, "{error}");
    }
}

#[tokio::test]
async fn a_refused_request_was_not_executed() {
    let (emulator, bucket) = start().await;
    bucket.append_object("log", 0).body("line").await.unwrap();
    let error = append(&bucket).await.unwrap_err();
    assert!(!error.may_have_been_executed(), "{error}");
    let error = bucket.append_object("", 0).body("line").await.unwrap_err();
    assert!(!error.may_have_been_executed(), "{error}");
    fail(&emulator, [FaultRule::on_any().status(403)]);
    let error = append(&bucket).await.unwrap_err();
    assert!(!error.may_have_been_executed(), "{error}");
}

/// The last attempt alone was refused.
#[tokio::test]
async fn an_earlier_attempt_may_have_been_executed() {
    let (emulator, bucket) = start().await;
    let rules = [
        FaultRule::on_any()
            .reset(Reset::Before)
            .when(When::After)
            .times(1),
        FaultRule::on_any().status(403).after(1),
    ];
    fail(&emulator, rules);
    let error = bucket.put_object("k").body("new").await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(error.may_have_been_executed(), "{error}");
}

/// Nothing was sent when the deadline passed.
#[tokio::test]
async fn a_deadline_before_the_first_attempt_proves_that_nothing_was_executed() {
    let (_emulator, bucket) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(256 << 20).unwrap();
    let body = qingstor_sdk::Body::from_path(file.path()).await.unwrap();
    let call = bucket.append_object("log", 0).body(body);
    let call = call
        .compute_content_md5()
        .timeout(Duration::from_millis(15));
    let error = call.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
    assert!(!error.may_have_been_executed(), "{error}");
}
