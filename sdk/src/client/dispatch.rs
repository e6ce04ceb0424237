//! The part of a call that is the same for every operation: sign, send, read the answer, and send
//! again what may be sent again.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::base::deadline::deadline;
use crate::base::error::{CallContext, Error, ErrorCode, ErrorKind, Result};
use crate::client::Handle;
use crate::config::clock;
use crate::config::credentials::Credentials;
use crate::config::retry::RetryPolicy;
use crate::message::byte_stream::ByteStream;
use crate::message::call_info::{CallIdentity, CallInfo};
use crate::message::content_range::announced;
use crate::message::error_document::BodyFields;
use crate::message::incoming::{Incoming, IncomingBody};
use crate::message::operation_info::{OperationInfo, Reply};
use crate::message::request::RequestParts;
use crate::message::response::{
    Response, ResponseBody, error_in_success, is_bodiless, service_error,
};
use crate::message::response_meta::ResponseMeta;
use crate::transport::Outbound;

mod checks;
mod notice;
mod outgoing;
mod resend;
#[cfg(feature = "tracing")]
mod trace;

use outgoing::Outgoing;
use resend::Resender;

/// The largest JSON answer that is read, in bytes.
const MAX_JSON: usize = 64 * 1024 * 1024;
/// The largest error document that is read, in bytes.
const MAX_ERROR: usize = 256 * 1024;

/// What bounds the attempts of one call.
struct Bounds<'a> {
    policy: &'a RetryPolicy,
    /// How long the call may take, and when that time is over.
    limit: Option<(Duration, tokio::time::Instant)>,
}

impl<'a> Bounds<'a> {
    fn new(policy: &'a RetryPolicy, own: Option<Duration>) -> Self {
        let limit = policy.limit(own).map(|limit| (limit, deadline(limit)));
        Self { policy, limit }
    }

    /// How long to wait after this attempt, if there is time for it.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        let wait = self.policy.wait(attempt, asked)?;
        match self.limit {
            Some((_, end)) if deadline(wait) >= end => None,
            _ => Some(wait),
        }
    }

    /// Waits for `future` as long as the call may take; `None` when that time is over. It is
    /// pinned, since the one given here would otherwise be held twice.
    async fn within<F: Future>(&self, future: Pin<&mut F>) -> Option<F::Output> {
        match self.limit {
            Some((_, end)) => tokio::time::timeout_at(end, future).await.ok(),
            None => Some(future.await),
        }
    }

    /// The call took all the time that it may take. `last`: how the attempt before failed.
    fn exceeded(&self, last: Option<Error>) -> Error {
        let limit = self.limit.map_or(0.0, |(limit, _)| limit.as_secs_f32());
        let error = Error::new(
            ErrorKind::Timeout,
            format!("deadline of {limit} s exceeded"),
        );
        match last {
            Some(last) => error.with_source(last),
            None => error,
        }
    }
}

impl Handle {
    /// The context of an error before anything was sent.
    pub(crate) fn unsent(&self, info: &OperationInfo) -> CallContext {
        CallContext {
            operation: info.id,
            bucket: self.address.bucket.clone(),
            ..CallContext::default()
        }
    }

    /// Sends a request, as often as needed and allowed, and gives the answer of a success.
    pub(crate) async fn dispatch(
        &self,
        info: &'static OperationInfo,
        body_fields: fn() -> BodyFields,
        parts: &mut RequestParts,
    ) -> Result<Response> {
        let started = Instant::now();
        #[cfg(feature = "tracing")]
        let key = trace::key(&self.address, parts);
        let call = pin!(self.prepared(info, body_fields, parts, started));
        #[cfg(feature = "tracing")]
        return trace::call(info, &self.address, key, started, call).await;
        #[cfg(not(feature = "tracing"))]
        call.await
    }

