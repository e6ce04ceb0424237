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

const REPEATS: usize = 200;

/// A request with a wrong signature.
struct Request {
    name: &'static str,
    method: &'static str,
    target: String,
    /// Lines with their line ends.
    headers: String,
    body: usize,
    /// Number of other accounts of the emulator.
    accounts: usize,
}

impl Request {
    fn new(name: &'static str, method: &'static str, target: &str, headers: &str) -> Self {
        Self {
            name,
            method,
            target: target.to_owned(),
            headers: headers.to_owned(),
            body: 0,
            accounts: 0,
        }
    }

    /// Returns the request as sent, with a digest of the given length as its signature.
    fn to_bytes(&self, access_key_id: &str, digest_length: usize) -> Vec<u8> {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let signature = STANDARD.encode(vec![7; digest_length]);
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nDate: {date}\r\n{}Content-Length: {}\r\n\
             Authorization: QS {access_key_id}:{signature}\r\n\r\n",
            self.method, self.target, self.headers, self.body
        );
        [head.into_bytes(), vec![b'a'; self.body]].concat()
    }
}

fn requests() -> Vec<Request> {
    let parameters = (0..40).map(|number| format!("parameter_{number}=value%20{number}"));
    let many_parameters = parameters.collect::<Vec<_>>().join("&");
    let long_key = "%E4%B8%AD".repeat(340);
    let many_headers = (0..60)
        .map(|number| format!("x-qs-meta-number-{number}: value {number}\r\n"))
        .collect::<String>();
    let common_headers = "Content-Type: text/plain; charset=utf-8\r\n\
         Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nx-qs-meta-color: dark red\r\n\
         x-qs-meta-size: 3\r\nx-qs-storage-class: STANDARD\r\n";
    let date = format!(
        "x-qs-date: {}\r\n",
        httpdate::fmt_http_date(SystemTime::now())
    );
    let long_value = format!("x-qs-meta-note: {}\r\n", "word ".repeat(400));
    vec![
        Request::new("plain GET", "GET", "/photos/cat.jpg", ""),
        Request::new(
            "PUT with headers and parameters",
            "PUT",
            "/photos/a%20b/%E4%B8%AD?upload_id=0123456789abcdef&part_number=1",
            common_headers,
        ),
        Request {
            body: 64 << 10,
            ..Request::new("PUT of 64 KiB", "PUT", "/photos/a%20b", common_headers)
        },
        Request::new("header of 2 KB", "GET", "/photos/cat.jpg", &long_value),
        Request::new(
            "key of 1,020 bytes",
            "GET",
            &format!("/photos/{long_key}"),
            "",
        ),
        Request::new("60 headers", "GET", "/photos/cat.jpg", &many_headers),
        Request::new(
            "40 parameters",
            "GET",
            &format!("/photos/cat.jpg?{many_parameters}&acl&uploads&version_id=a%2Fb"),
            "",
        ),
        Request {
            accounts: 1000,
            ..Request::new("1,000 other accounts", "GET", "/photos/cat.jpg", "")
        },
        Request {
            body: 64 << 10,
            accounts: 1000,
            ..Request::new(
                "all of these",
                "PUT",
                &format!("/photos/{long_key}?{many_parameters}&acl&uploads&version_id=a%2Fb"),
                &[&many_headers, common_headers, &long_value, &date].concat(),
            )
        },
    ]
}

/// Returns the median time of a response.
async fn median(explains: bool, request: &Request, digest_length: usize) -> Duration {
    let builder = (0..request.accounts).fold(Emulator::builder(), |builder, number| {
        builder.account(format!("ID{number}"), format!("secret of account {number}"))
    });
    let builder = builder.in_memory().explain_signatures(explains);
    let emulator = builder.start().await.unwrap();
    let request = request.to_bytes(emulator.access_key_id(), digest_length);
    let mut stream = TcpStream::connect(emulator.addr()).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        stream.write_all(&request).await.unwrap();
        let mut response = Vec::new();
        // The error document is the end of the response.
        while !response.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut response).await.unwrap(), 0);
        }
        times.push(start.elapsed());
    }
    times.sort();
    times.into_iter().nth(REPEATS / 2).unwrap_or_default()
}

#[tokio::main]
async fn main() {
    println!(
        "{:<34} {:>14} {:>14}",
        "wrong signature of", "32 bytes", "20 bytes"
    );
    for request in requests() {
        print!("{:<34}", request.name);
        for digest_length in [32, 20] {
            let with = median(true, &request, digest_length).await;
            let without = median(false, &request, digest_length).await;
            print!(" {:>11} us", with.saturating_sub(without).as_micros());
        }
        println!();
    }
}
