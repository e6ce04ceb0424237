//! Copies whose source has no size, and copies that are refused.

use qingstor_sdk::{Bucket, Config, ErrorKind, QingStor};

use crate::server::{RequestBody, Server, chunked, raw};

async fn server() -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, |_, head| {
        let headers = [("ETag", "\"e\""), ("x-qs-request-id", "REQUEST")];
        match head.starts_with("head ") {
            true => raw("200 OK", &headers, b""),
            false => chunked("200 OK", &headers, b"content"),
        }
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

/// Returns the same bucket in another zone.
fn far(server: &Server) -> Bucket {
    let config = Config::new("ID", "SECRET").endpoint(&server.endpoint);
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("far-bucket", "sh1a").unwrap()
}

#[tokio::test]
async fn the_error_of_a_source_without_a_size_names_its_request() {
    let (server, bucket) = server().await;
    let within = bucket.copy_object(("source-bucket", "a"), "b");
    let between = bucket.copy_object(("ignored", "a"), "b");
    let between = between.source_bucket(&far(&server));
    for (copy, operation, source) in [
        (within, "HeadObject", "source-bucket"),
        (between, "GetObject", "far-bucket"),
    ] {
        let error = copy.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.operation(), Some(operation));
        assert_eq!((error.bucket(), error.key()), (Some(source), Some("a")));
        assert_eq!(error.request_id(), Some("REQUEST"));
    }
}

#[tokio::test]
async fn an_invalid_copy_is_refused_without_a_request() {
    let (server, bucket) = server().await;
    let copy = || {
        let copy = bucket.copy_object(("ignored", "a"), "b");
        copy.source_bucket(&far(&server))
    };
    for copy in [
        copy().max_bytes_per_second(0),
        copy().source_bucket(&bucket).max_bytes_per_second(0),
        copy().concurrency(0),
        copy().part_size(1),
    ] {
        let error = copy.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let target = (Some("some-bucket"), Some("b"));
        assert_eq!((error.bucket(), error.key()), target);
    }
    assert_eq!(server.seen.requests(), 0);
}
