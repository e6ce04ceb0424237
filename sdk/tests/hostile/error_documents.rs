//! Error documents under a success status.

use qingstor_sdk::{Bucket, Error, ErrorCode, ErrorKind, QingStor};

use crate::server::{RequestBody, Server, response};

const DOCUMENT: &str = r#"{"code":"internal_error","message":"try later","request_id":"r"}"#;

async fn server(status: &'static str, body: &'static str) -> (Server, Bucket) {
    let server = Server::start(RequestBody::Read, move |_, _| {
        response(status, &[], body.as_bytes())
    })
    .await;
    let bucket = server.bucket();
    (server, bucket)
}

fn is_service_error(error: &Error, status: u16, attempts: u32) {
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    assert_eq!(error.status().unwrap().as_u16(), status, "{error}");
    assert_eq!(
        error.code(),
        Some(&ErrorCode::from("internal_error")),
        "{error}"
    );
    assert_eq!(error.message(), "try later");
    assert_eq!(error.request_id(), Some("r"));
    assert_eq!(error.attempts(), attempts, "{error}");
    assert!(error.is_retryable(), "{error}");
}

#[tokio::test]
async fn an_error_document_under_status_200_is_not_an_output() {
    let (server, bucket) = server("200 OK", DOCUMENT).await;
    is_service_error(&bucket.list_objects().await.unwrap_err(), 200, 4);
    let mut keys = bucket.list_objects().items();
    is_service_error(&keys.next().await.unwrap().unwrap_err(), 200, 4);
    is_service_error(&bucket.list_object_versions().await.unwrap_err(), 200, 4);
    is_service_error(&bucket.list_multipart_uploads().await.unwrap_err(), 200, 4);
    is_service_error(&bucket.list_multipart("k", "id").await.unwrap_err(), 200, 4);
    let deleted = bucket.delete_multiple_objects(["a"]).await;
    is_service_error(&deleted.unwrap_err(), 200, 4);
    let deleted = bucket.delete_objects(["a", "b"]).await;
    assert_eq!(deleted.deleted.len(), 0);
    assert_eq!(deleted.errors.len(), 2);
    is_service_error(&bucket.get_acl().await.unwrap_err(), 200, 4);
    is_service_error(&bucket.get_policy().await.unwrap_err(), 200, 4);
    is_service_error(&bucket.get_versioning().await.unwrap_err(), 200, 4);
    // An output with a header and a JSON object.
    let begun = bucket.initiate_multipart_upload("k").await.unwrap_err();
    is_service_error(&begun, 200, 4);
    let config = qingstor_sdk::Config::new("ID", "SECRET").endpoint(&server.endpoint);
    let qingstor = QingStor::new(config).unwrap();
    is_service_error(&qingstor.list_buckets().await.unwrap_err(), 200, 4);
}

#[tokio::test]
async fn an_error_document_is_an_error_where_no_body_is_expected() {
    let (_server, bucket) = server("200 OK", DOCUMENT).await;
    is_service_error(&bucket.put_acl([]).await.unwrap_err(), 200, 4);
    let (_server, bucket) = server("201 Created", DOCUMENT).await;
    is_service_error(&bucket.put_object("k").body("x").await.unwrap_err(), 201, 4);
    let complete = bucket.complete_multipart_upload("k", "id", []).await;
    is_service_error(&complete.unwrap_err(), 201, 1);
}

/// The content of an object may look like an error document.
#[tokio::test]
async fn an_object_may_contain_an_error_document() {
    let (_server, bucket) = server("200 OK", DOCUMENT).await;
    let output = bucket.get_object("k").await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), DOCUMENT);
}

/// A service may use the same type for errors and lists.
#[tokio::test]
async fn a_field_of_the_output_that_is_null_is_absent() {
    let body = r#"{"keys":null,"buckets":null,"code":"internal_error","message":"try later",
        "request_id":"r"}"#;
    let (server, bucket) = server("200 OK", body).await;
    is_service_error(&bucket.list_objects().await.unwrap_err(), 200, 4);
    let qingstor =
        QingStor::new(qingstor_sdk::Config::new("ID", "SECRET").endpoint(&server.endpoint));
    is_service_error(&qingstor.unwrap().list_buckets().await.unwrap_err(), 200, 4);
}

#[tokio::test]
async fn an_output_with_more_fields_is_an_output() {
    let body = r#"{"keys":[{"key":"a"}],"code":"internal_error","message":"m"}"#;
    let (_server, bucket) = server("200 OK", body).await;
    assert_eq!(bucket.list_objects().await.unwrap().keys.len(), 1);
    let (_server, bucket) = server("200 OK", r#"{"code":404,"message":"gateway"}"#).await;
    let error = bucket.list_objects().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    assert_eq!(error.attempts(), 1, "{error}");
}
