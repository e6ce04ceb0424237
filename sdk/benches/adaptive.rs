//! Adaptive concurrency beside the best fixed setting, against a server with limits.
//!
//! Each row is one transfer: the throughput and the number of requests with each fixed setting, and
//! with the adaptive one. `QINGSTOR_BENCH_MIB=2048` transfers more; the first second, in which the
//! limit is found, weighs less then.

// A bench that can't run may well panic.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

#[path = "../tests/limited_server/mod.rs"]
mod limited_server;

use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_sdk::{Bucket, DownloadTarget, RetryPolicy};
use tokio::runtime::Runtime;

use limited_server::{LimitedServer, Limits, OBJECT};

const MIB: usize = 1 << 20;
const PART: usize = 8 * MIB;
/// The fixed settings.
const SETTINGS: [usize; 6] = [2, 4, 6, 8, 16, 32];

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let mib = match std::env::var("QINGSTOR_BENCH_MIB") {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => 512,
    };
    let connection = |mib: usize| Limits {
        connection: Some(mib * MIB),
        ..Limits::default()
    };
    let cases = [
        ("16 MiB/s for each connection", connection(16)),
        (
            "16 MiB/s for each connection, 100 MiB/s for all",
            Limits {
                total: Some(100 * MIB),
                ..connection(16)
            },
        ),
        (
            "100 MiB/s for all connections",
            Limits {
                total: Some(100 * MIB),
                ..Limits::default()
            },
        ),
        (
            "16 MiB/s for each connection, 503 above 6 requests",
            Limits {
                requests: Some(6),
                ..connection(16)
            },
        ),
        ("no limit", Limits::default()),
    ];
    for (name, limits) in cases {
        for direction in ["upload", "download"] {
            let len = match direction {
                "upload" => mib * MIB,
                _ => OBJECT,
            };
            println!("{direction} of {} MiB, {name}", len / MIB);
            let run = |fixed| runtime.block_on(run(limits, direction, len, fixed));
            let fixed = SETTINGS.map(|setting| (Some(setting), run(Some(setting))));
            let best = fixed.iter().map(|(_, cost)| cost.0).fold(0.0, f64::max);
            for (setting, (rate, requests)) in fixed.into_iter().chain([(None, run(None))]) {
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

/// Returns the throughput in MiB per second, and the number of requests.
async fn run(limits: Limits, direction: &str, len: usize, fixed: Option<usize>) -> (f64, usize) {
    let server = LimitedServer::start(limits).await;
    let bucket = server.bucket();
    let started = Instant::now();
    match direction {
        "upload" => upload(&bucket, len, fixed).await,
        _ => download(&bucket, fixed).await,
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

async fn upload(bucket: &Bucket, len: usize, fixed: Option<usize>) {
    let upload = bucket.upload("k", Bytes::from(vec![7; len]));
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
