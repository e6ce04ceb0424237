//! Measures the throughput and the number of requests with each fixed concurrency, and with the
//! adaptive one, against a server with limits.
//!
//! `cargo bench -p qingstor-sdk --bench adaptive -- upload` runs the cases whose names contain this
//! text.

// A benchmark may panic.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

#[path = "../tests/limited_server/mod.rs"]
mod limited_server;

use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_sdk::{Bucket, DownloadTarget, RetryPolicy};
use tokio::runtime::Runtime;

use limited_server::{LimitedServer, Limits};

const MIB: usize = 1 << 20;
const PART: usize = 8 * MIB;
/// The fixed settings.
const SETTINGS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// A server, and the bytes that are transferred to it and from it.
struct Case {
    name: &'static str,
    limits: Limits,
    mib: usize,
    /// How often each setting is measured. The median counts.
    rounds: usize,
}

/// MiB per second of each connection.
fn connection(mib: usize) -> Limits {
    Limits {
        connection: Some(mib * MIB),
        ..Limits::default()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, limits, mib| Case {
        name,
        limits,
        mib,
        rounds: 1,
    };
    let total = |mib: usize| Some(mib * MIB);
    let latency = Duration::from_millis(30);
    vec![
        case("2 MiB/s for each connection", connection(2), 256),
        // Finding the limit takes up to 0.25 s, which is more than a tenth of a transfer of 2 s. With
        // the best setting, each of these takes 4 s, or 2 s if its connections are fast.
        case("4 MiB/s for each connection", connection(4), 1024),
        case("8 MiB/s for each connection", connection(8), 2048),
        case("16 MiB/s for each connection", connection(16), 4096),
        case("32 MiB/s for each connection", connection(32), 4096),
        case(
            "8 MiB/s for each connection, latency 30 ms",
            Limits {
                latency,
                ..connection(8)
            },
            2048,
        ),
        case(
            "16 MiB/s for each connection, 100 MiB/s for all",
            Limits {
                total: total(100),
                ..connection(16)
            },
            512,
        ),
        case(
            "100 MiB/s for all connections",
            Limits {
                total: total(100),
                ..Limits::default()
            },
            512,
        ),
        case(
            "16 MiB/s for each connection, 503 above 6 requests",
            Limits {
                requests: Some(6),
                ..connection(16)
            },
            512,
        ),
        case(
            "16 MiB/s for each connection, 503 above 6 requests, latency 30 ms",
            Limits {
                requests: Some(6),
                latency,
                ..connection(16)
            },
            512,
        ),
        case(
            // With 64 connections, 2 GiB would be transferred before the rates fall.
            "32 MiB/s for each connection, a tenth of it for 2 s",
            Limits {
                drop: Some((Duration::from_secs(1), Duration::from_secs(2))),
                ..connection(32)
            },
            4096,
        ),
        // The processors are the limit: two transfers with the same setting differ by up to a half.
        Case {
            rounds: 7,
            ..case("no limit", Limits::default(), 4096)
        },
    ]
}

/// Runs the cases whose names contain an argument of the program, or all of them.
fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let filters: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<_> = filters
        .iter()
        .filter(|text| !text.starts_with("--"))
        .collect();
    for case in cases() {
        let (limits, mib) = (case.limits, case.mib);
        for direction in ["upload", "download"] {
            let title = format!("{direction} of {mib} MiB, {}", case.name);
            if !filters.is_empty() && !filters.iter().any(|filter| title.contains(*filter)) {
                continue;
            }
            println!("{title}");
            let len = mib * MIB;
            let limits = Limits {
                object: Some(len),
                ..limits
            };
            // Before the time is measured: filling new memory takes up to a second for each GiB.
            let content = match direction {
                "upload" => Some(Bytes::from(vec![7; len])),
                _ => None,
            };
            let run = |fixed| runtime.block_on(run(limits, content.clone(), len, fixed));
            // A setting whose connections alone need more than 20 seconds is not the best one.
            let is_possible = |setting: &usize| {
                let rate = limits.connection;
                rate.is_none_or(|rate| len / rate / setting < 20)
            };
            let fixed = SETTINGS.into_iter().filter(is_possible).map(Some);
            let settings: Vec<_> = fixed.chain([None]).collect();
            let mut costs = vec![Vec::new(); settings.len()];
            for _ in 0..case.rounds {
                for (costs, setting) in costs.iter_mut().zip(&settings) {
                    costs.push(run(*setting));
                }
            }
            let costs: Vec<_> = costs.into_iter().map(median).collect();
            let fixed = costs
                .iter()
                .zip(&settings)
                .filter(|(_, setting)| setting.is_some());
            let best = fixed.map(|((rate, _), _)| *rate).fold(0.0, f64::max);
            for (setting, (rate, requests)) in settings.into_iter().zip(costs) {
                let setting =
                    setting.map_or("adaptive".into(), |setting| format!("{setting} at a time"));
                let share = rate / best;
                println!(
                    "  {setting:14} {rate:7.1} MiB/s, {share:4.2} of the best, {requests} requests"
                );
            }
        }
    }
}

/// Returns the median of the throughputs, with its number of requests.
fn median(mut costs: Vec<(f64, usize)>) -> (f64, usize) {
    costs.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    costs[costs.len() / 2]
}

/// Uploads `content`, or downloads as many bytes. Returns the throughput in MiB per second, and the
/// number of requests.
async fn run(
    limits: Limits,
    content: Option<Bytes>,
    len: usize,
    fixed: Option<usize>,
) -> (f64, usize) {
    let server = LimitedServer::start(limits).await;
    let bucket = server.bucket();
    let started = Instant::now();
    match content {
        Some(content) => upload(&bucket, content, fixed).await,
        None => download(&bucket, fixed).await,
    }
    let rate = len as f64 / MIB as f64 / started.elapsed().as_secs_f64();
    (rate, server.requests())
}

/// A setting that is too high needs many attempts.
fn policy() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(1000)
        .max_backoff(Duration::from_millis(200))
}

async fn upload(bucket: &Bucket, content: Bytes, fixed: Option<usize>) {
    let upload = bucket.upload("k", content);
    let upload = upload.part_size(PART as u64).verify(false).retry(policy());
    match fixed {
        Some(parts) => upload.concurrency(parts),
        None => upload,
    }
    .await
    .expect("an upload");
}

async fn download(bucket: &Bucket, fixed: Option<usize>) {
    let download = bucket.download("k", DownloadTarget::writer(tokio::io::sink()));
    let download = download.part_size(PART as u64).retry(policy());
    match fixed {
        Some(ranges) => download.concurrency(ranges),
        None => download,
    }
    .await
    .expect("a download");
}
