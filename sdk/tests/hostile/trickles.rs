//! Bodies that trickle, and callers that are slow.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use qingstor_sdk::{
    Body, Bucket, Config, DownloadTarget, ErrorKind, QingStor, RetryBudget, RetryPolicy,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{header, response};

/// The minimum of the tests, in bytes per second.
const MINIMUM: u64 = 64 << 10;
const PERIOD: Duration = Duration::from_millis(600);
/// More than the buffers of a loopback connection take while the server does not read.
const LARGE: usize = 24 << 20;
/// Bytes of each pause of a trickle: 1 KiB per second.
const TRICKLE: usize = 51;
const BURST: usize = 128 << 10;
const PAUSE: Duration = Duration::from_millis(50);

/// How the server treats the bodies of the first requests. The others are served well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    TakesSlowly,
    SendsSlowly,
    /// Sends [`BURST`] bytes quickly, the others slowly.
    SendsBursts,
    /// Sends one byte, and closes the connection.
    SendsOneByte,
    /// Sends one byte, and no other one. The next response takes [`PERIOD`].
    FallsSilent,
}

struct TrickleServer {
    endpoint: String,
    bucket: Bucket,
    requests: Arc<AtomicUsize>,
}

impl TrickleServer {
    /// `trickles`: the number of requests that are treated like this.
    async fn start(treatment: Treatment, trickles: usize, content: Bytes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counter, content) = (Arc::clone(&counter), content.clone());
                tokio::spawn(serve(stream, treatment, trickles, counter, content));
            }
        });
        let bucket = bucket(config(&endpoint).min_throughput(MINIMUM, PERIOD));
        Self {
            endpoint,
            bucket,
            requests,
        }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn config(endpoint: &str) -> Config {
    let retry = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    Config::new("ID", "SECRET").endpoint(endpoint).retry(retry)
}

