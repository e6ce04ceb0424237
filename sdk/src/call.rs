//! [`Call`]: one call, from its input to its output.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};

use crate::body::Body;
use crate::byte_stream::ByteStream;
use crate::client::{Clock, Handle};
use crate::error::{CallContext, Error, ErrorKind, Result};
use crate::operation::{FromResponse, Operation, OperationInfo, Reply};
use crate::presigned::Presigned;
use crate::request::{RequestBody, RequestParts, header_value};
use crate::response::{Origin, Response, ResponseBody, announced, service_error};
use crate::{response, sign};

/// The largest JSON answer that is read, in bytes.
const MAX_JSON: usize = 64 * 1024 * 1024;
/// The largest error document that is read, in bytes.
const MAX_ERROR: usize = 256 * 1024;

/// A call that is ready to be sent.
///
/// It owns all it needs: it can be kept, spawned, or put into a `JoinSet`. The setters of the
/// operation's optional parameters are methods of `Call`, beside those here; the last verb says
/// how it ends:
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let call = bucket.get_object("a/b").range("bytes=0-99");
/// let output = call.clone().await?; // or `.send().await?`
/// let url = call.presign(Duration::from_secs(600))?;
/// # let _ = (output, url); Ok(()) }
/// ```
///
/// Dropping the future before it ends closes its connection. Whether the service carried the call
/// out is then unknown.
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<I> {
    handle: Handle,
    pub(crate) input: I,
    options: Options,
}

/// What the caller wishes for one call.
#[derive(Clone, Default)]
struct Options {
    timeout: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// A setter's mistake, told when the call ends.
    refused: Option<String>,
}

impl<I: Operation> Call<I> {
    pub(crate) fn new(handle: Handle, input: I) -> Self {
        Self {
            handle,
            input,
            options: Options::default(),
        }
    }

    /// Limits the whole call, up to its output, to this time. Without it only a standstill ends a
    /// call. The time that it takes to read a streamed body afterwards does not count.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Adds a header that the operation has no setter for, or replaces one.
    ///
    /// `Authorization`, `Host`, `Date`, `Content-Length` and `Transfer-Encoding` belong to the
    /// runtime; naming one of them, or a value that can't stand in a header, is an `InvalidInput`
    /// when the call is sent.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        match checked_header(name, value) {
            Ok(header) => self.options.headers.push(header),
            Err(why) => self.options.refused = Some(why),
        }
        self
    }

    /// The input as it stands.
    pub fn input(&self) -> &I {
        &self.input
    }

    /// Sends the call; `.await` on the call itself does the same.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`] but `Config`: see there.
    pub async fn send(self) -> Result<I::Output> {
        let (handle, parts, options) = self.encode()?;
        let response = handle.dispatch(I::INFO, parts, options).await?;
        I::Output::decode(response)
    }

    /// The signed request, unsent, for another HTTP client to send. Its signature is valid for 15
    /// minutes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when an argument can't be sent.
    pub fn build(self) -> Result<Request<Body>> {
        let (handle, parts, _) = self.encode()?;
        handle.signed(I::INFO, parts)
    }

    /// A URL with which anyone can make this call, once or often, until `expires` has passed.
    ///
    /// Nothing is sent. Headers that the call sets are part of the signature: whoever uses the URL
    /// must send those that [`Presigned::headers`] lists. The body is not signed.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when an argument can't be sent, the operation is a form upload, or `expires`
    /// is no whole number of seconds from 1 on; `Credentials` for anonymous credentials.
    pub fn presign(self, expires: Duration) -> Result<Presigned> {
        let (handle, parts, _) = self.encode()?;
        handle.presigned(I::INFO, parts, expires)
    }

    fn encode(self) -> Result<(Handle, RequestParts, Options)> {
        let Self {
            handle,
            input,
            options,
        } = self;
        let mut parts = RequestParts::new(&handle.address);
        let encoded = match &options.refused {
            Some(why) => Err(Error::invalid_input(why)),
            None => input.encode(&mut parts),
        };
        match encoded.and_then(|()| parts.complete(I::INFO.content_md5)) {
            Ok(()) => {
                for (name, value) in &options.headers {
                    parts.headers.insert(name.clone(), value.clone());
                }
                Ok((handle, parts, options))
            }
            Err(error) => Err(error.with_call(handle.unsent(I::INFO))),
        }
    }
}

impl<I: Clone> Clone for Call<I> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            input: self.input.clone(),
            options: self.options.clone(),
        }
    }
}

impl<I: fmt::Debug> fmt::Debug for Call<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("input", &self.input)
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}

impl<I> IntoFuture for Call<I>
where
    I: Operation + Send + 'static,
    I::Output: Send,
{
    type Output = Result<I::Output>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Refuses what belongs to the runtime and what could split the request.
fn checked_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(format!("{name:?} is no header name"));
    };
    let own = [
        header::AUTHORIZATION,
        header::HOST,
        header::DATE,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ];
    if own.contains(&parsed) {
        return Err(format!("header `{parsed}` is set by the runtime"));
    }
    match header_value(value) {
        Some(value) => Ok((parsed, value)),
        None => Err(format!(
            "header `{parsed}`: only printable ASCII can stand in a header"
        )),
    }
}

