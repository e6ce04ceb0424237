//! The part of a call that is the same for every operation: sign, send, read the answer.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};

use crate::body::Body;
use crate::byte_stream::ByteStream;
use crate::call::Options;
use crate::client::{Clock, Handle};
use crate::error::{CallContext, Error, ErrorKind, Result};
use crate::operation::{OperationInfo, Reply};
use crate::presigned::Presigned;
use crate::request::{RequestBody, RequestParts};
use crate::response::{Origin, Response, ResponseBody, ResponseMeta, announced, service_error};
use crate::sign;

/// The largest JSON answer that is read, in bytes.
const MAX_JSON: usize = 64 * 1024 * 1024;
/// The largest error document that is read, in bytes.
const MAX_ERROR: usize = 256 * 1024;

impl Handle {
    /// The context of an error before anything was sent.
    pub(crate) fn unsent(&self, info: &OperationInfo) -> CallContext {
        CallContext {
            operation: info.id,
            bucket: self.address.bucket.clone(),
            ..CallContext::default()
        }
    }

    /// Sends a request and gives the answer of a success.
    pub(crate) async fn dispatch(
        &self,
        info: &'static OperationInfo,
        parts: RequestParts,
        options: Options,
    ) -> Result<Response> {
        let started = Instant::now();
        let result = self.limited(info, parts, options.timeout, started).await;
        #[cfg(feature = "tracing")]
        trace(info, &self.address, started, &result);
        result
    }

    /// The exchange, within the time that the caller allows.
    async fn limited(
        &self,
        info: &'static OperationInfo,
        parts: RequestParts,
        limit: Option<Duration>,
        started: Instant,
    ) -> Result<Response> {
        if tokio::runtime::Handle::try_current().is_err() {
            let text = "a call must be awaited inside a Tokio runtime";
            return Err(Error::config(text).with_call(self.unsent(info)));
        }
        // Where bytes go up, the service has nothing to copy or fetch first.
        let uploads = matches!(&parts.body, RequestBody::Stream(body) if !body.is_empty());
        let slow = info.slow && !uploads;
        let request = self
            .signed(info, parts)
            .map_err(|error| error.with_call(self.unsent(info)))?;
        let origin = Origin {
            info,
            address: Arc::clone(&self.address),
            uri: request.uri().clone(),
            started,
            attempts: 1,
        };
        // Pinned here: a future of this size is better not held twice.
        let exchange = pin!(self.exchange(request, slow, origin.clone()));
        let Some(limit) = limit else {
            return exchange.await;
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(result) => result,
            Err(_) => {
                let text = format!("the call was not done after {} s", limit.as_secs_f32());
                Err(Error::new(ErrorKind::Timeout, text).with_call(origin.context()))
            }
        }
    }

    /// One attempt: send, read what the operation wants read.
    async fn exchange(
        &self,
        request: Request<Body>,
        slow: bool,
        origin: Origin,
    ) -> Result<Response> {
        let info = origin.info;
        let answer = self
            .shared
            .transport
            .send(request, &self.address.root, slow)
            .await
            .map_err(|error| error.with_call(origin.context()))?;
        let (head, body) = answer.into_parts();
        // Neither has a body, whatever length it announces.
        let length = if info.method == Method::HEAD || head.status == StatusCode::NO_CONTENT {
            None
        } else {
            announced(&head.headers)
        };
        let meta = ResponseMeta::new(head.status, head.headers);
        let stream = ByteStream::new(body, length, origin.clone());
        read(info, meta, stream, origin).await
    }

