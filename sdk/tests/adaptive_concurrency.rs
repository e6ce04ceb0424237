//! Concurrency that adapts to the limits of a server.

#![cfg(feature = "rustls")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod limited_server;

use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_sdk::{Bucket, DownloadTarget, RetryPolicy};

use limited_server::{LimitedServer, Limits, OBJECT};

const MIB: usize = 1 << 20;
const PART: usize = 4 * MIB;

/// The content of this many parts.
fn parts(number: usize) -> Bytes {
    vec![7; number * PART].into()
}

async fn upload(bucket: &Bucket, content: Bytes) -> qingstor_sdk::Result<()> {
    let upload = bucket.upload("k", content);
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    upload.verify(false).await.map(drop)
}

async fn download(bucket: &Bucket) -> qingstor_sdk::Result<()> {
    let target = DownloadTarget::writer(tokio::io::sink());
    let download = bucket.download("k", target).part_size(PART as u64);
    download.await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_raised_while_connections_are_slow() {
    const RATE: usize = 8 * MIB;
    let server = LimitedServer::start(Limits {
        connection: Some(RATE),
        ..Limits::default()
    })
    .await;
    let bucket = server.bucket();
    let content = parts(64);
    for (name, bytes) in [("upload", 64 * PART), ("download", OBJECT)] {
        let started = Instant::now();
        match name {
            "upload" => upload(&bucket, content.clone()).await.unwrap(),
            _ => download(&bucket).await.unwrap(),
        }
        let elapsed = started.elapsed();
        let with_4 = Duration::from_secs_f64(bytes as f64 / (4 * RATE) as f64);
        println!("{name}: {elapsed:?}, 4 at a time: {with_4:?}");
        assert!(elapsed < with_4 * 3 / 4, "{name}: {elapsed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_requests_are_added_if_the_server_sheds_load() {
    for limit in [1, 3, 6] {
        let server = LimitedServer::start(Limits {
            connection: Some(64 * MIB),
            requests: Some(limit),
            ..Limits::default()
        })
        .await;
        let bucket = server.bucket();
        upload(&bucket, parts(OBJECT / PART)).await.unwrap();
        let uploads = server.requests();
        download(&bucket).await.unwrap();
        let downloads = server.requests() - uploads;
        println!(
            "{limit} requests accepted: {uploads} and {downloads} of {}",
            OBJECT / PART
        );
        assert!(uploads * 10 <= 12 * OBJECT / PART, "{limit}: {uploads}");
        assert!(downloads * 10 <= 12 * OBJECT / PART, "{limit}: {downloads}");
    }
}

/// Without retries, the service must not reject a request because the limit was raised on trial.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_not_raised_without_retries() {
    let server = LimitedServer::start(Limits {
        connection: Some(32 * MIB),
        requests: Some(4),
        ..Limits::default()
    })
    .await;
    let upload = server.bucket().upload("k", parts(32));
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    let upload = upload.verify(false).retry(RetryPolicy::never());
    upload.await.unwrap();
    assert_eq!(server.requests(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixed_number_is_kept() {
    let server = LimitedServer::start(Limits {
        connection: Some(64 * MIB),
        requests: Some(2),
        ..Limits::default()
    })
    .await;
    let upload = server.bucket().upload("k", parts(20));
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    upload.verify(false).concurrency(2).await.unwrap();
    assert_eq!(server.requests(), 20);
}
