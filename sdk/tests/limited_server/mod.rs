//! A server that stores nothing, and limits the throughput and the number of requests.

#![allow(dead_code, reason = "each test file uses a part")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use qingstor_sdk::{Bucket, Config, QingStor, RetryBudget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// The default length of the object that downloads receive, in bytes.
pub(crate) const OBJECT: usize = 256 << 20;
/// The bytes that are read or written at once.
const CHUNK: usize = 64 << 10;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Bytes per second of each connection.
    pub(crate) connection: Option<usize>,
    /// Bytes per second of all connections together.
    pub(crate) total: Option<usize>,
    /// Requests with content that are accepted at the same time. The others get a 503.
    pub(crate) requests: Option<usize>,
    /// The time until each response.
    pub(crate) latency: Duration,
    /// When the rates fall to a tenth, counted from the first connection, and for how long.
    pub(crate) drop: Option<(Duration, Duration)>,
    /// Length of the object that downloads receive, in bytes; `None` for [`OBJECT`].
    pub(crate) object: Option<usize>,
}

#[derive(Default)]
struct Counts {
    /// Requests with content.
    requests: AtomicUsize,
    in_flight: AtomicUsize,
}

pub(crate) struct LimitedServer {
    addr: SocketAddr,
    counts: Arc<Counts>,
}

impl LimitedServer {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let counts = Arc::<Counts>::default();
        let total = Arc::new(Mutex::new(Instant::now()));
        let first = Arc::<OnceLock<Instant>>::default();
        let server = Self {
            addr,
            counts: Arc::clone(&counts),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                first.get_or_init(Instant::now);
                let connection = Connection {
                    first: Arc::clone(&first),
                    stream,
                    limits,
                    counts: Arc::clone(&counts),
                    own: Mutex::new(Instant::now()),
                    total: Arc::clone(&total),
                };
                tokio::spawn(connection.serve());
            }
        });
        server
    }

    pub(crate) fn bucket(&self) -> Bucket {
        // A setting that is too high needs many retries.
        let config = Config::new("ID", "SECRET")
            .endpoint(format!("http://{}", self.addr))
            .retry_budget(RetryBudget::unlimited());
        let qingstor = QingStor::new(config).expect("a client");
        qingstor.bucket("some-bucket", "pek3a").expect("a bucket")
    }

    /// Returns the number of requests with content.
    pub(crate) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::Relaxed)
    }
}

struct Connection {
    stream: TcpStream,
    limits: Limits,
    counts: Arc<Counts>,
    /// The time of the first connection.
    first: Arc<OnceLock<Instant>>,
    /// The time at which the next bytes may pass: of this connection, and of all.
    own: Mutex<Instant>,
    total: Arc<Mutex<Instant>>,
}

/// A request that is accepted.
struct Accepted<'a>(&'a Counts);

impl Drop for Accepted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    async fn serve(mut self) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.stream.read_u8().await?);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let length =
                header(&head, "content-length: ").map_or(0, |text| text.parse().unwrap_or(0));
            let is_download = head.starts_with("get ");
            if !is_download && !head.starts_with("put ") {
                self.receive(length, &mut buffer, false).await?;
                let body = br#"{"upload_id":"id"}"#;
                if head
                    .lines()
                    .next()
                    .is_some_and(|line| line.contains("?uploads"))
                {
                    self.respond("200 OK", "", body.len()).await?;
                    self.stream.write_all(body).await?;
                } else {
                    self.respond("201 Created", "", 0).await?;
                }
                continue;
            }
            let counts = Arc::clone(&self.counts);
            counts.requests.fetch_add(1, Ordering::Relaxed);
            let others = counts.in_flight.fetch_add(1, Ordering::Relaxed);
            let accepted = Accepted(&counts);
            if self.limits.requests.is_some_and(|limit| others >= limit) {
                drop(accepted);
                self.respond("503 Service Unavailable", "Connection: close\r\n", 0)
                    .await?;
                while self.stream.read(&mut buffer).await? > 0 {}
                return Ok(());
            }
            if is_download {
                self.send(&head, &buffer).await?;
            } else {
                self.receive(length, &mut buffer, true).await?;
                drop(accepted);
                self.respond("201 Created", "ETag: \"limited\"\r\n", 0)
                    .await?;
            }
        }
    }

    async fn receive(
        &mut self,
        length: usize,
        buffer: &mut [u8],
        is_limited: bool,
    ) -> std::io::Result<()> {
        let mut left = length;
        while left > 0 {
            let wanted = left.min(buffer.len());
            self.stream.read_exact(&mut buffer[..wanted]).await?;
            left -= wanted;
            if is_limited {
                self.pass(wanted).await;
            }
        }
        Ok(())
    }

    async fn send(&mut self, head: &str, content: &[u8]) -> std::io::Result<()> {
        let range = header(head, "range: bytes=").and_then(|range| range.split_once('-'));
        let end = self.limits.object.unwrap_or(OBJECT) - 1;
        let (first, last) = range.map_or((0, end), |(first, last)| {
            let last = last.parse().unwrap_or(end);
            (first.parse().unwrap_or(0), last.min(end))
        });
        let mut left = last + 1 - first;
        let headers = format!(
            "ETag: \"limited\"\r\nContent-Range: bytes {first}-{last}/{}\r\n",
            end + 1
        );
        self.respond("206 Partial Content", &headers, left).await?;
        while left > 0 {
            let len = left.min(content.len());
            self.pass(len).await;
            self.stream.write_all(&content[..len]).await?;
            left -= len;
        }
        Ok(())
    }

    async fn respond(&mut self, status: &str, headers: &str, length: usize) -> std::io::Result<()> {
        if !self.limits.latency.is_zero() {
            tokio::time::sleep(self.limits.latency).await;
        }
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await
    }

    /// Waits until `len` bytes may pass.
    async fn pass(&self, len: usize) {
        let elapsed = self.first.get().map(Instant::elapsed).unwrap_or_default();
        let is_low = self
            .limits
            .drop
            .is_some_and(|(start, time)| (start..start + time).contains(&elapsed));
        let share = if is_low { 10 } else { 1 };
        for (next, rate) in [
            (&self.own, self.limits.connection),
            (&*self.total, self.limits.total),
        ] {
            if let Some(rate) = rate {
                tokio::time::sleep_until(reserve(next, len, rate / share)).await;
            }
        }
    }
}

/// Returns the time at which `len` bytes may pass.
fn reserve(next: &Mutex<Instant>, len: usize, rate: usize) -> Instant {
    let mut next = next.lock().expect("no panic");
    // Makes up for timers that are late.
    let earliest = Instant::now() - Duration::from_millis(20);
    *next = (*next).max(earliest) + Duration::from_secs_f64(len as f64 / rate as f64);
    *next
}

fn header<'h>(head: &'h str, start: &str) -> Option<&'h str> {
    head.lines()
        .find_map(|line| line.strip_prefix(start))
        .map(str::trim)
}
