//! Uploads to the emulator: sizes, sources, settings, faults.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Body, ErrorKind, Progress, SseKey, UploadSource};

use crate::transfer::{MIB, PART, Site, content, pieces};

/// Returns the number of parts of a stream of this length, if the length is not announced.
fn part_count(len: usize) -> u32 {
    u32::try_from(len.div_ceil(PART).max(1)).unwrap()
}

async fn assert_is_missing(site: &Site) {
    let error = site.bucket.head_object("k").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn uploads_streams_of_any_length() {
    let site = Site::start().await;
    for len in [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7] {
        let sent = content(len);
        for known in [false, true] {
            let stream = pieces(&sent, 300_001);
            let source = match known {
                true => UploadSource::sized_stream(stream, len as u64),
                false => UploadSource::stream(stream),
            };
            let upload = site.bucket.upload("k", source).part_size(PART as u64);
            let output = upload.await.unwrap();
            assert_eq!(output.bytes, len as u64);
            assert_eq!(output.parts, part_count(len), "{len}");
            assert_eq!(output.upload_id.is_some(), len > PART, "{len}");
            assert!(output.request_id.is_some());
            assert_eq!(site.content("k").await, sent, "{len}");
            let head = site.bucket.head_object("k").await.unwrap();
            assert_eq!(head.etag, output.etag);
        }
    }
    assert_eq!(site.unfinished().await, 0);
}

#[tokio::test]
async fn uploads_from_every_kind_of_source() {
    let site = Site::start().await;
    let sent = content(2 * PART + 99);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video.mp4");
    std::fs::write(&path, &sent).unwrap();
    let mut file = tokio::fs::File::open(&path).await.unwrap();
    let len = sent.len() as u64;
    let sources = [
        UploadSource::from(sent.clone()),
        UploadSource::from(path.as_path()),
        UploadSource::reader(&mut file),
        UploadSource::sized_reader(&sent[..], len),
    ];
    for source in sources {
        let shown = format!("{source:?}");
        let upload = site.bucket.upload("k", source).part_size(PART as u64);
        let output = upload.multipart_threshold(PART as u64).await.unwrap();
        assert_eq!((output.parts, output.bytes), (3, len), "{shown}");
        assert_eq!(site.content("k").await, sent, "{shown}");
    }
    // Content up to the threshold is sent with one request.
    let output = site
        .bucket
        .upload("k", UploadSource::path(&path))
        .await
        .unwrap();
    assert_eq!((output.parts, output.upload_id), (1, None));
    let head = site.bucket.head_object("k").await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("video/mp4"));
    for (source, expected) in [
        (UploadSource::from(b"array"), "array"),
        (UploadSource::from(b"vector".to_vec()), "vector"),
    ] {
        site.bucket.upload("small", source).await.unwrap();
        assert_eq!(site.content("small").await, expected);
    }
    std::fs::write(&path, "").unwrap();
    let output = site.bucket.upload("empty", path).await.unwrap();
    assert_eq!(output.bytes, 0);
}

/// Their size is 0.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn uploads_files_whose_size_the_file_system_does_not_know() {
    let site = Site::start().await;
    let path = std::path::Path::new("/proc/version");
    let sent = std::fs::read(path).unwrap();
    for source in [
        UploadSource::path(path),
        UploadSource::from(std::fs::File::open(path).unwrap()),
    ] {
        let output = site.bucket.upload("k", source).await.unwrap();
        assert_eq!(output.bytes, sent.len() as u64);
        assert_eq!(site.content("k").await, sent);
    }
    let before = site.served("PutObject");
    let body = Body::from_path(path).await.unwrap();
    let error = site.bucket.put_object("k").body(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("longer"), "{error}");
    assert_eq!(site.served("PutObject"), before);
    let file = tempfile::NamedTempFile::new().unwrap();
    let body = Body::from_path(file.path()).await.unwrap();
    site.bucket.put_object("k").body(body).await.unwrap();
    assert_eq!(site.content("k").await, "");
}

