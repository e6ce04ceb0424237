//! [`UploadWriter`](qingstor_sdk::UploadWriter), and the ETags of local files.

use std::time::Duration;

use qingstor_sdk::{Error, ErrorKind, Upload, UploadSource, etag_of_file};
use tokio::io::AsyncWriteExt;

use crate::transfer::{MIB, PART, Site, content};

#[tokio::test]
async fn small_content_is_sent_with_one_request_at_the_shutdown() {
    let site = Site::start().await;
    let mut writer = site
        .bucket
        .upload_writer("k")
        .with_options(|upload| upload.content_type("text/plain"));
    for word in ["one ", "two ", "three"] {
        writer.write_all(word.as_bytes()).await.unwrap();
        writer.flush().await.unwrap();
    }
    let missing = site.bucket.head_object("k").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    writer.shutdown().await.unwrap();
    assert_eq!(site.content("k").await, "one two three");
    let head = site.bucket.head_object("k").await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("text/plain"));
    assert_eq!(site.served("PutObject"), 1);
    // A shutdown is idempotent, and a write after it is an error.
    writer.shutdown().await.unwrap();
    let error = writer.write_all(b"more").await.unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
    assert_eq!(writer.finish().await.unwrap().bytes, 13);
}

#[tokio::test]
async fn large_content_is_sent_in_parts_while_it_is_written() {
    let site = Site::start().await;
    let content = content(2 * PART + 12345);
    let mut writer = site
        .bucket
        .upload_writer("k")
        .with_options(|upload| upload.part_size(PART as u64).concurrency(2));
    tokio::io::copy(&mut &content[..], &mut writer)
        .await
        .unwrap();
    let output = writer.finish().await.unwrap();
    assert_eq!((output.bytes, output.parts), (content.len() as u64, 3));
    assert_eq!(site.content("k").await, content);
    assert_eq!(site.unfinished().await, 0);
}

#[tokio::test]
async fn a_writer_without_writes_creates_an_empty_object() {
    let site = Site::start().await;
    site.bucket
        .upload_writer("finished")
        .finish()
        .await
        .unwrap();
    site.bucket.upload_writer("shut").shutdown().await.unwrap();
    for key in ["finished", "shut"] {
        assert_eq!(site.content(key).await, "");
    }
}

#[tokio::test]
async fn a_dropped_writer_creates_no_object_and_keeps_no_parts() {
    let site = Site::start().await;
    site.bucket.put_object("k").body("old").await.unwrap();
    drop(site.bucket.upload_writer("unused"));
    for len in [10, 2 * PART + 1] {
        let mut writer = site
            .bucket
            .upload_writer("k")
            .with_options(|upload| upload.part_size(PART as u64));
        writer.write_all(&content(len)).await.unwrap();
        writer.flush().await.unwrap();
        if len > PART {
            while site.unfinished().await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        drop(writer);
        site.nothing_left().await;
        assert_eq!(site.content("k").await, "old");
    }
    assert_eq!(site.bucket.list_objects().await.unwrap().keys.len(), 1);
}

#[tokio::test]
async fn an_error_of_the_upload_fails_the_writer() {
    let site = Site::start().await;
    site.faults(&["operation=UploadMultipart,code=permission_denied"]);
    let mut writer = site
        .bucket
        .upload_writer("k")
        .with_options(|upload| upload.part_size(PART as u64));
    let mut written = 0;
    // Writes wait for the upload, and one of them returns its error.
    let error = loop {
        match writer.write_all(&[0; MIB]).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 200);
    };
    let sdk_error = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<Error>());
    assert!(sdk_error.unwrap().is_permission_denied(), "{error}");
    assert!(writer.write_all(b"more").await.is_err());
    assert!(writer.flush().await.is_err());
    assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::Io);
    site.nothing_left().await;
}

#[tokio::test]
async fn the_etag_of_a_file_is_that_of_its_upload() {
    let site = Site::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    for (len, part_size, threshold) in [
        (0, PART as u64, 0),
        (1, PART as u64, 0),
        (PART, PART as u64, 0),
        (2 * PART + 1, PART as u64, 0),
        (2 * PART + 1, PART as u64 + 1, 100),
        (
            2 * PART,
            Upload::DEFAULT_PART_SIZE,
            Upload::DEFAULT_MULTIPART_THRESHOLD,
        ),
        (
            17 * MIB,
            Upload::DEFAULT_PART_SIZE,
            Upload::DEFAULT_MULTIPART_THRESHOLD,
        ),
    ] {
        std::fs::write(file.path(), content(len)).unwrap();
        let upload = site.bucket.upload("k", UploadSource::path(file.path()));
        let upload = upload.part_size(part_size).multipart_threshold(threshold);
        let uploaded = upload.await.unwrap().etag;
        let etag = etag_of_file(file.path(), part_size, threshold)
            .await
            .unwrap();
        assert_eq!(etag, uploaded, "{len} {part_size} {threshold}");
    }
}
