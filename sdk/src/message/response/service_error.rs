//! Errors of responses: error documents, other error responses, and contradictory successes.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName};

use super::error_page;
use crate::base::error::{CallContext, Error, ErrorKind, ErrorResponse, reason, status_line};
use crate::base::timestamp::Timestamp;
use crate::message::call_info::CallInfo;
use crate::message::error_document::ErrorDocument;
use crate::message::request::is_secret;
use crate::message::response_meta::ResponseMeta;
use crate::message::source_url::without_secrets;

const JSON: &[u8] = b"application/json";
/// How many bytes of a body an error contains at most.
const MAX_BODY: usize = 4 * 1024;

/// Returns the error for a response with a success status that contradicts its request or itself.
pub(crate) fn contradiction(
    kind: ErrorKind,
    message: String,
    meta: &ResponseMeta,
    body: Bytes,
    call: &CallInfo,
) -> Error {
    Error::new(kind, message)
        .with_call(call.context())
        .with_response(error_response(meta, body))
}

/// Returns an error about a response with a success status that was read already. `call`: its call; the
/// number of attempts is that of the response.
pub(crate) fn response_error(
    kind: ErrorKind,
    message: impl Into<String>,
    meta: &ResponseMeta,
    call: CallContext,
) -> Error {
    let attempts = meta.attempts();
    Error::new(kind, message)
        .with_call(CallContext { attempts, ..call })
        .with_response(error_response(meta, Bytes::new()))
}

/// Returns the facts about a response with a success status for its error.
fn error_response(meta: &ResponseMeta, body: Bytes) -> ErrorResponse {
    ErrorResponse {
        status: meta.status(),
        headers: error_headers(meta.headers()),
        request_id: meta.request_id().map(str::to_owned),
        body,
        ..ErrorResponse::default()
    }
}

/// Copies the headers for an error. Marks cookies, tokens of proxies and redirects as sensitive, because
/// errors are often logged with `Debug`.
fn error_headers(headers: &HeaderMap) -> HeaderMap {
    let mut copy = headers.clone();
    for (name, value) in &mut copy {
        // The target of a redirect may be a presigned URL.
        if is_secret(name) || *name == LOCATION {
            value.set_sensitive(true);
        }
    }
    copy
}

/// Copies the first bytes of a body, so that an error does not keep all of it in memory.
pub(super) fn first_bytes(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes.get(..MAX_BODY).unwrap_or(bytes))
}

/// Returns the error for a response whose status is not a success of the operation.
pub(crate) fn service_error(meta: &ResponseMeta, body: &Bytes, call: &CallInfo) -> Error {
    let is_json = meta
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|kind| kind.as_bytes().get(..JSON.len()))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(JSON));
    let document = match is_json {
        true => ErrorDocument::parse(body),
        false => None,
    };
    let document = document.unwrap_or_default();
    let has_message = document
        .message
        .as_ref()
        .is_some_and(|text| !text.is_empty());
    let (fallback, error_body) = match document.code.is_some() || has_message {
        true => (reason(meta.status()), Bytes::new()),
        // It repeats the target, which may be a presigned URL.
        false if meta.status().is_redirection() => (without_document(meta, body), Bytes::new()),
        false => (without_document(meta, body), first_bytes(body)),
    };
    from_document(meta, fallback, document, call, error_body)
}

/// Returns the service's error if the body of a success is an error document.
pub(crate) fn error_in_success(
    meta: &ResponseMeta,
    body: &Bytes,
    call: &CallInfo,
) -> Option<Error> {
    let document = ErrorDocument::in_success(body, (call.identity.body_fields)())?;
    let fallback = "the response is an error document without a message".to_owned();
    Some(from_document(
        meta,
        fallback,
        document,
        call,
        first_bytes(body),
    ))
}

/// Creates the error. `fallback` is the message if the document has none.
fn from_document(
    meta: &ResponseMeta,
    fallback: String,
    document: ErrorDocument,
    call: &CallInfo,
    body: Bytes,
) -> Error {
    let message = document.message.filter(|text| !text.is_empty());
    let message = message.unwrap_or(fallback);
    let request_id = meta.request_id().map(str::to_owned);
    Error::new(ErrorKind::Service, message)
        .with_call(call.context())
        .with_response(ErrorResponse {
            status: meta.status(),
            headers: error_headers(meta.headers()),
            code: document.code,
            // A proxy may drop the header.
            request_id: request_id.or(document.request_id),
            help_url: document.url,
            retry_after: retry_after(meta.headers()),
            date: http_date(meta.headers(), &http::header::DATE),
            body,
        })
}

/// Returns the time in a header, in Unix seconds.
fn http_date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let time = Timestamp::from_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    Some(time.as_unix_seconds())
}

/// Returns how long the service asks the client to wait: `Retry-After` in seconds, or as a time by
/// the clock of the service.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is longer than any client waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = http_date(headers, &RETRY_AFTER)?;
    let now = http_date(headers, &http::header::DATE)
        .unwrap_or_else(|| Timestamp::now().as_unix_seconds());
    // A time in the past means no delay.
    Some(Duration::from_secs(
        u64::try_from(until.saturating_sub(now)).unwrap_or(0),
    ))
}

/// Returns the target of a redirect without its secrets.
fn location(meta: &ResponseMeta) -> Option<String> {
    let value = meta.headers().get(LOCATION)?;
    let target = String::from_utf8_lossy(value.as_bytes());
    Some(without_secrets(&target))
}

/// Returns the message for a response whose body cannot be read because it is encoded; `None` if it is
/// not encoded.
///
/// The client does not decode bodies. A proxy may encode them although the request does not permit it.
pub(super) fn encoded_body(meta: &ResponseMeta) -> Option<String> {
    let codings = meta.headers().get_all(CONTENT_ENCODING);
    let coding = codings.iter().find(|coding| {
        let coding = coding.as_bytes().trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })?;
    let coding = String::from_utf8_lossy(coding.as_bytes());
    Some(format!(
        "the response body is encoded with `{coding}`, which the client does not decode"
    ))
}

/// Returns the message for a response that is not an error document: a response to `HEAD`, of a
/// proxy, or a redirect.
fn without_document(meta: &ResponseMeta, body: &Bytes) -> String {
    match (meta.status().as_u16(), location(meta)) {
        (304, _) => reason(meta.status()),
        (300..=399, Some(location)) => format!("redirect to {location}"),
        (300..=399, None) => "redirect without a location".into(),
        _ => {
            if let Some(text) = encoded_body(meta).filter(|_| !body.is_empty()) {
                return text;
            }
            let content_type = meta.headers().get(http::header::CONTENT_TYPE);
            let content_type = content_type.and_then(|kind| kind.to_str().ok());
            match error_page::first_words(
                body,
                content_type.unwrap_or_default(),
                &status_line(meta.status()),
            ) {
                Some(words) => format!("the response says `{words}`"),
                None => reason(meta.status()),
            }
        }
    }
}