#[tokio::test]
async fn sets_the_attributes_of_the_object() {
    let site = Site::start().await;
    for len in [10, PART + 1] {
        let upload = site.bucket.upload("page.html", content(len));
        let upload = upload
            .multipart_threshold(PART as u64)
            .part_size(PART as u64)
            .compute_content_md5()
            .metadata([("author", "lin")])
            .storage_class(StorageClass::StandardIa)
            .cache_control("no-cache")
            .content_disposition("inline")
            .sse_key(&SseKey::new([b'x'; 32]));
        assert!(!format!("{upload:?}").contains("eHh4"));
        upload.await.unwrap();
        let head = site.bucket.head_object("page.html");
        let head = head.sse_key(&SseKey::new([b'x'; 32])).await.unwrap();
        assert_eq!(head.content_type.as_deref(), Some("text/html"));
        assert_eq!(head.metadata.get("author"), Some("lin"));
        assert_eq!(head.storage_class, Some(StorageClass::StandardIa));
        assert_eq!(head.cache_control.as_deref(), Some("no-cache"));
        assert_eq!(head.content_disposition.as_deref(), Some("inline"));
        assert_eq!(head.content_length, Some(len as u64));
    }
}

#[tokio::test]
async fn rejects_settings_out_of_range() {
    let site = Site::start().await;
    let upload = |len| site.bucket.upload("k", content(len));
    let results = [
        upload(1).part_size(1).await,
        upload(1).concurrency(0).await,
        upload(1).max_bytes_per_second(0).await,
        upload(1).multipart_threshold(u64::MAX).await,
    ];
    for result in results {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let missing = site
        .bucket
        .upload("k", UploadSource::path("no/such/file"))
        .await;
    let error = missing.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("no/such/file"), "{error}");
    assert_eq!(error.key(), Some("k"));
    assert_eq!(site.served("PutObject"), 0);
}

#[tokio::test]
async fn a_source_of_another_length_fails_the_upload() {
    let site = Site::start().await;
    let sent = content(2 * PART);
    for (len, says) in [(2 * PART + 1, "1 bytes before"), (2 * PART - 1, "longer")] {
        let source = UploadSource::sized_stream(pieces(&sent, MIB), len as u64);
        let error = site.bucket.upload("k", source).part_size(PART as u64).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains(says), "{error}");
    }
    let broken = pieces(&sent, MIB).chain(futures_util::stream::iter([Err(
        std::io::Error::other("disk failure"),
    )]));
    let upload = site.bucket.upload("k", UploadSource::stream(broken));
    let error = upload.part_size(PART as u64).await.unwrap_err();
    assert!(error.to_string().contains("disk failure"), "{error}");
    assert_eq!(error.resume_token(), None);
    assert_eq!(site.unfinished().await, 0);
    assert_is_missing(&site).await;
}

