//! Downloads from the emulator: sizes, targets, faults.

use std::future::IntoFuture;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_sdk::{Download, DownloadTarget, ErrorKind, Progress, SseKey};

use crate::transfer::{MIB, PART, Site, content};

/// A small range size, so that objects have many ranges.
pub(crate) const RANGE: usize = 256 * 1024;

pub(crate) async fn with_object(len: usize) -> (Site, Bytes, tempfile::TempDir) {
    let site = Site::start().await;
    let stored = content(len);
    site.bucket
        .put_object("k")
        .body(stored.clone())
        .await
        .unwrap();
    (site, stored, tempfile::tempdir().unwrap())
}

pub(crate) fn download<'a>(site: &Site, target: impl Into<DownloadTarget<'a>>) -> Download<'a> {
    site.bucket.download("k", target).part_size(RANGE as u64)
}

pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn downloads_objects_of_any_length() {
    let (site, _, folder) = with_object(0).await;
    let path = folder.path().join("copy");
    for len in [0, 1, RANGE - 1, RANGE, RANGE + 1, 2 * RANGE, 9 * RANGE + 5] {
        let stored = content(len);
        let put = site.bucket.put_object("k").body(stored.clone());
        let put = put.content_type("text/x").metadata([("author", "lin")]);
        put.await.unwrap();
        let output = download(&site, &path).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), stored, "{len}");
        assert_eq!((output.bytes, output.resumed), (len as u64, 0));
        assert!(output.verified && output.request_id.is_some());
        assert_eq!(output.content_type.as_deref(), Some("text/x"));
        assert_eq!(output.metadata.get("author"), Some("lin"));
        let mut memory = Vec::new();
        let output = download(&site, DownloadTarget::writer(&mut memory))
            .await
            .unwrap();
        assert_eq!(memory, stored, "{len}");
        assert!(output.verified);
    }
    assert_eq!(files(folder.path()), ["copy"]);
}

#[tokio::test]
async fn a_small_object_is_downloaded_with_one_request() {
    let (site, stored, folder) = with_object(100).await;
    let path = folder.path().join("copy");
    let before = site.served("GetObject");
    site.bucket.download("k", &path).await.unwrap();
    assert_eq!(site.served("GetObject") - before, 1);
    assert_eq!(site.served("HeadObject"), 0);
    assert_eq!(std::fs::read(&path).unwrap(), stored);
}

#[tokio::test]
async fn an_object_of_parts_is_not_verified() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let upload = site
        .bucket
        .upload("k", content(PART + 1))
        .part_size(PART as u64);
    upload.multipart_threshold(0).await.unwrap();
    let output = site.bucket.download("k", &path).await.unwrap();
    assert!(!output.verified);
    assert_eq!(std::fs::read(&path).unwrap(), content(PART + 1));
}

