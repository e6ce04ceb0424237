//! [`RequestAttempts`]: the attempts of one request.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use tokio::time::Instant;

use super::prepared_request::PreparedRequest;
use super::response_checks;
use crate::base::error::{CallContext, Error, ErrorCode, Failure, Result};
use crate::base::header_names::X_QS_REQUEST_ID;
use crate::client::Dispatcher;
use crate::client::retry::{Attempts, FailedAttempt, Retry, RetryLimits};
use crate::config::clock;
use crate::config::credentials::Credentials;
use crate::config::interceptor::{self, InterceptedRequest};
use crate::message::byte_stream::ByteStream;
use crate::message::call_info::CallInfo;
use crate::message::content_range::announced;
use crate::message::operation_info::ResponseKind;
use crate::message::response::{
    Response, ResponseBody, error_in_success, is_bodiless, service_error,
};
use crate::message::response_meta::ResponseMeta;
use crate::message::timed_body::{RawBody, TimedBody};
use crate::transport::{AttemptMeter, TransportRequest};

/// Maximum length of a JSON response body, in bytes.
const MAX_JSON: usize = 64 * 1024 * 1024;
/// Maximum length of an error document, in bytes.
const MAX_ERROR: usize = 256 * 1024;
/// Longest time for a body that the client can do without: the status is known, and a body that stalls
/// must not delay the result. Long enough for the document of an error to arrive on a bad network, whose
/// packets the other side sends three times.
const MAX_OPTIONAL_BODY_TIME: Duration = Duration::from_secs(2);
/// Time that is left until the deadline of a call when the client stops reading such a body, so that the
/// deadline does not replace the result.
const BEFORE_DEADLINE: Duration = Duration::from_millis(20);

/// The attempts of one request. Each one dates, signs and sends it.
pub(super) struct RequestAttempts<'a> {
    pub(super) dispatcher: &'a Dispatcher,
    pub(super) request: &'a mut PreparedRequest,
    /// The call, with the number of the current attempt.
    pub(super) call: CallInfo,
    pub(super) limits: &'a RetryLimits<'a>,
    /// Whether an attempt was repeated with a corrected date.
    pub(super) corrected_date: bool,
    /// Whether an attempt was repeated with other credentials.
    pub(super) replaced_credentials: bool,
    /// Whether an attempt was repeated because its body was damaged on the way.
    pub(super) resent_damaged_body: bool,
}

