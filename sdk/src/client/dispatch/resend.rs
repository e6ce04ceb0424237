//! [`Resender`]: resends a request whose response body broke off.

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
use crate::message::byte_stream::{ByteStream, Resend, ResendFuture};
use crate::message::call_info::CallInfo;
use crate::message::response_meta::ResponseMeta;

/// Resends a request by the rules of the retry loop.
pub(super) struct Resender {
    shared: Arc<Shared>,
    /// Without date and signature.
    headers: HeaderMap,
    options: Option<Arc<RequestOptions>>,
    slow: bool,
}

impl Resender {
    /// Takes the headers of `outgoing`, which has been sent.
    pub(super) fn new(handle: &Handle, outgoing: &mut Outgoing) -> Self {
        Self {
            shared: Arc::clone(&handle.shared),
            headers: std::mem::take(&mut outgoing.headers),
            options: handle.options.clone(),
            slow: outgoing.slow,
        }
    }

    fn policy(&self) -> &RetryPolicy {
        let own = self.options.as_ref().and_then(|own| own.retry.as_ref());
        own.unwrap_or(&self.shared.retry)
    }

    async fn resend(
        &self,
        headers: HeaderMap,
        call: CallInfo,
    ) -> Result<(ResponseMeta, ByteStream)> {
        let handle = Handle {
            shared: Arc::clone(&self.shared),
            address: Arc::clone(&call.identity.address),
            options: self.options.clone(),
        };
        let mut outgoing = Outgoing {
            headers,
            body: Body::empty(),
            is_form: false,
            slow: self.slow,
            repeatable: call.identity.info.repeatable,
        };
        // The caller's timeout covers the response head only: reading a body may take any time.
        let bounds = Bounds::new(self.policy(), None);
        let mut response = handle.attempts(&mut outgoing, call, &bounds).await?;
        let stream = response.take_stream()?;
        Ok((response.meta, stream))
    }
}

impl Resend for Resender {
    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn delay(&self, error: &Error, attempt: u32) -> Option<Duration> {
        let policy = self.policy();
        if !policy.goes_on_after(attempt) {
            return None;
        }
        let delay = policy.wait(attempt, error.retry_after())?;
        let after_timeout = error.kind() == ErrorKind::Timeout;
        let granted = self.shared.retry_budget.take(after_timeout);
        granted.then_some(delay)
    }

    fn send(&self, headers: HeaderMap, call: CallInfo) -> ResendFuture<'_> {
        Box::pin(self.resend(headers, call))
    }
}
