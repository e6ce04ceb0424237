//! Small objects that are not what the list says.

use qingstor_sdk::{Bucket, ErrorKind, FolderSummary};

use crate::server::{RequestBody, Server, chunked, response};

/// MD5 of `content`.
const ETAG: &str = "\"9a0364b9e99bb480dd25e1f0284c8555\"";

/// A bucket with one object, whose list says that it has 7 bytes and the ETag [`ETAG`].
async fn server(object: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |_, head| {
        if head.starts_with("get /some-bucket/a ") {
            return object(head);
        }
        let etag = ETAG.replace('"', "\\\"");
        let body =
            format!(r#"{{"keys":[{{"key":"a","size":7,"modified":1000,"etag":"{etag}"}}]}}"#);
        response("200 OK", &[], body.as_bytes())
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

async fn download(bucket: &Bucket) -> (FolderSummary, Option<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let summary = bucket.download_dir("", folder.path()).await.unwrap();
    (summary, std::fs::read(folder.path().join("a")).ok())
}

#[tokio::test]
async fn a_small_object_is_accepted_without_a_length() {
    let object = |_: &str| chunked("200 OK", &[("ETag", ETAG)], b"content");
    let (server, bucket) = server(object).await;
    let (summary, content) = download(&bucket).await;
    assert_eq!(summary.downloaded, 1, "{:?}", summary.failures);
    assert_eq!(content.as_deref(), Some(&b"content"[..]));
    assert_eq!(server.seen.requests(), 2);
}

#[tokio::test]
async fn the_body_of_a_small_object_is_limited() {
    let object = |_: &str| chunked("200 OK", &[("ETag", ETAG)], &vec![0; 16 << 20]);
    let (_server, bucket) = server(object).await;
    let (summary, content) = download(&bucket).await;
    let error = &summary.failures[0].error;
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("65536 bytes"), "{error}");
    assert_eq!(content, None);
}

/// A service that ignores `If-Match` sends an object that is newer than the list.
#[tokio::test]
async fn a_small_object_that_was_replaced_is_requested_anew() {
    let object = |_: &str| {
        let headers = [("ETag", "\"45685e95985e20822fb2538a522a5ccf\"")];
        response("200 OK", &headers, b"CONTENT")
    };
    let (server, bucket) = server(object).await;
    let (summary, content) = download(&bucket).await;
    assert_eq!(summary.downloaded, 1, "{:?}", summary.failures);
    assert_eq!(content.as_deref(), Some(&b"CONTENT"[..]));
    assert_eq!(server.seen.requests(), 3);
}
