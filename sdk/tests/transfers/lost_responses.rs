//! Multipart uploads and copies whose requests are executed, but whose responses are lost.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{CopyObject, SseKey, Upload};

use crate::transfer::{PART, Site, content};

fn upload<'a>(site: &Site, sent: &Bytes) -> Upload<'a> {
    let upload = site.bucket.upload("k", sent.clone()).part_size(PART as u64);
    upload.multipart_threshold(0).metadata([("run", "new")])
}

fn copy(site: &Site) -> CopyObject {
    let copy = site.bucket.copy_object((site.bucket.name(), "source"), "k");
    copy.part_size(PART as u64).multipart_threshold(0)
}

/// An older object with the same parts has the same ETag, but does not prove that the upload is
/// complete.
#[tokio::test]
async fn an_older_object_with_the_same_content_does_not_count_as_completion() {
    let site = Site::start().await;
    let sent = content(2 * PART + 9);
    let older = upload(&site, &sent).metadata([("run", "old")]);
    older.await.unwrap();
    for fault in ["status=504", "reset=before", "code=internal_error"] {
        site.faults(&[&format!(
            "operation=CompleteMultipartUpload,times=1,{fault}"
        )]);
        upload(&site, &sent).await.unwrap();
        let head = site.bucket.head_object("k").await.unwrap();
        assert_eq!(head.metadata.get("run"), Some("new"), "{fault}");
        assert_eq!(site.unfinished().await, 0, "{fault}");
        let older = upload(&site, &sent).metadata([("run", "old")]);
        older.await.unwrap();
    }
    // If the completion never succeeds, the upload fails.
    site.faults(&["operation=CompleteMultipartUpload,status=504"]);
    let error = upload(&site, &sent).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 504);
    assert_eq!(site.unfinished().await, 0);
}

#[tokio::test]
async fn finds_the_object_if_every_response_to_the_completion_is_lost() {
    let site = Site::start().await;
    let sent = content(2 * PART + 9);
    site.faults(&["operation=CompleteMultipartUpload,when=after,reset=before"]);
    let output = upload(&site, &sent).await.unwrap();
    assert_eq!((output.parts, output.bytes), (3, sent.len() as u64));
    assert_eq!(site.content("k").await, sent);
}

#[tokio::test]
async fn complete_upload_finds_the_object_if_its_responses_are_lost() {
    let site = Site::start().await;
    let sent = content(2 * PART + 9);
    let upload = site.bucket.initiate_multipart_upload("k").await.unwrap();
    let id = &upload.upload_id;
    let mut parts = Vec::new();
    for (number, start) in (1..).zip((0..sent.len()).step_by(PART)) {
        let bytes = sent.slice(start..sent.len().min(start + PART));
        let sent = site.bucket.upload_multipart("k", id, number).body(bytes);
        parts.push(ObjectPart::new(number).etag(sent.await.unwrap().etag));
    }
    // The service has not completed the upload.
    site.faults(&["operation=CompleteMultipartUpload,status=504"]);
    let failed = site.bucket.complete_upload("k", id, parts.clone()).await;
    assert_eq!(failed.unwrap_err().status().unwrap(), 504);
    assert_eq!(site.unfinished().await, 1);

    site.faults(&["operation=CompleteMultipartUpload,when=after,reset=before"]);
    let completion = site.bucket.complete_upload("k", id, parts);
    let completion = completion.timeout(Duration::from_secs(60));
    let object = tokio::spawn(completion.into_future()).await;
    let object = object.unwrap().unwrap();
    assert_eq!(site.content("k").await, sent);
    let head = site.bucket.head_object("k").await.unwrap();
    assert_eq!(head.etag, object.etag);
    assert!(object.etag.ends_with("-3\""), "{}", object.etag);
    assert_eq!(site.unfinished().await, 0);
}

#[tokio::test]
async fn an_initiation_whose_response_is_lost_is_retried() {
    let site = Site::start().await;
    let sent = content(PART + 9);
    for fault in ["reset=before", "status=502", "code=internal_error"] {
        let rule = format!("operation=InitiateMultipartUpload,times=2,when=after,{fault}");
        site.faults(&[&rule]);
        upload(&site, &sent).await.unwrap();
        assert_eq!(site.content("k").await, sent, "{fault}");
    }
}

