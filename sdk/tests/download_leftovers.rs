//! What downloads leave, and what they make of what others left.

// A test that finds something else may well panic.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod transfer;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::{Bucket, Config, DownloadTarget, ErrorKind, QingStor, RetryPolicy};

use transfer::{MIB, PART, Site, content};

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// A client that sends everything once.
fn once(site: &Site) -> Bucket {
    let (id, secret) = (
        site.emulator.access_key_id(),
        site.emulator.secret_access_key(),
    );
    let config = Config::new(id, secret).endpoint(site.emulator.endpoint());
    let qingstor = QingStor::new(config.retry(RetryPolicy::never())).unwrap();
    qingstor.bucket(site.bucket.name(), "pek3a").unwrap()
}

#[tokio::test]
async fn a_resumable_download_of_nothing_leaves_nothing() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let download = site.bucket.download("missing", folder.path().join("copy"));
    let error = download.resumable(true).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(count(folder.path()), 0);
}

/// A process that was killed while it wrote the state left another file.
#[tokio::test]
async fn the_last_leftovers_go_with_the_download() {
    let site = Site::start().await;
    site.bucket.put_object("k").body("abc").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("copy.part.json.new"), "{").unwrap();
    let download = site.bucket.download("k", folder.path().join("copy"));
    download.resumable(true).await.unwrap();
    assert_eq!(count(folder.path()), 1);
}

#[tokio::test]
async fn a_folder_in_the_way_is_found_before_anything_comes() {
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

/// A download begins, another object takes the place and begins to come, and then the first object is
/// there again. Its tag is no MD5, so that nothing else would find out.
#[tokio::test]
async fn what_another_object_left_is_not_taken_for_the_first_ones() {
    let site = Site::start().await;
    let (first, second) = (content(2 * PART), content(2 * PART - 1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let bucket = once(&site);
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
async fn whoever_wants_one_attempt_gets_one() {
    let site = Site::start().await;
    site.bucket
        .put_object("k")
        .body(content(MIB))
        .await
        .unwrap();
    let before = site.served("GetObject");
    site.faults(&["operation=GetObject,times=1,truncate=1000"]);
    let download = once(&site).download("k", DownloadTarget::writer(tokio::io::sink()));
    let error = download.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(site.served("GetObject") - before <= 1);
}

/// A server may say that an object has any length.
#[tokio::test]
async fn an_object_of_any_length_is_asked_for_range_by_range() {
    let config = Config::new("ID", "SECRET").in_process(|request| async move {
        let answer = http::Response::builder().header("ETag", "\"e\"");
        match request.headers()["range"].to_str().unwrap() {
            "bytes=0-65535" => answer
                .status(206)
                .header("Content-Range", format!("bytes 0-65535/{}", u64::MAX))
                .body(vec![7; 65536]),
            _ => answer.status(403).body(Vec::new()),
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
    let error = error.expect("it counts its ranges").unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
}

/// What has no tag, or comes as a whole where a range was asked for, goes by as it comes.
#[tokio::test]
async fn a_service_without_ranges_gives_whole_objects() {
    let config = Config::new("ID", "SECRET").in_process(|_| async {
        let answer = http::Response::builder().header("Content-Length", 300_000);
        answer.body(vec![7; 300_000]).unwrap()
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
