//! Time of the explanation of a wrong signature: the additional time of a response.
//!
//! The signature is that of another string, so that the search tries all mistakes until its limit.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark stops with a message if it cannot run"
)]

use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qingstor_emulator::Emulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const REPEATS: usize = 300;

/// Text of about 500 bytes.
macro_rules! words {
    () => {
        "The quick brown fox jumps over the lazy dog, and the lazy dog does not move at all. \
         The quick brown fox jumps over the lazy dog, and the lazy dog does not move at all. \
         The quick brown fox jumps over the lazy dog, and the lazy dog does not move at all. \
         The quick brown fox jumps over the lazy dog, and the lazy dog does not move at all. \
         The quick brown fox jumps over the lazy dog, and the lazy dog does not move at all. "
    };
}

/// A header whose value has about 2 KiB.
const LONG: &str = concat!(
    "x-qs-meta-note: ",
    words!(),
    words!(),
    words!(),
    words!(),
    "\r\n"
);

/// Name, target and headers of each request.
const REQUESTS: [(&str, &str, &str); 3] = [
    ("plain GET", "/photos/cat.jpg", ""),
    (
        "PUT with headers and parameters",
        "/photos/a%20b/%E4%B8%AD?upload_id=0123456789abcdef&part_number=1",
        "Content-Type: text/plain; charset=utf-8\r\nContent-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\n\
         x-qs-meta-color: dark red\r\nx-qs-meta-size: 3\r\nx-qs-storage-class: STANDARD\r\n",
    ),
    ("long string to sign", "/photos/cat.jpg", LONG),
];

/// Returns the median time of a response.
async fn median(explains: bool, target: &str, headers: &str) -> Duration {
    let builder = Emulator::builder().in_memory().explain_signatures(explains);
    let emulator = builder.start().await.unwrap();
    let date = httpdate::fmt_http_date(SystemTime::now());
    let signature = STANDARD.encode([7; 32]);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nDate: {date}\r\n{headers}\
         Authorization: QS {}:{signature}\r\n\r\n",
        emulator.access_key_id()
    );
    let mut stream = TcpStream::connect(emulator.addr()).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        // The error document is the end of the response.
        while !response.ends_with(b"}") {
            stream.read_buf(&mut response).await.unwrap();
        }
        times.push(start.elapsed());
    }
    times.sort();
    times.into_iter().nth(REPEATS / 2).unwrap_or_default()
}

#[tokio::main]
async fn main() {
    println!("{:<34} {:>12}", "wrong signature of", "explanation");
    for (name, target, headers) in REQUESTS {
        let with = median(true, target, headers).await;
        let without = median(false, target, headers).await;
        let time = with.saturating_sub(without);
        println!("{name:<34} {:>9} us", time.as_micros());
    }
}
