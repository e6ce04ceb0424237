//! Files that downloads leave behind, and objects of unusual services.

use std::future::IntoFuture;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::{Bucket, Config, DownloadTarget, ErrorKind, QingStor, RetryPolicy};

use crate::transfer::{MIB, PART, Site, content};

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Returns a bucket of a client without retries.
fn bucket_without_retries(site: &Site) -> Bucket {
    let (id, secret) = (
        site.emulator.access_key_id(),
        site.emulator.secret_access_key(),
    );
    let config = Config::new(id, secret).endpoint(site.emulator.endpoint());
    let qingstor = QingStor::new(config.retry(RetryPolicy::never())).unwrap();
    qingstor.bucket(site.bucket.name(), "pek3a").unwrap()
}

#[tokio::test]
async fn a_resumable_download_of_a_missing_object_leaves_no_files() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let download = site.bucket.download("missing", folder.path().join("copy"));
    let error = download.resumable(true).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(count(folder.path()), 0);
}

/// A process that is killed while it writes the state leaves a temporary file.
#[tokio::test]
async fn a_finished_download_removes_temporary_files_of_its_state() {
    let site = Site::start().await;
    site.bucket.put_object("k").body("abc").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(".copy.qingstor-resume.part.json.new"),
        "{",
    )
    .unwrap();
    let download = site.bucket.download("k", folder.path().join("copy"));
    download.resumable(true).await.unwrap();
    assert_eq!(count(folder.path()), 1);
}

/// The target has been replaced, so nothing continues the interrupted download.
#[tokio::test]
async fn another_download_removes_the_files_of_an_interrupted_one() {
    let site = Site::start().await;
    let bucket = bucket_without_retries(&site);
    let sent = content(2 * PART);
    bucket.put_object("k").body(sent.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k");
    let interrupt = async || {
        site.faults(&["operation=GetObject,after=1,code=permission_denied"]);
        let download = bucket.download("k", &path).resumable(true);
        let download = download.part_size(MIB as u64).concurrency(1);
        download.await.unwrap_err();
        site.emulator.clear_faults();
        assert!(folder.path().join(".k.qingstor-resume.part.json").exists());
    };
    interrupt().await;
    bucket.download("k", &path).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), sent);
    assert_eq!(count(folder.path()), 1);
    interrupt().await;
    let body = bucket.get_object("k").await.unwrap().body;
    body.write_to(&path).await.unwrap();
    assert_eq!(count(folder.path()), 1);

    // A download uses them.
    interrupt().await;
    site.faults(&["operation=GetObject,times=1,latency=2s"]);
    let other = bucket.download("k", &path).resumable(true);
    let other = tokio::spawn(other.into_future());
    while site.emulator.faults()[0].hits == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    site.emulator.clear_faults();
    bucket.download("k", &path).await.unwrap();
    assert_eq!(count(folder.path()), 3);
    assert!(other.await.unwrap().unwrap().resumed > 0);
    assert_eq!(count(folder.path()), 1);
}

