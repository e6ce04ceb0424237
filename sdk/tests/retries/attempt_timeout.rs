//! The timeout of an attempt: which time it includes, and what follows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use http::Response;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Body, Config, ErrorKind, QingStor, RetryPolicy, UploadSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{bucket_of, config, fail, hits, quick, start};

const LIMIT: Duration = Duration::from_millis(300);
/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(600);
const MESSAGE: &str = "the attempt took longer than 0.3 s";

fn policy() -> RetryPolicy {
    quick().attempt_timeout(LIMIT)
}

fn limited(emulator: &Emulator) -> Config {
    config(emulator).retry(policy())
}

/// Returns a rule that delays the responses to so many requests.
fn silent(times: u64) -> FaultRule {
    FaultRule::on_any().latency(FOREVER).times(times)
}

/// A proxy of the emulator that accepts the first `silent` connections, and never responds on them.
async fn half_open(silent: usize, to: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            if kept.len() < silent {
                kept.push(near);
                continue;
            }
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    endpoint
}

#[tokio::test]
async fn a_silent_connection_leaves_time_for_other_attempts() {
    let (emulator, _) = start().await;
    let endpoint = half_open(2, emulator.addr()).await;
    let bucket = bucket_of(limited(&emulator).endpoint(endpoint));
    let started = Instant::now();
    let output = bucket.get_object("k").timeout(100 * LIMIT).await.unwrap();
    assert_eq!(output.attempts(), 3);
    assert!(started.elapsed() >= 2 * LIMIT, "{:?}", started.elapsed());
    assert_eq!(output.body.bytes().await.unwrap(), "content");
}

#[tokio::test]
async fn the_error_names_the_limit_that_was_exceeded() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(limited(&emulator));
    fail(&emulator, [silent(1000)]);
    let call = || bucket.get_object("k");
    let error = call().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
    let expected = format!("{MESSAGE} (before the response)");
    assert_eq!(error.message(), expected);
    assert!(error.is_retryable());

    let error = call().retry(policy().max_attempts(1)).await.unwrap_err();
    assert_eq!((error.message(), error.attempts()), (&*expected, 1));

    // A body that the connection takes at once: it is sent, although that cannot be observed.
    let put = bucket.put_object("k").body(vec![7; 60 << 10]);
    let error = put.retry(policy().max_attempts(1)).await.unwrap_err();
    assert_eq!(error.message(), expected);
    assert!(error.may_have_been_executed());

    // The deadline of the call expires during the second attempt.
    let slow = quick().attempt_timeout(4 * LIMIT);
    let get = call().retry(slow.clone()).timeout(6 * LIMIT);
    let error = get.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 2));
    assert_eq!(
        error.message(),
        "deadline of 1.8 s exceeded before the response"
    );
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.contains("the attempt took longer than 1.2 s"),
        "{source}"
    );

    // The shorter limit applies.
    let get = call().retry(slow).timeout(LIMIT / 3);
    let error = get.await.unwrap_err();
    assert_eq!(
        error.message(),
        "deadline of 0.1 s exceeded before the response"
    );
    let unlimited = quick().attempt_timeout(Duration::MAX);
    let error = call().retry(unlimited).timeout(LIMIT / 3).await;
    assert_eq!(error.unwrap_err().attempts(), 1);
    let idle = bucket_of(limited(&emulator).idle_timeout(LIMIT / 3));
    let error = idle.get_object("k").await.unwrap_err();
    assert_eq!(error.message(), "no response within 0.1 s");
}

#[tokio::test]
async fn a_zero_timeout_fails_without_a_panic() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [silent(1000)]);
    let policy = quick().attempt_timeout(Duration::ZERO);
    let error = bucket.get_object("k").retry(policy).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
}

#[tokio::test]
async fn only_safe_attempts_are_retried() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(limited(&emulator));
    fail(&emulator, [silent(1)]);
    let error = bucket.append_object("log", 0).body("line").await;
    assert_eq!(error.unwrap_err().attempts(), 1);

    // A stream that cannot be read again.
    fail(&emulator, [silent(1)]);
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>("abc"), Ok("de")]);
    let put = bucket
        .put_object("streamed")
        .body(Body::from_stream(stream, 5));
    let error = put.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert_eq!(error.message(), format!("{MESSAGE} (before the response)"));
}

