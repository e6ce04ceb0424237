//! Tests that run for every operation.

use std::collections::BTreeSet;

use http::Method;
use http::header::AUTHORIZATION;
use qingstor_sdk::operations::PostObjectInput;
use qingstor_sdk::{Config, ErrorCode, ErrorKind, Operation};
use qingstor_suite::repository::generator;
use qingstor_suite::signature::{Request, hmac};
use qingstor_suite::{CannedResponse, RecordedRequest, Server};
use serde_json::{Value, json};

use crate::case::{BUCKET, Case, ID, SECRET, Target, table};

const REQUEST_ID: &str = "3f2cf9ac3168744d";

/// A new operation in the specification fails here until it has a case.
#[test]
fn every_operation_has_a_case() {
    let model = generator().model().unwrap();
    let specified: BTreeSet<_> = model
        .resources
        .iter()
        .flat_map(|resource| &resource.operations)
        .map(|operation| &*operation.id)
        .collect();
    // Forms have their own tests, because each form has a random boundary and its own signature.
    let form = PostObjectInput::INFO.id;
    let table = table();
    let tested: BTreeSet<_> = table
        .iter()
        .map(|case| case.info.id)
        .chain([form])
        .collect();
    let missing: Vec<_> = specified.difference(&tested).collect();
    assert!(missing.is_empty(), "no case in tests/wire: {missing:?}");
    let unknown: Vec<_> = tested.difference(&specified).collect();
    assert!(unknown.is_empty(), "not in the specification: {unknown:?}");
}

#[tokio::test]
async fn requests_match_the_specification_and_responses_are_decoded() {
    for case in table() {
        let id = case.info.id;
        let response = match &case.sample {
            Some(sample) => json_response(&case, sample.clone()),
            None => case.response.clone(),
        };
        let server = Server::start(response.header("X-QS-Request-ID", REQUEST_ID)).await;
        let result = (case.send)(&Target::at(&server.endpoint())).await;
        assert!(result.is_ok(), "{id}: {result:?}");
        let request = server.only_request();
        assert_eq!(request.method, case.info.method.as_str(), "{id}");
        assert_eq!(request.target, case.path_style_target(), "{id}");
        assert_eq!(specific_headers(&request), expected_headers(&case), "{id}");
        assert_eq!(request.body, case.body, "{id}: {}", request.text());
        if !case.body.is_empty() {
            assert_eq!(length(&request), Some(case.body.len()), "{id}");
        }
        assert_signed(&case, None, &request.target, &request.headers);
    }
}

/// Proxies reject a PUT or POST request without `Content-Length`. Other methods do not need it.
#[tokio::test]
async fn put_and_post_requests_without_a_body_have_a_content_length() {
    for case in table() {
        if !case.body.is_empty() {
            continue;
        }
        let server = Server::start(case.response.clone()).await;
        // Only the request matters: the response may fail to decode.
        let _ = (case.try_send)(&Target::at(&server.endpoint())).await;
        let has_length = matches!(case.info.method, Method::PUT | Method::POST);
        let expected = has_length.then_some(0);
        assert_eq!(length(&server.only_request()), expected, "{}", case.info.id);
    }
}

/// In virtual-host style, only the target and the signature are different.
#[tokio::test]
async fn virtual_host_style_requests_are_signed() {
    let target = Target::new(Config::new(ID, SECRET).virtual_host_style(true));
    for case in table() {
        let id = case.info.id;
        let request = (case.build)(&target);
        let host = if case.has_bucket() {
            "my-bucket.pek3a.qingstor.com"
        } else {
            "qingstor.com"
        };
        assert_eq!(request.uri().host(), Some(host), "{id}");
        assert_eq!(request.method(), case.info.method, "{id}");
        let sent = request.uri().path_and_query().unwrap().as_str();
        assert_eq!(sent, case.target, "{id}");
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let bucket = case.has_bucket().then_some(BUCKET);
        assert_signed(&case, bucket, case.target, &headers);
    }
}

#[tokio::test]
async fn json_responses_with_absent_and_null_fields_are_decoded() {
    for case in table() {
        let Some(sample) = &case.sample else { continue };
        let id = case.info.id;
        // An object without fields, and one whose lists and maps are all `null`.
        let nulls = sample.as_object().unwrap().iter().map(|(name, value)| {
            let value = match value {
                Value::Array(_) | Value::Object(_) => Value::Null,
                other => other.clone(),
            };
            (name.clone(), value)
        });
        for body in [json!({}), Value::Object(nulls.collect())] {
            let server = Server::start(json_response(&case, body.clone())).await;
            let result = (case.try_send)(&Target::at(&server.endpoint())).await;
            assert!(result.is_ok(), "{id} {body}: {result:?}");
        }
    }
}

