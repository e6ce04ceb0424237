//! Spans and events. They never contain headers, bodies, signatures or secrets.
//!
//! The values of fields are computed only if a subscriber is interested. Numbers are `i64`, because
//! `tracing-opentelemetry` exports other types of integers as text.

use std::fmt::Display;
use std::pin::Pin;
use std::time::{Duration, Instant};

use http::StatusCode;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::base::error::{Error, ErrorCode, Result};
use crate::base::telemetry::{
    ATTEMPT_SPAN, CALL_SPAN, ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_REQUEST_RESEND_COUNT,
    HTTP_RESPONSE_STATUS_CODE, KIND_CLIENT, OTEL_KIND, OTEL_NAME, OTEL_STATUS_CODE,
    QINGSTOR_BUCKET, QINGSTOR_KEY, QINGSTOR_OPERATION, QINGSTOR_REQUEST_ID, SERVER_ADDRESS,
    SERVER_PORT, STATUS_ERROR, TARGET, TRANSFER_SPAN, URL_FULL, error_type,
};
use crate::config::observer::ResponseEvent;
use crate::message::address::Address;
use crate::message::call_info::CallInfo;
use crate::message::operation_info::OperationInfo;
use crate::message::response_meta::ResponseMeta;

/// The span of a call. Empty if nothing listens, because the future of every call contains it.
pub(crate) struct CallSpan(Option<Box<OpenCall>>);

struct OpenCall {
    span: Span,
    info: &'static OperationInfo,
    started: Instant,
    /// The response, for the last event.
    response: Option<CallResponse>,
}

struct CallResponse {
    status: i64,
    request_id: Option<String>,
    attempts: i64,
}

impl CallSpan {
    /// Starts the span. `target`: path and query; `None` if they are not known.
    pub(crate) fn start(
        info: &'static OperationInfo,
        address: &Address,
        target: Option<&str>,
        started: Instant,
    ) -> Self {
        let span = tracing::debug_span!(
            target: TARGET,
            CALL_SPAN,
            { OTEL_NAME } = exported_name(info.id),
            { OTEL_KIND } = KIND_CLIENT,
            { OTEL_STATUS_CODE } = Empty,
            { SERVER_ADDRESS } = address.host(),
            { SERVER_PORT } = i64::from(address.port()),
            { HTTP_REQUEST_METHOD } = info.method.as_str(),
            { HTTP_RESPONSE_STATUS_CODE } = Empty,
            { HTTP_REQUEST_RESEND_COUNT } = Empty,
            { ERROR_TYPE } = Empty,
            { QINGSTOR_OPERATION } = info.id,
            { QINGSTOR_BUCKET } = address.bucket.as_deref(),
            { QINGSTOR_KEY } = target.and_then(|target| key(address, target)),
            { QINGSTOR_REQUEST_ID } = Empty,
        );
        if span.is_disabled() {
            return Self(None);
        }
        Self(Some(Box::new(OpenCall {
            span,
            info,
            started,
            response: None,
        })))
    }

    /// Runs `call` in the span.
    pub(crate) async fn run<F: Future>(&self, call: Pin<&mut F>) -> F::Output {
        match &self.0 {
            // In a box, because the future of every call contains this one.
            Some(open) => Box::pin(call.instrument(open.span.clone())).await,
            None => call.await,
        }
    }

    /// Records the response to a successful call.
    pub(crate) fn responded(&mut self, meta: &ResponseMeta) {
        let Some(open) = &mut self.0 else {
            return;
        };
        let (status, request_id) = (number(meta.status()), meta.request_id());
        record_response(&open.span, Some(status), request_id);
        record_resends(&open.span, meta.attempts());
        open.response = Some(CallResponse {
            status,
            request_id: request_id.map(str::to_owned),
            attempts: meta.attempts().into(),
        });
    }

    /// Ends the span with the result of the call.
    pub(crate) fn end<T>(self, result: Result<T>) -> Result<T> {
        if let Some(open) = self.0 {
            open.end(result.as_ref().err());
        }
        result
    }
}

impl OpenCall {
    fn end(&self, error: Option<&Error>) {
        let _entered = self.span.enter();
        let elapsed_ms = millis(self.started.elapsed());
        if let Some(error) = error {
            let status = error.status().map(number);
            record_response(&self.span, status, error.request_id());
            record_resends(&self.span, error.attempts());
            record_error(&self.span, error);
            tracing::debug!(
                target: TARGET,
                attempts = i64::from(error.attempts()),
                elapsed_ms,
                { QINGSTOR_OPERATION } = self.info.id,
                { HTTP_RESPONSE_STATUS_CODE } = status,
                { QINGSTOR_REQUEST_ID } = error.request_id(),
                { ERROR_TYPE } = error_type(error).as_deref(),
                "call failed"
            );
        } else if let Some(response) = &self.response {
            tracing::debug!(
                target: TARGET,
                attempts = response.attempts,
                elapsed_ms,
                { QINGSTOR_OPERATION } = self.info.id,
                { HTTP_RESPONSE_STATUS_CODE } = response.status,
                { QINGSTOR_REQUEST_ID } = response.request_id.as_deref(),
                "call succeeded"
            );
        }
    }
}

/// The span of an attempt.
pub(crate) struct AttemptSpan(Span);

