//! The memory that transfers need, as the system counts it for this process.
//!
//! The server is a process of its own: this test's program, started again to run [`server`] alone.
//! `QINGSTOR_MEMORY_MIB=10240` sends and fetches as much.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod transfer;

use std::future::{Future, IntoFuture};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, Config, DownloadTarget, QingStor, UploadSource};

use transfer::{MIB, PART, content};

/// What stands before the server's address, and what its client needs, on its output.
const ADDRESS: &str = "server at ";

/// The server, until its input ends: with the test, however that ends. Alone it does nothing.
#[test]
#[ignore = "another test starts it as a process of its own"]
fn server() {
    if std::env::var_os("QINGSTOR_TEST_SERVER").is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let emulator = Emulator::builder().start().await.unwrap();
        let (id, secret) = (emulator.access_key_id(), emulator.secret_access_key());
        println!("\n{ADDRESS}{} {id} {secret}", emulator.endpoint());
        let end = || std::io::stdin().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(end).await.unwrap().unwrap();
        emulator.shutdown().await;
    });
}

/// The process that runs [`server`].
struct Server {
    process: Child,
    /// Held until it ends: nobody would read what it still says.
    _output: BufReader<ChildStdout>,
    config: Config,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server", "--ignored", "--nocapture"])
            .env("QINGSTOR_TEST_SERVER", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let address = (&mut output)
            .lines()
            .map(Result::unwrap)
            .find_map(|line| Some(line.strip_prefix(ADDRESS)?.to_owned()))
            .expect("the server's address");
        let mut parts = address.split(' ');
        let mut part = || parts.next().expect("address, id and secret");
        let (endpoint, id, secret) = (part(), part(), part());
        Self {
            process,
            _output: output,
            config: Config::new(id, secret).endpoint(endpoint),
        }
    }

    async fn bucket(&self) -> Bucket {
        let bucket = QingStor::new(self.config.clone()).unwrap();
        let bucket = bucket.bucket("transfers", "pek3a").unwrap();
        bucket.put().await.unwrap();
        bucket
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its input ends: it removes what it has on the disk, and ends.
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

/// What this process has in memory, in bytes, as the system counts it.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Pieces of one short text, again and again, so that the source itself needs no memory.
fn endless(len: usize) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    let piece = content(MIB);
    let items = (0..len / MIB).map(move |_| Ok(piece.clone()));
    futures_util::stream::iter(items)
}

/// The most that is in memory while the future runs.
async fn most_during<T>(future: impl Future<Output = T>) -> (T, usize) {
    let watch = async {
        let mut most = 0;
        loop {
            most = most.max(resident().unwrap());
            tokio::time::sleep(Duration::from_millis(2)).await;
            MOST.fetch_max(most, std::sync::atomic::Ordering::Relaxed);
        }
    };
    MOST.store(0, std::sync::atomic::Ordering::Relaxed);
    let output = tokio::select! {
        output = future => output,
        () = watch => unreachable!("it watches for ever"),
    };
    (output, MOST.load(std::sync::atomic::Ordering::Relaxed))
}

static MOST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// The largest part of a stream of this length: they grow, since the length is not known before.
fn largest_part(mut len: usize) -> usize {
    let mut part = PART;
    while let Some(rest) = len.checked_sub(1000 * part) {
        (len, part) = (rest, 2 * part);
    }
    part
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() {
    if resident().is_none() {
        // Only Linux tells.
        return;
    }
    /// Buffers of connections, what the allocator keeps for its threads, and the code that runs for
    /// the first time. Less than the parts of a file would need, were they held.
    const SLACK: usize = 48 * MIB;
    const CONCURRENCY: usize = 2;
    const FILE: usize = 192 * MIB;
    let len = match std::env::var("QINGSTOR_MEMORY_MIB") {
        Ok(text) => text.parse::<usize>().expect("a number") * MIB,
        Err(_) => FILE,
    };
    let bound = |part| part * (CONCURRENCY + 1) + SLACK;
    let server = Server::start();
    let bucket = &server.bucket().await;
    let before = resident().unwrap();
    let started = Instant::now();

    let upload = bucket
        .upload("k", UploadSource::stream(endless(len)))
        .part_size(PART as u64);
    let upload = upload.concurrency(CONCURRENCY).into_future();
    let (output, most) = most_during(upload).await;
    assert_eq!(output.unwrap().bytes, len as u64);
    let grown = most.saturating_sub(before);
    println!(
        "upload of a stream of {} MiB: {} MiB in memory, {:?}",
        len / MIB,
        grown / MIB,
        started.elapsed()
    );
    let most_allowed = bound(largest_part(len));
    assert!(grown <= most_allowed, "{grown} bytes for {most_allowed}");

    let before = resident().unwrap();
    let started = Instant::now();
    let download = bucket.download("k", DownloadTarget::writer(tokio::io::sink()));
    let download = download.part_size(PART as u64).concurrency(CONCURRENCY);
    let (output, most) = most_during(download.into_future()).await;
    assert_eq!(output.unwrap().bytes, len as u64);
    let grown = most.saturating_sub(before);
    println!(
        "download to a writer: {} MiB in memory, {:?}",
        grown / MIB,
        started.elapsed()
    );
    let most_allowed = bound(PART);
    assert!(grown <= most_allowed, "{grown} bytes for {most_allowed}");

    let file = bucket.upload("k", UploadSource::stream(endless(FILE)));
    file.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let before = resident().unwrap();
    let download = bucket.download("k", &path).into_future();
    let (output, most) = most_during(download).await;
    output.unwrap();
    let of_download = most.saturating_sub(before);
    let upload = bucket.upload("k", path.as_path()).multipart_threshold(0);
    let (output, most) = most_during(upload.into_future()).await;
    output.unwrap();
    let of_upload = most.saturating_sub(before);
    println!(
        "file: download {} MiB, upload {} MiB",
        of_download / MIB,
        of_upload / MIB
    );
    assert!(
        of_download.max(of_upload) <= SLACK,
        "files are not held in memory"
    );
}
