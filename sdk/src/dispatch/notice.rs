//! Who is told of an attempt.

use std::time::Instant;

use super::outgoing::Outgoing;
use crate::client::Handle;
use crate::error::Result;
use crate::observe::{RequestEvent, ResponseEvent, redacted};
use crate::response::{Origin, Response, announced};

impl Handle {
    /// An attempt begins. The time, if anybody will want to know how long it took.
    pub(super) fn begin(&self, outgoing: &Outgoing, origin: &Origin) -> Option<Instant> {
        let observer = self.shared.observer.as_deref();
        if let Some(observer) = observer {
            observer.request(&RequestEvent {
                operation: origin.call.info.id,
                bucket: self.address.bucket.as_deref(),
                attempt: origin.attempts,
                method: &origin.call.info.method,
                uri: &origin.call.uri,
                headers: &redacted(&outgoing.headers),
                body_len: outgoing.body.len(),
            });
        }
        #[cfg(feature = "tracing")]
        let wanted = observer.is_some() || super::trace::is_on();
        #[cfg(not(feature = "tracing"))]
        let wanted = observer.is_some();
        wanted.then(Instant::now)
    }

    /// An attempt ended.
    pub(super) fn end(&self, origin: &Origin, begun: Option<Instant>, result: &Result<Response>) {
        let Some(begun) = begun else { return };
        let meta = result.as_ref().ok().map(|response| &response.meta);
        let error = result.as_ref().err();
        let event = ResponseEvent {
            operation: origin.call.info.id,
            bucket: self.address.bucket.as_deref(),
            attempt: origin.attempts,
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
            elapsed: begun.elapsed(),
        };
        #[cfg(feature = "tracing")]
        super::trace::attempt(&event);
        if let Some(observer) = &self.shared.observer {
            observer.response(&event);
        }
    }
}
