//! Limits of retries: time, the budget, `Retry-After`, and dropped calls.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use qingstor_emulator::FaultRule;
use qingstor_sdk::{Body, Config, Error, ErrorKind, RetryBudget};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::{bucket_of, config, fail, hits, quick, start};

const SHORT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn the_timeout_of_a_call_includes_all_attempts() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().latency(60 * SHORT)]);
    for call in [
        bucket.get_object("k").timeout(SHORT),
        bucket.get_object("k").retry(quick().total_timeout(SHORT)),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
        assert!(
            error.elapsed() >= SHORT && error.elapsed() < 30 * SHORT,
            "{error}"
        );
    }
    // A delay that would exceed the deadline is not started: the error of the service is more
    // useful.
    fail(&emulator, [FaultRule::on_any().status(503)]);
    let slow = quick()
        .initial_backoff(Duration::from_secs(3000))
        .max_backoff(Duration::from_secs(3000));
    let call = bucket.get_object("k").retry(slow).timeout(SHORT);
    let error = call.await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    // The deadline expires during a later attempt. The error of the previous attempt is its source.
    let rules = [
        FaultRule::on_any().status(503).times(1),
        FaultRule::on_any().latency(60 * SHORT).after(1),
    ];
    fail(&emulator, rules);
    let error = bucket.get_object("k").timeout(5 * SHORT).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 2));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("503"), "{source}");
}

/// Reads nothing. For the path `/some-bucket`, it sends a response whose body does not end.
async fn silent_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut start = [0; 18];
            let peeked = stream.peek(&mut start).await;
            if peeked.is_ok() && start.starts_with(b"GET /some-bucket ") {
                let response = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
                stream.write_all(response).await.unwrap();
            }
            connections.push(stream);
        }
    });
    addr
}

#[tokio::test]
async fn the_error_of_a_deadline_tells_how_far_the_attempt_came() {
    let addr = silent_server().await;
    let bucket = |scheme: &str| {
        let config = Config::new("ID", "SECRET").endpoint(format!("{scheme}://{addr}"));
        bucket_of(config.retry(quick().total_timeout(10 * SHORT)))
    };
    let message = |error: Error| {
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Timeout, 1),
            "{error}"
        );
        error.message().to_owned()
    };
    let prefix = "deadline of 0.6 s exceeded";
    let error = bucket("https").get_object("k").await.unwrap_err();
    assert!(!error.may_have_been_executed(), "{error}");
    assert_eq!(message(error), format!("{prefix} without a connection"));
    let error = bucket("http").get_object("k").await.unwrap_err();
    assert!(error.may_have_been_executed(), "{error}");
    assert_eq!(message(error), format!("{prefix} before the response"));
    let error = bucket("http").list_objects().await.unwrap_err();
    let expected = format!("{prefix} before the end of the response");
    assert_eq!(message(error), expected);
    let body = vec![7; 32 << 20];
    let error = bucket("http").put_object("k").body(body).await;
    let message = message(error.unwrap_err());
    let sent = message.strip_prefix(&format!("{prefix} after ")).unwrap();
    let sent = sent.strip_suffix(" of 33554432 bytes of the request body");
    let sent: u64 = sent.unwrap().parse().unwrap();
    assert!((1..32 << 20).contains(&sent), "{message}");
}

#[tokio::test]
async fn an_idle_timeout_is_retried() {
    let (emulator, _) = start().await;
    let bucket = bucket_of(config(&emulator).idle_timeout(SHORT));
    fail(
        &emulator,
        [FaultRule::on_any().latency(20 * SHORT).times(2)],
    );
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 3);
    fail(&emulator, [FaultRule::on_any().latency(20 * SHORT)]);
    let error = bucket.get_object("k").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 4));
}

#[tokio::test]
async fn the_client_waits_as_long_as_the_service_asks() {
    let (emulator, bucket) = start().await;
    let busy = |seconds| {
        FaultRule::on_any()
            .status(503)
            .retry_after(Duration::from_secs(seconds))
    };
    fail(&emulator, [busy(1).times(1)]);
    let started = Instant::now();
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
    assert!(started.elapsed() >= Duration::from_secs(1));
    // But not longer than 60 seconds, or than the deadline allows.
    for (rule, call) in [
        (busy(61), bucket.get_object("k")),
        (
            busy(30),
            bucket.get_object("k").timeout(Duration::from_secs(20)),
        ),
    ] {
        fail(&emulator, [rule]);
        let error = call.await.unwrap_err();
        assert_eq!(error.attempts(), 1);
        assert!(error.retry_after() >= Some(Duration::from_secs(30)));
    }
}

#[tokio::test]
async fn the_budget_limits_the_load_in_an_outage() {
    let (emulator, _) = start().await;
    let budget = RetryBudget::default();
    let bucket = bucket_of(config(&emulator).retry_budget(budget.clone()));
    fail(&emulator, [FaultRule::on_any().status(503)]);
    let calls = (0..200).map(|_| tokio::spawn(bucket.clone().get_object("k").send()));
    let calls: Vec<_> = calls.collect();
    let mut attempts = 0;
    for call in calls {
        attempts += call.await.unwrap().unwrap_err().attempts();
    }
    // 200 first attempts, and as many retries as 500 tokens allow.
    assert_eq!((attempts, hits(&emulator)), (300, vec![300]));
    assert_eq!(budget.tokens(), Some(0));
    // Successful calls refill the budget.
    emulator.clear_faults();
    for _ in 0..5 {
        bucket.head_object("k").await.unwrap();
    }
    assert_eq!(budget.tokens(), Some(5));
    fail(&emulator, [FaultRule::on_any().status(503).times(1)]);
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn the_timeout_includes_the_time_to_hash_the_body() {
    let (_emulator, bucket) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(256 << 20).unwrap();
    let body = Body::from_path(file.path()).await.unwrap();
    let call = bucket.put_object("k").body(body).compute_content_md5();
    let error = call.timeout(SHORT / 4).await.unwrap_err();
    // Nothing was sent.
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
    assert_eq!(error.operation(), Some("PutObject"));
}

/// Dropping a call ends its attempts.
#[tokio::test]
async fn a_dropped_call_makes_no_further_attempt() {
    let (emulator, bucket) = start().await;
    fail(&emulator, [FaultRule::on_any().status(503)]);
    let policy = quick().max_attempts(u32::MAX).max_backoff(SHORT / 4);
    let call = bucket.get_object("k").retry(policy).send();
    assert!(tokio::time::timeout(SHORT, call).await.is_err());
    // A request that is being sent may still arrive.
    tokio::time::sleep(SHORT).await;
    let before = hits(&emulator);
    tokio::time::sleep(SHORT).await;
    assert_eq!(hits(&emulator), before);
    assert!(before[0] > 1, "{before:?}");
}