#[tokio::test]
async fn a_file_that_changes_fails_the_upload() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, content(2 * PART)).unwrap();
    let other = path.clone();
    let upload = site
        .bucket
        .upload("k", path.as_path())
        .part_size(PART as u64);
    let upload = upload.multipart_threshold(0).on_token(move |token| {
        if token.parts_done() == 1 {
            std::fs::write(&other, content(2 * PART + 1)).unwrap();
        }
    });
    let error = upload.resumable(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(site.unfinished().await, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_another_one_replaces_fails_the_upload() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let [path, other] = ["a", "b"].map(|name| folder.path().join(name));
    for (path, byte) in [(&path, 0), (&other, 1)] {
        std::fs::write(path, vec![byte; 2 * PART]).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
    }
    let upload = site.bucket.upload("k", path.as_path()).concurrency(1);
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    let upload = upload.verify(false).on_token(move |token| {
        if token.parts_done() == 1 {
            std::thread::sleep(Duration::from_millis(50));
            std::fs::rename(&other, &path).unwrap();
        }
    });
    let error = upload.resumable(false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.to_string().contains("changed"), "{error}");
    assert_is_missing(&site).await;
    assert_eq!(site.unfinished().await, 0);
}

#[tokio::test]
async fn progress_ends_at_the_total() {
    let site = Site::start().await;
    for len in [0, 1000, 2 * PART + 5] {
        let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
        let keep = Arc::clone(&seen);
        let upload = site.bucket.upload("k", content(len)).part_size(PART as u64);
        let upload = upload
            .multipart_threshold(PART as u64)
            .on_progress(move |progress| keep.lock().unwrap().push(progress));
        upload.await.unwrap();
        let seen = seen.lock().unwrap();
        let Some(last) = seen.last() else {
            assert_eq!(len, 0);
            continue;
        };
        let len = len as u64;
        assert_eq!(
            (last.bytes, last.confirmed, last.total),
            (len, len, Some(len))
        );
        assert!(seen.is_sorted_by_key(|progress| progress.confirmed));
        assert!(seen.iter().all(|progress| progress.bytes <= len));
    }
}

#[tokio::test]
async fn the_rate_limit_applies_to_all_parts_together() {
    let site = Site::start().await;
    let started = Instant::now();
    let upload = site
        .bucket
        .upload("k", content(3 * PART))
        .part_size(PART as u64);
    let upload = upload
        .multipart_threshold(0)
        .max_bytes_per_second(8 * MIB as u64);
    upload.await.unwrap();
    let took = started.elapsed();
    assert!(took > Duration::from_millis(1200), "{took:?} for 1.5 s");
}

#[tokio::test]
async fn a_part_with_a_wrong_etag_is_sent_twice_at_most() {
    let site = Site::start().await;
    for (operation, threshold) in [("PutObject", 1 << 30), ("UploadMultipart", 0)] {
        let upload = || {
            let upload = site.bucket.upload("k", content(PART + 1));
            upload.part_size(PART as u64).multipart_threshold(threshold)
        };
        site.faults(&[&format!("operation={operation},times=1,etag=wrong")]);
        upload().await.unwrap();
        assert_eq!(site.content("k").await, content(PART + 1));
        site.faults(&[&format!("operation={operation},etag=wrong")]);
        let error = upload().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert_eq!(error.operation(), Some(operation));
        assert_eq!(site.unfinished().await, 0);
    }
}

#[tokio::test]
async fn a_damaged_part_of_a_stream_is_sent_again() {
    let site = Site::start().await;
    site.faults(&["operation=UploadMultipart,times=1,etag=wrong"]);
    let sent = content(2 * PART);
    let source = UploadSource::stream(pieces(&sent, 300_001));
    let upload = site.bucket.upload("k", source).part_size(PART as u64);
    upload.await.unwrap();
    assert_eq!(site.content("k").await, sent);
}

#[tokio::test]
async fn an_unverified_upload_sends_the_same_bytes() {
    let site = Site::start().await;
    let key = SseKey::new([b'x'; 32]);
    for (encrypted, lost_response) in [(false, false), (false, true), (true, false)] {
        if lost_response {
            let rule = "operation=CompleteMultipartUpload,times=1,when=after,reset=before";
            site.faults(&[rule]);
        }
        let sent = content(PART + 1);
        let mut upload = site.bucket.upload("k", sent.clone());
        let mut get = site.bucket.get_object("k");
        if encrypted {
            upload = upload.sse_key(&key);
            get = get.sse_key(&key);
        }
        let upload = upload.part_size(PART as u64).multipart_threshold(0);
        let output = upload.verify(false).await.unwrap();
        site.emulator.clear_faults();
        let object = get.await.unwrap();
        assert_eq!(output.etag, object.etag);
        assert_eq!(object.body.bytes().await.unwrap(), sent);
    }
    let upload = site.bucket.upload("small", b"text").verify(false).await;
    assert_eq!(
        upload.unwrap().etag,
        site.bucket.head_object("small").await.unwrap().etag
    );
}

#[tokio::test]
async fn recovers_from_temporary_faults() {
    let site = Site::start().await;
    let sent = content(3 * PART + 1);
    for fault in [
        "reset=before",
        "reset=body",
        "when=after,reset=before",
        "status=503",
        "when=after,code=internal_error",
        "when=after,status=504",
        "status=502",
        "reset=mid",
    ] {
        for operation in [
            "operation=InitiateMultipartUpload",
            "operation=UploadMultipart,after=1",
            "operation=CompleteMultipartUpload",
            "operation=*,after=1",
        ] {
            let rule = format!("{operation},times=2,{fault}");
            site.faults(&[&rule]);
            let upload = site
                .bucket
                .upload(&*rule, sent.clone())
                .part_size(PART as u64);
            let result = upload.multipart_threshold(0).await;
            let hits = site.emulator.faults()[0].hits;
            site.emulator.clear_faults();
            let output = result.unwrap_or_else(|error| panic!("{rule}: {error}"));
            assert_eq!(output.parts, 4, "{rule}");
            assert_eq!(site.content(&rule).await, sent, "{rule}");
            // The second fault does not occur if the upload was found to be complete.
            assert!(hits > 0, "{rule}");
            // An upload cannot be aborted if the response with its ID was lost.
            if !operation.ends_with("InitiateMultipartUpload") {
                assert_eq!(site.unfinished().await, 0, "{rule}");
            }
            for upload in site.bucket.list_multipart_uploads().await.unwrap().uploads {
                let abort = site
                    .bucket
                    .abort_multipart_upload(upload.key, upload.upload_id);
                abort.await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_upload_is_aborted() {
    let site = Site::start().await;
    let mut dropped = 0;
    for millis in [0, 1, 2, 5, 10, 20, 40, 80] {
        let upload = site
            .bucket
            .upload("k", content(4 * PART))
            .part_size(PART as u64);
        let upload = upload.multipart_threshold(0).into_future();
        if tokio::time::timeout(Duration::from_millis(millis), upload)
            .await
            .is_err()
        {
            dropped += 1;
        }
        // The server may still be processing the requests that were in flight.
        tokio::time::sleep(Duration::from_millis(100)).await;
        site.nothing_left().await;
    }
    assert!(dropped > 0);
}

/// Measures the memory of an upload of a stream: the bytes that were read from the source, but not
/// confirmed yet.
#[tokio::test]
async fn a_stream_is_read_only_as_parts_are_confirmed() {
    let site = Site::start().await;
    site.faults(&["operation=UploadMultipart,latency=300ms"]);
    let sent = content(12 * PART);
    let read = Arc::new(AtomicU64::new(0));
    let confirmed = Arc::new(AtomicU64::new(0));
    let maximum = Arc::new(AtomicU64::new(0));
    let stream = {
        let (read, confirmed, maximum) = (read.clone(), confirmed.clone(), maximum.clone());
        pieces(&sent, MIB).inspect(move |piece: &std::io::Result<Bytes>| {
            let len = piece.as_ref().unwrap().len() as u64;
            let read = read.fetch_add(len, Ordering::SeqCst) + len;
            maximum.fetch_max(read - confirmed.load(Ordering::SeqCst), Ordering::SeqCst);
        })
    };
    let upload = site
        .bucket
        .upload("k", UploadSource::stream(stream))
        .part_size(PART as u64);
    let upload = upload.concurrency(2).on_progress(move |progress| {
        confirmed.store(progress.confirmed, Ordering::SeqCst);
    });
    upload.await.unwrap();
    let maximum = maximum.load(Ordering::SeqCst);
    // The source has one more chunk.
    let bound = (3 * PART + MIB) as u64;
    assert!(maximum <= bound, "{} MiB", maximum / MIB as u64);
    assert_eq!(site.content("k").await, sent);
}

#[tokio::test]
async fn sends_a_range_of_a_file() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "0123456789").unwrap();
    let body = Body::from_file_range(&path, 3, 4);
    site.bucket.put_object("k").body(body).await.unwrap();
    assert_eq!(site.content("k").await, "3456");
}
