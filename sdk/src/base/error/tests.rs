use super::*;

fn answered(status: u16, code: Option<ErrorCode>) -> Error {
    Error::new(ErrorKind::Service, "object does not exist")
        .with_call(CallContext {
            operation: "GetObject",
            bucket: Some("photos".into()),
            key: Some("cat.jpg".into()),
            attempts: 1,
            elapsed: Duration::from_millis(41),
        })
        .with_answer(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            code,
            request_id: Some("3f2cf9ac3168744d".into()),
            ..Answer::default()
        })
}

#[test]
fn display_says_all_in_one_line() {
    assert_eq!(
        answered(404, Some(ErrorCode::ObjectNotExists)).to_string(),
        "GetObject photos/cat.jpg: object_not_exists (404): object does not exist; \
         request id 3f2cf9ac3168744d; 1 attempt, 41 ms"
    );
    assert_eq!(
        Error::invalid_input("key is empty").to_string(),
        "key is empty"
    );
}

#[test]
fn no_text_begins_a_line_of_its_own() {
    let error = Error::new(ErrorKind::Service, "a\r\nb")
        .with_call(CallContext {
            operation: "GetObject",
            bucket: Some("photos".into()),
            key: Some("cat\n2026 ERROR forged\u{1b}[0m".into()),
            ..CallContext::default()
        })
        .with_answer(Answer {
            code: Some(ErrorCode::from("x\ny")),
            request_id: Some("i\nd".into()),
            ..Answer::default()
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
        .with_answer(Answer {
            code: Some(ErrorCode::from(text)),
            request_id: Some(text.into()),
            location: Some(text.into()),
            ..Answer::default()
        });
    let shown = error.to_string();
    assert_eq!(shown.matches("a\\u{202e}b").count(), 5, "{shown}");
    assert!(!format!("{shown} {error:?} {error:#?}").contains('\u{202e}'));
}

#[test]
fn a_status_is_shown_once() {
    let shown = |status, message: &str| {
        let error = Error::new(ErrorKind::Service, message).with_answer(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            ..Answer::default()
        });
        error.to_string()
    };
    assert_eq!(shown(404, "not found"), "404 Not Found");
    assert_eq!(shown(404, "no backend"), "404 Not Found: no backend");
    assert_eq!(shown(599, "unknown status"), "599");
    assert_eq!(shown(599, "no backend"), "599: no backend");
}

#[test]
fn a_status_alone_is_enough_for_the_predicates() {
    assert!(answered(404, None).is_not_found());
    assert!(answered(304, None).is_not_modified());
    assert!(answered(412, None).is_precondition_failed());
    assert!(answered(403, None).is_permission_denied());
    assert!(answered(503, None).is_retryable());
    assert!(!answered(409, None).is_retryable());
    assert!(!Error::invalid_input("").is_retryable());
    assert!(Error::new(ErrorKind::Connect, "").is_retryable());
}

#[test]
fn an_error_is_one_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