#[tokio::test]
async fn errors_leave_no_files() {
    let (site, _, folder) = with_object(10).await;
    let path = folder.path().join("copy");
    let results = [
        site.bucket.download("k", &path).part_size(1).await,
        site.bucket.download("k", &path).concurrency(0).await,
        site.bucket
            .download("k", &path)
            .max_bytes_per_second(0)
            .await,
        site.bucket
            .download("k", DownloadTarget::writer(Vec::new()))
            .resumable(true)
            .await,
    ];
    for result in results {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let error = site.bucket.download("missing", &path).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let missing_folder = folder.path().join("no/such/folder");
    for resumable in [false, true] {
        let error = download(&site, &missing_folder)
            .resumable(resumable)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    }
    let error = download(&site, folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(files(folder.path()), [""; 0]);
}

#[tokio::test]
async fn progress_ends_at_the_total() {
    let (site, _, folder) = with_object(5 * RANGE + 5).await;
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let keep = Arc::clone(&seen);
    let download = download(&site, folder.path().join("copy"));
    let download = download.on_progress(move |progress| keep.lock().unwrap().push(progress));
    download.await.unwrap();
    let seen = seen.lock().unwrap();
    let len = (5 * RANGE + 5) as u64;
    let last = seen.last().unwrap();
    assert_eq!(
        (last.bytes, last.confirmed, last.total),
        (len, len, Some(len))
    );
    assert!(seen.is_sorted_by_key(|progress| progress.bytes));
}

#[tokio::test]
async fn the_rate_limit_applies_to_all_ranges_together() {
    let (site, _, folder) = with_object(8 * RANGE).await;
    let started = Instant::now();
    let download = download(&site, folder.path().join("copy"));
    download.max_bytes_per_second(2 * MIB as u64).await.unwrap();
    let took = started.elapsed();
    assert!(took > Duration::from_millis(800), "{took:?} for 1 s");
}

#[tokio::test]
async fn never_mixes_two_objects_if_one_is_overwritten() {
    let (site, stored, folder) = with_object(12 * RANGE).await;
    let path = folder.path().join("copy");
    std::fs::write(&path, "older").unwrap();
    // Slow ranges give another request time to overwrite the object.
    site.faults(&["operation=GetObject,latency=50ms"]);
    for writer in [false, true] {
        site.bucket
            .put_object("k")
            .body(stored.clone())
            .await
            .unwrap();
        let mut memory = Vec::new();
        let target = match writer {
            true => DownloadTarget::writer(&mut memory),
            false => DownloadTarget::file(&path),
        };
        let download = download(&site, target).concurrency(2).into_future();
        let overwrite = async {
            tokio::time::sleep(Duration::from_millis(120)).await;
            let body = vec![b'x'; 12 * RANGE];
            site.bucket.put_object("k").body(body).await.unwrap();
        };
        let (result, ()) = tokio::join!(download, overwrite);
        let error = result.unwrap_err();
        assert!(error.is_precondition_failed(), "{error}");
        assert!(stored.starts_with(&memory), "only the first object's bytes");
        assert_eq!(files(folder.path()), ["copy"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"older");
    }
}

#[tokio::test]
async fn interrupted_ranges_are_resumed() {
    let (site, stored, folder) = with_object(6 * RANGE + 7).await;
    let path = folder.path().join("copy");
    for rule in [
        "operation=GetObject,times=4,reset=mid",
        "operation=GetObject,times=3,truncate=100000",
        "operation=GetObject,times=5,truncate=1",
    ] {
        site.faults(&[rule]);
        let output = download(&site, &path).await.unwrap();
        assert!(output.verified);
        assert_eq!(std::fs::read(&path).unwrap(), stored, "{rule}");
        site.faults(&[rule]);
        let mut memory = Vec::new();
        download(&site, DownloadTarget::writer(&mut memory))
            .await
            .unwrap();
        assert_eq!(memory, stored, "{rule}");
    }
    // If every response is truncated, the retries end.
    site.faults(&["operation=GetObject,truncate=10"]);
    let error = download(&site, &path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert_eq!(files(folder.path()), ["copy"]);
}

#[tokio::test]
async fn recovers_from_temporary_faults() {
    let (site, stored, folder) = with_object(8 * RANGE).await;
    let path = folder.path().join("copy");
    for fault in [
        "reset=before",
        "reset=mid",
        "status=503",
        "code=internal_error",
        "truncate=70000",
    ] {
        for after in 0..4 {
            let rule = format!("operation=GetObject,after={after},times=2,{fault}");
            site.faults(&[&rule]);
            let output = download(&site, &path).await;
            let output = output.unwrap_or_else(|error| panic!("{rule}: {error}"));
            assert!(output.verified);
            assert_eq!(std::fs::read(&path).unwrap(), stored, "{rule}");
            std::fs::remove_file(&path).unwrap();
            assert_eq!(files(folder.path()), [""; 0], "{rule}");
        }
    }
}

#[tokio::test]
async fn a_wrong_etag_never_creates_a_file() {
    let (site, _, folder) = with_object(8 * RANGE).await;
    let path = folder.path().join("copy");
    for after in 0..4 {
        let rule = format!("operation=GetObject,after={after},times=2,etag=wrong");
        site.faults(&[&rule]);
        let error = download(&site, &path).await.unwrap_err();
        let integrity = error.kind() == ErrorKind::Integrity;
        assert!(
            integrity || error.is_precondition_failed(),
            "{rule}: {error}"
        );
        assert_eq!(files(folder.path()), [""; 0], "{rule}");
    }
}

#[tokio::test]
async fn content_with_a_wrong_md5_is_an_error_and_removed() {
    let (site, _, folder) = with_object(RANGE).await;
    let path = folder.path().join("copy");
    for resumable in [false, true] {
        site.faults(&["operation=GetObject,etag=wrong"]);
        let error = download(&site, &path)
            .resumable(resumable)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert!(error.to_string().contains("MD5"), "{error}");
        assert_eq!(files(folder.path()), [""; 0]);
    }
    let output = download(&site, &path).verify(false).await.unwrap();
    assert!(!output.verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_download_removes_its_file_unless_it_is_resumable() {
    let (site, stored, folder) = with_object(8 * RANGE).await;
    let path = folder.path().join("copy");
    site.faults(&["operation=GetObject,latency=20ms"]);
    for millis in [0, 10, 30, 50, 70] {
        let download = download(&site, &path).concurrency(2).into_future();
        let limit = Duration::from_millis(millis);
        assert!(tokio::time::timeout(limit, download).await.is_err());
        // A task that writes a range may keep the file for a moment.
        let until = Instant::now() + Duration::from_secs(5);
        while !files(folder.path()).is_empty() {
            assert!(Instant::now() < until, "{:?}", files(folder.path()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let download = || download(&site, &path).concurrency(2).resumable(true);
    let mut dropped = 0;
    while tokio::time::timeout(Duration::from_millis(60), download().into_future())
        .await
        .is_err()
    {
        dropped += 1;
        assert!(dropped < 50, "the download makes no progress");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(dropped > 0);
    assert_eq!(std::fs::read(&path).unwrap(), stored);
    assert_eq!(files(folder.path()), ["copy"]);
}

#[tokio::test]
async fn an_error_of_the_writer_fails_the_download() {
    let (site, _, _folder) = with_object(4 * RANGE).await;
    let (reader, writer) = tokio::io::duplex(RANGE);
    drop(reader);
    let error = download(&site, DownloadTarget::writer(writer))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}

#[tokio::test]
async fn downloads_an_encrypted_object_with_its_key() {
    let site = Site::start().await;
    let key = SseKey::new([7; 32]);
    let stored = content(2 * PART + 5);
    let upload = site.bucket.upload("k", stored.clone());
    let upload = upload.multipart_threshold(PART as u64);
    upload.part_size(PART as u64).sse_key(&key).await.unwrap();
    let mut read = Vec::new();
    let whole = download(&site, DownloadTarget::writer(&mut read)).sse_key(&key);
    whole.await.unwrap();
    assert!(read == stored);
    let mut unused = Vec::new();
    assert!(
        download(&site, DownloadTarget::writer(&mut unused))
            .await
            .is_err()
    );
}
