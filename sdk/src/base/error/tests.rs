use http::HeaderValue;

use super::*;

fn service_error(status: u16, code: Option<ErrorCode>) -> Error {
    Error::new(ErrorKind::Service, "object does not exist")
        .with_call(CallContext {
            operation: "GetObject",
            bucket: Some("photos".into()),
            key: Some("cat.jpg".into()),
            part: None,
            request_id: None,
            attempts: 1,
            elapsed: Duration::from_millis(41),
        })
        .with_response(ErrorResponse {
            status: StatusCode::from_u16(status).unwrap(),
            code,
            request_id: Some("3f2cf9ac3168744d".into()),
            ..ErrorResponse::default()
        })
}

#[test]
fn display_is_one_line() {
    assert_eq!(
        service_error(404, Some(ErrorCode::ObjectNotExists)).to_string(),
        "GetObject photos/cat.jpg: object_not_exists (404): object does not exist; \
         request id 3f2cf9ac3168744d; 1 attempt, 41 ms"
    );
    assert_eq!(
        Error::invalid_input("key is empty").to_string(),
        "key is empty"
    );
}

/// An error with a source, as other crates define them.
#[derive(Debug)]
struct Caused(&'static str, Option<Box<Caused>>);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl StdError for Caused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.1.as_deref()?)
    }
}