fn bucket(config: Config) -> Bucket {
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

async fn serve(
    mut stream: TcpStream,
    treatment: Treatment,
    trickles: usize,
    counter: Arc<AtomicUsize>,
    content: Bytes,
) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let is_slow = counter.fetch_add(1, Ordering::Relaxed) < trickles;
        let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
        if is_slow && treatment == Treatment::TakesSlowly {
            let mut buffer = [0; TRICKLE];
            loop {
                stream.read_exact(&mut buffer).await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
        let mut body = (&mut stream).take(length);
        tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
        if !head.starts_with("get") {
            let etag = [("ETag", "\"stored\"")];
            stream
                .write_all(&response("201 Created", &etag, b""))
                .await?;
            continue;
        }
        let range = header(&head, "range").and_then(|range| range.strip_prefix("bytes="));
        let (status, first) = match range.and_then(|range| range.split_once('-')) {
            Some((first, _)) => ("206 Partial Content", first.parse().unwrap()),
            None => ("200 OK", 0),
        };
        let (last, size) = (content.len() - 1, content.len());
        let mut rest = content.slice(first..);
        let head = format!(
            "HTTP/1.1 {status}\r\nETag: \"stored\"\r\nContent-Range: bytes {first}-{last}/{size}\r\n\
             Content-Length: {}\r\n\r\n",
            rest.len()
        );
        if treatment == Treatment::FallsSilent && !is_slow {
            tokio::time::sleep(PERIOD).await;
        }
        stream.write_all(head.as_bytes()).await?;
        if !is_slow {
            stream.write_all(&rest).await?;
            continue;
        }
        if treatment == Treatment::SendsOneByte {
            return stream.write_all(&rest.split_to(1)).await;
        }
        if treatment == Treatment::FallsSilent {
            stream.write_all(&rest.split_to(1)).await?;
            std::future::pending::<()>().await;
        }
        if treatment == Treatment::SendsBursts {
            stream
                .write_all(&rest.split_to(BURST.min(rest.len())))
                .await?;
        }
        for piece in rest.chunks(TRICKLE) {
            stream.write_all(piece).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Large bodies that can be sent again, and one that cannot.
async fn large(folder: &std::path::Path) -> [(&'static str, Body, bool); 3] {
    let content = vec![7_u8; LARGE];
    let path = folder.join("large");
    std::fs::write(&path, &content).unwrap();
    [
        ("memory", Body::from(content.clone()), true),
        ("file", Body::from_path(path).await.unwrap(), true),
        (
            "stream",
            Body::from_reader(Cursor::new(content), LARGE as u64),
            false,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_trickles_is_stalled() {
    let folder = tempfile::tempdir().unwrap();
    for (name, body, is_replayable) in large(folder.path()).await {
        let server = TrickleServer::start(Treatment::TakesSlowly, 1, Bytes::new()).await;
        let result = server.bucket.put_object("k").body(body).await;
        match result {
            Ok(output) => {
                assert!(is_replayable, "{name}");
                assert_eq!(output.attempts(), 2, "{name}");
            }
            Err(error) => {
                assert!(!is_replayable, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::Timeout, "{name}: {error}");
                assert!(error.to_string().contains("bytes/s for"), "{name}: {error}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_to_a_sink_that_trickles_ends() {
    let server = TrickleServer::start(Treatment::TakesSlowly, usize::MAX, Bytes::new()).await;
    let put = server.bucket.put_object("k").body(vec![7; LARGE]);
    let error = tokio::time::timeout(Duration::from_secs(60), put.send()).await;
    let error = error.expect("the call ends").unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Timeout, 4),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_resumed() {
    let content: Bytes = (0..200_000_u32).map(|number| number as u8).collect();
    let server = TrickleServer::start(Treatment::SendsSlowly, 2, content.clone()).await;
    let started = Instant::now();
    let body = server.bucket.get_object("k").await.unwrap().body;
    assert!(body.bytes().await.unwrap() == content);
    assert_eq!(server.requests(), 3);
    assert!(started.elapsed() >= 2 * PERIOD);
    // A range of a transfer, too.
    let server = TrickleServer::start(Treatment::SendsSlowly, 1, content.clone()).await;
    let mut received = Vec::new();
    let target = DownloadTarget::writer(&mut received);
    server.bucket.download("k", target).await.unwrap();
    assert!(received == content);
    assert_eq!(server.requests(), 2);
}

/// The stall of the first body is not that of the second one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_pauses_after_a_stall_reads_the_next_body() {
    let content = Bytes::from(vec![7; 200_000]);
    let server = TrickleServer::start(Treatment::FallsSilent, 1, content.clone()).await;
    let period = Duration::from_millis(200);
    let bucket = bucket(config(&server.endpoint).min_throughput(MINIMUM, period));
    let mut body = bucket.get_object("k").await.unwrap().body;
    assert_eq!(body.chunk().await.unwrap().unwrap().len(), 1);
    // Ends while the rest is requested.
    let read = tokio::time::timeout(period * 2, body.chunk()).await;
    assert!(read.is_err());
    assert_eq!(body.bytes().await.unwrap(), content[1..]);
    assert_eq!(server.requests(), 2);
}

/// A slow network is not a failure: each stall halves the minimum until the body arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_only_arrives_slowly_is_complete_in_the_end() {
    let content: Bytes = (0..5000_u32).map(|number| number as u8).collect();
    let server = TrickleServer::start(Treatment::SendsSlowly, usize::MAX, content.clone()).await;
    let budget = RetryBudget::new(1);
    // Five times as much as the server sends.
    let minimum = 5 << 10;
    let config = config(&server.endpoint).min_throughput(minimum, PERIOD);
    let bucket = bucket(config.retry_budget(budget.clone()));
    let body = bucket.get_object("k").await.unwrap().body;
    assert!(body.bytes().await.unwrap() == content);
    // 5, 2.5 and 1.25 KiB/s are too much. More requests are necessary if the server is delayed.
    assert!(server.requests() >= 4, "{}", server.requests());
    assert_eq!(budget.tokens(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_arrives_fast_enough_is_an_error() {
    let content = Bytes::from(vec![7; 1 << 20]);
    let server = TrickleServer::start(Treatment::SendsSlowly, usize::MAX, content).await;
    let config = config(&server.endpoint).min_throughput(MINIMUM, PERIOD / 3);
    let body = bucket(config).get_object("k").await.unwrap().body;
    let error = body.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("8192 bytes/s"), "{error}");
    // Three with a higher minimum, and three retries.
    assert_eq!((error.attempts(), server.requests()), (6, 6), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_reports_that_the_retry_budget_is_used_up() {
    let content = Bytes::from(vec![7; 1 << 20]);
    let server = TrickleServer::start(Treatment::SendsOneByte, usize::MAX, content).await;
    let config = config(&server.endpoint).retry_budget(RetryBudget::new(20));
    let body = bucket(config).get_object("k").await.unwrap().body;
    let error = body.bytes().await.unwrap_err();
    // Each retry costs 5 tokens.
    assert_eq!((error.attempts(), server.requests()), (5, 5), "{error}");
    let text = error.to_string();
    assert!(
        text.ends_with("; the retry budget of the client is used up"),
        "{text}"
    );
}

/// The minimum applies to the whole body, however often its connections have stalled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stalls_often_is_complete_in_the_end() {
    const STALLS: usize = 12;
    let content: Bytes = (0..STALLS * BURST).map(|number| number as u8).collect();
    let server = TrickleServer::start(Treatment::SendsBursts, usize::MAX, content.clone()).await;
    let period = PERIOD / 3;
    let bucket = bucket(config(&server.endpoint).min_throughput(MINIMUM, period));
    let body = bucket.get_object("k").await.unwrap().body;
    // If each stall halved the minimum, the last bursts would take minutes.
    let read = tokio::time::timeout(Duration::from_secs(60), body.bytes()).await;
    assert!(read.expect("the body trickles").unwrap() == content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_part_of_an_upload_that_trickles_is_sent_again() {
    let server = TrickleServer::start(Treatment::TakesSlowly, 1, Bytes::new()).await;
    let upload = server.bucket.upload("k", vec![7; LARGE]);
    let upload = upload.multipart_threshold(LARGE as u64).await.unwrap();
    assert_eq!((upload.parts, server.requests()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_source_is_not_stalled() {
    let server = TrickleServer::start(Treatment::TakesSlowly, 0, Bytes::new()).await;
    let pieces = futures_util::stream::iter(0..40).then(|_| async {
        tokio::time::sleep(2 * PAUSE).await;
        Ok::<_, std::io::Error>(Bytes::from_static(&[7; 100]))
    });
    let body = Body::from_stream(pieces, 4000);
    let output = server.bucket.put_object("k").body(body).await.unwrap();
    assert_eq!((output.attempts(), server.requests()), (1, 1));
    let upload = server.bucket.upload("k", vec![7_u8; 200_000]);
    upload.max_bytes_per_second(50_000).await.unwrap();
    assert_eq!(server.requests(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_not_stalled() {
    let content = Bytes::from(vec![7; LARGE]);
    let server = TrickleServer::start(Treatment::SendsSlowly, 0, content.clone()).await;
    let mut body = server.bucket.get_object("k").await.unwrap().body;
    let mut received = 0;
    for _ in 0..8 {
        received += body.chunk().await.unwrap().unwrap().len();
        tokio::time::sleep(PERIOD).await;
    }
    received += body.bytes().await.unwrap().len();
    assert_eq!((received, server.requests()), (LARGE, 1));
}

/// The time until the response is not the time of the body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_works_for_a_while_is_not_stalled() {
    let config = Config::new("ID", "SECRET").min_throughput(MINIMUM, PERIOD);
    let config = config.in_process(|request| async {
        let body = request.into_body().into_stream().unwrap();
        let len: usize = body
            .map(|piece| piece.unwrap().len())
            .fold(0, |a, b| async move { a + b })
            .await;
        tokio::time::sleep(3 * PERIOD).await;
        http::Response::builder()
            .status(201)
            .header("x-len", len)
            .body(Vec::new())
            .unwrap()
    });
    let bucket = bucket(config);
    let output = bucket.put_object("k").body(vec![7; 1 << 20]).await.unwrap();
    assert_eq!(output.attempts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_minimum_can_be_disabled() {
    let content = Bytes::from(vec![7; 60 * TRICKLE]);
    let server = TrickleServer::start(Treatment::SendsSlowly, 1, content.clone()).await;
    let bucket = bucket(config(&server.endpoint).min_throughput(0, PERIOD));
    let body = bucket.get_object("k").await.unwrap().body;
    assert!(body.bytes().await.unwrap() == content);
    assert_eq!(server.requests(), 1);
}
