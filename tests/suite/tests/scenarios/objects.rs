//! Range and conditional requests, metadata, copies, and built requests.

use std::time::{Duration, SystemTime};

use qingstor_sdk::types::{MetadataDirective, StorageClass};
use qingstor_sdk::{ErrorCode, ErrorKind, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::store::{BUCKET, Store};

fn hours_ago(hours: u64) -> Timestamp {
    let time = SystemTime::now() - Duration::from_secs(3600 * hours);
    Timestamp::try_from(time).unwrap()
}

#[tokio::test]
async fn a_range_request_returns_the_range() {
    let store = Store::start().await;
    store
        .bucket
        .put_object("k")
        .body("0123456789")
        .await
        .unwrap();
    for (range, expected, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
    ] {
        let output = store.bucket.get_object("k").range(range).await.unwrap();
        assert_eq!(output.status(), 206, "{range}");
        assert_eq!(output.content_range.as_deref(), Some(content_range));
        assert_eq!(output.content_length, Some(expected.len() as u64));
        assert_eq!(output.body.bytes().await.unwrap(), expected);
    }
    let outside = store
        .bucket
        .get_object("k")
        .range("bytes=10-")
        .await
        .unwrap_err();
    assert_eq!(outside.code(), Some(&ErrorCode::InvalidRange));
    assert_eq!(outside.status().unwrap(), 416);
}

#[tokio::test]
async fn failed_conditions_have_their_own_predicates() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let etag = bucket.put_object("k").body("x").await.unwrap().etag;
    let get = || bucket.get_object("k");
    let head = || bucket.head_object("k");
    assert_eq!(get().if_match(&etag).await.unwrap().status(), 200);
    assert_eq!(
        get().if_none_match("\"other\"").await.unwrap().status(),
        200
    );
    assert_eq!(
        get()
            .if_modified_since(hours_ago(1))
            .await
            .unwrap()
            .status(),
        200
    );

    let not_modified = [
        get().if_none_match(&etag).await.unwrap_err(),
        get().if_modified_since(Timestamp::now()).await.unwrap_err(),
        head().if_none_match(&etag).await.unwrap_err(),
    ];
    for error in not_modified {
        assert!(error.is_not_modified(), "{error}");
        assert!(!error.is_precondition_failed() && !error.is_retryable());
        assert_eq!((error.kind(), error.code()), (ErrorKind::Service, None));
    }
    let failed = [
        get().if_match("\"other\"").await.unwrap_err(),
        get().if_unmodified_since(hours_ago(1)).await.unwrap_err(),
        head().if_match("\"other\"").await.unwrap_err(),
        bucket
            .put_object("c")
            .copy_source((BUCKET, "k"))
            .copy_source_if_match("\"o\"")
            .await
            .unwrap_err(),
    ];
    for error in failed {
        assert!(error.is_precondition_failed(), "{error}");
        assert!(!error.is_not_modified());
    }
    assert_eq!(store.keys().await, ["k"]);
}

#[tokio::test]
async fn metadata_is_returned_unchanged() {
    let store = Store::start().await;
    let bucket = &store.bucket;
    let given = [
        ("Author", "Lin  Wei"),
        ("x.y_z-1", "~!@#$%^&*()_+={}[]|\\:;\"'<>,.?/`"),
    ];
    let call = bucket.put_object("k").body("x").metadata(given);
    let call = call
        .content_type("image/svg+xml; charset=utf-8")
        .cache_control("max-age=60");
    let call = call.content_disposition("attachment; filename=\"a b.svg\"");
    call.storage_class(StorageClass::StandardIa).await.unwrap();
    let head = bucket.head_object("k").await.unwrap();
    for (name, value) in given {
        assert_eq!(head.metadata.get(name), Some(value));
    }
    assert_eq!(head.metadata.len(), 2);
    assert_eq!(
        head.content_type.as_deref(),
        Some("image/svg+xml; charset=utf-8")
    );
    assert_eq!(head.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(
        head.content_disposition.as_deref(),
        Some("attachment; filename=\"a b.svg\"")
    );
    assert_eq!(head.storage_class, Some(StorageClass::StandardIa));

    // A copy keeps the metadata, unless the directive is `REPLACE`.
    bucket
        .put_object("copy")
        .copy_source((BUCKET, "k"))
        .await
        .unwrap();
    assert_eq!(
        bucket.head_object("copy").await.unwrap().metadata,
        head.metadata
    );
    let call = bucket
        .put_object("copy")
        .copy_source((BUCKET, "k"))
        .metadata([("new", "1")]);
    call.metadata_directive(MetadataDirective::Replace)
        .await
        .unwrap();
    let replaced = bucket.head_object("copy").await.unwrap().metadata;
    assert_eq!(replaced.iter().collect::<Vec<_>>(), [("new", "1")]);
}

#[tokio::test]
async fn invalid_metadata_is_rejected_before_sending() {
    let store = Store::start().await;
    let long = "v".repeat(2048);
    for (name, value) in [
        ("name", "值"),
        ("name", "a\r\nx-qs-copy-source: /b/k"),
        ("name", "a\nb"),
        ("name", "a\0b"),
        ("name", " leading"),
        ("name", "trailing "),
        ("name", &*long),
        ("名", "v"),
        ("a b", "v"),
        ("a:b", "v"),
        ("", "v"),
    ] {
        let call = store.bucket.put_object("k").metadata([(name, value)]);
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?} {value:?}");
    }
    assert!(store.keys().await.is_empty());
}

#[tokio::test]
async fn invalid_and_reserved_headers_are_rejected_before_sending() {
    let store = Store::start().await;
    let put = || store.bucket.put_object("k");
    for error in [
        put()
            .content_type("text/plain\r\nx-qs-meta-a: b")
            .await
            .unwrap_err(),
        put().cache_control("中").await.unwrap_err(),
        put().header("x-any", "a\nb").await.unwrap_err(),
        put().header("not a name", "v").await.unwrap_err(),
        put().header("Authorization", "QS ID:x").await.unwrap_err(),
        put().header("host", "elsewhere").await.unwrap_err(),
        put().header("content-length", "1").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert!(store.keys().await.is_empty());
}

/// Sends a built request like another HTTP client: its headers unchanged, and `Host`.
#[tokio::test]
async fn another_client_can_send_a_built_upload() {
    let store = Store::start().await;
    let request = store
        .bucket
        .put_object("k")
        .body("content")
        .build()
        .unwrap();
    let authority = request.uri().authority().unwrap().to_string();
    let target = request.uri().path_and_query().unwrap();
    let mut head = format!("PUT {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    let mut connection = TcpStream::connect(&authority).await.unwrap();
    let message = format!("{head}\r\ncontent");
    connection.write_all(message.as_bytes()).await.unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    let stored = store.bucket.get_object("k").await.unwrap();
    assert_eq!(stored.body.bytes().await.unwrap(), "content");
}