fn caused(texts: &[&'static str]) -> Caused {
    let (first, rest) = texts.split_first().unwrap();
    Caused(first, (!rest.is_empty()).then(|| Box::new(caused(rest))))
}

#[test]
fn debug_is_the_line_of_display_and_the_sources_that_it_lacks() {
    let error = service_error(404, Some(ErrorCode::ObjectNotExists));
    assert_eq!(format!("{error:?}"), error.to_string());

    for (message, sources, expected) in [
        ("no room", &["no room"][..], "no room"),
        ("a.txt: no room", &["no room"], "a.txt: no room"),
        ("invalid", &["line 3"], "invalid: line 3"),
        (
            "invalid",
            &["bad file", "line 3"],
            "invalid: bad file: line 3",
        ),
        (
            "invalid: bad file",
            &["bad file", "line 3"],
            "invalid: bad file: line 3",
        ),
        // The sources that lead to the reason say less than the message.
        (
            "cannot connect: refused",
            &["client error", "refused"],
            "cannot connect: refused",
        ),
        (
            "invalid",
            &["bad: line 3", "line 3"],
            "invalid: bad: line 3",
        ),
        ("invalid", &["", "line 3"], "invalid: line 3"),
        ("invalid", &["a\nb\u{202e}"], "invalid: a\\nb\\u{202e}"),
        ("a\nb", &["a\nb"], "a\\nb"),
    ] {
        let error = Error::new(ErrorKind::Io, message).with_source(caused(sources));
        assert_eq!(format!("{error:?}"), expected, "{message} {sources:?}");
    }
}

#[test]
fn debug_names_the_request_after_the_sources() {
    let error = service_error(200, None).with_source(caused(&["line 3"]));
    assert_eq!(
        format!("{error:?}"),
        "GetObject photos/cat.jpg: 200 OK: object does not exist: line 3; \
         request id 3f2cf9ac3168744d; 1 attempt, 41 ms"
    );
    let error = Error::new(ErrorKind::Timeout, "deadline of 5 s exceeded").with_source(error);
    assert_eq!(
        format!("{error:?}"),
        "deadline of 5 s exceeded: GetObject photos/cat.jpg: 200 OK: object does not exist; \
         request id 3f2cf9ac3168744d; 1 attempt, 41 ms: line 3"
    );
}

#[test]
fn alternate_debug_has_all_fields() {
    let error = service_error(404, Some(ErrorCode::ObjectNotExists)).with_source(caused(&["why"]));
    let shown = format!("{error:#?}");
    for part in [
        "Error {\n    kind: Service,",
        "operation: \"GetObject\",",
        "status: 404,",
        "\"3f2cf9ac3168744d\",",
        "\"why\",",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[test]
fn no_text_starts_a_new_line() {
    let error = Error::new(ErrorKind::Service, "a\r\nb")
        .with_call(CallContext {
            operation: "GetObject",
            bucket: Some("photos".into()),
            key: Some("cat\n2026 ERROR forged\u{1b}[0m".into()),
            ..CallContext::default()
        })
        .with_response(ErrorResponse {
            code: Some(ErrorCode::from("x\ny")),
            request_id: Some("i\nd".into()),
            ..ErrorResponse::default()
        });
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(
        shown.contains("a\\r\\nb") && shown.contains("cat\\n2026"),
        "{shown}"
    );
}

#[test]
fn neither_display_nor_debug_reorders_text() {
    let text = "a\u{202e}b";
    let error = Error::new(ErrorKind::Service, text)
        .with_call(CallContext {
            operation: "GetObject",
            bucket: Some(text.into()),
            key: Some(text.into()),
            ..CallContext::default()
        })
        .with_response(ErrorResponse {
            code: Some(ErrorCode::from(text)),
            request_id: Some(text.into()),
            ..ErrorResponse::default()
        });
    let shown = error.to_string();
    assert_eq!(shown.matches("a\\u{202e}b").count(), 5, "{shown}");
    assert!(!format!("{shown} {error:?} {error:#?}").contains('\u{202e}'));
}

#[test]
fn a_status_is_shown_once() {
    let shown = |status, message: &str| {
        let error = Error::new(ErrorKind::Service, message).with_response(ErrorResponse {
            status: StatusCode::from_u16(status).unwrap(),
            ..ErrorResponse::default()
        });
        error.to_string()
    };
    assert_eq!(shown(404, "not found"), "404 Not Found");
    assert_eq!(shown(404, "no backend"), "404 Not Found: no backend");
    assert_eq!(shown(599, "unknown status"), "599");
    assert_eq!(shown(599, "no backend"), "599: no backend");
}

#[test]
fn predicates_need_only_the_status() {
    assert!(service_error(404, None).is_not_found());
    assert!(service_error(304, None).is_not_modified());
    assert!(service_error(412, None).is_precondition_failed());
    assert!(service_error(403, None).is_permission_denied());
    assert!(service_error(503, None).is_retryable());
    assert!(!service_error(409, None).is_retryable());
    assert!(!Error::invalid_input("").is_retryable());
    assert!(Error::new(ErrorKind::Connect, "").is_retryable());
}

#[test]
fn an_error_is_one_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

fn response(status: u16, code: Option<&str>) -> Error {
    Error::new(ErrorKind::Service, "").with_response(ErrorResponse {
        status: StatusCode::from_u16(status).unwrap(),
        code: code.map(ErrorCode::from),
        ..ErrorResponse::default()
    })
}

/// Returns the error for a response with the request ID that the service adds.
fn response_of_service(status: u16, code: Option<&str>) -> Error {
    let mut error = response(status, code);
    if let Some(response) = &mut error.0.response {
        let id = HeaderValue::from_static("3f2cf9ac3168744d");
        response.headers.insert("x-qs-request-id", id);
    }
    error
}

#[test]
fn classifies_every_kind_of_error() {
    use ErrorKind as Kind;
    use Failure::{Ambiguous, Damaged, Final, NotExecuted};
    let of = |kind| Error::new(kind, "");
    for (error, expected) in [
        (of(Kind::Connect).unsent(), NotExecuted),
        (of(Kind::Timeout).unsent(), NotExecuted),
        (of(Kind::Connect), Ambiguous),
        (of(Kind::Timeout), Ambiguous),
        (of(Kind::Interrupted), Ambiguous),
        (of(Kind::Connect).unsent().permanent(), Final),
        (of(Kind::InvalidInput), Final),
        (of(Kind::Config), Final),
        (of(Kind::Credentials), Final),
        (of(Kind::Decode), Final),
        (of(Kind::Integrity), Final),
        (of(Kind::Io), Final),
        (response(429, None), Ambiguous),
        (response(429, Some("fetch_throttled")), NotExecuted),
        (response(503, None), Ambiguous),
        (response(503, Some("some_new_code")), Ambiguous),
        (response(503, Some("503")), Ambiguous),
        (response(429, Some("UPSTREAM_TIMEOUT")), Ambiguous),
        (response_of_service(503, None), Ambiguous),
        (response_of_service(503, Some("some_new_code")), Ambiguous),
        (response_of_service(429, Some("some_new_code")), NotExecuted),
        (response_of_service(504, Some("some_new_code")), Ambiguous),
        (response(503, Some("service_unavailable")), Ambiguous),
        (response(503, Some("upstream_failed")), Ambiguous),
        (response(400, Some("service_unavailable")), Ambiguous),
        (response(403, Some("lease_not_ready")), NotExecuted),
        (response(400, Some("bad_digest")), Damaged),
        (response(400, Some("incomplete_body")), Damaged),
        (response(409, Some("fetch_in_process")), Final),
        (response(500, None), Ambiguous),
        (response(500, Some("internal_error")), Ambiguous),
        (response(503, Some("internal_error")), Ambiguous),
        (response(502, None), Ambiguous),
        (response(504, Some("some_new_code")), Ambiguous),
        (response(408, None), Ambiguous),
        (response(520, None), Ambiguous),
        (response(501, None), Final),
        (response(505, None), Final),
        (response(301, None), Final),
        (response(304, None), Final),
        (response(400, Some("invalid_argument")), Final),
        (response(403, Some("request_expired")), Final),
        (response(403, Some("permission_denied")), Final),
        (response(404, Some("object_not_exists")), Final),
        (response(409, Some("bucket_already_exists")), Final),
        (response(412, Some("precondition_failed")), Final),
    ] {
        assert_eq!(error.failure(), expected, "{error:?}");
        let is_retryable = matches!(expected, Ambiguous | NotExecuted);
        assert_eq!(error.is_retryable(), is_retryable, "{error:?}");
    }
}

#[test]
fn reports_for_every_kind_of_error_whether_the_request_may_have_been_executed() {
    use ErrorKind as Kind;
    let of = |kind| Error::new(kind, "");
    let sent = |kind| {
        of(kind).with_call(CallContext {
            attempts: 1,
            ..CallContext::default()
        })
    };
    for (error, expected) in [
        (of(Kind::Connect).unsent(), false),
        (of(Kind::Connect).unsent().permanent(), false),
        (sent(Kind::Timeout).unsent(), false),
        (of(Kind::Connect), true),
        (of(Kind::Timeout), true),
        (sent(Kind::InvalidInput), false),
        (of(Kind::Config), false),
        (sent(Kind::Credentials), false),
        (sent(Kind::Interceptor), false),
        // Without a request, such as a notification or a local file.
        (of(Kind::Interrupted), false),
        (of(Kind::Decode), false),
        (of(Kind::Integrity), false),
        (of(Kind::Io), false),
        (sent(Kind::Interrupted), true),
        (sent(Kind::Decode), true),
        (sent(Kind::Integrity), true),
        (sent(Kind::Io), true),
        (response(429, None), true),
        (response(429, Some("fetch_throttled")), false),
        (response(503, None), true),
        (response(503, Some("some_new_code")), true),
        (response_of_service(503, None), true),
        (response_of_service(503, Some("some_new_code")), true),
        (response(503, Some("service_unavailable")), true),
        (response(403, Some("lease_not_ready")), false),
        (response(400, Some("bad_digest")), false),
        (response(500, Some("internal_error")), true),
        (response(502, None), true),
        (response(504, None), true),
        (response(408, None), true),
        (response(520, None), true),
        (response(501, None), false),
        (response(505, None), false),
        (response(301, None), false),
        (response(304, None), false),
        (response(400, None), false),
        (response(403, Some("request_expired")), false),
        (response(404, None), false),
        (response(409, Some("fetch_in_process")), false),
        (response(412, None), false),
        // A status that the operation does not have, and error documents under a success status.
        (response(101, None), true),
        (response(202, None), true),
        (response(200, Some("upstream_lost")), true),
        (response(200, Some("object_not_exists")), false),
        (response(200, Some("internal_error")), true),
    ] {
        assert_eq!(error.may_have_been_executed(), expected, "{error:#?}");
        assert!(error.with_earlier_execution(true).may_have_been_executed());
    }
}

#[test]
fn the_longer_delay_applies() {
    let error = |code, retry_after: Option<u64>| {
        Error::new(ErrorKind::Service, "").with_response(ErrorResponse {
            code: Some(ErrorCode::from(code)),
            retry_after: retry_after.map(Duration::from_secs),
            ..ErrorResponse::default()
        })
    };
    for (code, retry_after, expected) in [
        ("lease_not_ready", None, Some(1)),
        ("lease_not_ready", Some(0), Some(1)),
        ("lease_not_ready", Some(7), Some(7)),
        ("service_unavailable", None, None),
        ("service_unavailable", Some(7), Some(7)),
    ] {
        let delay = error(code, retry_after).least_delay();
        assert_eq!(delay, expected.map(Duration::from_secs), "{code}");
    }
}
