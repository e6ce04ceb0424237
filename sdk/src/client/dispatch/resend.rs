//! [`Resender`]: resends a request whose response body broke off.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::prepared_request::PreparedRequest;
use crate::base::error::{Error, Result, RetryRefusal};
use crate::client::retry::{Retry, RetryLimits};
use crate::client::spans::CallSpan;
use crate::client::{Dispatcher, Shared};
use crate::config::request_options::RequestOptions;
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
    /// Takes the headers of a request that has been sent.
    pub(super) fn new(dispatcher: &Dispatcher, request: &mut PreparedRequest) -> Self {
        Self {
            shared: Arc::clone(&dispatcher.shared),
            headers: std::mem::take(&mut request.headers),
            options: dispatcher.options.clone(),
            slow: request.slow,
        }
    }

    /// Returns limits without a deadline: the timeout of a call ends with the response head, because
    /// reading a body may take any time.
    fn limits(&self) -> RetryLimits<'_> {
        let options = self.options.as_ref();
        let policy = options.and_then(|options| options.retry.as_ref());
        RetryLimits::new(
            policy.unwrap_or(&self.shared.retry),
            &self.shared.retry_budget,
        )
    }

    async fn resend(
        &self,
        headers: HeaderMap,
        call: CallInfo,
    ) -> Result<(ResponseMeta, ByteStream)> {
        let dispatcher = Dispatcher {
            shared: Arc::clone(&self.shared),
            address: Arc::clone(&call.identity.address),
            options: self.options.clone(),
        };
        let mut request = PreparedRequest {
            headers,
            body: Body::empty(),
            is_form: false,
            slow: self.slow,
            repeatable: call.identity.info.repeatable,
        };
        let identity = Arc::clone(&call.identity);
        let target = Some(identity.uri.path());
        let started = Instant::now().into_std();
        let mut span = CallSpan::start(identity.info, &identity.address, target, started);
        let limits = self.limits();
        let sent = pin!(dispatcher.send(&mut request, call, &limits));
        let result = span.run(sent).await.and_then(|mut response| {
            span.responded(&response.meta);
            if let Some(admission) = dispatcher.options().admission.as_deref() {
                admission.resent();
            }
            let stream = response.take_stream()?;
            Ok((response.meta, stream))
        });
        span.end(result)
    }
}

impl Resend for Resender {
    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn delay(
        &self,
        error: &Error,
        call: &CallInfo,
        takes_tokens: bool,
    ) -> Result<Duration, RetryRefusal> {
        let options = self.options.as_deref();
        if let Some(admission) = options.and_then(|options| options.admission.as_deref()) {
            admission.attempt_failed(error);
        }
        let retry = match takes_tokens {
            true => Retry::AfterDelay,
            false => Retry::WithoutTokens,
        };
        let delay =
            self.limits()
                .delay_before_retry(error, retry, call.attempts, Instant::now())?;
        self.shared.report_retry(call, error, delay);
        Ok(delay)
    }

    fn send(&self, headers: HeaderMap, call: CallInfo) -> ResendFuture<'_> {
        Box::pin(self.resend(headers, call))
    }
}