#[tokio::test]
async fn a_copy_in_parts_recovers_from_lost_responses() {
    let site = Site::start().await;
    let stored = content(2 * PART + 9);
    let put = site.bucket.put_object("source").body(stored.clone());
    put.await.unwrap();
    for operation in [
        "InitiateMultipartUpload",
        "UploadMultipart",
        "CompleteMultipartUpload",
    ] {
        site.faults(&[&format!(
            "operation={operation},times=1,when=after,reset=before"
        )]);
        assert_eq!(copy(&site).await.unwrap().parts, 3, "{operation}");
        assert_eq!(site.content("k").await, stored, "{operation}");
        site.bucket.delete_object("k").await.unwrap();
    }
}

/// The upload is aborted even if the copy is dropped during the initiation, and outside of a runtime.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_copy_is_aborted() {
    let site = Site::start().await;
    let put = site.bucket.put_object("source").body(content(3 * PART));
    put.await.unwrap();
    site.faults(&["operation=*,latency=20ms,when=after"]);
    for millis in [30, 45, 60, 80, 100] {
        let mut copy = copy(&site).into_future();
        let limit = Duration::from_millis(millis);
        let result = tokio::time::timeout(limit, &mut copy).await;
        std::thread::spawn(move || drop(copy)).join().unwrap();
        if result.is_err() {
            // The server may still be processing the requests that were in flight.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        site.nothing_left().await;
    }
    let initiated = site.served("InitiateMultipartUpload");
    let completed = site.served("CompleteMultipartUpload");
    assert!(
        initiated > completed,
        "no copy was dropped after its initiation"
    );
}

/// The ETag of encrypted content need not be its MD5.
#[tokio::test]
async fn the_etag_of_encrypted_content_is_not_compared() {
    let site = Site::start().await;
    let (key, sent) = (SseKey::new([7; 32]), content(PART + 9));
    for threshold in [0, 1 << 30] {
        site.faults(&[
            "operation=UploadMultipart,etag=wrong",
            "operation=PutObject,etag=wrong",
        ]);
        let upload = upload(&site, &sent)
            .multipart_threshold(threshold)
            .sse_key(&key);
        let uploaded = upload.compute_content_md5().await;
        if threshold > 0 {
            uploaded.unwrap();
            site.faults(&["operation=GetObject,etag=wrong"]);
            let mut read = Vec::new();
            let target = qingstor_sdk::DownloadTarget::writer(&mut read);
            let output = site
                .bucket
                .download("k", target)
                .sse_key(&key)
                .await
                .unwrap();
            assert!(read == sent && !output.verified);
            let output = site.bucket.get_object("k").sse_key(&key).await.unwrap();
            assert!(output.body.verified().bytes().await.unwrap() == sent);
        } else {
            // The parts are accepted. The completion fails, because the emulator compares the
            // ETags.
            assert!(uploaded.is_err_and(|error| error.kind() == qingstor_sdk::ErrorKind::Service));
        }
    }
}

/// The ETag of an encrypted source need not be that of the same bytes without encryption.
#[tokio::test]
async fn a_copy_in_parts_of_an_encrypted_object_has_its_own_etag() {
    let site = Site::start().await;
    let (key, other) = (SseKey::new([7; 32]), SseKey::new([8; 32]));
    let sent = content(2 * PART + 9);
    let upload = site.bucket.upload("source", sent.clone()).sse_key(&key);
    let upload = upload.part_size(PART as u64).multipart_threshold(0);
    upload.await.unwrap();
    let copy = || {
        let copy = copy(&site).part_size(PART as u64 + (1 << 20));
        copy.copy_source_sse_key(&key)
    };
    for fault in [
        &[][..],
        &["operation=CompleteMultipartUpload,when=after,times=1,reset=before"],
    ] {
        site.faults(fault);
        assert_eq!(copy().await.unwrap().parts, 2);
        let head = site.bucket.head_object("k").await.unwrap();
        assert!(head.etag.ends_with("-2\""), "{}", head.etag);
        assert!(site.content("k").await == sent);
    }
    site.emulator.clear_faults();
    copy().sse_key(&other).await.unwrap();
    let output = site.bucket.get_object("k").sse_key(&other).await.unwrap();
    assert!(output.body.bytes().await.unwrap() == sent);
}

/// Compiles only if the futures are `Send`.
#[test]
fn transfers_can_be_spawned() {
    fn send<T: Future + Send>(_: impl FnOnce(Site) -> T) {}
    send(|site| copy(&site).into_future());
    send(|site| upload(&site, &Bytes::new()).into_future());
}
