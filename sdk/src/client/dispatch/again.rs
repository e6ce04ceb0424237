//! [`Again`]: what it takes to send a call anew once its answer has begun.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::Bounds;
use super::outgoing::Outgoing;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::{Handle, Shared};
use crate::config::request_options::RequestOptions;
use crate::config::retry::RetryPolicy;
use crate::message::body::Body;
use crate::message::response::{Origin, Response};

/// A call whose answer is a stream, to be sent again from where the stream broke.
pub(crate) struct Again {
    shared: Arc<Shared>,
    /// Without date and signature.
    headers: HeaderMap,
    options: Option<Arc<RequestOptions>>,
    slow: bool,
}

impl Again {
    /// Takes the headers of `outgoing`, which was answered.
    pub(super) fn new(handle: &Handle, outgoing: &mut Outgoing) -> Self {
        Self {
            shared: Arc::clone(&handle.shared),
            headers: std::mem::take(&mut outgoing.headers),
            options: handle.options.clone(),
            slow: outgoing.slow,
        }
    }

    /// The call's own headers, as the caller gave them.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How long to wait before the call is sent again after this attempt; `None` when it must not be.
    pub(crate) fn pause(&self, error: &Error, attempt: u32) -> Option<Duration> {
        let policy = self.policy();
        if !policy.goes_on_after(attempt) {
            return None;
        }
        let pause = policy.wait(attempt, error.retry_after())?;
        let after_timeout = error.kind() == ErrorKind::Timeout;
        let granted = self.shared.retry_budget.take(after_timeout);
        granted.then_some(pause)
    }

    fn policy(&self) -> &RetryPolicy {
        let own = self.options.as_ref().and_then(|own| own.retry.as_ref());
        own.unwrap_or(&self.shared.retry)
    }

    /// Sends the call with these headers in place of its own, by the same rules. `origin`: the call,
    /// with the number of attempts so far. The operation must be one without a body.
    pub(crate) async fn send(&self, headers: HeaderMap, origin: Origin) -> Result<Response> {
        let handle = Handle {
            shared: Arc::clone(&self.shared),
            address: Arc::clone(&origin.call.address),
            options: self.options.clone(),
        };
        let mut outgoing = Outgoing {
            headers,
            body: Body::empty(),
            is_form: false,
            slow: self.slow,
            repeatable: origin.call.info.repeatable,
        };
        // Reading the body takes what time it takes: the call's own limit was for its answer.
        let bounds = Bounds::new(self.policy(), None);
        handle.attempts(&mut outgoing, origin, &bounds).await
    }
}
