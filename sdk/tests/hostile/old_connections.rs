//! Idle connections that are dead, although the service is healthy: a firewall or a load balancer has
//! forgotten them, or the service has closed them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor, RetryBudget, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Number of connections that the client opens while the service is healthy.
const CONNECTIONS: usize = 8;

/// Tokens of the retry budget.
const TOKENS: u32 = 500;

/// How a connection ends with a request that is not its first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
    /// Part of a response arrives first.
    ClosedInResponse,
    /// It stays open, and nothing arrives.
    Silent,
}

const ALL: [End; 4] = [End::Closed, End::Reset, End::ClosedInResponse, End::Silent];

/// A server that responds to the first request of a connection, and ends the connection with the next one.
struct Server {
    endpoint: String,
    accepted: Arc<AtomicUsize>,
    /// Number of requests without a response.
    lost: Arc<AtomicU64>,
    /// Number of connections after which the server serves no more.
    available: Arc<AtomicUsize>,
}

impl Server {
    async fn start(end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            accepted: Arc::default(),
            lost: Arc::default(),
            available: Arc::new(AtomicUsize::new(usize::MAX)),
        };
        let (accepted, lost) = (Arc::clone(&server.accepted), Arc::clone(&server.lost));
        let available = Arc::clone(&server.available);
        // The first connections wait for each other, so that the client opens all of them.
        let barrier = Arc::new(tokio::sync::Barrier::new(CONNECTIONS));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = accepted.fetch_add(1, Ordering::Relaxed);
                if number >= available.load(Ordering::Relaxed) {
                    stream.set_zero_linger().unwrap();
                    continue;
                }
                let (lost, barrier) = (Arc::clone(&lost), Arc::clone(&barrier));
                tokio::spawn(async move {
                    let barrier = (number < CONNECTIONS).then_some(&*barrier);
                    serve(stream, end, &lost, barrier).await
                });
            }
        });
        server
    }

    /// Returns a handle whose client has [`CONNECTIONS`] idle connections.
    async fn bucket(&self, budget: &RetryBudget, policy: RetryPolicy) -> Bucket {
        let config = Config::new("ID", "SECRET")
            .endpoint(&self.endpoint)
            .idle_timeout(Duration::from_millis(500))
            .retry_budget(budget.clone())
            .retry(policy);
        let bucket = QingStor::new(config).unwrap();
        let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
        let heads = (0..CONNECTIONS).map(|_| bucket.head_object("k").send());
        for head in futures_util::future::join_all(heads).await {
            assert_eq!(head.unwrap().attempts(), 1);
        }
        assert_eq!(self.accepted(), CONNECTIONS);
        bucket
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

async fn serve(
    mut stream: TcpStream,
    end: End,
    lost: &AtomicU64,
    barrier: Option<&tokio::sync::Barrier>,
) -> std::io::Result<()> {
    let status = match read_request(&mut stream).await?.starts_with("put") {
        true => "201 Created",
        false => "200 OK",
    };
    let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes();
    if let Some(barrier) = barrier {
        barrier.wait().await;
    }
    stream.write_all(&response).await?;
    read_request(&mut stream).await?;
    lost.fetch_add(1, Ordering::Relaxed);
    match end {
        End::Closed => stream.shutdown().await,
        End::Reset => stream.set_zero_linger(),
        End::ClosedInResponse => stream.write_all(&response[..20]).await,
        End::Silent => std::future::pending().await,
    }
}

/// Returns the head of the request in lower case.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = crate::server::header(&head, "content-length");
    let length = length.map_or(0, |value| value.parse().unwrap());
    let mut body = stream.take(length);
    tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
    Ok(head)
}

fn quick() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(1))
}

/// If the retry waited, the test would take minutes.
fn slow() -> RetryPolicy {
    let delay = Duration::from_secs(300);
    RetryPolicy::default()
        .initial_backoff(delay)
        .max_backoff(delay)
}

fn tokens(budget: &RetryBudget) -> u32 {
    budget.tokens().unwrap()
}

#[tokio::test]
async fn one_retry_is_enough_however_many_idle_connections_are_dead() {
    for end in ALL {
        let server = Server::start(end).await;
        let budget = RetryBudget::new(TOKENS);
        let bucket = server.bucket(&budget, quick()).await;
        for call in 1..=3 {
            let head = bucket.head_object("k").await;
            let head = head.unwrap_or_else(|error| panic!("{end:?}: {error}"));
            assert_eq!(head.attempts(), 2, "{end:?}");
            assert_eq!(server.accepted(), CONNECTIONS + call, "{end:?}");
        }
        assert_eq!(server.lost(), 3, "{end:?}");
    }
}

