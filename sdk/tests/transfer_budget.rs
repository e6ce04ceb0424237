//! The requests and the memory that all transfers of a client share.

#![cfg(feature = "rustls")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod transfer;

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use qingstor_sdk::{
    Bucket, Config, DownloadTarget, ErrorKind, Observer, QingStor, RequestEvent, ResponseEvent,
    UploadSource,
};
use tokio::io::AsyncWriteExt;

use transfer::{MIB, PART, Site, content};

/// Counts something, and its highest number.
#[derive(Clone, Default)]
struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

impl Gauge {
    fn add(&self, number: usize) {
        let sum = self.0.0.fetch_add(number, Ordering::SeqCst) + number;
        self.0.1.fetch_max(sum, Ordering::SeqCst);
    }

    fn remove(&self, number: usize) {
        self.0.0.fetch_sub(number, Ordering::SeqCst);
    }

    fn highest(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Observer for Gauge {
    fn request(&self, _: &RequestEvent<'_>) {
        self.add(1);
    }

    fn response(&self, _: &ResponseEvent<'_>) {
        self.remove(1);
    }
}

fn client(site: &Site, change: impl FnOnce(Config) -> Config) -> Bucket {
    let emulator = &site.emulator;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let config = change(config.endpoint(emulator.endpoint()));
    QingStor::new(config)
        .unwrap()
        .bucket("transfers", "pek3a")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_uploads_at_once_stay_within_the_limits() {
    const UPLOADS: usize = 1000;
    const LEN: usize = 48 << 10;
    const CHUNK: usize = 1 << 10;
    const REQUESTS: usize = 16;
    const MEMORY: usize = 2 * PART;
    let site = Site::start().await;
    let (requests, buffered) = (Gauge::default(), Gauge::default());
    let bucket = client(&site, |config| {
        config
            .transfer_requests(REQUESTS)
            .transfer_memory(MEMORY as u64)
            .observer(requests.clone())
    });
    let uploads = (0..UPLOADS).map(|number| {
        let (bucket, gauge) = (bucket.clone(), buffered.clone());
        tokio::spawn(async move {
            let chunks = (0..LEN / CHUNK).map({
                let gauge = gauge.clone();
                move |_| {
                    gauge.add(CHUNK);
                    Ok::<_, std::io::Error>(Bytes::from(vec![7; CHUNK]))
                }
            });
            let source = UploadSource::stream(futures_util::stream::iter(chunks));
            let upload = bucket.upload(format!("many/{number}"), source);
            let output = upload.part_size(PART as u64).await.unwrap();
            gauge.remove(LEN);
            output.bytes
        })
    });
    for upload in uploads.collect::<Vec<_>>() {
        assert_eq!(upload.await.unwrap(), LEN as u64);
    }
    println!(
        "{} requests in flight, {} KiB in memory",
        requests.highest(),
        buffered.highest() >> 10
    );
    assert!(requests.highest() <= REQUESTS);
    // Each upload reads one chunk before it waits for memory. A part takes 4 MiB, however little of
    // it is used, so the limit is two of them.
    assert!(
        buffered.highest() <= MEMORY + UPLOADS * CHUNK,
        "{}",
        buffered.highest()
    );
    assert_eq!(site.served("PutObject"), UPLOADS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_all_uploads_stay_within_the_limits() {
    const LEN: usize = 3 * PART;
    let site = Site::start().await;
    let (requests, buffered) = (Gauge::default(), Gauge::default());
    let bucket = client(&site, |config| {
        config
            .transfer_requests(3)
            .transfer_memory(4 * PART as u64)
            .observer(requests.clone())
    });
    let uploads = (0..8).map(|number| {
        let gauge = buffered.clone();
        let chunks = (0..LEN / MIB).map({
            let gauge = gauge.clone();
            move |_| {
                gauge.add(MIB);
                Ok::<_, std::io::Error>(Bytes::from(vec![7; MIB]))
            }
        });
        let source = UploadSource::stream(futures_util::stream::iter(chunks));
        let upload = bucket.upload(format!("many/{number}"), source);
        let confirmed = AtomicUsize::new(0);
        let upload = upload.on_progress(move |progress| {
            let now = usize::try_from(progress.confirmed).unwrap();
            gauge.remove(now - confirmed.swap(now, Ordering::SeqCst));
        });
        let upload = upload.part_size(PART as u64).concurrency(4);
        tokio::spawn(upload.into_future())
    });
    for upload in uploads.collect::<Vec<_>>() {
        assert_eq!(upload.await.unwrap().unwrap().bytes, LEN as u64);
    }
    assert!(requests.highest() <= 3, "{}", requests.highest());
    // Each upload reads one chunk before it waits for memory.
    assert!(
        buffered.highest() <= 4 * PART + 8 * MIB,
        "{}",
        buffered.highest()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_upload_does_not_delay_a_small_one() {
    let site = Site::start().await;
    site.faults(&["operation=UploadMultipart,latency=100ms"]);
    let bucket = client(&site, |config| {
        config.transfer_requests(2).transfer_memory(2 * PART as u64)
    });
    let is_done = Arc::new(AtomicBool::new(false));
    let large = {
        let (bucket, is_done) = (bucket.clone(), Arc::clone(&is_done));
        tokio::spawn(async move {
            let chunks = (0..60).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; PART])));
            let source = UploadSource::stream(futures_util::stream::iter(chunks));
            let upload = bucket.upload("large", source).part_size(PART as u64);
            upload.concurrency(50).await.unwrap();
            is_done.store(true, Ordering::SeqCst);
        })
    };
    while site.served("UploadMultipart") < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for number in 0..3 {
        let source = UploadSource::stream(transfer::pieces(&content(1000), 100));
        bucket
            .upload(format!("small/{number}"), source)
            .await
            .unwrap();
    }
    assert!(!is_done.load(Ordering::SeqCst), "the small ones are first");
    large.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_larger_than_the_limit_is_held_alone() {
    let site = Site::start().await;
    let bucket = client(&site, |config| {
        config.transfer_memory(1).transfer_requests(1)
    });
    let sent = content(2 * PART + 5);
    let source = UploadSource::stream(transfer::pieces(&sent, MIB));
    let upload = bucket.upload("k", source).part_size(PART as u64);
    assert_eq!(upload.await.unwrap().parts, 3);
    let mut received = Vec::new();
    let download = bucket.download("k", DownloadTarget::writer(&mut received));
    download.part_size(MIB as u64).await.unwrap();
    assert!(received == sent);
}

/// Each upload reads from a download of the same client, and there is memory for one part only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_that_feed_each_other_do_not_block() {
    const PAIRS: usize = 3;
    let site = Site::start().await;
    let sent = content(PART + MIB);
    site.bucket
        .put_object("source")
        .body(sent.clone())
        .await
        .unwrap();
    let bucket = client(&site, |config| {
        config.transfer_memory(PART as u64).transfer_requests(2)
    });
    let pairs = (0..PAIRS).map(|number| {
        let bucket = bucket.clone();
        tokio::spawn(async move {
            let (mut writer, reader) = tokio::io::duplex(64 << 10);
            let download = async {
                let target = DownloadTarget::writer(&mut writer);
                let download = bucket.download("source", target);
                download.part_size(MIB as u64).await.unwrap();
                writer.shutdown().await.unwrap();
            };
            let upload = bucket.upload(format!("copy/{number}"), UploadSource::reader(reader));
            let upload = upload.part_size(PART as u64).into_future();
            let ((), output) = tokio::join!(download, upload);
            output.unwrap()
        })
    });
    let pairs = futures_util::future::join_all(pairs.collect::<Vec<_>>());
    let outputs = tokio::time::timeout(Duration::from_secs(60), pairs).await;
    for output in outputs.expect("no transfer waits forever") {
        assert_eq!(output.unwrap().bytes, sent.len() as u64);
    }
}

/// One task writes to many uploads in turn, so each waits for the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_one_task_writes_in_turn_do_not_block() {
    let site = Site::start().await;
    let bucket = client(&site, |config| {
        config.transfer_memory(PART as u64).transfer_requests(2)
    });
    let mut writers: Vec<_> = (0..8)
        .map(|number| bucket.upload_writer(format!("writer/{number}")))
        .collect();
    let all = async {
        for _ in 0..3 {
            for writer in &mut writers {
                writer.write_all(&vec![7; MIB]).await.unwrap();
            }
        }
        futures_util::stream::iter(writers)
            .for_each_concurrent(None, |writer| async move {
                assert_eq!(writer.finish().await.unwrap().bytes, 3 * MIB as u64);
            })
            .await;
    };
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, all)
        .await
        .expect("no writer waits forever");
}

#[test]
fn limits_of_zero_are_refused() {
    for config in [
        Config::new("ID", "SECRET").transfer_requests(0),
        Config::new("ID", "SECRET").transfer_memory(0),
        Config::new("ID", "SECRET").min_throughput(1, Duration::ZERO),
    ] {
        let error = QingStor::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

/// The common loop that handles each result before it polls the other transfers again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_that_are_not_polled_do_not_block_others() {
    let site = Site::start().await;
    site.faults(&["latency=20ms"]);
    let bucket = client(&site, |config| config);
    let small = content(1000);
    let folder = tempfile::tempdir().unwrap();
    let all = async {
        let keys = || futures_util::stream::iter(0..40);
        let upload = |number| bucket.upload(format!("many/{number}"), small.clone());
        let mut uploads = keys().map(|number| upload(number).into_future());
        let mut uploads = uploads.by_ref().buffer_unordered(16);
        while let Some(uploaded) = uploads.next().await {
            uploaded.unwrap();
            bucket.upload("manifest", small.clone()).await.unwrap();
        }
        let download = |number| {
            let path = folder.path().join(format!("{number}"));
            bucket.download(format!("many/{number}"), path)
        };
        let mut downloads = keys()
            .map(|number| download(number).into_future())
            .buffer_unordered(16);
        while let Some(downloaded) = downloads.next().await {
            downloaded.unwrap();
            let mut manifest = Vec::new();
            let target = DownloadTarget::writer(&mut manifest);
            bucket.download("manifest", target).await.unwrap();
            let path = folder.path().join("manifest");
            bucket.download("manifest", path).await.unwrap();
        }
        let copy = |number| bucket.copy_object(("transfers", "manifest"), format!("copy/{number}"));
        let mut copies = keys()
            .map(|number| copy(number).into_future())
            .buffer_unordered(16);
        while let Some(copied) = copies.next().await {
            copied.unwrap();
            let copy = bucket.copy_object(("transfers", "manifest"), "manifest.copy");
            copy.await.unwrap();
        }
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, all)
        .await
        .expect("no transfer waits for one that is not polled");
}

/// A transfer that is slow because its caller limits its rate occupies no slot of the client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limited_rate_does_not_delay_other_transfers() {
    let site = Site::start().await;
    let (large, small) = (content(5 * PART), content(1000));
    for (key, content) in [("large", &large), ("small", &small)] {
        let put = site.bucket.put_object(key).body(content.clone());
        put.await.unwrap();
    }
    let bucket = client(&site, |config| config.transfer_requests(8));
    let limited: Vec<_> = (0..10)
        .map(|number| {
            let (bucket, large) = (bucket.clone(), large.clone());
            tokio::spawn(async move {
                let upload = bucket.upload(format!("large/{number}"), large);
                let upload = upload.part_size(PART as u64).max_bytes_per_second(100_000);
                let target = DownloadTarget::writer(tokio::io::sink());
                let download = bucket.download("large", target).part_size(MIB as u64);
                let download = download.max_bytes_per_second(100_000);
                tokio::join!(upload.into_future(), download.into_future())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let others = async {
        for number in 0..5 {
            let upload = bucket.upload(format!("small/{number}"), small.clone());
            upload.await.unwrap();
            let target = DownloadTarget::writer(tokio::io::sink());
            bucket.download("small", target).await.unwrap();
        }
    };
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, others)
        .await
        .expect("a limited transfer does not delay others");
    limited.iter().for_each(|task| task.abort());
}

/// A body that the caller delays occupies no slot after it was resumed, either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_body_with_a_limited_rate_does_not_delay_others() {
    let site = Site::start().await;
    let put = site.bucket.put_object("large").body(content(MIB));
    put.await.unwrap();
    site.faults(&["operation=GetObject,times=1,truncate=10000"]);
    let bucket = client(&site, |config| config.transfer_requests(1));
    let limited = tokio::spawn({
        let bucket = bucket.clone();
        async move {
            let target = DownloadTarget::writer(tokio::io::sink());
            let download = bucket.download("large", target);
            download.max_bytes_per_second(100_000).await.unwrap();
        }
    });
    // The truncated response does not count.
    while site.served("GetObject") < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let upload = bucket.upload("small", content(1000)).into_future();
    let limit = Duration::from_secs(3);
    let uploaded = tokio::time::timeout(limit, upload).await;
    uploaded.expect("the download occupies no slot").unwrap();
    assert!(!limited.is_finished());
    limited.abort();
}

/// A retry that waits for its slot until the deadline was not sent.
#[tokio::test]
async fn a_retry_without_a_slot_does_not_count_as_an_attempt() {
    let site = Site::start().await;
    let bucket = client(&site, |config| config.transfer_requests(1));
    site.faults(&[
        "operation=PutObject,key=first,status=503,latency=200ms,times=1",
        "operation=PutObject,key=second,latency=20s",
    ]);
    let first = bucket
        .upload("first", b"content")
        .timeout(Duration::from_secs(1));
    let first = tokio::spawn(first.into_future());
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = tokio::spawn(bucket.upload("second", b"content").into_future());
    let error = first.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Timeout, 1),
        "{error}"
    );
    second.abort();
}