#[tokio::test]
async fn a_folder_as_target_is_an_error() {
    let site = Site::start().await;
    site.bucket
        .put_object("k")
        .body(content(MIB))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("folder");
    std::fs::create_dir(&target).unwrap();
    for resumable in [false, true] {
        let download = site.bucket.download("k", &target).resumable(resumable);
        assert_eq!(download.await.unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(count(folder.path()), 1);
    }
}

/// A download is interrupted, then continued after the object was overwritten, and interrupted again.
/// Then the first object is restored. Its ETag is not an MD5, so that only the state can prevent
/// a mix.
#[tokio::test]
async fn ranges_of_another_object_are_not_reused() {
    let site = Site::start().await;
    let (first, second) = (content(2 * PART), content(2 * PART - 1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let bucket = bucket_without_retries(&site);
    let put = async |content: &Bytes| {
        site.emulator.clear_faults();
        let mut content = content.to_vec();
        content.resize(2 * PART, 0);
        let upload = site.bucket.upload("k", content).part_size(PART as u64);
        upload.multipart_threshold(0).await.unwrap();
    };
    let download = || {
        let download = bucket.download("k", &path).part_size(MIB as u64);
        download.concurrency(1).resumable(true)
    };
    put(&first).await;
    site.faults(&["operation=GetObject,after=2,code=permission_denied"]);
    download().await.unwrap_err();
    put(&second).await;
    site.faults(&["operation=GetObject,truncate=700000"]);
    let error = download().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    put(&first).await;
    download().await.unwrap();
    assert!(
        std::fs::read(&path).unwrap() == first,
        "a mix of two objects"
    );
}

#[tokio::test]
async fn a_download_without_retries_sends_one_request() {
    let site = Site::start().await;
    site.bucket
        .put_object("k")
        .body(content(MIB))
        .await
        .unwrap();
    let before = site.served("GetObject");
    site.faults(&["operation=GetObject,times=1,truncate=1000"]);
    let download =
        bucket_without_retries(&site).download("k", DownloadTarget::writer(tokio::io::sink()));
    let error = download.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(site.served("GetObject") - before <= 1);
}

/// A server may claim any size of an object.
#[tokio::test]
async fn ranges_are_not_computed_in_advance() {
    let config = Config::new("ID", "SECRET").in_process(|request| async move {
        let response = http::Response::builder().header("ETag", "\"e\"");
        match request.headers()["range"].to_str().unwrap() {
            "bytes=0-65535" => response
                .status(206)
                .header("Content-Range", format!("bytes 0-65535/{}", u64::MAX))
                .body(vec![7; 65536]),
            _ => response.status(403).body(Vec::new()),
        }
        .unwrap()
    });
    let bucket = QingStor::new(config)
        .unwrap()
        .bucket("my-bucket", "pek3a")
        .unwrap();
    let download = bucket.download("k", DownloadTarget::writer(tokio::io::sink()));
    let download = std::future::IntoFuture::into_future(download.part_size(65536));
    let error = tokio::time::timeout(Duration::from_secs(20), download).await;
    let error = error
        .expect("the download computes all ranges first")
        .unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
}

/// The response has no ETag, and is the whole object instead of a range.
#[tokio::test]
async fn downloads_from_a_service_without_ranges() {
    let config = Config::new("ID", "SECRET").in_process(|_| async {
        let response = http::Response::builder().header("Content-Length", 300_000);
        response.body(vec![7; 300_000]).unwrap()
    });
    let bucket = QingStor::new(config)
        .unwrap()
        .bucket("my-bucket", "pek3a")
        .unwrap();
    let mut memory = Vec::new();
    let download = bucket
        .download("k", DownloadTarget::writer(&mut memory))
        .part_size(65536);
    let output = download.await.unwrap();
    assert_eq!((output.bytes, output.verified), (300_000, false));
    assert!(memory == vec![7; 300_000]);
}

/// Such a download cannot be continued, so the next one starts again.
#[tokio::test]
async fn an_interrupted_download_without_ranges_or_strong_tag_leaves_nothing() {
    for (name, etag) in [
        ("no ranges", "\"a\""),
        ("weak tag", "W/\"a\""),
        ("no tag", "\"\""),
    ] {
        let is_complete = Arc::new(AtomicBool::new(false));
        let config = Config::new("ID", "SECRET").in_process({
            let is_complete = Arc::clone(&is_complete);
            move |request| {
                let len = match is_complete.load(Ordering::Relaxed) {
                    true => 300_000,
                    false => 100_000,
                };
                async move {
                    let response = http::Response::builder()
                        .header("Content-Length", 300_000)
                        .header("ETag", etag);
                    let body = match *request.method() == http::Method::HEAD {
                        true => Vec::new(),
                        false => vec![7; len],
                    };
                    response.body(body).unwrap()
                }
            }
        });
        let bucket = QingStor::new(config)
            .unwrap()
            .bucket("my-bucket", "pek3a")
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let download = || bucket.download("k", &path).resumable(true).part_size(65536);
        download().await.unwrap_err();
        assert_eq!(count(folder.path()), 0, "{name}");
        is_complete.store(true, Ordering::Relaxed);
        assert_eq!(download().await.unwrap().bytes, 300_000, "{name}");
        assert!(std::fs::read(&path).unwrap() == vec![7; 300_000], "{name}");
    }
}
