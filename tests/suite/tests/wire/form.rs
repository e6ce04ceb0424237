//! `PostObject`, which sends a form with its own signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Body, Config, ErrorCode, ErrorKind};
use qingstor_suite::signature::hmac;
use qingstor_suite::{CannedResponse, RecordedRequest, Server};
use serde_json::{Value, json};

use crate::case::{ID, SECRET, Target};

/// Returns the head and content of each part of a form, in order.
fn parts(request: &RecordedRequest) -> Vec<(String, String)> {
    let kind = request.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = request.text();
    let body = text
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    let body = format!("\r\n{body}");
    let delimiter = format!("\r\n--{boundary}\r\n");
    let parts = body.split(&delimiter).skip(1);
    let parts = parts.map(|part| part.split_once("\r\n\r\n").unwrap());
    parts
        .map(|(head, content)| (head.to_owned(), content.to_owned()))
        .collect()
}

/// Returns the head of a field without a content type.
fn head(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

#[tokio::test]
async fn the_policy_covers_all_fields_of_a_form() {
    let server = Server::start(CannedResponse::new(201).header("ETag", "\"e\"")).await;
    let to = Target::at(&server.endpoint());
    let file = Body::from("content\r\n").with_file_name("a\"b.txt");
    let call = to
        .bucket
        .post_object("中/${filename}", file)
        .content_type("text/plain");
    let call = call
        .redirect("http://example.com/?a=b&c")
        .storage_class(StorageClass::Standard);
    let output = call.metadata([("author", "lin")]).await.unwrap();
    assert_eq!(output.etag.as_deref(), Some("\"e\""));

    let request = server.only_request();
    assert_eq!((&*request.method, &*request.target), ("POST", "/my-bucket"));
    assert_eq!(request.header("authorization"), None);
    let length = request.header("content-length").unwrap();
    assert_eq!(length.parse(), Ok(request.body.len()));
    let parts = parts(&request);
    let field = |name: &str| {
        let found = parts.iter().find(|(part, _)| *part == head(name));
        &found.unwrap_or_else(|| panic!("no {name}: {parts:?}")).1
    };
    // The policy covers all fields except those that sign it.
    let policy = field("policy");
    let covered: Value = serde_json::from_slice(&BASE64.decode(policy).unwrap()).unwrap();
    let expected = json!({
        "key": "中/${filename}", "content-type": "text/plain",
        "redirect": "http://example.com/?a=b&c", "x-qs-storage-class": "STANDARD",
        "x-qs-meta-author": "lin",
    });
    assert_eq!(covered, expected);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(field(name), value.as_str().unwrap());
    }
    assert_eq!(field("access_key_id"), ID);
    assert_eq!(*field("signature"), hmac(SECRET, policy));
    // The file is last, because the service ignores the fields after it.
    let (head, content) = parts.last().unwrap();
    assert_eq!(content, "content\r\n");
    assert!(
        head.contains("name=\"file\"; filename=\"a_b.txt\"\r\nContent-Type: text/plain"),
        "{head}"
    );
}

#[tokio::test]
async fn an_anonymous_form_has_no_policy_and_can_redirect() {
    let location = "http://example.com/?status=201&code=created";
    let server = Server::start(CannedResponse::new(302).header("Location", location)).await;
    let to = Target::new(Config::anonymous().endpoint(server.endpoint()));
    let output = to.bucket.post_object("k", "x").await.unwrap();
    assert_eq!(
        (output.status().as_u16(), output.location.as_deref()),
        (302, Some(location))
    );
    let names: Vec<_> = parts(&server.only_request())
        .into_iter()
        .map(|(head, _)| head)
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], head("key"));
}

#[tokio::test]
async fn a_rejected_form_reports_the_error_code() {
    let document = json!({"code": "form_policy_violated", "message": "no"});
    let server = Server::start(CannedResponse::json(400, &document)).await;
    let to = Target::at(&server.endpoint());
    let error = to.bucket.post_object("k", "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.code(), Some(&ErrorCode::FormPolicyViolated));
    assert_eq!(error.operation(), Some("PostObject"));
}
