//! Timeouts: which time counts, and which does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use qingstor_sdk::{
    Body, Config, DroppedEvent, ErrorKind, Observer, QingStor, RequestEvent, RetryEvent,
    RetryPolicy,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{RequestBody, Server, raw, response};

const IDLE: Duration = Duration::from_millis(700);

/// A stream of `pieces` chunks of 10 bytes. Before each chunk and before the end, it pauses longer
/// than the idle timeout.
fn pausing(pieces: usize) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    let items = (0..=pieces).map(move |number| (number < pieces).then(|| Bytes::from(vec![7; 10])));
    futures_util::stream::iter(items).filter_map(|piece| async {
        tokio::time::sleep(2 * IDLE).await;
        piece.map(Ok)
    })
}

#[tokio::test]
async fn a_pausing_source_is_not_a_timeout() {
    let server = Server::start(RequestBody::Read, |_, _| response("201 Created", &[], b"")).await;
    let bucket = server.bucket_with(|config| config.idle_timeout(IDLE));
    for pieces in [0, 1] {
        let body = Body::from_stream(pausing(pieces), pieces as u64 * 10);
        bucket.put_object("k").body(body).await.unwrap();
    }
    assert_eq!(server.seen.body_bytes(), 10);
}

#[tokio::test]
async fn an_in_process_handler_may_wait_for_a_source() {
    let config = Config::new("ID", "SECRET").idle_timeout(IDLE);
    let config = config.in_process(|request| async {
        let body = request.into_body().into_stream().unwrap();
        let len: usize = body
            .map(|piece| piece.unwrap().len())
            .fold(0, |a, b| async move { a + b })
            .await;
        assert_eq!(len, 10);
        http::Response::builder()
            .status(201)
            .body(Vec::new())
            .unwrap()
    });
    let bucket = QingStor::new(config).unwrap();
    let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
    let body = Body::from_stream(pausing(1), 10);
    bucket.put_object("k").body(body).await.unwrap();
}

/// A pause earlier in the body does not affect the timeout at its end.
#[tokio::test]
async fn a_silent_service_is_a_timeout_after_a_pause() {
    let server = Server::start(RequestBody::Read, |_, _| Vec::new()).await;
    let bucket = server.bucket_with(|config| config.idle_timeout(IDLE));
    let body = Body::from_stream(pausing(1), 10);
    let put = bucket.put_object("k").body(body);
    let error = tokio::time::timeout(Duration::from_secs(30), put.send()).await;
    let error = error.expect("the call ends").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

/// The idle timeout starts with the last byte that the connection has taken.
#[tokio::test]
async fn a_service_that_takes_no_bytes_is_a_timeout_after_one_period() {
    let server = Server::start(RequestBody::Ignore, |_, _| Vec::new()).await;
    for len in [10, 100_000, 20_000_000] {
        let never = RetryPolicy::never();
        let bucket = server.bucket_with(|config| config.idle_timeout(2 * IDLE).retry(never));
        let started = Instant::now();
        let error = bucket.put_object("k").body(vec![7; len]).await;
        let (error, elapsed) = (error.unwrap_err(), started.elapsed());
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("no response within"), "{error}");
        assert!(
            (2 * IDLE..3 * IDLE).contains(&elapsed),
            "{len}: {elapsed:?}"
        );
    }
}