    async fn prepared(
        &self,
        info: &'static OperationInfo,
        body_fields: fn() -> BodyFields,
        parts: &mut RequestParts,
        started: Instant,
    ) -> Result<Response> {
        if tokio::runtime::Handle::try_current().is_err() {
            let text = "calls must be awaited inside a Tokio runtime";
            return Err(Error::config(text).with_call(self.unsent(info)));
        }
        let options = self.options();
        let policy = options.retry.as_ref().unwrap_or(&self.shared.retry);
        let bounds = Bounds::new(policy, options.timeout);
        let credentials = bounds.within(pin!(self.shared.credentials.current())).await;
        let (uri, mut outgoing) = credentials
            .unwrap_or_else(|| Err(bounds.exceeded(None)))
            .and_then(|credentials| self.outgoing(info, parts, &credentials))
            .map_err(|error| error.with_call(self.unsent(info)))?;
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
        };
        // Boxed, since the callers' futures hold this one: two small allocations cost less than a
        // large one.
        Box::pin(self.attempts(&mut outgoing, call, &bounds)).await
    }

    /// One attempt after the other, until one succeeds or no further one may follow. `call` has
    /// the number of those before.
    async fn attempts(
        &self,
        outgoing: &mut Outgoing,
        mut call: CallInfo,
        bounds: &Bounds<'_>,
    ) -> Result<Response> {
        let checked = bounds
            .within(pin!(self.shared.transport.check(&outgoing.body)))
            .await;
        let checked = checked.unwrap_or_else(|| Err(bounds.exceeded(None)));
        checked.map_err(|error| error.with_call(call.context()))?;
        let mut last = None;
        let mut redated = false;
        loop {
            call.attempts = call.attempts.saturating_add(1);
            let skew = self.shared.clock.skew();
            let begun = self.begin(outgoing, &call);
            let result = bounds
                .within(pin!(begun.around(self.attempt(outgoing, &call, skew))))
                .await;
            let in_time = result.is_some();
            let result = result
                .unwrap_or_else(|| Err(bounds.exceeded(last.take()).with_call(call.context())));
            self.end(&call, begun, &result);
            let error = match result {
                Ok(response) => return Ok(self.succeeded(outgoing, &call, response)),
                Err(error) if in_time => error,
                Err(error) => return Err(error),
            };
            // Later calls use the corrected clock, too.
            let expired = !redated && self.learn_time(outgoing, &call, &error, skew);
            if !bounds.policy.goes_on_after(call.attempts) {
                return Err(error);
            }
            if expired && outgoing.body.can_start() {
                redated = true;
            } else {
                match self.pause(outgoing, &error, bounds, call.attempts) {
                    Some(pause) => {
                        #[cfg(feature = "tracing")]
                        trace::pause(&error, pause);
                        tokio::time::sleep(pause).await;
                    }
                    None => return Err(error),
                }
            }
            last = Some(error);
        }
    }

    /// Does what a success asks for.
    fn succeeded(
        &self,
        outgoing: &mut Outgoing,
        call: &CallInfo,
        mut response: Response,
    ) -> Response {
        if call.attempts == 1 {
            self.shared.retry_budget.succeeded();
        }
        if let ResponseBody::Stream(stream) = &mut response.body {
            stream.resume_with(Box::new(Resender::new(self, outgoing)), &response.meta);
        }
        response
    }

    /// How long to wait before the call is sent again; `None` when it must not be.
    fn pause(
        &self,
        outgoing: &Outgoing,
        error: &Error,
        bounds: &Bounds<'_>,
        attempt: u32,
    ) -> Option<Duration> {
        if !outgoing.may_follow(error) {
            return None;
        }
        let pause = bounds.wait(attempt, error.retry_after())?;
        let after_timeout = error.kind() == ErrorKind::Timeout;
        let granted = self.shared.retry_budget.take(after_timeout);
        granted.then_some(pause)
    }

    /// Learns the service's time from a refusal of the request's date. Whether the request would
    /// be dated in another way now.
    fn learn_time(&self, outgoing: &Outgoing, call: &CallInfo, error: &Error, used: i64) -> bool {
        let Some(date) = error.date().filter(|_| outgoing.is_dated()) else {
            return false;
        };
        let least = match error.code().map(ErrorCode::as_str) {
            Some("request_expired") => clock::SAME,
            // The answer to a `HEAD` can't say why.
            None if call.identity.info.method == Method::HEAD
                && error.status() == Some(StatusCode::FORBIDDEN) =>
            {
                clock::REFUSED
            }
            _ => return false,
        };
        self.shared.clock.learn(date, used, least)
    }

    /// One attempt: date and sign, send, read what the operation wants read.
    async fn attempt(
        &self,
        outgoing: &mut Outgoing,
        call: &CallInfo,
        skew: i64,
    ) -> Result<Response> {
        let outbound = self
            .shared
            .credentials
            .current()
            .await
            .map(|credentials| self.outbound(outgoing, &call.identity, skew, &credentials))
            .map_err(|error| error.with_call(self.unsent(call.identity.info)))?;
        let (answer, unsent) = self
            .shared
            .transport
            .send(outbound)
            .await
            .map_err(|error| error.with_call(call.context()))?;
        let (head, incoming) = answer.into_parts();
        let meta = ResponseMeta::new(head.status, head.headers, call.attempts);
        if let Some(unsent) = &unsent {
            checks::whole_body_was_sent(unsent, &meta, call)?;
        }
        let mut stream = stream(incoming, &meta, &outgoing.headers, call)?;
        let body = read(&meta, &mut stream, call).await?;
        checks::body_was_stored(&outgoing.headers, &meta, call)?;
        let body = match body {
            Some(whole) => ResponseBody::Whole(whole),
            None => ResponseBody::Stream(stream),
        };
        Ok(Response::new(meta, body, call.clone()))
    }

    /// The request of one attempt.
    fn outbound<'a>(
        &self,
        outgoing: &'a mut Outgoing,
        call: &'a CallIdentity,
        skew: i64,
        credentials: &Credentials,
    ) -> Outbound<'a> {
        let method = &call.info.method;
        let mut headers = outgoing.take_headers();
        if !outgoing.is_form {
            self.sign((method, &call.uri), &mut headers, skew, credentials);
        }
        Outbound {
            method,
            uri: &call.uri,
            headers,
            body: &outgoing.body,
            root: &call.address.root,
            slow: outgoing.slow,
        }
    }
}

