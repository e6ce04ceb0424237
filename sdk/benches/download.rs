//! Measures what downloads to a file cost, with and without verification, compared with `reqwest`:
//! `cargo bench -p qingstor-sdk --bench download`.
//!
//! `reqwest` requests the same ranges with the same number of connections, writes them at their
//! positions, flushes the file to the disk, and does not hash.

// A benchmark may panic.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/bare.rs"]
mod bare;
#[path = "support/transfer_cost.rs"]
mod transfer_cost;

use std::fs::File;
use std::future::IntoFuture;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, stream};
use qingstor_sdk::DownloadTarget;
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

use transfer_cost::{Contender, Group, LEN, PART, bucket};

/// Bytes that are written at once.
const CHUNK: usize = 256 * 1024;

fn main() {
    let groups = [4, 1, 16].map(|in_flight| Group {
        name: format!("download to a file, {in_flight} in flight"),
        contenders: vec![
            reqwest_ranges(in_flight),
            download("verified", in_flight, true),
            download("not verified", in_flight, false),
        ],
    });
    transfer_cost::main(&groups);
}

fn target(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("qingstor-sdk-bench-download-{name}"))
}

fn download(name: &'static str, in_flight: usize, verify: bool) -> Contender {
    Contender::new(name, move |url| {
        let (bucket, path) = (bucket(url), target("sdk"));
        Box::new(move |runtime: &Runtime| {
            let download = bucket.download("key", DownloadTarget::file(&path));
            let download = download.part_size(PART as u64).concurrency(in_flight);
            let output = runtime.block_on(download.verify(verify).into_future());
            let output = output.expect("a download");
            assert_eq!((output.bytes, output.verified), (LEN as u64, verify));
            std::fs::remove_file(&path).expect("a file");
        })
    })
}

fn reqwest_ranges(in_flight: usize) -> Contender {
    Contender::new("`reqwest`", move |url| {
        let url = format!("{url}/my-bucket/key");
        let client = bare::client().build().expect("a client");
        let path = target("reqwest");
        Box::new(move |runtime: &Runtime| {
            let file = File::create(&path).expect("a file");
            file.set_len(LEN as u64).expect("its size");
            let file = Arc::new(Mutex::new(file));
            let ranges = (0..LEN / PART).map(|number| {
                let start = number * PART;
                let range = format!("bytes={start}-{}", start + PART - 1);
                let get = client.get(&url).header("Range", range);
                receive(get, Arc::clone(&file), start as u64)
            });
            let received = runtime.block_on(async {
                let ranges = stream::iter(ranges.map(tokio::spawn)).buffer_unordered(in_flight);
                ranges
                    .fold(0, async |received, range| {
                        received + range.expect("a range")
                    })
                    .await
            });
            assert_eq!(received, LEN);
            file.lock().expect("no panic").sync_all().expect("a flush");
            std::fs::remove_file(&path).expect("a file");
        })
    })
}

/// Receives a range into the file. Returns its length.
async fn receive(get: reqwest::RequestBuilder, file: Arc<Mutex<File>>, mut offset: u64) -> usize {
    let mut response = get.send().await.expect("a response");
    let (mut received, mut buffer) = (0, Vec::new());
    loop {
        let chunk = response.chunk().await.expect("a body");
        let is_end = chunk.is_none();
        buffer.extend_from_slice(&chunk.unwrap_or_default());
        if buffer.len() < CHUNK && !is_end {
            continue;
        }
        received += buffer.len();
        let (file, at, bytes) = (Arc::clone(&file), offset, std::mem::take(&mut buffer));
        offset += bytes.len() as u64;
        let write = spawn_blocking(move || {
            let mut file = file.lock().expect("no panic");
            file.seek(SeekFrom::Start(at)).expect("a position");
            file.write_all(&bytes).expect("a write");
            bytes
        });
        buffer = write.await.expect("a write");
        buffer.clear();
        if is_end {
            return received;
        }
    }
}