impl AttemptSpan {
    pub(crate) fn start(call: &CallInfo) -> Self {
        let identity = &*call.identity;
        let address = &*identity.address;
        Self(tracing::debug_span!(
            target: TARGET,
            ATTEMPT_SPAN,
            { OTEL_NAME } = identity.info.method.as_str(),
            { OTEL_KIND } = KIND_CLIENT,
            { OTEL_STATUS_CODE } = Empty,
            { SERVER_ADDRESS } = address.host(),
            { SERVER_PORT } = i64::from(address.port()),
            { HTTP_REQUEST_METHOD } = identity.info.method.as_str(),
            { HTTP_RESPONSE_STATUS_CODE } = Empty,
            { HTTP_REQUEST_RESEND_COUNT } = resends(call.attempts),
            { ERROR_TYPE } = Empty,
            { URL_FULL } = tracing::field::display(&identity.uri),
            { QINGSTOR_REQUEST_ID } = Empty,
        ))
    }

    pub(crate) fn is_enabled(&self) -> bool {
        !self.0.is_disabled()
    }

    /// Runs `attempt` in the span.
    pub(crate) fn run<F: Future>(&self, attempt: F) -> impl Future<Output = F::Output> {
        attempt.instrument(self.0.clone())
    }

    /// Runs `work` in the span.
    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.in_scope(work)
    }

    /// Records that an interceptor refused the attempt.
    pub(crate) fn refused(&self, error: &Error) {
        if self.is_enabled() {
            record_error(&self.0, error);
        }
    }

    /// Records the end of the attempt.
    pub(crate) fn end(&self, event: &ResponseEvent<'_>) {
        if !self.is_enabled() {
            return;
        }
        let status = event.status.map(number);
        record_response(&self.0, status, event.request_id);
        if let Some(error) = event.error {
            record_error(&self.0, error);
        }
        let _entered = self.0.enter();
        tracing::debug!(
            target: TARGET,
            attempt = i64::from(event.attempt),
            { HTTP_RESPONSE_STATUS_CODE } = status,
            { QINGSTOR_REQUEST_ID } = event.request_id,
            { ERROR_TYPE } = event.error_type().as_deref(),
            elapsed_ms = millis(event.elapsed),
            "attempt ended"
        );
    }
}

/// The span of a transfer, which takes several calls.
pub(crate) struct TransferSpan(Span);

impl TransferSpan {
    /// `name`: the name of the transfer, such as `Upload`.
    #[inline]
    pub(crate) fn start(name: &'static str, address: &Address, key: Option<&str>) -> Self {
        Self(tracing::debug_span!(
            target: TARGET,
            TRANSFER_SPAN,
            { OTEL_NAME } = exported_name(name),
            { OTEL_KIND } = KIND_CLIENT,
            { OTEL_STATUS_CODE } = Empty,
            { SERVER_ADDRESS } = address.host(),
            { SERVER_PORT } = i64::from(address.port()),
            { ERROR_TYPE } = Empty,
            { QINGSTOR_OPERATION } = name,
            { QINGSTOR_BUCKET } = address.bucket.as_deref(),
            { QINGSTOR_KEY } = key,
        ))
    }

    /// Runs `transfer` in the span, and records its error.
    pub(crate) async fn run<T>(&self, transfer: impl Future<Output = Result<T>>) -> Result<T> {
        let result = transfer.instrument(self.0.clone()).await;
        if let Err(error) = &result {
            self.failed(error);
        }
        result
    }

    /// Runs `transfer` in the span.
    pub(crate) fn run_infallible<F: Future>(&self, transfer: F) -> impl Future<Output = F::Output> {
        transfer.instrument(self.0.clone())
    }

    pub(crate) fn failed(&self, error: &Error) {
        if !self.0.is_disabled() {
            record_error(&self.0, error);
        }
    }

    /// Records a failure that has no [`Error`].
    pub(crate) fn failed_with_code(&self, code: Option<&ErrorCode>) {
        let error_type = match code {
            Some(ErrorCode::Unknown(_)) | None => "service",
            Some(code) => code.as_str(),
        };
        self.0.record(OTEL_STATUS_CODE, STATUS_ERROR);
        self.0.record(ERROR_TYPE, error_type);
    }
}

/// Reports the delay before a retry.
pub(crate) fn retry_delayed(attempt: u32, delay: Duration) {
    tracing::debug!(
        target: TARGET,
        attempt = i64::from(attempt),
        delay_ms = millis(delay),
        "retrying after a delay"
    );
}

fn exported_name(name: impl Display) -> String {
    format!("QingStor.{name}")
}

fn key(address: &Address, target: &str) -> Option<String> {
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    address.key(path)
}

fn number(status: StatusCode) -> i64 {
    status.as_u16().into()
}

/// Returns the resends of a number of attempts; `None` if there are none.
fn resends(attempts: u32) -> Option<i64> {
    let resends = i64::from(attempts) - 1;
    (resends > 0).then_some(resends)
}

fn record_resends(span: &Span, attempts: u32) {
    if let Some(resends) = resends(attempts) {
        span.record(HTTP_REQUEST_RESEND_COUNT, resends);
    }
}

fn record_response(span: &Span, status: Option<i64>, request_id: Option<&str>) {
    if let Some(status) = status {
        span.record(HTTP_RESPONSE_STATUS_CODE, status);
    }
    if let Some(request_id) = request_id {
        span.record(QINGSTOR_REQUEST_ID, request_id);
    }
}

fn record_error(span: &Span, error: &Error) {
    if let Some(error_type) = error_type(error) {
        span.record(OTEL_STATUS_CODE, STATUS_ERROR);
        span.record(ERROR_TYPE, &*error_type);
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
