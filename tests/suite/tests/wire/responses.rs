//! Error responses, and responses that are not valid JSON.

use qingstor_sdk::{Error, ErrorCode, ErrorKind};
use qingstor_suite::{CannedResponse, Server};
use serde_json::json;

use crate::case::Target;

/// Returns the error of GetObject for a response.
async fn get(response: CannedResponse) -> Error {
    let server = Server::start(response).await;
    let to = Target::at(&server.endpoint());
    to.bucket.get_object("k").await.unwrap_err()
}

#[tokio::test]
async fn an_error_response_without_a_body() {
    let error = get(CannedResponse::new(502).header("x-qs-request-id", "id")).await;
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Service, 502)
    );
    assert_eq!((error.code(), error.request_id()), (None, Some("id")));
    assert!(error.is_retryable());
    let line = "GetObject my-bucket/k: 502 Bad Gateway; request id id; ";
    assert!(error.to_string().starts_with(line), "{error}");
}

#[tokio::test]
async fn html_bodies_are_preserved_but_not_decoded() {
    let html = "<html>{\"code\": \"object_not_exists\"}</html>";
    let error = get(CannedResponse::new(403)
        .header("Content-Type", "text/html")
        .body(html))
    .await;
    assert_eq!((error.code(), error.body()), (None, html.as_bytes()));
    assert!(error.is_permission_denied());
    // Long bodies are truncated.
    let error = get(CannedResponse::new(500).body(vec![b'x'; 100_000])).await;
    assert_eq!(error.body(), vec![b'x'; 4096]);
}

#[tokio::test]
async fn invalid_json_bodies_of_errors_are_accepted() {
    for body in ["{\"code\": \"obj", "[]x", "null"] {
        let error = get(CannedResponse::new(404)
            .header("Content-Type", "application/json")
            .body(body))
        .await;
        assert!(error.is_not_found(), "{body}");
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Service, None),
            "{body}"
        );
    }
}

#[tokio::test]
async fn unknown_error_codes_are_preserved() {
    let document = json!({"code": "brand_new", "message": "", "request_id": "in-body"});
    let error = get(CannedResponse::json(409, &document)).await;
    assert_eq!(error.code(), Some(&ErrorCode::Unknown("brand_new".into())));
    // A proxy can remove the header, so the id is also taken from the body.
    assert_eq!(error.request_id(), Some("in-body"));
    assert!(error.to_string().contains("brand_new (409): "), "{error}");
}

#[tokio::test]
async fn statuses_map_to_predicates() {
    let not_modified = get(CannedResponse::new(304)).await;
    assert!(not_modified.is_not_modified() && !not_modified.is_retryable());
    let failed = get(CannedResponse::json(
        412,
        &json!({"code": "precondition_failed"}),
    ))
    .await;
    assert!(failed.is_precondition_failed());
    // The redirect of a mirror is not followed, because it would need another signature.
    let elsewhere = "http://mirror.example/k";
    let error = get(CannedResponse::new(302).header("Location", elsewhere)).await;
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.to_string().contains(elsewhere), "{error}");
    for (status, retryable) in [
        (429, true),
        (500, true),
        (503, true),
        (501, false),
        (400, false),
    ] {
        assert_eq!(
            get(CannedResponse::new(status)).await.is_retryable(),
            retryable,
            "{status}"
        );
    }
}

#[tokio::test]
async fn decoding_errors_name_the_header() {
    let server = Server::start(CannedResponse::new(200).header("Last-Modified", "yesterday")).await;
    let to = Target::at(&server.endpoint());
    let error = to.bucket.get_object("k").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error.to_string().contains("header `last-modified`"),
        "{error}"
    );
}

#[tokio::test]
async fn decoding_errors_name_the_field() {
    let body = json!({"keys": [{"key": "a", "size": 1}, {"key": "b", "size": "many"}]});
    let server =
        Server::start(CannedResponse::json(200, &body).header("x-qs-request-id", "id")).await;
    let to = Target::at(&server.endpoint());
    let error = to.bucket.list_objects().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.request_id()),
        (ErrorKind::Decode, Some("id"))
    );
    assert!(error.to_string().contains("`keys[1].size`"), "{error}");
}
