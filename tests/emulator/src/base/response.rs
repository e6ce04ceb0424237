//! Responses.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use serde::Serialize;

use crate::base::api_error::ApiError;

/// The body of a response.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// A response.
pub(crate) type ApiResponse = Response<ResponseBody>;

/// Returns a response without a body.
pub(crate) fn empty(status: StatusCode) -> ApiResponse {
    with_body(status, Empty::new().map_err(never).boxed_unsync())
}

/// Returns a response with a JSON document.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Result<ApiResponse, ApiError> {
    let text = serde_json::to_vec(document).map_err(|error| {
        tracing::error!(%error, "cannot serialize a response");
        ApiError::internal()
    })?;
    let mut response = bytes(status, Bytes::from(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Returns a response that streams its body.
pub(crate) fn stream(
    status: StatusCode,
    body: impl Body<Data = Bytes, Error = io::Error> + Send + 'static,
) -> ApiResponse {
    with_body(status, body.boxed_unsync())
}

/// Returns a response with a body in memory.
pub(crate) fn bytes(status: StatusCode, bytes: Bytes) -> ApiResponse {
    with_body(status, Full::new(bytes).map_err(never).boxed_unsync())
}

/// Returns the response for an error. The response to HEAD does not have a body.
pub(crate) fn error(error: &ApiError, request_id: &str, is_head: bool) -> ApiResponse {
    let mut response = if is_head {
        empty(error.status())
    } else {
        json(error.status(), &error.document(request_id))
            .unwrap_or_else(|error| empty(error.status()))
    };
    for (name, value) in error.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

/// Sets a header.
///
/// # Errors
///
/// Returns an internal error if the value is not a valid header value, which is a bug of the
/// emulator.
pub(crate) fn set_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: impl AsRef<str>,
) -> Result<(), ApiError> {
    let value = HeaderValue::from_str(value.as_ref()).map_err(|_| {
        tracing::error!(%name, "a value is not valid in a header");
        ApiError::internal()
    })?;
    headers.insert(name, value);
    Ok(())
}

/// Sets `Content-Length` of a response to HEAD, whose body is not sent.
pub(crate) fn announce_length(response: &mut ApiResponse, length: u64) {
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
}

fn with_body(status: StatusCode, body: ResponseBody) -> ApiResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn never(infallible: Infallible) -> io::Error {
    match infallible {}
}
