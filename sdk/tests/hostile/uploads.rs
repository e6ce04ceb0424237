//! Uploads whose body did not arrive completely, or possibly not.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use qingstor_sdk::{Body, Bucket, Error, ErrorKind, RetryPolicy, SseKey};

use crate::server::{RequestBody, Server, response};

/// More than the buffers of a loopback connection hold.
const LARGE: usize = 24 << 20;
/// The `ETag` of `abc`.
const ABC: &str = "\"900150983cd24fb0d6963f7d28e17f72\"";

async fn early(status: &'static str) -> Server {
    let headers = [("ETag", ABC), ("Connection", "close")];
    Server::start(RequestBody::Ignore, move |_, _| {
        response(status, &headers, b"")
    })
    .await
}

/// Large bodies of each kind, and whether they are replayable.
async fn large(path: &Path) -> [(Body, bool); 3] {
    let content = vec![7_u8; LARGE];
    std::fs::write(path, &content).unwrap();
    [
        (Body::from(content.clone()), true),
        (Body::from_path(path).await.unwrap(), true),
        (Body::from_reader(Cursor::new(content), LARGE as u64), false),
    ]
}

fn is_early(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(error.to_string().contains("of the request body"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_before_the_whole_body_was_sent_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let server = early("201 Created").await;
    let policy = RetryPolicy::default()
        .max_attempts(2)
        .initial_backoff(Duration::from_millis(1));
    let bucket = server.bucket_with(|config| config.retry(policy));
    for (body, replayable) in large(&folder.path().join("large")).await {
        let error = bucket.put_object("k").body(body).await.unwrap_err();
        is_early(&error);
        assert_eq!(error.attempts(), if replayable { 2 } else { 1 }, "{error}");
    }
    for (body, replayable) in large(&folder.path().join("part")).await {
        let part = bucket.upload_multipart("k", "id", 0).body(body);
        let error = part.await.unwrap_err();
        is_early(&error);
        assert_eq!(error.attempts(), if replayable { 2 } else { 1 }, "{error}");
    }
    // A form, an append and a JSON document. Requests that are not idempotent are not retried.
    let error = bucket.post_object("k", vec![7; LARGE]).await.unwrap_err();
    is_early(&error);
    let early = early("200 OK").await;
    let bucket = early.bucket();
    let append = bucket.append_object("k", 0).body(vec![7; LARGE]);
    let error = append.await.unwrap_err();
    is_early(&error);
    assert_eq!(error.attempts(), 1, "{error}");
    let keys = (0..24 << 10).map(|number| format!("{number:01024}"));
    let error = bucket.delete_multiple_objects(keys).await.unwrap_err();
    is_early(&error);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_does_not_accept_an_early_success() {
    let server = Server::start(RequestBody::Ignore, |_, head| {
        match head.starts_with("post") {
            true => response("200 OK", &[], br#"{"upload_id":"id"}"#),
            false => response("201 Created", &[("ETag", ABC)], b""),
        }
    })
    .await;
    let policy = RetryPolicy::never();
    let bucket = server.bucket_with(|config| config.retry(policy));
    let error = bucket
        .upload("k", vec![7; LARGE])
        .multipart_threshold(LARGE as u64)
        .await
        .unwrap_err();
    is_early(&error);
    let error = bucket.upload("k", vec![7; LARGE]).part_size(12 << 20).await;
    is_early(&error.unwrap_err());
}

/// After any response, the client stops sending the body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_response_stops_the_sending() {
    const HUGE: usize = 256 << 20;
    let content = Bytes::from(vec![7; HUGE]);
    for status in ["403 Forbidden", "307 Temporary Redirect", "201 Created"] {
        let server = Server::start(RequestBody::ReadLate, move |_, _| {
            response(status, &[], b"")
        })
        .await;
        let bucket = server.bucket_with(|config| config.retry(RetryPolicy::never()));
        let error = bucket.put_object("k").body(content.clone()).await;
        error.unwrap_err();
        let mut before = server.seen.body_bytes();
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            match server.seen.body_bytes() {
                now if now == before => break,
                now => before = now,
            }
        }
        assert!(before < HUGE as u64, "{status}: {before}");
    }
}

/// A source that is pending forever is dropped, and so is its connection.
#[tokio::test]
async fn an_early_response_drops_a_source_that_is_pending() {
    let (dropped, mut seen) = tokio::sync::mpsc::channel::<()>(1);
    let stream = futures_util::stream::unfold(dropped, |dropped| async {
        std::future::pending::<()>().await;
        Some((Ok::<_, std::io::Error>(Bytes::new()), dropped))
    });
    let server = early("403 Forbidden").await;
    let body = Body::from_stream(stream, 100);
    let error = server
        .bucket()
        .put_object("k")
        .body(body)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    let waited = tokio::time::timeout(Duration::from_secs(20), seen.recv()).await;
    assert_eq!(waited.expect("the source is dropped"), None);
}

/// The response arrives right after the last byte, which is not early.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_right_after_the_last_byte_is_accepted() {
    let server = Server::start(RequestBody::Read, |_, _| {
        response("201 Created", &[("ETag", ABC)], b"")
    })
    .await;
    let bucket = server.bucket();
    for len in [0, 1, 64 << 10, (64 << 10) + 1, 256 << 10, (1 << 20) + 1] {
        for _ in 0..20 {
            let content = vec![7_u8; len];
            let stream = Body::from_reader(Cursor::new(content.clone()), len as u64);
            for body in [Body::from(content), stream] {
                let output = bucket.put_object("k").body(body).await.unwrap();
                assert_eq!(output.attempts(), 1, "{len}");
            }
        }
    }
}

/// A server that stores `abc` and responds with this `ETag`, or without one.
async fn tagged(etag: Option<&'static str>) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |_, head| {
        if head.starts_with("post") && head.contains("uploads") {
            return response("200 OK", &[], br#"{"upload_id":"id"}"#);
        }
        if head.starts_with("delete") {
            return response("204 No Content", &[], b"");
        }
        let mut headers = vec![("X-Qs-Request-Id", "REQ1")];
        headers.extend(etag.map(|etag| ("ETag", etag)));
        response("201 Created", &headers, b"")
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

#[tokio::test]
async fn a_verified_upload_needs_an_etag() {
    let key = SseKey::new([7; 32]);
    for (etag, valid, valid_if_encrypted) in [
        (Some(ABC), true, true),
        (Some("900150983CD24FB0D6963F7D28E17F72"), true, true),
        (Some("\"not an md5\""), true, true),
        (Some("W/\"900150983cd24fb0d6963f7d28e17f72\""), true, true),
        (Some("\"not ascii: \u{e9}\""), true, true),
        (None, false, false),
        (Some(""), false, false),
        (Some("\"\""), false, false),
        (Some("W/\"\""), false, false),
        (Some("W/\"d41d8cd98f00b204e9800998ecf8427e\""), false, true),
        (Some("\"d41d8cd98f00b204e9800998ecf8427e\""), false, true),
    ] {
        for encrypted in [false, true] {
            let valid = if encrypted { valid_if_encrypted } else { valid };
            let (server, bucket) = tagged(etag).await;
            let with_key = |upload: qingstor_sdk::Upload<'static>| match encrypted {
                true => upload.sse_key(&key),
                false => upload,
            };
            let small = with_key(bucket.upload("k", b"abc")).await;
            let parts = with_key(bucket.upload("k", b"abc").multipart_threshold(0)).await;
            let digests = with_key(bucket.upload("k", b"abc").compute_content_md5()).await;
            for result in [small, parts, digests] {
                match result {
                    Ok(_) => assert!(valid, "{etag:?}, encrypted: {encrypted}"),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
                        assert!(!valid, "{etag:?}, encrypted: {encrypted}: {error}");
                        assert_eq!(error.request_id(), Some("REQ1"), "{error}");
                        assert_eq!((error.key(), error.attempts()), (Some("k"), 1), "{error}");
                        let is_part = error.operation() == Some("UploadMultipart");
                        let is_named = error.to_string().contains("/k, part 0: ");
                        assert_eq!(is_named, is_part, "{error}");
                    }
                }
            }
            // The upload is sent twice.
            let puts = if valid { 3 } else { 6 };
            let others = server.seen.requests() - puts;
            assert!((1..=2).contains(&others), "{etag:?}: {others}");
            let result = put(&bucket, encrypted.then_some(&key)).await;
            assert_eq!(result.is_ok(), valid, "{etag:?}, encrypted: {encrypted}");
        }
    }
}

#[tokio::test]
async fn an_unverified_upload_accepts_any_etag() {
    let key = SseKey::new([7; 32]);
    for etag in [
        None,
        Some("\"\""),
        Some("\"not an md5\""),
        Some("\"d41d8cd98f00b204e9800998ecf8427e\""),
    ] {
        for encrypted in [false, true] {
            let (server, bucket) = tagged(etag).await;
            for threshold in [0, 1024] {
                let mut upload = bucket.upload("k", b"abc").multipart_threshold(threshold);
                if encrypted {
                    upload = upload.sse_key(&key);
                }
                let output = upload.verify(false).await.unwrap();
                assert_eq!((output.parts, output.bytes), (1, 3), "{etag:?}");
            }
            // `PutObject`, and initiate, upload and complete: nothing is sent twice.
            assert_eq!(
                server.seen.requests(),
                4,
                "{etag:?}, encrypted: {encrypted}"
            );
        }
    }
}

/// The client can compute the ETag of the whole object.
#[tokio::test]
async fn an_empty_etag_of_an_object_made_of_parts_is_replaced() {
    for complete in [None, Some(""), Some("\"\"")] {
        let server = Server::start(RequestBody::Read, move |_, head| {
            if head.starts_with("post") && head.contains("uploads") {
                return response("200 OK", &[], br#"{"upload_id":"id"}"#);
            }
            let etag = if head.starts_with("put") {
                Some(ABC)
            } else {
                complete
            };
            let headers: Vec<_> = etag.map(|etag| ("ETag", etag)).into_iter().collect();
            response("201 Created", &headers, b"")
        })
        .await;
        let upload = server.bucket().upload("k", b"abc").multipart_threshold(0);
        let etag = upload.await.unwrap().etag;
        // The MD5 of the MD5 of `abc`.
        assert_eq!(
            etag, "\"af5da9f45af7a300e3aded972f8ff687-1\"",
            "{complete:?}"
        );
    }
}

async fn put(bucket: &Bucket, key: Option<&SseKey>) -> Result<(), Error> {
    let mut put = bucket.put_object("k").body("abc").compute_content_md5();
    if let Some(key) = key {
        put = put.sse_key(key);
    }
    let result = put.await.map(drop);
    if let Err(error) = &result {
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert_eq!(error.attempts(), 1, "{error}");
    }
    result
}

/// A long body is hashed by a pool of threads.
#[tokio::test]
async fn the_digest_of_a_long_body_is_compared_with_the_etag() {
    let (_server, bucket) = tagged(Some(ABC)).await;
    let put = bucket.put_object("k").body(vec![0; 1 << 20]);
    let error = put.compute_content_md5().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
}

/// Without a digest there is nothing to compare, and a copy has no body.
#[tokio::test]
async fn an_unverified_upload_needs_no_etag() {
    let (_server, bucket) = tagged(None).await;
    bucket.put_object("k").body("abc").await.unwrap();
    let copy = bucket.put_object("k").copy_source(("b", "source"));
    copy.compute_content_md5().await.unwrap();
}

/// The MD5 of a file is calculated before it is sent, so a change in between is a mismatch.
#[tokio::test]
async fn a_file_that_changes_during_the_upload_is_an_io_error() {
    for threshold in [0, 1 << 20] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let path = file.path().to_owned();
        let server = Server::start(RequestBody::Read, move |_, head| {
            if head.starts_with("post") {
                return response("200 OK", &[], br#"{"upload_id":"id"}"#);
            }
            if head.starts_with("delete") {
                return response("204 No Content", &[], b"");
            }
            std::fs::write(&path, "other content").unwrap();
            let other = "\"795f3202b17cb6bc3d4b771d8c6c9eaf\"";
            response("201 Created", &[("ETag", other)], b"")
        })
        .await;
        let upload = server.bucket().upload("k", file.path());
        let error = upload.multipart_threshold(threshold).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{threshold}: {error}");
        let text = error.to_string();
        assert!(text.contains("changed during the upload"), "{text}");
        let is_replaced = text.contains("the object was replaced");
        assert_eq!(is_replaced, threshold > 0, "{text}");
    }
}

#[tokio::test]
async fn an_initiation_without_an_upload_id_is_an_error_and_leaves_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let (file, token) = (folder.path().join("file"), folder.path().join("token"));
    std::fs::write(&file, vec![7; 5 << 20]).unwrap();
    for body in [r#"{"bucket":"b"}"#, r#"{"upload_id":""}"#] {
        let server = Server::start(RequestBody::Read, move |_, _| {
            response("200 OK", &[("X-Qs-Request-Id", "REQ1")], body.as_bytes())
        })
        .await;
        let bucket = server.bucket();
        let upload = bucket.upload("k", file.as_path()).multipart_threshold(1);
        let error = upload.token_file(&token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.operation(), Some("InitiateMultipartUpload"));
        assert_eq!(error.request_id(), Some("REQ1"), "{error}");
        assert!(error.to_string().contains("an upload ID"), "{error}");
        assert!(error.resume_token().is_none());
        assert_eq!(server.seen.requests(), 1);
        let stored = std::fs::read_to_string(&token).unwrap_or_default();
        assert_eq!(stored, "");
    }
}
