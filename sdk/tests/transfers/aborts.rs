//! [`wait_for_aborts`](qingstor_sdk::QingStor::wait_for_aborts), before the end of a program.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use qingstor_sdk::{Config, Error, ErrorKind, QingStor, Upload};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::transfer::{PART, Site, content};

const LONG: Duration = Duration::from_secs(30);

/// Aborts take longer than it takes to end a program that does not wait for them.
const SLOW_ABORTS: &str = "operation=AbortMultipartUpload,latency=300ms";

fn upload(site: &Site) -> Upload<'static> {
    let upload = site.bucket.upload("k", content(4 * PART));
    upload.part_size(PART as u64).multipart_threshold(0)
}

/// Waits until the service has an unfinished upload.
async fn is_initiated(site: &Site) {
    let deadline = Instant::now() + LONG;
    while site.unfinished().await == 0 {
        assert!(Instant::now() < deadline, "no upload was initiated");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for the aborts, and asserts that no upload is left.
async fn check(site: &Site, case: &str) {
    site.qingstor.wait_for_aborts(LONG).await.unwrap();
    assert_eq!(site.unfinished().await, 0, "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_uploads_and_copies_are_aborted_after_the_wait() {
    let site = Site::start().await;
    let put = site.bucket.put_object("source").body(content(3 * PART));
    put.await.unwrap();
    site.faults(&[SLOW_ABORTS, "operation=*,latency=20ms,when=after"]);
    let mut dropped = 0;
    for millis in [1, 10, 25, 40, 60, 90] {
        let limit = Duration::from_millis(millis);
        let result = timeout(limit, upload(&site).into_future()).await;
        dropped += u32::from(result.is_err());
        check(&site, &format!("an upload after {limit:?}")).await;

        let copy = site.bucket.copy_object((site.bucket.name(), "source"), "k");
        let copy = copy.part_size(PART as u64).multipart_threshold(0);
        let result = timeout(limit, copy.into_future()).await;
        dropped += u32::from(result.is_err());
        check(&site, &format!("a copy after {limit:?}")).await;
    }
    assert!(dropped > 0);
    assert!(site.served("AbortMultipartUpload") > 0);
}

/// Uploads that wait for their turn when the program is interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_uploads_do_not_start_their_initiation() {
    let site = Site::start().await;
    let emulator = &site.emulator;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let config = config.endpoint(emulator.endpoint()).transfer_requests(1);
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket(site.bucket.name(), "pek3a").unwrap();
    site.faults(&["operation=InitiateMultipartUpload,latency=300ms,when=after"]);
    let uploads = ["a", "b", "c"].map(|key| {
        let upload = bucket.upload(key, content(2 * PART)).multipart_threshold(0);
        tokio::spawn(upload.part_size(PART as u64).into_future())
    });
    is_initiated(&site).await;
    for upload in &uploads {
        upload.abort();
    }
    for upload in uploads {
        assert!(upload.await.unwrap_err().is_cancelled());
    }
    qingstor.wait_for_aborts(LONG).await.unwrap();
    assert_eq!(site.unfinished().await, 0);
    assert_eq!(site.served("InitiateMultipartUpload"), 1);
    assert_eq!(site.served("AbortMultipartUpload"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_writers_are_aborted_after_the_wait() {
    let site = Site::start().await;
    site.faults(&[SLOW_ABORTS]);
    for round in 0..5 {
        let writer = site.bucket.upload_writer("k");
        let mut writer = writer.with_options(|upload| upload.part_size(PART as u64));
        writer.write_all(&content(PART + 1)).await.unwrap();
        is_initiated(&site).await;
        drop(writer);
        check(&site, &format!("round {round}")).await;
    }
}

#[cfg(feature = "folders")]
#[tokio::test(flavor = "multi_thread")]
async fn dropped_folder_transfers_are_aborted_after_the_wait() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        std::fs::write(folder.path().join(name), content(2 * PART)).unwrap();
    }
    site.faults(&[SLOW_ABORTS, "operation=UploadMultipart,latency=1s"]);
    for round in 0..5 {
        let transfer = site.bucket.upload_dir(folder.path(), "");
        let transfer = transfer.part_size(PART as u64).multipart_threshold(0);
        tokio::select! {
            result = transfer.into_future() => panic!("not dropped: {result:?}"),
            () = is_initiated(&site) => {}
        }
        check(&site, &format!("round {round}")).await;
    }
}

/// Tasks that were canceled may run for a moment, and initiate an upload.
#[tokio::test]
async fn canceled_tasks_count_until_they_end() {
    let site = Site::start().await;
    site.faults(&["operation=PutObject,latency=30s"]);
    let mut writer = site.bucket.upload_writer("k");
    writer.write_all(b"content").await.unwrap();
    drop(writer);
    let wait = || site.qingstor.wait_for_aborts(LONG);
    assert!(wait().now_or_never().is_none(), "a writer");
    wait().await.unwrap();
    #[cfg(feature = "folders")]
    {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "content").unwrap();
        let started = tokio::sync::Notify::new();
        let started = std::sync::Arc::new(started);
        let notify = std::sync::Arc::clone(&started);
        let transfer = site.bucket.upload_dir(folder.path(), "");
        let transfer = transfer.on_start(move |_| notify.notify_one());
        tokio::select! {
            result = transfer.into_future() => panic!("not dropped: {result:?}"),
            () = started.notified() => {}
        }
        assert!(wait().now_or_never().is_none(), "a folder");
        wait().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_in_progress_count_unless_they_are_resumable() {
    let site = Site::start().await;
    site.faults(&["operation=UploadMultipart,latency=1s"]);
    let resumable = tokio::spawn(upload(&site).resumable(true).into_future());
    is_initiated(&site).await;
    site.qingstor.wait_for_aborts(Duration::ZERO).await.unwrap();
    resumable.abort();
    assert!(resumable.await.unwrap_err().is_cancelled());
    site.qingstor.wait_for_aborts(LONG).await.unwrap();
    assert_eq!(site.unfinished().await, 1);

    let finishing = tokio::spawn(upload(&site).into_future());
    while site.unfinished().await < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = site.qingstor.wait_for_aborts(Duration::ZERO).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
    site.qingstor.wait_for_aborts(LONG).await.unwrap();
    assert_eq!(site.unfinished().await, 1);
    assert_eq!(finishing.await.unwrap().unwrap().parts, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn aborts_that_fail_or_take_too_long_are_errors() {
    let site = Site::start().await;
    let drop_upload = async || {
        tokio::select! {
            result = upload(&site).into_future() => panic!("not dropped: {result:?}"),
            () = is_initiated(&site) => {}
        }
    };
    let slow_parts = "operation=UploadMultipart,latency=5s";
    site.faults(&[slow_parts, SLOW_ABORTS]);
    drop_upload().await;
    let short = Duration::from_millis(50);
    let error: Error = site.qingstor.wait_for_aborts(short).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let expected = "multipart uploads that are neither complete nor aborted after 50ms: 1";
    assert_eq!(error.to_string(), expected);
    check(&site, "after a longer wait").await;

    site.faults(&[
        slow_parts,
        "operation=AbortMultipartUpload,code=permission_denied",
    ]);
    drop_upload().await;
    let error = site.qingstor.wait_for_aborts(LONG).await.unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(
        error.to_string().starts_with("AbortMultipartUpload"),
        "{error}"
    );
    // The error is returned once.
    site.qingstor.wait_for_aborts(LONG).await.unwrap();
    assert_eq!(site.unfinished().await, 1);
}

/// An outage makes the transfer and its abort fail.
#[tokio::test]
async fn failed_aborts_of_failed_transfers_are_reported() {
    let site = Site::start().await;
    let put = site.bucket.put_object("source").body(content(3 * PART));
    put.await.unwrap();
    let outage = [
        "operation=UploadMultipart,code=permission_denied",
        "operation=AbortMultipartUpload,code=permission_denied",
    ];
    for (number, name) in ["upload", "copy"].into_iter().enumerate() {
        site.faults(&outage);
        let error = match name {
            "upload" => upload(&site).await.unwrap_err(),
            _ => {
                let copy = site.bucket.copy_object((site.bucket.name(), "source"), "k");
                let copy = copy.part_size(PART as u64).multipart_threshold(0);
                copy.await.unwrap_err()
            }
        };
        assert_eq!(error.operation(), Some("UploadMultipart"), "{name}");
        let error = site.qingstor.wait_for_aborts(LONG).await.unwrap_err();
        assert_eq!(error.operation(), Some("AbortMultipartUpload"), "{name}");
        let aborts = site.emulator.faults()[1].hits;
        assert_eq!(aborts, 1, "{name}: it is not repeated");
        site.qingstor.wait_for_aborts(LONG).await.unwrap();
        assert_eq!(site.unfinished().await, number + 1, "{name}");
    }
}