/// The error names the operation and the request id.
#[tokio::test]
async fn invalid_json_responses_are_decoding_errors() {
    for case in table() {
        if case.sample.is_none() {
            continue;
        }
        let id = case.info.id;
        for body in ["", "<html>", "[]", "7", "\"text\""] {
            let response = case.response.clone().body(body);
            let server = Server::start(response.header("x-qs-request-id", REQUEST_ID)).await;
            let error = (case.try_send)(&Target::at(&server.endpoint()))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{id} {body:?}: {error}");
            assert_eq!(error.operation(), Some(id));
            assert_eq!(error.request_id(), Some(REQUEST_ID), "{id}");
            assert_eq!(error.body(), body.as_bytes(), "{id}");
        }
    }
}

#[tokio::test]
async fn error_responses_are_reported() {
    for case in table() {
        let id = case.info.id;
        let document = json!({
            "code": "permission_denied", "message": "not you", "request_id": "other",
            "url": "http://docs.example/error", "new_field": [1],
        });
        let response = CannedResponse::json(403, &document).header("X-QS-Request-ID", REQUEST_ID);
        let server = Server::start(response).await;
        let error = (case.try_send)(&Target::at(&server.endpoint()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{id}");
        assert_eq!(error.status().unwrap(), 403, "{id}");
        assert_eq!(error.request_id(), Some(REQUEST_ID), "{id}");
        assert_eq!(error.operation(), Some(id));
        assert_eq!(error.bucket(), case.has_bucket().then_some(BUCKET), "{id}");
        assert_eq!(error.key(), case.key, "{id}");
        assert!(error.is_permission_denied(), "{id}");
        assert_eq!(error.attempts(), 1, "{id}");
        let location = match (case.has_bucket(), case.key) {
            (false, _) => String::new(),
            (true, None) => format!(" {BUCKET}"),
            (true, Some(key)) => format!(" {BUCKET}/{key}"),
        };
        // A response to HEAD has no body, so the error has no code.
        let reason = if case.info.method == Method::HEAD {
            assert_eq!(error.code(), None, "{id}");
            "403 Forbidden"
        } else {
            assert_eq!(error.code(), Some(&ErrorCode::PermissionDenied), "{id}");
            assert_eq!(error.help_url(), Some("http://docs.example/error"), "{id}");
            "permission_denied (403): not you"
        };
        let line = format!("{id}{location}: {reason}; request id {REQUEST_ID}; 1 attempt, ");
        assert!(error.to_string().starts_with(&line), "{error}\n{line}");
    }
}

/// Returns the response of a case with a JSON body that has an additional unknown field.
fn json_response(case: &Case, mut body: Value) -> CannedResponse {
    body["a_future_field"] = json!({"deep": [null, 1.5]});
    let response = case.response.clone();
    response
        .header("Content-Type", "application/json; charset=utf-8")
        .body(body.to_string())
}

/// Returns the headers of a request, except those of every request.
fn specific_headers(request: &RecordedRequest) -> Vec<(String, String)> {
    const COMMON: [&str; 7] = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "date",
        "host",
        "user-agent",
    ];
    let mut headers = request.headers.clone();
    headers.retain(|(name, _)| !COMMON.contains(&&**name));
    headers.sort();
    headers
}

fn expected_headers(case: &Case) -> Vec<(String, String)> {
    let headers = case.headers.iter();
    let mut headers: Vec<_> = headers
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    headers.sort();
    headers
}

fn length(request: &RecordedRequest) -> Option<usize> {
    request.header("content-length")?.parse().ok()
}

/// Computes the signature of a request independently and compares it. Also checks the signed date.
fn assert_signed(case: &Case, bucket: Option<&str>, target: &str, headers: &[(String, String)]) {
    let request = Request {
        method: case.info.method.as_str(),
        bucket_in_host: bucket,
        target,
        headers,
    };
    let find = |name: &str| headers.iter().find(|(header, _)| header == name);
    let date = &find("date").unwrap().1;
    let age = httpdate::parse_http_date(date).unwrap().elapsed().unwrap();
    assert!(age.as_secs() < 60, "{date}");
    let text = request.string_to_sign(None);
    assert_eq!(
        find(AUTHORIZATION.as_str()).unwrap().1,
        format!("QS {ID}:{}", hmac(SECRET, &text)),
        "{}: {text}",
        case.info.id
    );
}
