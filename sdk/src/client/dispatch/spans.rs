//! Spans and events of `tracing`. They never contain headers, queries or bodies.

use std::pin::Pin;
use std::time::Instant;

use tracing::Instrument;
use tracing::field::Empty;

use crate::base::error::Result;
use crate::config::observer::ResponseEvent;
use crate::message::address::Address;
use crate::message::operation_info::OperationInfo;
use crate::message::request::RequestParts;
use crate::message::response::Response;

/// Returns whether a subscriber is interested in this target.
pub(super) fn is_enabled() -> bool {
    tracing::enabled!(target: "qingstor_sdk", tracing::Level::DEBUG)
}

/// Returns the span of one attempt, which contains the events of the HTTP layers.
pub(super) fn attempt(number: u32) -> tracing::Span {
    tracing::debug_span!(target: "qingstor_sdk", "attempt", attempt = number)
}

/// Reports the end of an attempt.
pub(super) fn attempt_ended(event: &ResponseEvent<'_>) {
    tracing::debug!(
        target: "qingstor_sdk",
        attempt = event.attempt,
        status = event.status.map(|status| status.as_u16()),
        request_id = event.request_id,
        elapsed_ms = u64::try_from(event.elapsed.as_millis()).unwrap_or(u64::MAX),
        kind = event.error.map(|error| tracing::field::debug(error.kind())),
        "attempt ended"
    );
}

/// Returns the object key of a request; `None` if no subscriber is interested.
pub(super) fn key(address: &Address, parts: &RequestParts) -> Option<String> {
    if !is_enabled() {
        return None;
    }
    let target = parts.target();
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    address.key(path)
}

/// Runs `call` in its span.
pub(super) async fn call<F: Future<Output = Result<Box<Response>>>>(
    info: &OperationInfo,
    address: &Address,
    key: Option<String>,
    started: Instant,
    call: Pin<&mut F>,
) -> Result<Box<Response>> {
    let span = tracing::debug_span!(
        target: "qingstor_sdk",
        "call",
        operation = info.id,
        bucket = address.bucket.as_deref(),
        key,
        attempts = Empty,
        status = Empty,
        request_id = Empty,
    );
    let result = call.instrument(span.clone()).await;
    let (attempts, status, request_id) = match &result {
        Ok(response) => (
            response.meta.attempts(),
            Some(response.meta.status()),
            response.meta.request_id(),
        ),
        Err(error) => (error.attempts(), error.status(), error.request_id()),
    };
    span.record("attempts", attempts);
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    if let Some(id) = request_id {
        span.record("request_id", id);
    }
    span.in_scope(|| call_ended(info, address, started, &result));
    result
}

/// Reports the end of a call.
fn call_ended(
    info: &OperationInfo,
    address: &Address,
    started: Instant,
    result: &Result<Box<Response>>,
) {
    let bucket = address.bucket.as_deref();
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => tracing::debug!(
            target: "qingstor_sdk",
            operation = info.id,
            bucket,
            status = response.meta.status().as_u16(),
            request_id = response.meta.request_id(),
            attempts = response.meta.attempts(),
            elapsed_ms,
            "call succeeded"
        ),
        Err(error) => tracing::debug!(
            target: "qingstor_sdk",
            operation = info.id,
            bucket,
            status = error.status().map(|status| status.as_u16()),
            request_id = error.request_id(),
            attempts = error.attempts(),
            elapsed_ms,
            kind = ?error.kind(),
            "call failed"
        ),
    }
}