impl Attempts for RequestAttempts<'_> {
    // In a box, because each function up to the caller would move 300 bytes.
    type Output = Box<Response>;

    async fn attempt(
        &mut self,
        number: u32,
        mut previous_error: Option<Error>,
    ) -> Result<Box<Response>, FailedAttempt> {
        self.call.attempts = number;
        let (dispatcher, limits) = (self.dispatcher, self.limits);
        // The idle connections may have broken for the same reason. Without a previous error, the
        // request continues a body that broke off.
        let previous_status = previous_error.as_ref().and_then(Error::status);
        let new_connection = number > 1 && previous_status.is_none();
        let admission = dispatcher.options().admission.as_deref();
        let is_form = self.request.is_form;
        let ready = pin!(async {
            if let Some(admission) = admission {
                admission.admit().await;
            }
            match is_form {
                // It is already signed.
                true => Ok(None),
                false => dispatcher.shared.credentials.current().await.map(Some),
            }
        });
        let ready = limits.before_deadline(ready).await;
        let credentials = ready
            .unwrap_or_else(|| Err(limits.deadline_exceeded(previous_error.take()).unsent()))
            .map_err(|error| FailedAttempt {
                error: error.with_call(self.unsent()),
                retry: Retry::Never,
            })?;
        let credentials = credentials.as_deref();
        let skew = self.dispatcher.shared.clock.skew();
        let body_len = self.request.body.len();
        let mut scope = self.dispatcher.begin_attempt(&self.call, body_len);
        let headers = match scope.in_scope(|| self.intercepted_headers()) {
            Ok(headers) => headers,
            Err(failed) => {
                scope.refused(&failed.error);
                return Err(failed);
            }
        };
        self.dispatcher
            .report_request(&self.call, &mut scope, &headers, body_len);
        // In a box, because the futures of calls without a deadline would contain it, too.
        let own_meter = limits.has_deadline().then(Box::<AttemptMeter>::default);
        let meter = scope.meter().or(own_meter.as_deref());
        let result = {
            let attempt =
                pin!(self.send_and_read(headers, skew, credentials, new_connection, meter));
            let attempt = pin!(scope.run(attempt));
            limits.before_deadline(attempt).await
        };
        let result = result.unwrap_or_else(|| {
            let progress = meter.map(|meter| meter.progress(body_len));
            let progress = progress.unwrap_or_default();
            let error = limits.deadline_exceeded_in_attempt(&progress, previous_error);
            let error = error.with_call(self.call.context());
            Err(match meter.is_some_and(AttemptMeter::is_connecting) {
                true => error.unsent(),
                false => error,
            })
        });
        self.dispatcher.end_attempt(&self.call, &mut scope, &result);
        let error = match result {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        if let Some(admission) = admission {
            admission.attempt_failed(&error);
        }
        let refused = credentials.filter(|credentials| self.refuses(&error, credentials));
        if let Some(refused) = refused
            && Box::pin(self.replace_credentials(refused)).await
        {
            let retry = Retry::Immediately;
            return Err(FailedAttempt { error, retry });
        }
        let is_dated = self.request.is_dated(credentials);
        let retry = match self.retry_after(&error, is_dated.then_some(skew)) {
            // The next attempt opens a connection. If that breaks, too, the service has failed.
            Retry::AfterDelay if error.is_of_reused_connection() && !new_connection => {
                Retry::Immediately
            }
            retry => retry,
        };
        Err(FailedAttempt { error, retry })
    }

    fn retrying(&self, error: &Error, delay: Duration) {
        self.dispatcher
            .shared
            .report_retry(&self.call, error, delay);
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    async fn sleep(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
    }
}

impl RequestAttempts<'_> {
    /// Returns the context of an error before the current attempt was sent.
    fn unsent(&self) -> CallContext {
        let mut context = self.call.context();
        context.attempts = context.attempts.saturating_sub(1);
        context
    }

    /// Returns whether `error` means that the service does not know the access key ID of the request.
    /// The service has not executed the request then.
    fn refuses(&self, error: &Error, credentials: &Credentials) -> bool {
        // A response to `HEAD` has no error document that states the reason.
        let is_head = self.call.identity.info.method == Method::HEAD;
        let is_reason = match error.code() {
            // Text, because not every API that this code is compiled for declares the code.
            Some(code) => *code == "invalid_access_key_id",
            None => is_head,
        };
        is_reason && error.status() == Some(StatusCode::UNAUTHORIZED) && !credentials.is_anonymous()
    }

    /// Replaces refused credentials. Returns whether the request may be retried once with others.
    async fn replace_credentials(&mut self, refused: &Credentials) -> bool {
        let source = &self.dispatcher.shared.credentials;
        let may_retry = !self.replaced_credentials
            && self.request.body.can_start()
            && self.limits.allows_attempt_after(self.call.attempts);
        if !may_retry {
            let replaced = pin!(source.replace_for_next_request(refused));
            self.limits.before_deadline(replaced).await;
            return false;
        }
        let replaced = pin!(source.replace(refused));
        self.replaced_credentials = self.limits.before_deadline(replaced).await == Some(true);
        self.replaced_credentials
    }

    /// Returns when the request may be retried after `error`.
    ///
    /// If the service rejected the date of the request, corrects the clock and allows one immediate
    /// retry. `skew`: the clock correction of the failed attempt; `None` if the client did not date it.
    fn retry_after(&mut self, error: &Error, skew: Option<i64>) -> Retry {
        if !self.corrected_date
            && skew.is_some_and(|skew| self.correct_clock(error, skew))
            && self.request.body.can_start()
        {
            self.corrected_date = true;
            return Retry::Immediately;
        }
        // If the body is damaged twice, its digest or length is wrong.
        if error.failure() == Failure::Damaged
            && std::mem::replace(&mut self.resent_damaged_body, true)
        {
            return Retry::Never;
        }
        if self.request.may_be_retried_after(error) {
            Retry::AfterDelay
        } else {
            Retry::Never
        }
    }

    /// Corrects the clock if the service rejected the date of the request. Returns whether the next
    /// attempt would have another date.
    fn correct_clock(&self, error: &Error, skew: i64) -> bool {
        let Some(date) = error.date() else {
            return false;
        };
        let least = match error.code().map(ErrorCode::as_str) {
            Some("request_expired") => clock::MIN_SKEW,
            // A response to `HEAD` has no error document that states the reason.
            None if self.call.identity.info.method == Method::HEAD
                && error.status() == Some(StatusCode::FORBIDDEN) =>
            {
                clock::MIN_REFUSED_SKEW
            }
            _ => return false,
        };
        self.dispatcher.shared.clock.learn(date, skew, least)
    }

    /// Returns the headers of the attempt, without date and signature, after the interceptors have
    /// changed them.
    fn intercepted_headers(&mut self) -> Result<HeaderMap, FailedAttempt> {
        let mut headers = self.request.take_headers();
        let identity = &self.call.identity;
        for interceptor in &self.dispatcher.shared.interceptors {
            let intercepted = interceptor.intercept(&mut InterceptedRequest {
                info: identity.info,
                bucket: identity.address.bucket.as_deref(),
                attempt: self.call.attempts,
                uri: &identity.uri,
                headers: &mut headers,
                is_form: self.request.is_form,
            });
            if let Err(reason) = intercepted {
                return Err(FailedAttempt {
                    error: interceptor::refusal(reason).with_call(self.unsent()),
                    retry: Retry::Never,
                });
            }
        }
        Ok(headers)
    }

    /// Dates, signs and sends the request, and reads the response as far as the operation needs it.
    /// `credentials`: `None` for a form.
    async fn send_and_read(
        &self,
        mut headers: HeaderMap,
        skew: i64,
        credentials: Option<&Credentials>,
        new_connection: bool,
        meter: Option<&AttemptMeter>,
    ) -> Result<Box<Response>> {
        let call = &self.call;
        if let Some(credentials) = credentials {
            let request = (&call.identity.info.method, &call.identity.uri);
            self.dispatcher
                .sign(request, &mut headers, skew, credentials);
        }
        let request = TransportRequest {
            method: &call.identity.info.method,
            uri: &call.identity.uri,
            headers,
            body: &self.request.body,
            address: &call.identity.address,
            slow: self.request.slow,
            attempt_timeout: self.limits.timeout_of_attempt(),
            short_reads: self.dispatcher.options().short_reads,
            new_connection,
            halvings: call.halvings(),
            meter,
        };
        let (response, unsent) = self
            .dispatcher
            .shared
            .transport
            .send(request)
            .await
            .map_err(|error| error.with_call(call.context()))?;
        let (head, incoming) = response.into_parts();
        let meta = ResponseMeta::new(head.status, head.headers, call.attempts);
        if let Some(unsent) = &unsent {
            response_checks::whole_body_was_sent(unsent, &meta, call)?;
        }
        let body = self.read(incoming, &meta, meter).await?;
        response_checks::body_was_stored(&self.request.headers, &meta, call)?;
        Ok(Box::new(Response::new(meta, body, call.clone())))
    }

    /// Reads the body of a response, unless the operation returns it as a stream.
    async fn read(
        &self,
        mut incoming: TimedBody,
        meta: &ResponseMeta,
        meter: Option<&AttemptMeter>,
    ) -> Result<ResponseBody> {
        let (call, sent) = (&self.call, &self.request.headers);
        let info = call.identity.info;
        let is_success = info.success.contains(&meta.status().as_u16());
        let part = response_checks::content_range(sent, meta, call)?;
        let length = if is_bodiless(meta, call) {
            // `Content-Length` is the length of the body that a `GET` would return.
            incoming.body = RawBody::Whole(Bytes::new());
            None
        } else {
            if is_success && meta.headers().contains_key(header::TRANSFER_ENCODING) {
                response_checks::transfer_coding(meta, call)?;
            }
            part.map_or_else(|| announced(meta.headers()), |part| Some(part.len()))
        };
        // Most responses to `HEAD`, `PUT` and `DELETE` requests. They need neither a stream nor a timer.
        if length.unwrap_or(0) == 0 && incoming.body.is_end() {
            match info.response_kind {
                _ if !is_success => return Err(service_error(meta, &Bytes::new(), call)),
                ResponseKind::Json | ResponseKind::Empty => {
                    return Ok(ResponseBody::Whole(Bytes::new()));
                }
                ResponseKind::Stream => {}
            }
        }
        let call_of_body = CallInfo {
            request_id: meta.headers().get(&X_QS_REQUEST_ID).cloned(),
            ..call.clone()
        };
        let mut stream = ByteStream::new(incoming, length, part, call_of_body);
        if is_success && info.response_kind == ResponseKind::Stream {
            return Ok(ResponseBody::Stream(stream));
        }
        if let Some(meter) = meter {
            meter.reading();
        }
        // In boxes, because the futures of all calls contain this one.
        let body = match is_success && info.response_kind == ResponseKind::Json {
            true => Box::pin(stream.collect_in_time(MAX_JSON)).await,
            // It explains an error, or the output consists of headers only. Read to its end, so that the
            // connection can be reused, but an incomplete body does not matter.
            false => {
                let time_left = self.limits.time_left().unwrap_or(Duration::MAX);
                let time = time_left.saturating_sub(BEFORE_DEADLINE);
                let time = time.min(MAX_OPTIONAL_BODY_TIME);
                Ok(Box::pin(stream.prefix(MAX_ERROR, time)).await)
            }
        };
        if let Some(meter) = meter {
            meter.received(stream.received());
        }
        let body = body?;
        if !is_success {
            return Err(service_error(meta, &body, call));
        }
        match error_in_success(meta, &body, call) {
            Some(error) => Err(error),
            None => Ok(ResponseBody::Whole(body)),
        }
    }
}