/// The time between the items of a list is not a part of any request.
#[tokio::test]
async fn a_slow_consumer_of_a_list_is_not_a_timeout() {
    const KEYS: u64 = 6;
    const PAGES: u64 = 3;
    let server = Server::start(RequestBody::Read, |number, _| {
        let key = |key| format!(r#"{{"key":"{number}-{key}"}}"#);
        let keys: Vec<_> = (0..KEYS).map(key).collect();
        let (keys, has_more) = (keys.join(","), number < PAGES);
        let body = format!(r#"{{"keys":[{keys}],"has_more":{has_more},"next_marker":"{number}"}}"#);
        let close = [("Connection", "close")];
        response("200 OK", &close, body.as_bytes())
    })
    .await;
    let bucket = server.bucket_with(|config| config.retry(RetryPolicy::never()));
    let mut keys = bucket.list_objects().timeout(IDLE).items();
    let mut count = 0;
    while let Some(key) = keys.next().await {
        key.unwrap();
        count += 1;
        tokio::time::sleep(IDLE / 2).await;
    }
    assert_eq!(count, KEYS * PAGES);
    // A caller that stops to wait for a page, and returns later.
    let mut pages = bucket.list_objects().timeout(IDLE).pages();
    let page = tokio::time::timeout(Duration::ZERO, pages.next()).await;
    assert!(page.is_err());
    tokio::time::sleep(2 * IDLE).await;
    pages.next().await.unwrap().unwrap();
}

/// A server that pauses before each of three pieces of 10 bytes.
async fn pausing_server(pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await?);
                }
                let head = raw("200 OK", &[("Content-Length", "30")], b"");
                stream.write_all(&head).await?;
                for _ in 0..3 {
                    tokio::time::sleep(pause).await;
                    stream.write_all(&[7; 10]).await?;
                }
                std::future::pending::<std::io::Result<()>>().await
            });
        }
    });
    endpoint
}

/// The time in which a caller does something else does not count, even if it has begun to wait.
#[tokio::test]
async fn a_caller_that_stops_to_wait_for_a_body_is_not_a_timeout() {
    let endpoint = pausing_server(5 * IDLE / 2).await;
    let config = || Config::new("ID", "SECRET").endpoint(&endpoint);
    let read = async |config, absence, is_stream| {
        let bucket = QingStor::new(config).unwrap();
        let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
        let mut body = bucket.get_object("k").await.unwrap().body;
        let mut len = 0;
        loop {
            let wait = Duration::from_millis(20);
            let chunk = match is_stream {
                true => tokio::time::timeout(wait, body.next()).await,
                false => tokio::time::timeout(wait, body.chunk().map(Result::transpose)).await,
            };
            match chunk {
                Ok(Some(bytes)) => len += bytes.unwrap().len(),
                Ok(None) => break,
                Err(_) => tokio::time::sleep(absence).await,
            }
        }
        assert_eq!(len, 30);
    };
    let each = async |is_stream| {
        let idle = || config().idle_timeout(IDLE);
        let throughput = |period| config().min_throughput(64 << 10, Duration::from_millis(period));
        tokio::join!(
            read(idle(), 2 * IDLE, is_stream),
            // An absence that is shorter than the timeout.
            read(idle(), 4 * IDLE / 7, is_stream),
            read(throughput(600), 2 * IDLE, is_stream),
            read(throughput(3000), 5 * IDLE / 7, is_stream),
        );
    };
    tokio::join!(each(true), each(false));
}

