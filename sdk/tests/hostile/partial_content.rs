//! Responses with status 206 that are not what was requested.

use qingstor_sdk::{Bucket, DownloadTarget, ErrorKind, RetryPolicy};

use crate::server::{RequestBody, Server, chunked, header, response};

/// The object of all tests: 20 bytes.
const OBJECT: &[u8] = b"0123456789abcdefghij";

/// A response to a request: `Content-Range` values, and the bytes.
#[derive(Clone, Copy)]
struct Part {
    ranges: &'static [&'static str],
    body: &'static [u8],
}

async fn server(part: Part, is_chunked: bool) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |_, _| {
        let mut headers = vec![("ETag", "\"e\"")];
        headers.extend(part.ranges.iter().map(|range| ("Content-Range", *range)));
        match is_chunked {
            true => chunked("206 Partial Content", &headers, part.body),
            false => response("206 Partial Content", &headers, part.body),
        }
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

#[tokio::test]
async fn a_part_that_was_not_requested_is_an_integrity_error() {
    let right: &[&str] = &["bytes 0-9/20"];
    let ten = &OBJECT[..10];
    for (range, ranges, body) in [
        (None, right, ten),
        (Some("bytes=0-9"), &[][..], ten),
        (Some("bytes=0-9"), &["bytes 0-9/20", "bytes 0-9/20"], ten),
        (Some("bytes=0-9"), &["bytes 0-9/20", "bytes 10-19/20"], ten),
        (Some("bytes=0-9"), &["bytes 10-19/20"], &OBJECT[10..]),
        (Some("bytes=0-9"), &["bytes 0-4/20"], &OBJECT[..5]),
        (Some("bytes=0-9"), &["bytes 0-19/20"], OBJECT),
        (Some("bytes=0-9"), right, &OBJECT[..9]),
        (Some("bytes=0-9"), right, &OBJECT[..11]),
        (Some("bytes=0-9"), right, b""),
        (Some("bytes=0-9"), &["bytes */20"], ten),
        (Some("bytes=0-9"), &["bytes 0-9/*"], ten),
        (Some("bytes=0-9"), &["bytes=0-9/20"], ten),
        (Some("bytes=0-9"), &[""], ten),
        (Some("bytes=-5"), &["bytes 0-4/20"], &OBJECT[..5]),
        (Some("bytes=5-"), &["bytes 5-9/20"], &OBJECT[5..10]),
        (Some("bytes=10-50"), &["bytes 10-18/20"], &OBJECT[10..19]),
        (Some("bytes=30-40"), &["bytes 10-19/20"], &OBJECT[10..]),
        (Some("bytes=0-4,10-14"), &["bytes 0-4/20"], &OBJECT[..5]),
    ] {
        for is_chunked in [false, true] {
            let (_server, bucket) = server(Part { ranges, body }, is_chunked).await;
            let what = format!("{range:?}, {ranges:?}, {} bytes, {is_chunked}", body.len());
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            std::fs::write(&path, "old").unwrap();
            let get = || match range {
                Some(range) => bucket.get_object("k").range(range),
                None => bucket.get_object("k"),
            };
            let whole = async { get().await?.body.bytes().await };
            let error = whole.await.expect_err(&what);
            assert_eq!(error.kind(), ErrorKind::Integrity, "{what}: {error}");
            assert!(!error.is_retryable(), "{what}: {error}");
            let file = async { get().await?.body.write_to(&path).await };
            let error = file.await.expect_err(&what);
            assert_eq!(error.kind(), ErrorKind::Integrity, "{what}: {error}");
            assert_eq!(std::fs::read(&path).unwrap(), b"old", "{what}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}

#[tokio::test]
async fn images_and_downloads_follow_the_same_rules() {
    for ranges in [&["bytes 5-14/20"][..], &[], &["bytes 0-19/20"]] {
        let body = &OBJECT[..10];
        let (_server, bucket) = server(Part { ranges, body }, false).await;
        // `image_process` has no ranges, so 206 is not a success of the operation.
        let image = bucket.image_process("k", "info").await.map(drop);
        let error = image.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{error}");
        let mut memory = Vec::new();
        let download = bucket
            .download("k", DownloadTarget::writer(&mut memory))
            .await;
        let error = download.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert!(memory.is_empty());
    }
}

#[tokio::test]
async fn the_requested_part_is_accepted_in_every_form() {
    for (range, content_range, body) in [
        ("bytes=0-9", "bytes 0-9/20", &OBJECT[..10]),
        ("bytes=10-", "bytes 10-19/20", &OBJECT[10..]),
        ("bytes=-5", "bytes 15-19/20", &OBJECT[15..]),
        ("bytes=-50", "bytes 0-19/20", OBJECT),
        ("bytes=10-50", "bytes 10-19/20", &OBJECT[10..]),
    ] {
        for is_chunked in [false, true] {
            let ranges = Box::leak(Box::new([content_range]));
            let (_server, bucket) = server(Part { ranges, body }, is_chunked).await;
            let output = bucket.get_object("k").range(range).await.unwrap();
            assert_eq!(output.body.len(), Some(body.len() as u64), "{range}");
            assert_eq!(output.body.bytes().await.unwrap(), body, "{range}");
        }
    }
}

/// Serves ranges correctly, except for the requests for which `whole` returns true.
async fn ignores_ranges(whole: impl Fn(u64) -> bool + Send + Sync + 'static) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |number, head| {
        let etag = ("ETag", "\"e\"");
        let range = header(head, "range").filter(|_| !whole(number));
        let Some(range) = range else {
            return response("200 OK", &[etag], OBJECT);
        };
        let (first, last) = range["bytes=".len()..].split_once('-').unwrap();
        let (first, last) = (first.parse().unwrap(), last.parse::<usize>().unwrap());
        let last = last.min(OBJECT.len() - 1);
        let text = format!("bytes {first}-{last}/{}", OBJECT.len());
        let headers = [etag, ("Content-Range", &text)];
        response("206 Partial Content", &headers, &OBJECT[first..=last])
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

#[tokio::test]
async fn a_service_may_ignore_a_range() {
    let (_server, bucket) = ignores_ranges(|_| true).await;
    let output = bucket.get_object("k").range("bytes=0-4").await.unwrap();
    assert_eq!(output.status(), 200);
    assert_eq!(output.body.bytes().await.unwrap(), OBJECT);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let output = bucket.download("k", &path).await.unwrap();
    assert_eq!(output.bytes, OBJECT.len() as u64);
    assert_eq!(std::fs::read(&path).unwrap(), OBJECT);
}

/// The rules also apply to the response that continues an interrupted body.
#[tokio::test]
async fn an_interrupted_body_must_continue_with_its_rest() {
    for (rest, is_right) in [
        (("bytes 5-19/20", "\"e\"", &OBJECT[5..]), true),
        (("bytes 5-19/20", "\"other\"", &OBJECT[5..]), false),
        (("bytes 5-18/20", "\"e\"", &OBJECT[5..19]), false),
        (("bytes 0-19/20", "\"e\"", OBJECT), false),
        (("bytes 5-19/21", "\"e\"", &OBJECT[5..]), false),
        (("bytes 5-19/20", "\"e\"", &OBJECT[..5]), false),
    ] {
        let server = Server::start(RequestBody::Read, move |number, _| {
            let (range, etag, body) = rest;
            if number == 1 {
                let mut first = response("200 OK", &[("ETag", "\"e\"")], OBJECT);
                // The body is incomplete, so the next request uses another connection.
                first.truncate(first.len() - 15);
                first
            } else {
                let headers = [("ETag", etag), ("Content-Range", range)];
                response("206 Partial Content", &headers, body)
            }
        })
        .await;
        let bucket = server.bucket_with(|config| {
            config
                .idle_timeout(std::time::Duration::from_millis(300))
                .retry(RetryPolicy::default().initial_backoff(std::time::Duration::from_millis(1)))
        });
        let body = bucket.get_object("k").await.unwrap().body;
        match body.bytes().await {
            Ok(bytes) => assert!(is_right && bytes == OBJECT, "{rest:?}"),
            Err(error) => {
                assert!(!is_right, "{rest:?}: {error}");
                assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
            }
        }
    }
}

/// Serves the first request from one object and the others from another, all with the same tag. With
/// `is_broken`, the first body breaks off.
async fn replaced(etag: &'static str, is_broken: bool) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |number, head| {
        let object = if number == 1 { b'a' } else { b'b' };
        let object = vec![object; 100_000];
        let mut headers = vec![("ETag", etag)];
        let range = header(head, "range").and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            let last = last.parse::<usize>().ok()?.min(object.len() - 1);
            Some((first.parse::<usize>().ok()?, last))
        });
        let mut bytes = match range {
            Some((first, last)) => {
                let text = format!("bytes {first}-{last}/{}", object.len());
                headers.push(("Content-Range", &text));
                response("206 Partial Content", &headers, &object[first..=last])
            }
            None => response("200 OK", &headers, &object),
        };
        if is_broken && number == 1 {
            bytes.truncate(bytes.len() - 10);
        }
        bytes
    })
    .await;
    let bucket = server.bucket_with(|config| {
        config
            .idle_timeout(std::time::Duration::from_millis(300))
            .retry(RetryPolicy::default().initial_backoff(std::time::Duration::from_millis(1)))
    });
    (server, bucket)
}

/// Each request finds another object, although its condition does not allow it.
#[tokio::test]
async fn an_error_of_a_range_contains_the_range_and_the_request_id() {
    let server = Server::start(RequestBody::Read, |number, head| {
        let range = header(head, "range").unwrap();
        let range = range.strip_prefix("bytes=").unwrap();
        let etag = format!("\"{number}\"");
        let is_first = range.starts_with("0-");
        let range = format!("bytes {range}/131072");
        let id = format!("REQ{number}");
        let mut headers = vec![("Content-Range", &*range), ("X-Qs-Request-Id", &id)];
        if is_first || !head.starts_with("get /some-bucket/untagged") {
            headers.push(("ETag", &etag));
        }
        response("206 Partial Content", &headers, &[0; 65536])
    })
    .await;
    let bucket = server.bucket();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    for target in [
        DownloadTarget::writer(tokio::io::sink()),
        DownloadTarget::from(&*file),
    ] {
        let first = server.seen.requests() + 1;
        let error = bucket.download("k", target).part_size(64 << 10).await;
        let error = error.unwrap_err();
        let second = first + 1;
        assert_eq!(
            error.to_string(),
            format!(
                "GetObject {}/k, bytes 65536-131071: 206 Partial Content: the response has another ETag \
                 than the request: \"{second}\"; request id REQ{second}; 1 attempt",
                bucket.name()
            )
        );
    }
    let target = DownloadTarget::writer(tokio::io::sink());
    let untagged = bucket.download("untagged", target).part_size(64 << 10);
    let error = untagged.await.unwrap_err().to_string();
    let expected = "bytes 65536-131071: 206 Partial Content: the response has no ETag; request id";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn an_error_of_a_body_contains_the_id_of_its_last_response() {
    const SIZE: usize = 1000;
    let server = Server::start(RequestBody::Read, move |number, head| {
        let id = format!("REQ{number}");
        let mut headers = vec![("ETag", "\"900150983cd24fb0d6963f7d28e17f72\"")];
        headers.push(("X-Qs-Request-Id", &id));
        let Some(range) = header(head, "range") else {
            let mut bytes = response("200 OK", &headers, &[0; SIZE]);
            // The key says how much is missing.
            let is_broken = head.starts_with("get /some-bucket/broken");
            bytes.truncate(bytes.len() - if is_broken { 10 } else { 0 });
            return bytes;
        };
        let range = range.strip_prefix("bytes=").unwrap();
        let range = format!("bytes {range}/{SIZE}");
        headers.push(("Content-Range", &range));
        let mut bytes = response("206 Partial Content", &headers, &[0; 10]);
        bytes.truncate(bytes.len() - 10);
        bytes
    })
    .await;
    let bucket = server.bucket_with(|config| {
        let retry = RetryPolicy::default().max_attempts(2);
        let retry = retry.initial_backoff(std::time::Duration::from_millis(1));
        config
            .idle_timeout(std::time::Duration::from_millis(300))
            .retry(retry)
    });
    for (key, kind, requests) in [
        ("wrong", ErrorKind::Integrity, 1),
        ("broken", ErrorKind::Timeout, 2),
    ] {
        let before = server.seen.requests();
        let body = bucket.get_object(key).await.unwrap().body;
        let error = body.verified().bytes().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(server.seen.requests() - before, requests, "{error}");
        let id = format!("REQ{}", before + requests);
        assert_eq!(error.request_id(), Some(&*id), "{error}");
        assert!(error.to_string().contains(&id), "{error}");
    }
}

#[tokio::test]
async fn ranges_are_combined_by_a_strong_etag_only() {
    for etag in ["", "\"\"", "\"", "W/\"e\"", "w/\"e\"", "W/\"\""] {
        let (_server, bucket) = replaced(etag, true).await;
        let body = bucket.get_object("k").await.unwrap().body;
        let error = body.bytes().await.expect_err(etag);
        assert_eq!(error.kind(), ErrorKind::Timeout, "{etag}: {error}");

        let (server, bucket) = replaced(etag, false).await;
        let mut memory = Vec::new();
        let download = bucket.download("k", DownloadTarget::writer(&mut memory));
        download.part_size(64 << 10).await.expect(etag);
        assert!(memory == vec![b'b'; 100_000], "{etag}");
        // The first range, and then the whole object.
        assert_eq!(server.seen.requests(), 2, "{etag}");
    }
}
