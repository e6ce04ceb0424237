//! Notifies the [`Observer`](crate::Observer) about the end of response bodies.

use std::sync::Arc;

use crate::base::error::Error;
use crate::client::Dispatcher;
use crate::config::observer::{BodyEvent, Observer};
use crate::message::byte_stream::BodyListener;
use crate::message::call_info::CallInfo;
use crate::message::response::{Response, ResponseBody};

/// Reports the end of a body.
struct BodyReport {
    observer: Arc<dyn Observer>,
    call: CallInfo,
}

impl BodyListener for BodyReport {
    fn ended(&self, bytes: u64, is_complete: bool, error: Option<&Error>) {
        let identity = &*self.call.identity;
        self.observer.body(&BodyEvent {
            operation: identity.info.id,
            bucket: identity.address.bucket.as_deref(),
            method: &identity.info.method,
            uri: &identity.uri,
            bytes_received: bytes,
            is_complete,
            error,
            elapsed: identity.started.elapsed(),
        });
    }
}

impl Dispatcher {
    /// Lets the observer know when the body of a response ends, if the caller reads it as a stream.
    pub(super) fn observe_body(&self, response: &mut Response) {
        let Some(observer) = &self.shared.observer else {
            return;
        };
        let call = response.call.clone();
        if let ResponseBody::Stream(stream) = &mut response.body {
            let observer = Arc::clone(observer);
            stream.report_end(Box::new(BodyReport { observer, call }));
        }
    }
}