/// Without a connection, the service cannot have received anything.
#[tokio::test]
async fn an_attempt_without_a_connection_is_always_retried() {
    let (emulator, _) = start().await;
    // TLS gets no response.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", silent.local_addr().unwrap());
    let bucket = bucket_of(limited(&emulator).endpoint(endpoint));
    let append = bucket.append_object("log", 0).body("line");
    let error = append.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
    let expected = format!("{MESSAGE} (without a connection)");
    assert_eq!(error.message(), expected);
}

/// Whether the client measures the attempt, for an observer or a deadline, makes no difference.
#[tokio::test]
async fn an_idle_timeout_without_a_connection_is_always_retried() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", silent.local_addr().unwrap());
    for connect_timeout in [LIMIT, 20 * LIMIT] {
        let config = Config::new("ID", "SECRET")
            .endpoint(&endpoint)
            .retry(quick());
        let config = config.idle_timeout(LIMIT).connect_timeout(connect_timeout);
        for timeout in [None, Some(Duration::from_secs(60))] {
            let append = bucket_of(config.clone())
                .append_object("log", 0)
                .body("line");
            let append = match timeout {
                Some(timeout) => append.timeout(timeout),
                None => append,
            };
            let error = append.await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
            assert!(!error.may_have_been_executed(), "{timeout:?}: {error}");
        }
    }
}

#[tokio::test]
async fn retries_take_tokens_from_the_budget() {
    let (emulator, _) = start().await;
    let budget = qingstor_sdk::RetryBudget::new(10);
    let bucket = bucket_of(limited(&emulator).retry_budget(budget.clone()));
    fail(&emulator, [silent(1000)]);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!((error.attempts(), budget.tokens()), (2, Some(0)));
}

/// Before each of three chunks of 10 bytes and before the end, pauses longer than the limit.
fn pausing() -> Body {
    let items = (0..=3).map(|number| (number < 3).then(|| Bytes::from(vec![7; 10])));
    let stream = futures_util::stream::iter(items).filter_map(|piece| async {
        tokio::time::sleep(3 * LIMIT / 2).await;
        piece.map(Ok::<_, std::io::Error>)
    });
    Body::from_stream(stream, 30)
}

#[tokio::test]
async fn the_time_of_the_source_does_not_count() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(limited(&emulator));
    let output = bucket.put_object("k").body(pausing()).await.unwrap();
    assert_eq!(output.attempts(), 1);
    // The rest of the time counts.
    fail(&emulator, [FaultRule::on_any().latency(FOREVER)]);
    let put = bucket.put_object("k").body(pausing()).send();
    let error = tokio::time::timeout(FOREVER / 10, put).await;
    let error = error.expect("the attempt ends").unwrap_err();
    assert!(error.message().starts_with(MESSAGE), "{error}");
}

/// The service takes bytes all the time, so that no other timeout ends the upload.
#[tokio::test]
async fn the_time_of_a_slow_upload_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 << 10];
                while stream.read(&mut buffer).await.is_ok_and(|len| len > 0) {
                    tokio::time::sleep(LIMIT / 20).await;
                }
            });
        }
    });
    let config = Config::new("ID", "SECRET").endpoint(endpoint);
    let bucket = bucket_of(config.retry(policy().max_attempts(2)));
    let put = bucket.put_object("k").body(vec![7; 32 << 20]);
    let error = put.await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 2));
    assert!(error.message().starts_with(MESSAGE), "{error}");
}

#[tokio::test]
async fn a_stream_may_take_longer_than_an_attempt() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(limited(&emulator));
    let content = vec![7; 64 << 10];
    bucket.put_object("k").body(content.clone()).await.unwrap();
    fail(
        &emulator,
        [FaultRule::on("GetObject").trickle(50_000).times(1)],
    );
    let output = bucket.get_object("k").await.unwrap();
    let started = Instant::now();
    assert!(output.body.bytes().await.unwrap() == content);
    assert!(started.elapsed() > LIMIT, "{:?}", started.elapsed());
    // The request for the rest of a body is limited, too.
    let rules = [
        FaultRule::on("GetObject").truncate(1000).times(1),
        FaultRule::on("GetObject")
            .latency(FOREVER)
            .after(1)
            .times(1),
    ];
    fail(&emulator, rules);
    let output = bucket.get_object("k").await.unwrap();
    assert!(output.body.bytes().await.unwrap() == content);
    assert_eq!(hits(&emulator), [1, 1]);
}

