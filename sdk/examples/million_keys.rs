//! Lists a million keys with a few megabytes of memory: `million_keys [KEYS]`.
//!
//! Storing a million objects would take long, so a closure returns the pages like the service.
//! Requests are signed and pages are decoded as usual.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result};
use http::{Request, Response};
use qingstor_sdk::{Body, Config, QingStor};

const PAGE: usize = 1_000;

/// Returns the page after the marker in the request.
fn page(request: &Request<Body>, keys: usize) -> String {
    let query = request.uri().query().unwrap_or_default();
    let marker = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("marker=key-"));
    let first = marker
        .and_then(|number| number.parse().ok())
        .map_or(0, |last: usize| last + 1);
    let end = keys.min(first + PAGE);
    let mut json = String::from("{\"name\":\"my-bucket\",\"keys\":[");
    for number in first..end {
        let comma = if number == first { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            json,
            "{comma}{{\"key\":\"key-{number:07}\",\"size\":{number},\"etag\":\"e\",\
             \"mime_type\":\"text/plain\",\"modified\":1795000000,\"encrypted\":false,\
             \"created\":\"2026-11-22T10:00:00.000Z\",\"storage_class\":\"STANDARD\"}}"
        );
    }
    let (more, last) = (end < keys, end.saturating_sub(1));
    let next = if more {
        format!("key-{last:07}")
    } else {
        String::new()
    };
    let _ = write!(
        json,
        "],\"has_more\":{more},\"next_marker\":\"{next}\",\"limit\":{PAGE}}}"
    );
    json
}

/// Returns the peak memory of this process in KiB, on Linux.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let all: usize = match std::env::args().nth(1) {
        Some(number) => number
            .parse()
            .with_context(|| format!("{number:?} is no number: million_keys [KEYS]"))?,
        None => 1_000_000,
    };
    anyhow::ensure!(all > 0, "there is nothing to list: million_keys [KEYS]");
    let config = Config::new("ID", "SECRET").in_process(move |request| {
        let response = Response::new(page(&request, all));
        async move { response }
    });
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    let (started, before) = (Instant::now(), peak());
    let mut keys = bucket.list_objects().limit(1000).items();
    let (mut count, mut bytes) = (0_usize, 0_u64);
    let mut last = String::new();
    while let Some(key) = keys.next().await.transpose()? {
        anyhow::ensure!(last < key.key, "{} came after {last}", key.key);
        count += 1;
        bytes += key.size;
        last = key.key;
    }
    println!(
        "{count} keys, {bytes} bytes in all, {:?}",
        started.elapsed()
    );
    assert_eq!((count, last), (all, format!("key-{:07}", all - 1)));
    assert_eq!(bytes, (all as u64 - 1) * all as u64 / 2);
    if let Some(before) = before {
        let grown = peak()
            .context("memory was known before")?
            .saturating_sub(before);
        println!("the process grew by {grown} KiB");
        // The memory of a few pages. A million keys would be more than 100 MiB.
        assert!(grown < 16 * 1024, "{grown} KiB");
    }
    Ok(())
}
