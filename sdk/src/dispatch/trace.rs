//! What `tracing` is told.

use std::time::Instant;

use crate::endpoint::Address;
use crate::error::Result;
use crate::operation::OperationInfo;
use crate::response::Response;

/// One event for each call: no headers, no query, no bodies.
pub(super) fn call(
    info: &OperationInfo,
    address: &Address,
    started: Instant,
    result: &Result<Response>,
) {
    if !tracing::enabled!(target: "qingstor_sdk", tracing::Level::DEBUG) {
        return;
    }
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
