//! The resident memory of this process during large transfers.
//!
//! The server runs in a separate process: this test binary, started again with only [`server`].
//! `QINGSTOR_MEMORY_MIB=10240` uploads and downloads 10 GiB.

#![cfg(test)]

mod transfer;

use std::future::{Future, IntoFuture};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, Config, DownloadTarget, QingStor, UploadSource};

use transfer::{MIB, PART, content};

/// Precedes the address and the credentials in the output of the server.
const ADDRESS: &str = "server at ";

/// Runs the server until its standard input ends, which happens even if the test is killed. Does nothing
/// if it was not started by [`Server::start`].
#[test]
#[ignore = "another test starts it as a separate process"]
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
    /// Kept open, because the server fails if it cannot write.
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
        // The end of its input shuts the server down, which removes its files.
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

/// Returns the resident memory of this process in bytes.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Returns a stream of `len` bytes that repeats one chunk, so that the source needs no memory.
fn repeated(len: usize) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    let piece = content(MIB);
    let items = (0..len / MIB).map(move |_| Ok(piece.clone()));
    futures_util::stream::iter(items)
}

/// Runs the future and returns its output and the maximum resident memory.
async fn peak_memory<T>(future: impl Future<Output = T>) -> (T, usize) {
    let watch = async {
        loop {
            PEAK.fetch_max(resident().unwrap(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    PEAK.store(0, Ordering::Relaxed);
    let output = tokio::select! {
        output = future => output,
        () = watch => unreachable!("the loop does not end"),
    };
    (output, PEAK.load(Ordering::Relaxed))
}

static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Returns the size of the largest part of a stream of this length. Parts grow, because the length is
/// not announced.
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
        // Measured only on Linux.
        return;
    }
    /// Connection buffers, memory that the allocator keeps for its threads, and code that runs for the
    /// first time. Less than the parts of a file would need in memory.
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
        .upload("k", UploadSource::stream(repeated(len)))
        .part_size(PART as u64);
    let upload = upload.concurrency(CONCURRENCY).into_future();
    let (output, peak) = peak_memory(upload).await;
    assert_eq!(output.unwrap().bytes, len as u64);
    let grown = peak.saturating_sub(before);
    println!(
        "upload of a stream of {} MiB: {} MiB in memory, {:?}",
        len / MIB,
        grown / MIB,
        started.elapsed()
    );
    let allowed = bound(largest_part(len));
    assert!(grown <= allowed, "{grown} bytes instead of {allowed}");

    let before = resident().unwrap();
    let started = Instant::now();
    let download = bucket.download("k", DownloadTarget::writer(tokio::io::sink()));
    let download = download.part_size(PART as u64).concurrency(CONCURRENCY);
    let (output, peak) = peak_memory(download.into_future()).await;
    assert_eq!(output.unwrap().bytes, len as u64);
    let grown = peak.saturating_sub(before);
    println!(
        "download to a writer: {} MiB in memory, {:?}",
        grown / MIB,
        started.elapsed()
    );
    let allowed = bound(PART);
    assert!(grown <= allowed, "{grown} bytes instead of {allowed}");

    let file = bucket.upload("k", UploadSource::stream(repeated(FILE)));
    file.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let before = resident().unwrap();
    let download = bucket.download("k", &path).into_future();
    let (output, peak) = peak_memory(download).await;
    output.unwrap();
    let download_growth = peak.saturating_sub(before);
    let upload = bucket.upload("k", path.as_path()).multipart_threshold(0);
    let (output, peak) = peak_memory(upload.into_future()).await;
    output.unwrap();
    let upload_growth = peak.saturating_sub(before);
    println!(
        "file: download {} MiB, upload {} MiB",
        download_growth / MIB,
        upload_growth / MIB
    );
    assert!(
        download_growth.max(upload_growth) <= SLACK,
        "files must not be kept in memory"
    );
}

/// Bytes of the client's memory in the tests of transfers that pause.
const CAPACITY: usize = 32 * MIB;
const PAUSING_PART: usize = 8 * MIB;

/// Returns a client with little memory, whose parts exceed it soon.
async fn small_client(server: &Server) -> Bucket {
    let config = server.config.clone().transfer_memory(CAPACITY as u64);
    let bucket = QingStor::new(config).unwrap();
    let bucket = bucket.bucket("transfers", "pek3a").unwrap();
    bucket.put().await.unwrap();
    bucket
}

/// A writer that takes 64 KiB, and pauses before it takes more.
struct PausingWriter {
    pause: Duration,
    timer: std::pin::Pin<Box<tokio::time::Sleep>>,
}

impl PausingWriter {
    fn new(pause: Duration) -> Self {
        let timer = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { pause, timer }
    }
}

impl tokio::io::AsyncWrite for PausingWriter {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::ready!(self.timer.as_mut().poll(cx));
        let next = tokio::time::Instant::now() + self.pause;
        self.timer.as_mut().reset(next);
        let len = bytes.len().min(64 << 10);
        std::task::Poll::Ready(Ok(len))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

/// Runs many transfers that pause, whose memory must stay near the limit, and then a small one, which
/// must not wait for them.
async fn with_pausing_transfers<F>(bucket: &Bucket, name: &str, transfers: impl Iterator<Item = F>)
where
    F: Future<Output = ()> + Send + 'static,
{
    /// Connection buffers of some hundred transfers, memory that the allocator keeps, and the bytes by
    /// which transfers that pause may exceed the limit in this time.
    const SLACK: usize = 64 * MIB;
    let before = resident().unwrap();
    let tasks: Vec<_> = transfers.map(tokio::spawn).collect();
    let ((), peak) = peak_memory(tokio::time::sleep(Duration::from_secs(2))).await;
    let grown = peak.saturating_sub(before);
    println!("{name}: {} MiB in memory", grown / MIB);
    assert!(grown <= CAPACITY + SLACK, "{name}: {grown} bytes");
    let started = Instant::now();
    let small = async {
        let source = UploadSource::stream(transfer::pieces(&content(1000), 100));
        bucket.upload("small", source).await.unwrap();
        let target = DownloadTarget::writer(tokio::io::sink());
        bucket.download("small", target).await.unwrap();
    };
    let small = tokio::time::timeout(Duration::from_secs(10), small).await;
    small.unwrap_or_else(|_| panic!("{name}: a small transfer waits"));
    println!("{name}: a small transfer takes {:?}", started.elapsed());
    tasks.iter().for_each(|task| task.abort());
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_that_pause_do_not_exceed_the_limit() {
    if resident().is_none() {
        // Measured only on Linux.
        return;
    }
    let server = Server::start();
    let bucket = &small_client(&server).await;
    let large = bucket.upload("large", UploadSource::stream(repeated(10 * PAUSING_PART)));
    large.await.unwrap();

    for pause in [10_000, 300] {
        let downloads = (0..100).map(|_| {
            let writer = PausingWriter::new(Duration::from_millis(pause));
            let download = bucket.download("large", DownloadTarget::writer(Box::pin(writer)));
            async move {
                let _ = download.await;
            }
        });
        let name = format!("downloads, {pause} ms");
        with_pausing_transfers(bucket, &name, downloads).await;
    }
    for pause in [260, 400] {
        let uploads = (0..300).map(|number| {
            let chunk = content(64 << 10);
            let chunks = futures_util::stream::unfold(chunk, move |chunk| async move {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                // A copy, because the memory is measured.
                Some((Ok::<_, std::io::Error>(Bytes::from(chunk.to_vec())), chunk))
            });
            let upload = bucket.upload(format!("many/{number}"), UploadSource::stream(chunks));
            async move {
                let _ = upload.await;
            }
        });
        with_pausing_transfers(bucket, &format!("uploads, {pause} ms"), uploads).await;
    }
    let unpolled: Vec<_> = (0..40)
        .map(|number| {
            let source = UploadSource::stream(repeated(100 * PAUSING_PART));
            let upload = bucket.upload(format!("unpolled/{number}"), source);
            Box::pin(tokio::time::timeout(
                Duration::from_secs(600),
                upload.into_future(),
            ))
        })
        .collect();
    let mut unpolled = futures_util::future::join_all(unpolled);
    let polled = tokio::time::timeout(Duration::from_millis(150), &mut unpolled).await;
    assert!(polled.is_err());
    with_pausing_transfers(
        bucket,
        "unpolled",
        std::iter::empty::<std::future::Ready<()>>(),
    )
    .await;
    drop(unpolled);
}