/// The part of a call that is the same for every operation.
impl Handle {
    /// The context of an error before anything was sent.
    fn unsent(&self, info: &OperationInfo) -> CallContext {
        CallContext {
            operation: info.id,
            bucket: self.address.bucket.clone(),
            ..CallContext::default()
        }
    }

    async fn dispatch(
        &self,
        info: &'static OperationInfo,
        parts: RequestParts,
        options: Options,
    ) -> Result<Response> {
        let started = Instant::now();
        let exchange = self.exchange(info, parts, started);
        let Some(limit) = options.timeout else {
            return exchange.await;
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(result) => result,
            Err(_) => {
                let text = format!("the call was not done after {} s", limit.as_secs_f32());
                let context = CallContext {
                    attempts: 1,
                    elapsed: started.elapsed(),
                    ..self.unsent(info)
                };
                Err(Error::new(ErrorKind::Timeout, text).with_call(context))
            }
        }
    }

    /// One attempt: sign, send, read what the operation wants read.
    async fn exchange(
        &self,
        info: &'static OperationInfo,
        parts: RequestParts,
        started: Instant,
    ) -> Result<Response> {
        let request = self.signed(info, parts)?;
        let origin = Origin {
            info,
            address: Arc::clone(&self.address),
            uri: request.uri().clone(),
            started,
            attempts: 1,
        };
        let answer = self
            .shared
            .transport
            .send(request, &self.address.root, info.slow)
            .await
            .map_err(|error| error.with_call(origin.context()));
        let result = match answer {
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                let length = if info.method == Method::HEAD {
                    None
                } else {
                    announced(&head.headers)
                };
                let meta = response::ResponseMeta::new(head.status, head.headers);
                let stream = ByteStream::new(body, length, origin.clone());
                read(info, meta, stream, origin).await
            }
            Err(error) => Err(error),
        };
        #[cfg(feature = "tracing")]
        trace(info, &self.address, started, &result);
        result
    }

    /// Dates and signs the request.
    fn signed(
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
        let (uri, headers) = self.finish(info, parts)?;
        let mut request = Request::new(body);
        *request.method_mut() = info.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn presigned(
        &self,
        info: &'static OperationInfo,
        mut parts: RequestParts,
        expires: Duration,
    ) -> Result<Presigned> {
        let refused = |error: Error| error.with_call(self.unsent(info));
        if matches!(parts.body, RequestBody::Form(_)) {
            return Err(refused(Error::invalid_input(
                "a form upload has its own signature: it is not presigned",
            )));
        }
        if expires.as_secs() == 0 {
            return Err(refused(Error::invalid_input(
                "a presigned URL is valid for 1 second at least",
            )));
        }
        let until = i64::try_from(Clock::unix_seconds().saturating_add(expires.as_secs()))
            .map_err(|_| refused(Error::invalid_input("the URL would never expire")))?;
        parts.root_path();
        let signed = sign::Parts {
            method: &info.method,
            resource_prefix: &self.address.resource_prefix,
            target: parts.target(),
            headers: &parts.headers,
        };
        let Some((id, signature)) = sign::query(signed, until, &self.shared.credentials) else {
            let text = "a URL can't be presigned with anonymous credentials";
            return Err(refused(Error::new(ErrorKind::Credentials, text)));
        };
        parts.presigned(id, until, &signature);
        let (uri, headers) = self.finish(info, parts)?;
        Ok(Presigned::new(info.method.clone(), uri, headers, until))
    }

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
    fn finish(&self, info: &OperationInfo, parts: RequestParts) -> Result<(Uri, HeaderMap)> {
        let (target, headers) = parts.finish();
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(self.address.scheme.clone());
        uri.authority = Some(self.address.authority.clone());
        let refused = |error: http::Error| {
            Error::invalid_input("the URL is too long or malformed")
                .with_source(error)
                .with_call(self.unsent(info))
        };
        let target = PathAndQuery::from_maybe_shared(Bytes::from(target));
        uri.path_and_query = Some(target.map_err(|error| refused(error.into()))?);
        let uri = Uri::from_parts(uri).map_err(|error| refused(error.into()))?;
        Ok((uri, headers))
    }
}

/// Reads as much of an answer's body as the operation's output needs.
async fn read(
    info: &OperationInfo,
    meta: response::ResponseMeta,
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
    Ok(Response { meta, body, origin })
}

/// One event for each call: no headers, no query, no bodies.
#[cfg(feature = "tracing")]
fn trace(
    info: &OperationInfo,
    address: &crate::endpoint::Address,
    started: Instant,
    result: &Result<Response>,
) {
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