    /// Dates and signs the request.
    pub(crate) fn signed(
        &self,
        info: &'static OperationInfo,
        mut parts: RequestParts,
    ) -> Result<Request<Body>> {
        let form = matches!(parts.body, RequestBody::Form(_));
        let body = self.body(&mut parts)?;
        let credentials = &self.shared.credentials;
        // A form carries its own signature.
        if !form && !credentials.is_anonymous() {
            let date = self.shared.clock.date();
            parts.root_path();
            let signed = sign::Parts {
                method: &info.method,
                resource_prefix: &self.address.resource_prefix,
                target: parts.target(),
                headers: &parts.headers,
            };
            if let Some(value) = sign::authorization(signed, &date, credentials) {
                parts.headers.insert(header::AUTHORIZATION, value);
            }
            parts.headers.insert(header::DATE, date);
        }
        let (uri, headers) = self.finish(parts)?;
        let mut request = Request::new(body);
        *request.method_mut() = info.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Signs the request's URL.
    pub(crate) fn presigned(
        &self,
        info: &'static OperationInfo,
        mut parts: RequestParts,
        expires: Duration,
    ) -> Result<Presigned> {
        if matches!(parts.body, RequestBody::Form(_)) {
            return Err(Error::invalid_input(
                "a form upload has its own signature: it is not presigned",
            ));
        }
        // The URL has whole seconds.
        if expires.as_secs() == 0 {
            return Err(Error::invalid_input(
                "a presigned URL is valid for 1 second at least",
            ));
        }
        let until = i64::try_from(Clock::unix_seconds().saturating_add(expires.as_secs()))
            .map_err(|_| Error::invalid_input("the URL would never expire"))?;
        parts.root_path();
        let signed = sign::Parts {
            method: &info.method,
            resource_prefix: &self.address.resource_prefix,
            target: parts.target(),
            headers: &parts.headers,
        };
        let Some((id, signature)) = sign::query(signed, until, &self.shared.credentials) else {
            let text = "a URL can't be presigned with anonymous credentials";
            return Err(Error::new(ErrorKind::Credentials, text));
        };
        parts.presigned(id, until, &signature);
        let body = match &mut parts.body {
            RequestBody::Json(bytes) => std::mem::take(bytes).into(),
            _ => Bytes::new(),
        };
        let (uri, headers) = self.finish(parts)?;
        let method = info.method.clone();
        Ok(Presigned::new(method, uri, headers, body, until))
    }

    /// The body as it goes out; a form is signed here.
    fn body(&self, parts: &mut RequestParts) -> Result<Body> {
        Ok(
            match std::mem::replace(&mut parts.body, RequestBody::None) {
                RequestBody::None => Body::empty(),
                RequestBody::Json(bytes) | RequestBody::OpenObject(bytes) => bytes.into(),
                RequestBody::Stream(body) => body,
                RequestBody::Form(form) => {
                    let (body, content_type) = form.into_body(&self.shared.credentials)?;
                    parts.header(header::CONTENT_TYPE, &content_type)?;
                    body
                }
            },
        )
    }

    /// The URL and the headers as they go out.
    fn finish(&self, parts: RequestParts) -> Result<(Uri, HeaderMap)> {
        let (target, headers) = parts.finish();
        let refused = |error: http::Error| {
            Error::invalid_input("the URL is too long or malformed").with_source(error)
        };
        let target = PathAndQuery::from_maybe_shared(Bytes::from(target));
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(self.address.scheme.clone());
        uri.authority = Some(self.address.authority.clone());
        uri.path_and_query = Some(target.map_err(|error| refused(error.into()))?);
        let uri = Uri::from_parts(uri).map_err(|error| refused(error.into()))?;
        Ok((uri, headers))
    }
}

/// Reads as much of an answer's body as the operation's output needs.
async fn read(
    info: &OperationInfo,
    meta: ResponseMeta,
    mut stream: ByteStream,
    origin: Origin,
) -> Result<Response> {
    if !info.success.contains(&meta.status().as_u16()) {
        // What breaks off here is the explanation, not the answer: the status stands.
        let body = stream.collect(MAX_ERROR).await.unwrap_or_default();
        return Err(service_error(&meta, &body, &origin));
    }
    let body = match info.reply {
        Reply::Stream => ResponseBody::Stream(Box::new(stream)),
        Reply::Json => ResponseBody::Whole(stream.collect(MAX_JSON).await?),
        // Read to its end, so that the connection can be used again.
        Reply::Empty => ResponseBody::Whole(stream.collect(MAX_ERROR).await?),
    };
    Ok(Response::new(meta, body, origin))
}

/// One event for each call: no headers, no query, no bodies.
#[cfg(feature = "tracing")]
fn trace(
    info: &OperationInfo,
    address: &crate::endpoint::Address,
    started: Instant,
    result: &Result<Response>,
) {
    if !tracing::enabled!(target: "qingstor_sdk", tracing::Level::DEBUG) {
        return;
    }
    let bucket = address.bucket.as_deref();
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => tracing::debug!(
            target: "qingstor_sdk",
            operation = info.id,
            bucket,
            status = response.meta.status().as_u16(),
            request_id = response.meta.request_id(),
            attempts = 1,
            elapsed_ms,
            "call succeeded"
        ),
        Err(error) => tracing::debug!(
            target: "qingstor_sdk",
            operation = info.id,
            bucket,
            status = error.status().map(|status| status.as_u16()),
            request_id = error.request_id(),
            attempts = error.attempts(),
            elapsed_ms,
            kind = ?error.kind(),
            "call failed"
        ),
    }
}
