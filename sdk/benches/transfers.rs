//! Measures concurrent ranges and parts with slow and with fast connections, compared with one
//! `GET` by `reqwest`.

// A benchmark may panic.
#![allow(clippy::expect_used)]

#[path = "support/bare.rs"]
mod bare;

use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Bucket, Config, DownloadTarget, QingStor};
use tokio::runtime::Runtime;

/// Length of the object, in bytes.
const LEN: usize = 32 << 20;
/// Speed of a slow connection, in bytes per second.
const SLOW: u64 = 16 << 20;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .measurement_time(Duration::from_secs(15))
        .configure_from_args();
    let runtime = Runtime::new().expect("a runtime");
    let (emulator, bucket) = runtime.block_on(site());
    let content = Bytes::from(vec![7; LEN]);
    let put = bucket.put_object("large").body(content.clone());
    runtime.block_on(put.send()).expect("an object");
    for (name, rules) in [
        ("32 MiB, 16 MiB/s for each connection", vec![slow()]),
        ("32 MiB", Vec::new()),
    ] {
        emulator.set_faults(rules).expect("rules");
        downloads(&mut criterion, &runtime, &bucket, name);
    }
    emulator.clear_faults();
    uploads(&mut criterion, &runtime, &bucket, &content);
    criterion.final_summary();
}

async fn site() -> (Emulator, Bucket) {
    let emulator = Emulator::builder().start().await.expect("an emulator");
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let qingstor = QingStor::new(config).expect("a client");
    let bucket = qingstor.bucket("transfers", "pek3a").expect("a bucket");
    bucket.put().await.expect("a bucket");
    (emulator, bucket)
}

fn slow() -> FaultRule {
    FaultRule::on("GetObject").trickle(SLOW)
}

fn downloads(criterion: &mut Criterion, runtime: &Runtime, bucket: &Bucket, name: &str) {
    let mut group = criterion.benchmark_group(format!("download {name}"));
    group.throughput(Throughput::Bytes(LEN as u64));
    let client = bare::client().build().expect("a client");
    group.bench_function("reqwest, one GET", |b| {
        b.iter(|| {
            let call = bucket.get_object("large");
            let url = call.presign(Duration::from_secs(600)).expect("a URL");
            let url = url.uri().to_string();
            let len = runtime.block_on(async {
                let mut response = client.get(url).send().await.expect("a response");
                let mut len = 0;
                while let Some(chunk) = response.chunk().await.expect("a body") {
                    len += chunk.len();
                }
                len
            });
            assert_eq!(len, LEN);
        });
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("copy");
    for connections in [1, 4, 8] {
        let ranges = |target| {
            let download = bucket.download("large", target);
            download
                .part_size(4 << 20)
                .concurrency(connections)
                .into_future()
        };
        group.bench_function(format!("to a writer, {connections} at a time"), |b| {
            b.iter(|| {
                let target = DownloadTarget::writer(tokio::io::sink());
                runtime.block_on(ranges(target)).expect("a download")
            });
        });
        group.bench_function(format!("to a file, {connections} at a time"), |b| {
            b.iter(|| {
                runtime
                    .block_on(ranges(DownloadTarget::file(&path)))
                    .expect("a download")
            });
        });
    }
    group.finish();
}

fn uploads(criterion: &mut Criterion, runtime: &Runtime, bucket: &Bucket, content: &Bytes) {
    let mut group = criterion.benchmark_group("upload 32 MiB");
    group.throughput(Throughput::Bytes(LEN as u64));
    group.bench_function("one request", |b| {
        b.iter(|| {
            let upload = bucket.upload("copy", content.clone());
            let upload = upload.multipart_threshold(1 << 30);
            runtime.block_on(upload.into_future()).expect("an upload")
        });
    });
    for connections in [1, 4] {
        group.bench_function(format!("parts, {connections} at a time"), |b| {
            b.iter(|| {
                let upload = bucket.upload("copy", content.clone());
                let upload = upload.multipart_threshold(0).concurrency(connections);
                runtime.block_on(upload.into_future()).expect("an upload")
            });
        });
    }
    group.finish();
}