/// Returns the body of a response, to be read. `sent`: the headers of the request.
fn stream(
    mut incoming: Incoming,
    meta: &ResponseMeta,
    sent: &HeaderMap,
    call: &CallInfo,
) -> Result<ByteStream> {
    let part = checks::content_range(sent, meta, call)?;
    let length = if is_bodiless(meta, call) {
        // What the headers announce is the length of another body.
        incoming.body = IncomingBody::Whole(Bytes::new());
        None
    } else {
        part.map_or_else(|| announced(meta.headers()), |part| Some(part.len()))
    };
    Ok(ByteStream::new(incoming, length, part, call.clone()))
}

/// Reads the body of a response as a whole where the operation's output needs it; `None` where the
/// output is the stream.
async fn read(
    meta: &ResponseMeta,
    stream: &mut ByteStream,
    call: &CallInfo,
) -> Result<Option<Bytes>> {
    let info = call.identity.info;
    if !info.success.contains(&meta.status().as_u16()) {
        let body = stream.prefix(MAX_ERROR).await;
        return Err(service_error(meta, &body, call));
    }
    let body = match info.reply {
        Reply::Stream => return Ok(None),
        Reply::Json => stream.collect_in_time(MAX_JSON).await?,
        // Read to its end, so that the connection can be used again. The head has said it all: what
        // breaks off here is nothing that anybody waits for.
        Reply::Empty => stream.collect_in_time(MAX_ERROR).await.unwrap_or_default(),
    };
    match error_in_success(meta, &body, call) {
        Some(error) => Err(error),
        None => Ok(Some(body)),
    }
}
