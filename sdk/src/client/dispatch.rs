//! Sends the request of an operation: prepares it, sends it as often as needed, and checks the
//! response. The code is the same for every operation.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use crate::base::error::{CallContext, Result};
use crate::base::runtime;
use crate::client::Dispatcher;
use crate::client::retry::{self, RetryLimits};
use crate::client::spans::CallSpan;
use crate::message::call_info::{CallIdentity, CallInfo};
use crate::message::error_document::BodyFields;
use crate::message::operation_info::OperationInfo;
use crate::message::request::{RequestBody, RequestParts};
use crate::message::response::{Response, ResponseBody};

mod attempt_events;
mod attempts;
mod body_events;
mod prepared_request;
mod resend;
mod response_checks;

use attempts::RequestAttempts;
use prepared_request::PreparedRequest;
use resend::Resender;

impl Dispatcher {
    /// Returns the context of an error before anything was sent. `target`: the path and the query of
    /// the request, or as much of them as is known.
    pub(crate) fn unsent(&self, info: &OperationInfo, target: &str) -> CallContext {
        let path = target.split('?').next().unwrap_or_default();
        CallContext {
            operation: info.id,
            bucket: self.address.bucket.clone(),
            key: self.address.key(path),
            ..CallContext::default()
        }
    }

    /// Sends a request, and retries it as far as needed and allowed. Returns the successful response,
    /// and the span of the call, which the caller ends with its own result.
    ///
    /// `encoded`: whether `parts` contain the complete request.
    pub(crate) async fn dispatch(
        &self,
        info: &'static OperationInfo,
        body_fields: fn() -> BodyFields,
        parts: &mut RequestParts,
        encoded: Result<()>,
    ) -> Result<(Box<Response>, CallSpan)> {
        let started = Instant::now();
        let target = encoded.is_ok().then(|| parts.target());
        let mut span = CallSpan::start(info, &self.address, target, started);
        let call = pin!(self.prepare_and_send(info, body_fields, parts, encoded, started));
        match span.run(call).await {
            Ok(mut response) => {
                span.responded(&response.meta);
                self.observe_body(&mut response);
                Ok((response, span))
            }
            Err(error) => span.end(Err(error)),
        }
    }

    async fn prepare_and_send(
        &self,
        info: &'static OperationInfo,
        body_fields: fn() -> BodyFields,
        parts: &mut RequestParts,
        encoded: Result<()>,
        started: Instant,
    ) -> Result<Box<Response>> {
        encoded?;
        let unsent = |parts: &RequestParts| CallContext {
            elapsed: started.elapsed(),
            ..self.unsent(info, parts.target())
        };
        runtime::current().map_err(|error| error.with_call(unsent(parts)))?;
        let options = self.options();
        let policy = options.retry.as_ref().unwrap_or(&self.shared.retry);
        let limits =
            RetryLimits::new(policy, &self.shared.retry_budget).start_timeout(options.timeout);
        if let Some(hash_body) = options.content_md5 {
            let hashed = {
                let hashed = pin!(hash_body(parts, &self.shared.md5_pool));
                limits.before_deadline(hashed).await
            };
            hashed
                .unwrap_or_else(|| Err(limits.deadline_exceeded(None).unsent()))
                .map_err(|error| error.with_call(unsent(parts)))?;
        }
        let prepared = match parts.body {
            RequestBody::Form(_) => {
                let credentials = pin!(self.shared.credentials.current());
                let credentials = limits.before_deadline(credentials).await;
                credentials
                    .unwrap_or_else(|| Err(limits.deadline_exceeded(None).unsent()))
                    .and_then(|credentials| self.prepare(info, parts, Some(&credentials)))
            }
            // Each attempt fetches the credentials that it is signed with.
            _ => self.prepare(info, parts, None),
        };
        let (uri, mut request) = prepared.map_err(|error| error.with_call(unsent(parts)))?;
        let identity = CallIdentity {
            info,
            body_fields,
            address: Arc::clone(&self.address),
            uri,
            started,
        };
        let call = CallInfo {
            identity: Arc::new(identity),
            attempts: 0,
            earlier_attempts: 0,
            earlier_halvings: 0,
            request_id: None,
        };
        self.send(&mut request, call, &limits).await
    }

    /// Sends a prepared request within `limits`. `call` contains the number of attempts so far.
    ///
    /// The future is in a box, because those of the callers contain it: two small allocations cost
    /// less than a large one. This function is not async, so that it is compiled in this crate, and
    /// not in each program.
    fn send<'a>(
        &'a self,
        request: &'a mut PreparedRequest,
        call: CallInfo,
        limits: &'a RetryLimits<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<Box<Response>>> + Send + 'a>> {
        Box::pin(async move {
            limits
                .before_deadline(pin!(self.shared.transport.check(&request.body)))
                .await
                .unwrap_or_else(|| Err(limits.deadline_exceeded(None).unsent()))
                .map_err(|error| error.with_call(call.context()))?;
            let previous_attempts = call.attempts;
            let mut attempts = RequestAttempts {
                dispatcher: self,
                request,
                call,
                limits,
                corrected_date: false,
                replaced_credentials: false,
                resent_damaged_body: false,
            };
            let mut response = retry::run(&mut attempts, limits, previous_attempts).await?;
            if let ResponseBody::Stream(stream) = &mut response.body {
                stream.resume_with(Box::new(Resender::new(self, request)), &response.meta);
            }
            Ok(response)
        })
    }
}