/// A request for a page runs in a task.
#[tokio::test]
async fn a_dropped_list_ends_its_request() {
    let server = Server::start(RequestBody::Read, |_, _| {
        raw("200 OK", &[("Content-Length", "9")], b"")
    })
    .await;
    let counts = Arc::new(Counts::default());
    let bucket = server.bucket_with(|config| config.observer(Arc::clone(&counts)));
    let wait_for = async |count: &AtomicU32, expected| {
        let limit = Instant::now() + Duration::from_secs(10);
        while count.load(Ordering::Relaxed) < expected && Instant::now() < limit {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(count.load(Ordering::Relaxed), expected);
    };
    let mut pages = bucket.list_objects().pages();
    assert!(pages.next().now_or_never().is_none());
    wait_for(&counts.requests, 1).await;
    assert_eq!(counts.dropped.load(Ordering::Relaxed), 0);
    drop(pages);
    wait_for(&counts.dropped, 1).await;
    let mut items = bucket.list_objects().items();
    assert!(items.next().now_or_never().is_none());
    wait_for(&counts.requests, 2).await;
    drop(items);
    wait_for(&counts.dropped, 2).await;
}

/// Counts events.
#[derive(Default)]
struct Counts {
    requests: AtomicU32,
    dropped: AtomicU32,
    retries: AtomicU32,
}

impl Observer for Counts {
    fn request(&self, _: &RequestEvent<'_>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn dropped(&self, _: &DroppedEvent<'_>) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn retry(&self, _: &RetryEvent<'_>) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }
}

/// Otherwise, the timeouts of the request would include the time in which the caller does something
/// else.
#[tokio::test]
async fn the_request_for_the_rest_of_a_body_runs_while_nobody_polls() {
    let server = Server::start(RequestBody::Read, |number, _| match number {
        1 => {
            let headers = [("Content-Length", "30"), ("ETag", "\"e\"")];
            raw("200 OK", &headers, &[7; 10])
        }
        _ => {
            let headers = [("ETag", "\"e\""), ("Content-Range", "bytes 10-29/30")];
            response("206 Partial Content", &headers, &[7; 20])
        }
    })
    .await;
    let counts = Arc::new(Counts::default());
    let bucket = server.bucket_with(|config| {
        let config = config.idle_timeout(IDLE);
        config.observer(Arc::clone(&counts))
    });
    let body = bucket.get_object("k").await.unwrap().body;
    let mut bytes = Box::pin(body.bytes());
    while counts.retries.load(Ordering::Relaxed) == 0 {
        assert!(bytes.as_mut().now_or_never().is_none());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let limit = Instant::now() + Duration::from_secs(10);
    while server.seen.requests() == 1 && Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(server.seen.requests(), 2);
    assert_eq!(bytes.await.unwrap(), [7; 30].as_slice());
}

/// A runtime whose timers are always late does not disable the timeouts.
#[tokio::test]
async fn a_silent_server_is_a_timeout_even_in_a_busy_runtime() {
    let endpoint = pausing_server(Duration::from_secs(3600)).await;
    let read = move |config: Config| {
        let endpoint = endpoint.clone();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let config = config.endpoint(&endpoint).retry(RetryPolicy::never());
                let bucket = QingStor::new(config).unwrap();
                let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
                let body = bucket.get_object("k").await.unwrap().body;
                tokio::spawn(async {
                    loop {
                        std::thread::sleep(Duration::from_millis(300));
                        tokio::task::yield_now().await;
                    }
                });
                let bytes = tokio::time::timeout(Duration::from_secs(60), body.bytes()).await;
                let error = bytes.expect("the wait ends").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            });
        })
    };
    let config = || Config::new("ID", "SECRET");
    let idle = read(config().idle_timeout(IDLE));
    let slow = read(config().min_throughput(64 << 10, IDLE));
    for thread in [idle, slow] {
        let ended = tokio::task::spawn_blocking(|| thread.join());
        ended.await.unwrap().unwrap();
    }
}

/// A server that sends a head, and then its body byte by byte, without an end.
async fn trickling(head: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = head.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await?);
                }
                stream.write_all(&head).await?;
                loop {
                    stream.write_all(b" ").await?;
                    tokio::time::sleep(IDLE / 20).await;
                }
                #[expect(unreachable_code, reason = "names the type of the error")]
                Ok::<_, std::io::Error>(())
            });
        }
    });
    endpoint
}

#[tokio::test]
async fn a_trickling_body_that_is_read_whole_is_a_timeout() {
    let json = [
        ("Content-Type", "application/json"),
        ("Content-Length", "1000000"),
    ];
    for (status, kind, code) in [
        ("200 OK", ErrorKind::Timeout, None),
        ("404 Not Found", ErrorKind::Service, Some(404)),
        ("503 Service Unavailable", ErrorKind::Service, Some(503)),
    ] {
        let endpoint = trickling(raw(status, &json, b"{")).await;
        let config = Config::new("ID", "SECRET")
            .endpoint(endpoint)
            .slow_timeout(Duration::from_secs(1))
            .retry(RetryPolicy::never());
        let bucket = QingStor::new(config).unwrap();
        let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
        let started = Instant::now();
        let call = tokio::time::timeout(Duration::from_secs(30), bucket.list_objects().send());
        let error = call.await.expect("the call ends").unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(
            error.status().map(|status| status.as_u16()),
            code,
            "{error}"
        );
        assert!(started.elapsed() >= Duration::from_secs(1), "{error}");
    }
    // The output needs no body, so an incomplete one is not an error.
    let endpoint = trickling(raw("200 OK", &[("Content-Length", "1000000")], b"")).await;
    let config = Config::new("ID", "SECRET")
        .endpoint(endpoint)
        .slow_timeout(Duration::from_secs(1));
    let bucket = QingStor::new(config).unwrap();
    let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
    let call = tokio::time::timeout(Duration::from_secs(30), bucket.put_acl([]).send());
    call.await.expect("the call ends").unwrap();
}
