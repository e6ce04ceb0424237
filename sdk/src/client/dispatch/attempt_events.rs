//! Notifies the [`Observer`](crate::Observer) and `tracing` about attempts.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;

use crate::base::error::{Error, Result};
use crate::client::spans::AttemptSpan;
use crate::client::{Dispatcher, Shared};
use crate::config::observer::{
    DroppedEvent, Observer, RequestEvent, ResponseEvent, RetryEvent, redacted,
};
use crate::message::call_info::CallInfo;
use crate::message::content_range::announced;
use crate::message::response::Response;
use crate::transport::AttemptMeter;

/// A running attempt. Empty if nothing observes it.
pub(super) struct AttemptScope(Option<Box<ObservedAttempt>>);

/// Facts about an attempt, for its events.
struct ObservedAttempt {
    span: AttemptSpan,
    started: Instant,
    /// Length of the request body.
    body_len: u64,
    meter: AttemptMeter,
    /// Set between the events of the request and of its response.
    drop_notice: Option<DropNotice>,
}

/// Observer of a dropped attempt, and its call.
struct DropNotice {
    observer: Arc<dyn Observer>,
    call: CallInfo,
}

impl Drop for ObservedAttempt {
    fn drop(&mut self) {
        let Some(DropNotice { observer, call }) = self.drop_notice.take() else {
            return;
        };
        let identity = &*call.identity;
        observer.dropped(&DroppedEvent {
            operation: identity.info.id,
            bucket: identity.address.bucket.as_deref(),
            attempt: call.attempts,
            method: &identity.info.method,
            uri: &identity.uri,
            elapsed: self.started.elapsed(),
        });
    }
}

impl AttemptScope {
    /// Runs `attempt` in its span.
    pub(super) async fn run<F: Future>(&self, attempt: Pin<&mut F>) -> F::Output {
        match &self.0 {
            // In a box, because attempts that nothing observes would contain the span, too.
            Some(observed) => Box::pin(observed.span.run(attempt)).await,
            None => attempt.await,
        }
    }

    /// Runs `work` in the span of the attempt.
    pub(super) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(observed) => observed.span.in_scope(work),
            None => work(),
        }
    }

    /// Reports that an interceptor refused the attempt.
    pub(super) fn refused(&self, error: &Error) {
        if let Some(observed) = &self.0 {
            observed.span.refused(error);
        }
    }

    /// Returns what measures the attempt; `None` if nothing observes it.
    pub(super) fn meter(&self) -> Option<&AttemptMeter> {
        self.0.as_ref().map(|observed| &observed.meter)
    }
}

impl Dispatcher {
    /// Starts an attempt.
    pub(super) fn begin_attempt(&self, call: &CallInfo, body_len: u64) -> AttemptScope {
        let span = AttemptSpan::start(call);
        let is_observed = self.shared.observer.is_some() || span.is_enabled();
        let observe = || {
            Box::new(ObservedAttempt {
                span,
                started: Instant::now(),
                body_len,
                meter: AttemptMeter::default(),
                drop_notice: None,
            })
        };
        AttemptScope(is_observed.then(observe))
    }

    /// Reports that an attempt is about to be sent. `headers`: without date and signature.
    pub(super) fn report_request(
        &self,
        call: &CallInfo,
        scope: &mut AttemptScope,
        headers: &HeaderMap,
        body_len: u64,
    ) {
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
            if let Some(observed) = &mut scope.0 {
                observed.drop_notice = Some(DropNotice {
                    observer: Arc::clone(observer),
                    call: call.clone(),
                });
            }
        }
    }

    /// Reports the end of an attempt.
    pub(super) fn end_attempt(
        &self,
        call: &CallInfo,
        scope: &mut AttemptScope,
        result: &Result<Box<Response>>,
    ) {
        let Some(observed) = &mut scope.0 else {
            return;
        };
        observed.drop_notice = None;
        let ObservedAttempt {
            span,
            started,
            body_len,
            meter,
            ..
        } = &**observed;
        let meta = result.as_ref().ok().map(|response| &response.meta);
        let error = result.as_ref().err();
        let event = ResponseEvent {
            operation: call.identity.info.id,
            bucket: self.address.bucket.as_deref(),
            attempt: call.attempts,
            method: &call.identity.info.method,
            uri: &call.identity.uri,
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
            time_to_first_byte: meter.time_to_first_byte(*started),
            bytes_sent: meter.bytes_sent(*body_len, error.is_some_and(Error::is_unsent)),
            bytes_received: meter.bytes_received(),
        };
        span.end(&event);
        if let Some(observer) = &self.shared.observer {
            observer.response(&event);
        }
    }
}

impl Shared {
    /// Reports that the request of a call is sent again after the delay.
    pub(super) fn report_retry(&self, call: &CallInfo, error: &Error, delay: Duration) {
        if let Some(observer) = &self.observer {
            let identity = &*call.identity;
            observer.retry(&RetryEvent {
                operation: identity.info.id,
                bucket: identity.address.bucket.as_deref(),
                attempt: call.attempts,
                method: &identity.info.method,
                uri: &identity.uri,
                error,
                delay,
            });
        }
    }
}
