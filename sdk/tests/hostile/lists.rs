//! Endless lists.

use futures_util::TryStreamExt;
use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor};

use crate::server::{RequestBody, Server, response};

/// Maximum number of successive empty pages.
const MOST: u64 = 1000;

/// A list in which each page has a new marker. `page` returns the other fields of a page by its
/// number, starting at 1.
async fn endless(page: impl Fn(u64) -> &'static str + Send + Sync + 'static) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |number, _| {
        let body = format!(
            r#"{{{}"has_more":true,"next_marker":"m{number}","next_key_marker":"m{number}"}}"#,
            page(number)
        );
        response("200 OK", &[("X-Qs-Request-Id", "REQ1")], body.as_bytes())
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

fn has_no_end(error: &Error) {
    assert_eq!(error.request_id(), Some("REQ1"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(
        error.to_string().contains("1000 pages are empty"),
        "{error}"
    );
}

#[tokio::test]
async fn an_endless_list_of_empty_pages_is_an_error() {
    let (server, bucket) = endless(|_| "").await;
    let mut keys = bucket.list_objects().items();
    has_no_end(&keys.next().await.unwrap().unwrap_err());
    assert!(keys.next().await.is_none());
    assert_eq!(server.seen.requests(), MOST + 1);
    // The list can be continued.
    let place = keys.next_call().unwrap();
    assert_eq!(place.input().marker.as_deref(), Some("m1000"));

    let mut pages = bucket.list_objects().pages();
    let mut given = 0;
    let error = loop {
        match pages.next().await.unwrap() {
            Ok(_) => given += 1,
            Err(error) => break error,
        }
    };
    has_no_end(&error);
    assert_eq!(given, MOST);

    let mut versions = bucket.list_object_versions().items();
    has_no_end(&versions.next().await.unwrap().unwrap_err());
    let mut uploads = bucket.list_multipart_uploads().items();
    has_no_end(&uploads.next().await.unwrap().unwrap_err());
    let keys = bucket.list_objects().items().map_ok(|key| key.key);
    let deleted = bucket.delete_objects_from_stream(keys).await;
    has_no_end(&deleted.interrupted.unwrap());
}

#[tokio::test]
async fn a_deletion_without_requests_is_refused_before_keys_are_read() {
    let (server, bucket) = endless(|_| "").await;
    let keys = bucket.list_objects().items().map_ok(|key| key.key);
    let deleted = bucket.delete_objects_from_stream(keys).concurrency(0).await;
    assert!(deleted.deleted.is_empty() && deleted.errors.is_empty());
    let error = deleted.interrupted.unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(error.operation(), Some("DeleteMultipleObjects"));
    assert_eq!(error.bucket(), Some("some-bucket"));
    assert_eq!(server.seen.requests(), 0);
}

#[tokio::test]
async fn a_page_with_folders_is_not_empty() {
    let (_server, bucket) = endless(|number| match number {
        ..=1100 => r#""common_prefixes":["a/"],"#,
        1101 => r#""keys":[{"key":"k"}],"#,
        _ => "",
    })
    .await;
    let mut keys = bucket.list_objects().delimiter("/").items();
    assert_eq!(keys.next().await.unwrap().unwrap().key, "k");
    has_no_end(&keys.next().await.unwrap().unwrap_err());
}

fn is_foreign(error: &Error, operation: &str) {
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(error.operation(), Some(operation), "{error}");
    assert_eq!(error.request_id(), Some("REQ1"), "{error}");
    assert!(error.to_string().contains("\"other\""), "{error}");
}

#[tokio::test]
async fn a_page_with_a_key_or_folder_outside_of_the_prefix_is_an_error() {
    for page in [
        r#""keys":[{"key":"p/a"},{"key":"other"}],"uploads":[{"key":"p/a"},{"key":"other"}],"#,
        r#""keys":[{"key":"p/a"}],"common_prefixes":["p/b/","other"],"#,
    ] {
        let (_server, bucket) = endless(move |_| page).await;
        let mut objects = bucket.list_objects().prefix("p/").items();
        let error = objects.next().await.unwrap().unwrap_err();
        is_foreign(&error, "ListObjects");
        assert!(objects.next().await.is_none());
        let mut versions = bucket.list_object_versions().prefix("p/").pages();
        let error = versions.next().await.unwrap().unwrap_err();
        is_foreign(&error, "ListObjectVersions");
        let mut uploads = bucket.list_multipart_uploads().prefix("p/").items();
        let error = uploads.next().await.unwrap().unwrap_err();
        is_foreign(&error, "ListMultipartUploads");
        let keys = bucket.list_objects().prefix("p/").items();
        let keys = keys.map_ok(|object| object.key);
        let deletion = bucket.delete_objects_from_stream(keys).await;
        assert!(deletion.deleted.is_empty() && deletion.errors.is_empty());
        is_foreign(&deletion.interrupted.unwrap(), "ListObjects");
    }
    let page = r#""keys":[{"key":"k"}],"common_prefixes":["f/"],"#;
    let (_server, bucket) = endless(move |_| page).await;
    let mut objects = bucket.list_objects().items();
    assert_eq!(objects.next().await.unwrap().unwrap().key, "k");
}

#[tokio::test]
async fn many_empty_pages_may_precede_a_key() {
    let (_server, bucket) = endless(|number| match number % 1001 {
        0 => r#""keys":[{"key":"k"}],"#,
        _ => "",
    })
    .await;
    let mut keys = bucket.list_objects().items();
    for _ in 0..2 {
        assert_eq!(keys.next().await.unwrap().unwrap().key, "k");
    }
}

#[tokio::test]
async fn an_endless_list_of_buckets_ends_the_search_for_a_zone() {
    for is_repeated in [true, false] {
        let server = Server::start(RequestBody::Read, move |number, head| {
            if head.starts_with("head") {
                return response("403 Forbidden", &[], b"");
            }
            let name = if is_repeated { 1 } else { number };
            let body = format!(
                r#"{{"count":1000000000,"buckets":[{{"name":"bucket-{name}","location":"pek3a"}}]}}"#
            );
            response("200 OK", &[], body.as_bytes())
        })
        .await;
        let config = Config::new("ID", "SECRET").endpoint(&server.endpoint);
        let qingstor = QingStor::new(config).unwrap();
        let error = qingstor.locate_bucket("some-bucket").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(error.to_string().contains("1000 pages"), "{error}");
        assert_eq!(server.seen.requests(), 1 + MOST);
    }
}
