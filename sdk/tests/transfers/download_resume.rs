//! Downloads that continue after an interruption.

use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::{ErrorKind, RetryPolicy};

use crate::downloads::{RANGE, download, files, with_object};
use crate::transfer::{MIB, content};

#[tokio::test]
async fn resumes_an_interrupted_download() {
    let (site, stored, folder) = with_object(8 * RANGE).await;
    let path = folder.path().join("copy");
    site.faults(&["operation=GetObject,after=3,code=permission_denied"]);
    let error = download(&site, &path)
        .concurrency(1)
        .resumable(true)
        .await
        .unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert_eq!(
        files(folder.path()),
        [
            ".copy.qingstor-resume.part",
            ".copy.qingstor-resume.part.json"
        ]
    );
    site.emulator.clear_faults();
    let before = site.served("GetObject");
    let output = download(&site, &path).resumable(true).await.unwrap();
    assert_eq!(output.resumed, 3 * RANGE as u64);
    assert_eq!(site.served("GetObject") - before, 5);
    assert!(output.verified);
    assert_eq!(std::fs::read(&path).unwrap(), stored);
    assert_eq!(files(folder.path()), ["copy"]);
}

/// On a slow connection, all ranges in progress end late.
#[tokio::test]
async fn resumes_in_the_middle_of_ranges() {
    const LEN: usize = 4 * MIB;
    let (site, stored, folder) = with_object(LEN).await;
    let path = folder.path().join("copy");
    let download = |ranges: usize| {
        let download = site.bucket.download("k", &path).resumable(true);
        download
            .part_size((LEN / ranges) as u64)
            .concurrency(ranges)
    };
    // A future that is dropped, as at a signal.
    site.faults(&["operation=GetObject,trickle=400000"]);
    let dropped = tokio::time::timeout(Duration::from_secs(4), download(2).into_future());
    assert!(dropped.await.is_err());
    site.emulator.clear_faults();
    let output = download(2).await.unwrap();
    assert!(output.resumed > 100_000, "{}", output.resumed);
    assert!(output.verified);
    assert!(std::fs::read(&path).unwrap() == stored);

    // A range that fails.
    site.faults(&["operation=GetObject,truncate=700000"]);
    let failed = download(1).retry(RetryPolicy::never()).await;
    failed.unwrap_err();
    site.emulator.clear_faults();
    let output = download(1).await.unwrap();
    assert!(
        (600_000..=700_000).contains(&output.resumed),
        "{}",
        output.resumed
    );
    assert!(std::fs::read(&path).unwrap() == stored);
    assert_eq!(files(folder.path()), ["copy"]);
}

#[tokio::test]
async fn starts_from_the_beginning_if_the_object_changed() {
    let (site, _, folder) = with_object(8 * RANGE).await;
    let path = folder.path().join("copy");
    for len in [8 * RANGE, RANGE / 2, 9 * RANGE] {
        site.faults(&["operation=GetObject,after=3,code=permission_denied"]);
        let failed = download(&site, &path).concurrency(1).resumable(true).await;
        failed.unwrap_err();
        site.emulator.clear_faults();
        let other = Bytes::from(vec![b'x'; len]);
        site.bucket
            .put_object("k")
            .body(other.clone())
            .await
            .unwrap();
        let output = download(&site, &path).resumable(true).await.unwrap();
        assert_eq!(output.resumed, 0);
        assert_eq!(std::fs::read(&path).unwrap(), other);
        assert_eq!(files(folder.path()), ["copy"]);
        site.bucket
            .put_object("k")
            .body(content(8 * RANGE))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn ignores_damaged_part_files() {
    let (site, stored, folder) = with_object(4 * RANGE).await;
    let path = folder.path().join("copy");
    let part = folder.path().join(".copy.qingstor-resume.part");
    let state = folder.path().join(".copy.qingstor-resume.part.json");
    for (bytes, json) in [("junk", "{"), ("junk", ""), ("", "[]")] {
        std::fs::write(&part, bytes).unwrap();
        std::fs::write(&state, json).unwrap();
        download(&site, &path).resumable(true).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), stored);
        assert_eq!(files(folder.path()), ["copy"]);
    }
    // According to the state all ranges are complete, but the bytes are wrong.
    let etag = site.bucket.head_object("k").await.unwrap().etag;
    let json = format!(
        r#"{{"bucket":"transfers","key":"k","etag":{etag:?},"size":{},"done":[{{"start":0,"end":{}}}]}}"#,
        4 * RANGE,
        4 * RANGE
    );
    std::fs::write(&part, vec![0; 4 * RANGE]).unwrap();
    std::fs::write(&state, json).unwrap();
    let error = download(&site, &path).resumable(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    download(&site, &path).resumable(true).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), stored);
}

/// Other programs use the suffix `.part` too.
#[tokio::test]
async fn a_resumable_download_keeps_all_other_files() {
    let (site, stored, folder) = with_object(4 * RANGE).await;
    let others = ["copy.part", "copy.part.json", "copy.json", ".copy.part"];
    for name in others {
        std::fs::write(folder.path().join(name), "my notes").unwrap();
    }
    let path = folder.path().join("copy");
    site.faults(&["operation=GetObject,after=2,code=permission_denied"]);
    let failed = download(&site, &path).concurrency(1).resumable(true);
    failed.await.unwrap_err();
    site.emulator.clear_faults();
    download(&site, &path).resumable(true).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), stored);
    for name in others {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text, "my notes", "{name}");
    }
    assert_eq!(files(folder.path()).len(), 1 + others.len());

    // The reserved name can be neither of these files.
    let reserved = folder.path().join(".copy.qingstor-resume.part");
    for resumable in [true, false] {
        let error = download(&site, &reserved)
            .resumable(resumable)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("reserved"), "{error}");
    }
}

/// File systems limit names to 255 bytes.
#[tokio::test]
async fn resumes_a_download_to_a_long_name() {
    let (site, stored, folder) = with_object(4 * RANGE).await;
    let path = folder.path().join("中".repeat(85));
    site.faults(&["operation=GetObject,after=2,code=permission_denied"]);
    let failed = download(&site, &path).concurrency(1).resumable(true);
    failed.await.unwrap_err();
    site.emulator.clear_faults();
    let output = download(&site, &path).resumable(true).await.unwrap();
    assert_eq!(output.resumed, 2 * RANGE as u64);
    assert_eq!(std::fs::read(&path).unwrap(), stored);
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_part_file_is_locked_by_its_download() {
    let (site, stored, folder) = with_object(4 * RANGE).await;
    let path = folder.path().join("copy");
    site.faults(&["operation=GetObject,latency=500ms"]);
    let first = download(&site, &path).resumable(true).into_future();
    let second = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        download(&site, &path).resumable(true).await
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    let error = second.unwrap_err();
    assert!(error.to_string().contains("another download"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), stored);
}
