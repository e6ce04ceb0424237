//! Concurrent ranges are faster if each connection is slow.

// A test may panic.
#![cfg(test)]

mod transfer;

use std::time::{Duration, Instant};

use qingstor_sdk::DownloadTarget;

use transfer::{MIB, Site, content};

#[tokio::test]
async fn many_slow_connections_are_faster_than_one() {
    /// Bytes per second of one connection.
    const SLOW: usize = 2 * MIB;
    let site = Site::start().await;
    let stored = content(4 * MIB);
    let put = site.bucket.put_object("k").body(stored.clone());
    put.await.unwrap();
    site.faults(&[&format!("operation=GetObject,trickle={SLOW}")]);
    let mut took = Vec::<Duration>::new();
    for connections in [1, 8] {
        let mut memory = Vec::new();
        let started = Instant::now();
        let download = site
            .bucket
            .download("k", DownloadTarget::writer(&mut memory));
        let download = download
            .part_size((MIB / 2) as u64)
            .concurrency(connections);
        download.await.unwrap();
        took.push(started.elapsed());
        assert!(memory == stored);
    }
    println!("1 connection: {:?}, 8: {:?}", took[0], took[1]);
    assert!(took[0] > 2 * took[1], "{took:?}");
}
