//! What holds for every operation, for each entry of the table.

use std::collections::BTreeSet;

use http::Method;
use http::header::AUTHORIZATION;
use qingstor_sdk::operations::PostObjectInput;
use qingstor_sdk::{Config, ErrorCode, ErrorKind, Operation};
use qingstor_suite::repository::generator;
use qingstor_suite::signature::{Request, hmac};
use qingstor_suite::{Answer, Recorded, Server};
use serde_json::{Value, json};

use crate::case::{BUCKET, Case, ID, SECRET, Target, table};

const REQUEST_ID: &str = "3f2cf9ac3168744d";

/// The specification decides which operations there are: a new one fails here until it has an
/// entry.
#[test]
fn no_operation_is_left_out() {
    let model = generator().model().unwrap();
    let specified: BTreeSet<_> = model
        .resources
        .iter()
        .flat_map(|resource| &resource.operations)
        .map(|operation| &*operation.id)
        .collect();
    // A form has its own tests: its body differs each time, and signs itself.
    let form = PostObjectInput::INFO.id;
    let table = table();
    let tested: BTreeSet<_> = table
        .iter()
        .map(|case| case.info.id)
        .chain([form])
        .collect();
    let lacking: Vec<_> = specified.difference(&tested).collect();
    assert!(lacking.is_empty(), "no entry in tests/wire: {lacking:?}");
    let unknown: Vec<_> = tested.difference(&specified).collect();
    assert!(unknown.is_empty(), "not in the specification: {unknown:?}");
}

#[tokio::test]
async fn goes_out_as_specified_and_comes_back_decoded() {
    for case in table() {
        let id = case.info.id;
        let answer = match &case.sample {
            Some(sample) => answer_json(&case, sample.clone()),
            None => case.answer.clone(),
        };
        let server = Server::start(answer.header("X-QS-Request-ID", REQUEST_ID)).await;
        let result = (case.send)(&Target::at(&server.endpoint())).await;
        assert!(result.is_ok(), "{id}: {result:?}");
        let request = server.only();
        assert_eq!(request.method, case.info.method.as_str(), "{id}");
        assert_eq!(request.target, case.path_style_target(), "{id}");
        assert_eq!(own_headers(&request), expected_headers(&case), "{id}");
        assert_eq!(request.body, case.body, "{id}: {}", request.text());
        if !case.body.is_empty() {
            assert_eq!(length(&request), Some(case.body.len()), "{id}");
        }
        assert_signed(&case, None, &request.target, &request.headers);
    }
}

/// Proxies refuse a PUT or POST that does not say how long its body is; a GET says nothing.
#[tokio::test]
async fn an_empty_body_is_announced_where_the_method_calls_for_one() {
    for case in table() {
        if !case.body.is_empty() {
            continue;
        }
        let server = Server::start(case.answer.clone()).await;
        // Only what goes out counts here: the answer need not be decodable.
        let _ = (case.try_send)(&Target::at(&server.endpoint())).await;
        let announces = matches!(case.info.method, Method::PUT | Method::POST);
        let expected = announces.then_some(0);
        assert_eq!(length(&server.only()), expected, "{}", case.info.id);
    }
}

/// The bucket in the host: the requests are the same but for target and signature.
#[tokio::test]
async fn is_signed_for_a_virtual_host() {
    let target = Target::new(Config::new(ID, SECRET).virtual_host_style(true));
    for case in table() {
        let id = case.info.id;
        let request = (case.build)(&target);
        let host = if case.on_bucket() {
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
        let bucket = case.on_bucket().then_some(BUCKET);
        assert_signed(&case, bucket, case.target, &headers);
    }
}

#[tokio::test]
async fn takes_json_that_leaves_out_what_it_may() {
    for case in table() {
        let Some(sample) = &case.sample else { continue };
        let id = case.info.id;
        // No field at all; and every list and map `null`.
        let nulls = sample.as_object().unwrap().iter().map(|(name, value)| {
            let value = match value {
                Value::Array(_) | Value::Object(_) => Value::Null,
                other => other.clone(),
            };
            (name.clone(), value)
        });
        for body in [json!({}), Value::Object(nulls.collect())] {
            let server = Server::start(answer_json(&case, body.clone())).await;
            let result = (case.try_send)(&Target::at(&server.endpoint())).await;
            assert!(result.is_ok(), "{id} {body}: {result:?}");
        }
    }
}

/// What is no JSON, or JSON of another type, names the operation and the request.
#[tokio::test]
async fn refuses_json_of_another_shape() {
    for case in table() {
        if case.sample.is_none() {
            continue;
        }
        let id = case.info.id;
        for body in ["", "<html>", "[]", "7", "\"text\""] {
            let answer = case.answer.clone().body(body);
            let server = Server::start(answer.header("x-qs-request-id", REQUEST_ID)).await;
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
async fn tells_what_the_service_refused() {
    for case in table() {
        let id = case.info.id;
        let document = json!({
            "code": "permission_denied", "message": "not you", "request_id": "other",
            "url": "http://docs.example/error", "new_field": [1],
        });
        let answer = Answer::json(403, &document).header("X-QS-Request-ID", REQUEST_ID);
        let server = Server::start(answer).await;
        let error = (case.try_send)(&Target::at(&server.endpoint()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{id}");
        assert_eq!(error.status().unwrap(), 403, "{id}");
        assert_eq!(error.request_id(), Some(REQUEST_ID), "{id}");
        assert_eq!(error.operation(), Some(id));
        assert_eq!(error.bucket(), case.on_bucket().then_some(BUCKET), "{id}");
        assert_eq!(error.key(), case.key, "{id}");
        assert!(error.is_permission_denied(), "{id}");
        assert_eq!(error.attempts(), 1, "{id}");
        let at = match (case.on_bucket(), case.key) {
            (false, _) => String::new(),
            (true, None) => format!(" {BUCKET}"),
            (true, Some(key)) => format!(" {BUCKET}/{key}"),
        };
        // An answer to HEAD has no body, so there is no code.
        let says = if case.info.method == Method::HEAD {
            assert_eq!(error.code(), None, "{id}");
            "403 Forbidden"
        } else {
            assert_eq!(error.code(), Some(&ErrorCode::PermissionDenied), "{id}");
            assert_eq!(error.help_url(), Some("http://docs.example/error"), "{id}");
            "permission_denied (403): not you"
        };
        let line = format!("{id}{at}: {says}; request id {REQUEST_ID}; 1 attempt, ");
        assert!(error.to_string().starts_with(&line), "{error}\n{line}");
    }
}

/// A JSON answer to the case, with a field that nobody knows yet.
fn answer_json(case: &Case, mut body: Value) -> Answer {
    body["a_field_of_the_future"] = json!({"deep": [null, 1.5]});
    let answer = case.answer.clone();
    answer
        .header("Content-Type", "application/json; charset=utf-8")
        .body(body.to_string())
}

/// The headers that not every request has.
fn own_headers(request: &Recorded) -> Vec<(String, String)> {
    const COMMON: [&str; 6] = [
        "accept",
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

fn length(request: &Recorded) -> Option<usize> {
    request.header("content-length")?.parse().ok()
}

/// Computes the signature anew, from what came, and looks at the date that it covers.
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
