//! Measures the overhead of the SDK for small calls, listings and large bodies.
//!
//! Each group compares a call with the same work done manually: HMAC only, `reqwest` only,
//! `serde_json` with plain structs. The exchanges measure the CPU time of this process; the server
//! is another process.

// A benchmark may panic.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/bare.rs"]
mod bare;

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use cpu_time::ProcessTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput};
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use qingstor_sdk::operations::ListObjectsOutput;
use qingstor_sdk::{Body, Bucket, Config, QingStor};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::runtime::Runtime;

#[path = "calls/server.rs"]
mod server;
#[path = "calls/site.rs"]
mod site;
#[path = "calls/small.rs"]
mod small;

use site::Site;

/// Length of a large body, in bytes.
const LARGE: usize = 64 * 1024 * 1024;

fn main() {
    if std::env::args().any(|argument| argument == server::ARGUMENT) {
        return server::run();
    }
    if small::run() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    signing(&mut criterion);
    json(&mut criterion);
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(20)
        .measurement_time(Duration::from_secs(8))
        .configure_from_args();
    let site = Site::start();
    listing(&mut criterion, &site);
    large(&mut criterion, &site);
    criterion.final_summary();
}

/// Builds and signs a request without sending it, compared with the HMAC of its string to sign.
fn signing(criterion: &mut Criterion<WallTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY");
    let bucket = bucket(config);
    let key = Hmac::<Sha256>::new_from_slice(b"SECRET_ACCESS_KEY").expect("a key");
    let text = "GET\n\n\nWed, 10 Dec 2014 17:20:31 GMT\n/my-bucket/photos/2024/cat.jpg";

    let mut group = criterion.benchmark_group("sign");
    group.bench_function("hmac alone", |b| {
        b.iter(|| {
            let mut hmac = key.clone();
            hmac.update(black_box(text).as_bytes());
            hmac.finalize().into_bytes()
        });
    });
    group.bench_function("build and sign a GET", |b| {
        b.iter(|| {
            bucket
                .get_object(black_box("photos/2024/cat.jpg"))
                .build()
                .expect("a request")
        });
    });
    group.bench_function("presign a GET", |b| {
        let ten_minutes = Duration::from_secs(600);
        b.iter(|| {
            bucket
                .get_object(black_box("photos/2024/cat.jpg"))
                .presign(ten_minutes)
                .expect("a URL")
        });
    });
    group.finish();
}

/// Decodes a listing of 1,000 keys and encodes their deletion, without a network.
fn json(criterion: &mut Criterion<WallTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let bucket = bucket(Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"));
    let page = server::page();
    let decoded: ListObjectsOutput = serde_json::from_str(&page).expect("a page");
    let keys: Vec<&str> = decoded.keys.iter().map(|key| &*key.key).collect();

    let mut group = criterion.benchmark_group("1,000 keys");
    group.throughput(Throughput::Bytes(page.len() as u64));
    group.bench_function("decode a listing, plain structs", |b| {
        b.iter(|| serde_json::from_str::<PlainPage>(black_box(&page)).expect("a page"));
    });
    group.bench_function("decode a listing, sdk", |b| {
        b.iter(|| serde_json::from_str::<ListObjectsOutput>(black_box(&page)).expect("a page"));
    });
    let plain: PlainPage = serde_json::from_str(&page).expect("a page");
    group.bench_function("encode a listing's keys, plain structs", |b| {
        b.iter(|| serde_json::to_vec(black_box(&plain.keys)).expect("JSON"));
    });
    group.bench_function("encode a listing's keys, sdk", |b| {
        b.iter(|| serde_json::to_vec(black_box(&decoded.keys)).expect("JSON"));
    });
    group.bench_function("encode and sign a multiple delete", |b| {
        b.iter(|| {
            let keys = black_box(&keys).iter().copied();
            bucket
                .delete_multiple_objects(keys)
                .build()
                .expect("a request")
        });
    });
    group.finish();
}

fn bucket(config: Config) -> Bucket {
    QingStor::new(config)
        .and_then(|service| service.bucket("my-bucket", "pek3a"))
        .expect("a bucket")
}

/// One page of 1,000 keys.
fn listing(criterion: &mut Criterion<CpuTime>, site: &Site) {
    let mut group = criterion.benchmark_group("listing of 1,000 keys");
    group.bench_function("reqwest and serde_json", |b| {
        b.iter(|| {
            site.runtime.block_on(async {
                let url = format!("{}/my-bucket?limit=1000", site.origin);
                let bytes = site
                    .reqwest
                    .get(url)
                    .send()
                    .await
                    .expect("a response")
                    .bytes()
                    .await
                    .expect("a body");
                serde_json::from_slice::<PlainPage>(&bytes)
                    .expect("a page")
                    .keys
                    .len()
            })
        });
    });
    group.bench_function("sdk", |b| {
        b.iter(|| {
            let page = site
                .runtime
                .block_on(async { site.bucket.list_objects().limit(1000).await });
            page.expect("a page").keys.len()
        });
    });
    group.finish();
}

/// Plain structs for the fields of the API.
#[derive(Deserialize)]
struct PlainPage {
    keys: Vec<PlainKey>,
}

#[derive(Deserialize, Serialize)]
struct PlainKey {
    key: String,
    size: u64,
    etag: String,
    mime_type: String,
    modified: i64,
    created: String,
    encrypted: bool,
    storage_class: String,
}

/// Streams large objects.
fn large(criterion: &mut Criterion<CpuTime>, site: &Site) {
    let content = Bytes::from(vec![b'x'; LARGE]);
    let mut group = criterion.benchmark_group("64 MiB stream");
    group.throughput(Throughput::Bytes(LARGE as u64));
    group.sample_size(10);
    group.bench_function("down, reqwest", |b| {
        b.iter(|| {
            site.runtime.block_on(async {
                let mut response = site
                    .reqwest
                    .get(site.url("large"))
                    .send()
                    .await
                    .expect("a response");
                let mut len = 0;
                while let Some(chunk) = response.chunk().await.expect("a chunk") {
                    len += chunk.len();
                }
                len
            })
        });
    });
    group.bench_function("down, sdk", |b| {
        b.iter(|| {
            site.runtime.block_on(async {
                let mut body = site
                    .bucket
                    .get_object("large")
                    .await
                    .expect("a response")
                    .body;
                let mut len = 0;
                while let Some(chunk) = body.next().await {
                    len += chunk.expect("a chunk").len();
                }
                len
            })
        });
    });
    group.bench_function("up, reqwest", |b| {
        b.iter(|| {
            site.runtime.block_on(async {
                let call = site.reqwest.put(site.url("stored")).body(content.clone());
                call.send().await.expect("a response").status()
            })
        });
    });
    group.bench_function("up, sdk", |b| {
        b.iter(|| {
            site.runtime.block_on(async {
                let body = Body::from(content.clone());
                site.bucket
                    .put_object("stored")
                    .body(body)
                    .await
                    .expect("a response")
                    .status()
            })
        });
    });
    group.finish();
}

/// CPU time of this process, user and system.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = ProcessTime;
    type Value = Duration;

    fn start(&self) -> ProcessTime {
        ProcessTime::now()
    }

    fn end(&self, start: ProcessTime) -> Duration {
        start.elapsed()
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
