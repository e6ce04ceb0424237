//! Notifies the [`Observer`](crate::Observer) and `tracing` about attempts.

use std::time::Instant;

use http::HeaderMap;

use crate::base::error::Result;
use crate::client::Dispatcher;
use crate::config::observer::{RequestEvent, ResponseEvent, redacted};
use crate::message::call_info::CallInfo;
use crate::message::content_range::announced;
use crate::message::response::Response;

/// A running attempt.
pub(super) struct AttemptScope {
    /// Start of the attempt; `None` if nothing observes it.
    started: Option<Instant>,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl AttemptScope {
    /// Runs `attempt` in its span.
    #[cfg(feature = "tracing")]
    pub(super) fn instrument<F: Future>(&self, attempt: F) -> tracing::instrument::Instrumented<F> {
        tracing::Instrument::instrument(attempt, self.span.clone())
    }

    #[cfg(not(feature = "tracing"))]
    pub(super) fn instrument<F: Future>(&self, attempt: F) -> F {
        attempt
    }

    /// Runs `work` in the span of the attempt.
    #[cfg(feature = "tracing")]
    pub(super) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    #[cfg(not(feature = "tracing"))]
    pub(super) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }
}

impl Dispatcher {
    /// Starts an attempt.
    pub(super) fn begin_attempt(&self, call: &CallInfo) -> AttemptScope {
        let has_observer = self.shared.observer.is_some();
        #[cfg(feature = "tracing")]
        let span = super::spans::attempt(call.attempts);
        #[cfg(feature = "tracing")]
        let is_observed = has_observer || !span.is_disabled();
        #[cfg(not(feature = "tracing"))]
        let is_observed = has_observer;
        AttemptScope {
            started: is_observed.then(Instant::now),
            #[cfg(feature = "tracing")]
            span,
        }
    }

    /// Reports that an attempt is about to be sent. `headers`: without date and signature.
    pub(super) fn report_request(&self, call: &CallInfo, headers: &HeaderMap, body_len: u64) {
        if let Some(observer) = &self.shared.observer {
            observer.request(&RequestEvent {
                operation: call.identity.info.id,
                bucket: self.address.bucket.as_deref(),
                attempt: call.attempts,
                method: &call.identity.info.method,
                uri: &call.identity.uri,
                headers: &redacted(headers),
                body_len,
            });
        }
    }

    /// Reports the end of an attempt.
    pub(super) fn end_attempt(
        &self,
        call: &CallInfo,
        scope: AttemptScope,
        result: &Result<Box<Response>>,
    ) {
        let Some(started) = scope.started else {
            return;
        };
        let meta = result.as_ref().ok().map(|response| &response.meta);
        let error = result.as_ref().err();
        let event = ResponseEvent {
            operation: call.identity.info.id,
            bucket: self.address.bucket.as_deref(),
            attempt: call.attempts,
            status: match error {
                Some(error) => error.status(),
                None => meta.map(|meta| meta.status()),
            },
            request_id: match error {
                Some(error) => error.request_id(),
                None => meta.and_then(|meta| meta.request_id()),
            },
            headers: meta.map(|meta| meta.headers()),
            body_len: meta.and_then(|meta| announced(meta.headers())),
            error,
            elapsed: started.elapsed(),
        };
        #[cfg(feature = "tracing")]
        scope.span.in_scope(|| super::spans::attempt_ended(&event));
        if let Some(observer) = &self.shared.observer {
            observer.response(&event);
        }
    }
}
