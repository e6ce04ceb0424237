//! Who is told of an attempt.

use std::time::Instant;

use super::outgoing::Outgoing;
use crate::base::error::Result;
use crate::client::Handle;
use crate::config::observe::{RequestEvent, ResponseEvent, redacted};
use crate::message::call_info::CallInfo;
use crate::message::content_range::announced;
use crate::message::response::Response;

/// An attempt that has begun.
pub(super) struct Begun {
    /// When, if anybody will want to know how long it took.
    at: Option<Instant>,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Begun {
    /// The attempt, within its span.
    #[cfg(feature = "tracing")]
    pub(super) fn around<F: Future>(&self, attempt: F) -> tracing::instrument::Instrumented<F> {
        tracing::Instrument::instrument(attempt, self.span.clone())
    }

    #[cfg(not(feature = "tracing"))]
    pub(super) fn around<F: Future>(&self, attempt: F) -> F {
        attempt
    }
}

impl Handle {
    /// An attempt begins.
    pub(super) fn begin(&self, outgoing: &Outgoing, call: &CallInfo) -> Begun {
        let observer = self.shared.observer.as_deref();
        if let Some(observer) = observer {
            observer.request(&RequestEvent {
                operation: call.identity.info.id,
                bucket: self.address.bucket.as_deref(),
                attempt: call.attempts,
                method: &call.identity.info.method,
                uri: &call.identity.uri,
                headers: &redacted(&outgoing.headers),
                body_len: outgoing.body.len(),
            });
        }
        #[cfg(feature = "tracing")]
        let span = super::trace::attempt(call.attempts);
        #[cfg(feature = "tracing")]
        let wanted = observer.is_some() || !span.is_disabled();
        #[cfg(not(feature = "tracing"))]
        let wanted = observer.is_some();
        Begun {
            at: wanted.then(Instant::now),
            #[cfg(feature = "tracing")]
            span,
        }
    }

    /// An attempt ended.
    pub(super) fn end(&self, call: &CallInfo, begun: Begun, result: &Result<Response>) {
        let Some(at) = begun.at else { return };
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
            elapsed: at.elapsed(),
        };
        #[cfg(feature = "tracing")]
        begun.span.in_scope(|| super::trace::attempt_ended(&event));
        if let Some(observer) = &self.shared.observer {
            observer.response(&event);
        }
    }
}
