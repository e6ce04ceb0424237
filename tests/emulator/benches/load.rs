//! Load test: requests per second and latency of many concurrent clients.
//!
//! `cargo bench -p qingstor-emulator` prints a table. With `-- --test`, each measurement takes only
//! a moment. Any response that is not a success fails the run.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark stops with a message if it cannot run"
)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use qingstor_emulator::{Builder, Emulator};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

const CONNECTIONS: [usize; 3] = [1, 64, 1000];
const CONTENT: [u8; 1024] = [b'x'; 1024];
/// Largest number of entries of a list.
const LISTED_OBJECTS: usize = 100;
const OPERATIONS: [&str; 4] = ["PUT", "GET", "HEAD", "LIST"];

/// Results of the clients of one measurement.
#[derive(Default)]
struct Measurement {
    latencies: Vec<Duration>,
    errors: u64,
}

/// Returns a signed request. Clients send it repeatedly, so signing does not affect the result.
fn request(emulator: &Emulator, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let path = target.split('?').next().unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(emulator.secret_access_key().as_bytes()).unwrap();
    mac.update(format!("{method}\n\n\n{date}\n{path}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let id = emulator.access_key_id();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nDate: {date}\r\n\
         Authorization: QS {id}:{signature}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Returns the request that a client repeats.
fn repeated(emulator: &Emulator, operation: &str, client: usize) -> Vec<u8> {
    let key = client % LISTED_OBJECTS;
    match operation {
        "PUT" => request(
            emulator,
            "PUT",
            &format!("/loading/put-{client:04}"),
            &CONTENT,
        ),
        "LIST" => request(emulator, "GET", "/loading?limit=100&prefix=get-", b""),
        method => request(emulator, method, &format!("/loading/get-{key:04}"), b""),
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("cannot connect");
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::with_capacity(32 << 10),
        }
    }

    /// Sends a request and reads the whole response. Returns whether it is a success.
    async fn exchange(&mut self, request: &[u8]) -> bool {
        if self.stream.write_all(request).await.is_err() {
            return false;
        }
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.read().await {
                return false;
            }
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let length = text
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok())
            .filter(|_| !request.starts_with(b"HEAD"))
            .unwrap_or(0);
        while self.buffer.len() < head + length {
            if !self.read().await {
                return false;
            }
        }
        text.starts_with("http/1.1 20")
    }

    async fn read(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(read) if read > 0)
    }
}

/// Sends the same request with many clients for some time.
async fn measure(
    emulator: &Emulator,
    operation: &str,
    connections: usize,
    time: Duration,
) -> (Measurement, Duration) {
    let is_over = Arc::new(AtomicBool::new(false));
    let ready = Arc::new(Barrier::new(connections + 1));
    let errors = Arc::new(AtomicU64::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..connections {
        let request = repeated(emulator, operation, client);
        let (addr, is_over) = (emulator.addr(), Arc::clone(&is_over));
        let (ready, errors) = (Arc::clone(&ready), Arc::clone(&errors));
        clients.spawn(async move {
            let mut connection = Connection::open(addr).await;
            ready.wait().await;
            let mut latencies = Vec::new();
            // Each client sends at least one request.
            while latencies.is_empty() || !is_over.load(Ordering::Relaxed) {
                let started = Instant::now();
                let is_good = connection.exchange(&request).await;
                latencies.push(started.elapsed());
                if !is_good {
                    errors.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
            latencies
        });
    }
    ready.wait().await;
    let started = Instant::now();
    tokio::time::sleep(time).await;
    is_over.store(true, Ordering::Relaxed);
    let mut measurement = Measurement::default();
    while let Some(latencies) = clients.join_next().await {
        measurement.latencies.extend(latencies.unwrap());
    }
    measurement.errors = errors.load(Ordering::Relaxed);
    (measurement, started.elapsed())
}

async fn run(name: &str, builder: Builder, time: Duration) -> u64 {
    let emulator = builder.start().await.expect("the emulator does not start");
    let mut connection = Connection::open(emulator.addr()).await;
    assert!(
        connection
            .exchange(&request(&emulator, "PUT", "/loading", b""))
            .await
    );
    for key in 0..LISTED_OBJECTS {
        let put = request(
            &emulator,
            "PUT",
            &format!("/loading/get-{key:04}"),
            &CONTENT,
        );
        assert!(connection.exchange(&put).await);
    }
    let mut errors = 0;
    for connections in CONNECTIONS {
        for operation in OPERATIONS {
            let (mut measurement, elapsed) = measure(&emulator, operation, connections, time).await;
            measurement.latencies.sort_unstable();
            let count = measurement.latencies.len();
            let at = |percent: usize| measurement.latencies[(count * percent / 100).min(count - 1)];
            println!(
                "{name:<10} {operation:<5} {connections:>5} {:>10.0} {:>10.2?} {:>10.2?} {:>7}",
                count as f64 / elapsed.as_secs_f64(),
                at(50),
                at(99),
                measurement.errors
            );
            errors += measurement.errors;
        }
    }
    emulator.shutdown().await;
    errors
}

#[tokio::main]
async fn main() -> ExitCode {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let time = Duration::from_millis(if is_test { 1 } else { 2000 });
    let directory = tempfile::tempdir().unwrap();
    println!("storage    op    conns   per sec.     median       99 %  errors");
    let durable = Emulator::builder().data_dir(directory.path());
    let mut errors = run("directory", durable, time).await;
    errors += run("temporary", Emulator::builder(), time).await;
    errors += run("memory", Emulator::builder().in_memory(), time).await;
    if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