/// Serves the first `silent` requests with a head and the first byte of its body, and the others
/// completely.
async fn incomplete(silent: u32, status: &'static str, body: &'static str) -> Config {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let sent = if number < silent { &body[..1] } else { body };
            let len = body.len();
            let response = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{sent}"
            );
            stream.write_all(response.as_bytes()).await.unwrap();
            kept.push(stream);
        }
    });
    Config::new("ID", "SECRET").endpoint(endpoint)
}

#[tokio::test]
async fn a_body_that_the_client_reads_as_a_whole_counts() {
    let body = r#"{"keys":[],"has_more":false}"#;
    let bucket = bucket_of(incomplete(2, "200 OK", body).await.retry(policy()));
    assert_eq!(bucket.list_objects().await.unwrap().attempts(), 3);
    let bucket = bucket_of(incomplete(9, "200 OK", body).await.retry(policy()));
    let error = bucket.list_objects().await.unwrap_err();
    let expected = format!("{MESSAGE} (after 1 of 28 bytes of the response body)");
    assert_eq!((error.message(), error.attempts()), (&*expected, 4));
}

/// The status is known, although the body is not complete.
#[tokio::test]
async fn the_status_of_an_incomplete_body_is_returned_in_time() {
    let body = r#"{"code":"object_not_exists"}"#;
    let bucket = bucket_of(incomplete(1, "404 Not Found", body).await.retry(policy()));
    let started = Instant::now();
    let error = bucket.get_object("k").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(started.elapsed() < 10 * LIMIT, "{:?}", started.elapsed());
}

#[tokio::test]
async fn each_part_of_a_transfer_has_its_own_time() {
    let (emulator, bucket) = start().await;
    let content = vec![7; 12 << 20];
    let part_rule = |operation| FaultRule::on(operation).latency(FOREVER).times(2);
    fail(
        &emulator,
        [part_rule("UploadMultipart"), part_rule("GetObject")],
    );
    let policy = quick().attempt_timeout(10 * LIMIT);
    let upload = bucket.upload("large", UploadSource::from(content.clone()));
    let upload = upload.part_size(4 << 20).multipart_threshold(4 << 20);
    upload.retry(policy.clone()).await.unwrap();
    let mut memory = Vec::new();
    let target = qingstor_sdk::DownloadTarget::writer(&mut memory);
    let download = bucket.download("large", target).retry(policy);
    download.await.unwrap();
    assert!(memory == content);
    assert_eq!(hits(&emulator), [2, 2]);
}

#[tokio::test]
async fn an_in_process_handler_has_a_limited_time() {
    let calls = Arc::<AtomicU32>::default();
    let counter = Arc::clone(&calls);
    let config = Config::new("ID", "SECRET").in_process(move |request| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        async move {
            if number == 0 {
                std::future::pending::<()>().await;
            }
            let chunks: Vec<_> = request.into_body().into_stream().unwrap().collect().await;
            let len: usize = chunks
                .iter()
                .map(|chunk| chunk.as_ref().unwrap().len())
                .sum();
            let response = Response::builder().status(201);
            let response = response.header("ETag", format!("\"{len}\""));
            response.body(Vec::new()).unwrap()
        }
    });
    let bucket = QingStor::new(config.retry(policy())).unwrap();
    let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
    // The handler of the first attempt does not read the stream, so that it can be sent.
    let output = bucket.put_object("k").body(pausing()).await.unwrap();
    assert_eq!((output.attempts(), &*output.etag), (2, "\"30\""));
}

#[cfg(feature = "reqwest-client")]
#[tokio::test]
async fn a_custom_client_has_the_same_limits() {
    let (emulator, _) = start().await;
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls());
    let bucket = bucket_of(limited(&emulator).reqwest_client(builder));
    fail(&emulator, [silent(1)]);
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
    bucket.put_object("k").body(pausing()).await.unwrap();
}

#[cfg(feature = "reqwest-client")]
fn tls() -> tokio_rustls::rustls::ClientConfig {
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

#[cfg(feature = "blocking")]
#[test]
fn a_blocking_call_has_the_same_limits() {
    use qingstor_sdk::blocking::Wait;

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (emulator, _) = runtime.block_on(start());
    let bucket = bucket_of(limited(&emulator));
    fail(&emulator, [silent(1)]);
    assert_eq!(bucket.get_object("k").wait().unwrap().attempts(), 2);
}