#[tokio::test]
async fn a_request_on_a_closed_connection_is_repeated_without_delay_and_tokens() {
    for end in [End::Closed, End::Reset] {
        let server = Server::start(end).await;
        let budget = RetryBudget::new(TOKENS);
        let bucket = server.bucket(&budget, slow()).await;
        let calls = async {
            for body_len in [0, 10, 1_000_000] {
                let put = bucket.put_object("k").body(vec![7; body_len]);
                let put = put.content_type("text/plain").await;
                let put = put.unwrap_or_else(|error| panic!("{end:?}: {error}"));
                assert_eq!(put.attempts(), 2, "{end:?}, {body_len}");
            }
        };
        let calls = tokio::time::timeout(Duration::from_secs(60), calls).await;
        calls.expect("no call waits");
        assert_eq!((tokens(&budget), server.lost()), (TOKENS, 3), "{end:?}");
    }
}

/// More calls fail at first than the budget has tokens for.
#[tokio::test]
async fn a_service_that_closes_connections_early_does_not_use_up_the_budget() {
    let server = Server::start(End::Closed).await;
    let budget = RetryBudget::new(5);
    let bucket = server.bucket(&budget, slow()).await;
    let calls = async {
        for _ in 0..5 {
            let heads = (0..CONNECTIONS).map(|_| bucket.head_object("k").send());
            for head in futures_util::future::join_all(heads).await {
                head.unwrap();
            }
        }
    };
    let calls = tokio::time::timeout(Duration::from_secs(60), calls).await;
    calls.expect("no call waits");
    assert!(server.lost() >= CONNECTIONS as u64, "{}", server.lost());
    assert_eq!(budget.tokens(), Some(5));
}

#[tokio::test]
async fn a_failure_that_an_old_connection_does_not_explain_takes_tokens() {
    for (end, expected) in [(End::ClosedInResponse, 5), (End::Silent, 10)] {
        let server = Server::start(end).await;
        let budget = RetryBudget::new(TOKENS);
        let bucket = server.bucket(&budget, quick()).await;
        bucket.head_object("k").await.unwrap();
        assert_eq!(tokens(&budget), TOKENS - expected, "{end:?}");
    }
}

/// Only the first retry is free: the others follow failures of new connections.
#[tokio::test]
async fn the_retries_of_an_outage_take_tokens() {
    let server = Server::start(End::Reset).await;
    let budget = RetryBudget::new(TOKENS);
    let bucket = server.bucket(&budget, quick()).await;
    server.available.store(0, Ordering::Relaxed);
    let error = bucket.head_object("k").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Connect, 4),
        "{error}"
    );
    assert_eq!(tokens(&budget), TOKENS - 2 * 5);
    assert_eq!((server.lost(), server.accepted()), (1, CONNECTIONS + 3));
}

#[tokio::test]
async fn a_request_that_may_not_be_repeated_fails_on_an_old_connection() {
    let is_executed = |error: &Error| (error.attempts(), error.may_have_been_executed());
    for end in ALL {
        let server = Server::start(end).await;
        let budget = RetryBudget::new(TOKENS);
        let bucket = server.bucket(&budget, quick()).await;
        let error = bucket.append_object("k", 0).body("line").await.unwrap_err();
        assert_eq!(is_executed(&error), (1, true), "{end:?}: {error}");
        let once = bucket.head_object("k").retry(RetryPolicy::never());
        let error = once.await.unwrap_err();
        assert_eq!(is_executed(&error), (1, true), "{end:?}: {error}");
        assert_eq!((tokens(&budget), server.lost()), (TOKENS, 2), "{end:?}");
    }
}

/// The deadline of a call is not that of its first attempt.
#[tokio::test]
async fn an_attempt_timeout_on_an_old_connection_is_followed_by_a_new_connection() {
    let server = Server::start(End::Silent).await;
    let policy = quick().attempt_timeout(Duration::from_millis(200));
    let bucket = server.bucket(&RetryBudget::new(TOKENS), policy).await;
    let started = Instant::now();
    let head = bucket.head_object("k").timeout(Duration::from_secs(20));
    assert_eq!(head.await.unwrap().attempts(), 2);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(server.lost(), 1);
}
