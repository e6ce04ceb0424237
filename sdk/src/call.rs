//! [`Call`]: a request of an operation that can be configured, sent or presigned.

#[cfg(feature = "blocking")]
pub mod blocking;
pub(crate) mod form_policy;
pub(crate) mod paginate;
pub(crate) mod presigned;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use percent_encoding::percent_decode_str;

use crate::base::error::{Error, ErrorKind, Result};
use crate::call::presigned::Presigned;
use crate::client::{Bucket, Dispatcher, QingStor};
use crate::config::clock::Clock;
use crate::config::retry::RetryPolicy;
use crate::config::sign;
use crate::generated::facts::SIGNED_PARAMETERS;
use crate::message::body::Body;
use crate::message::operation::{FromResponse, Operation};
use crate::message::operation_info::OperationInfo;
use crate::message::request::{ContentMd5, RequestBody, RequestParts};

/// A call of an operation, ready to be sent.
///
/// A call owns its data, so it can be stored. Optional parameters of the operation are methods of its
/// alias, such as [`PutObject`](crate::operations::PutObject). A call is awaited, presigned, or built:
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
/// What needs a future, such as `tokio::spawn`, a `JoinSet` or the adapters of `futures-util`, takes
/// `call.into_future()`. See [many calls at a time](crate::guide::transport#many-calls-at-a-time).
///
/// Dropping the future before it completes closes the connection. Whether the service executed the
/// request is then unknown.
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<I> {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) input: I,
}

impl QingStor {
    /// Creates a call from an input that was created separately.
    pub fn call<I: Operation<Handle = Self>>(&self, input: I) -> Call<I> {
        let dispatcher = self.dispatcher().clone();
        Call { dispatcher, input }
    }
}

impl Bucket {
    /// Creates a call from an input that was created separately.
    pub fn call<I: Operation<Handle = Self>>(&self, input: I) -> Call<I> {
        let dispatcher = self.dispatcher().clone();
        Call { dispatcher, input }
    }
}

impl<I: Operation> Call<I> {
    pub(crate) fn new(dispatcher: Dispatcher, input: I) -> Self {
        Self { dispatcher, input }
    }

    /// Sets the timeout of the call, including all attempts and the time to compute a `Content-MD5`.
    /// Unlimited by default; each attempt has the timeouts of [`Config`](crate::Config) and the
    /// [`RetryPolicy::attempt_timeout`]. The time to read a streamed response body does not count.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.dispatcher.options_mut().timeout = Some(timeout);
        self
    }

    /// Sets the retry policy of this call. The default is [`Config::retry`](crate::Config::retry).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.dispatcher.options_mut().retry = Some(policy);
        self
    }

    /// Computes and sends `Content-MD5`, so that the service refuses a body that was damaged in
    /// transit (`bad_digest`). A file is read twice. Operations that require the header have it in
    /// any case.
    ///
    /// The response to an upload must then have an `ETag` that matches the digest; otherwise the
    /// call fails with `Integrity`. An `ETag` that is not an MD5, or that of content encrypted with
    /// a customer-provided key, is not compared.
    ///
    /// For a stream, which can be read only once, the call fails with `InvalidInput`; so does
    /// [`build`](Self::build) for a file.
    pub fn compute_content_md5(mut self) -> Self {
        self.dispatcher.options_mut().content_md5 =
            Some(|parts, pool| Box::pin(parts.hash_body(pool)));
        self
    }

    /// Adds a header for which the operation has no setter, or replaces one.
    ///
    /// The call fails with `InvalidInput` if the header is `Authorization`, `Host`, `Date`,
    /// `Content-Length` or `Transfer-Encoding`, which the client sets, or if the value is not valid
    /// in a header. The `Content-Type` of a form cannot be replaced.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.dispatcher
            .options_mut()
            .add_header(name.as_ref(), value.as_ref());
        self
    }

    /// Returns the input.
    pub fn input(&self) -> &I {
        &self.input
    }

    /// Sends the request. Awaiting the call does the same.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind). `Config` is only returned outside of a Tokio runtime.
    pub fn send(self) -> impl Future<Output = Result<I::Output>> + Send {
        // Encoded outside of the future, which is smaller without the input.
        let (dispatcher, mut parts, encoded) = self.encode(ContentMd5::IfShort);
        async move {
            let (response, span) = dispatcher
                .dispatch(I::INFO, I::Output::body_fields, &mut parts, encoded)
                .await?;
            span.end(I::Output::decode(*response))
        }
    }

    /// Returns the signed request without sending it, for another HTTP client.
    ///
    /// The signature is valid for 15 minutes. The request has a `Content-Length` if it has a body
    /// or the method is `PUT`, `POST` or `PATCH`. The other client adds `Host` and must not change
    /// or add anything else. [`Body::into_stream`] returns the bytes of the body.
    ///
    /// The client signs with the credentials that were fetched last. With a
    /// [provider](crate::Config::credentials_provider), await
    /// [`fetch_credentials_if_due`](crate::Bucket::fetch_credentials_if_due) before each request.
    ///
    /// ```
    /// # fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let request = bucket.get_object("a b").build()?;
    /// assert_eq!(request.uri().path(), "/my-bucket/a%20b");
    /// assert!(request.headers().contains_key("authorization"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if an argument is invalid, and `Credentials` if a provider has not been
    /// called yet, or its credentials have expired: see
    /// [`fetch_credentials_if_due`](crate::Bucket::fetch_credentials_if_due).
    pub fn build(self) -> Result<Request<Body>> {
        let (dispatcher, parts, encoded) = self.encode(ContentMd5::IfInMemory);
        encoded?;
        let hashed = match dispatcher.options().content_md5 {
            Some(_) => parts.check_hashed(),
            None => Ok(()),
        };
        let context = dispatcher.unsent(I::INFO, parts.target());
        let request = hashed.and_then(|()| dispatcher.request(I::INFO, parts));
        request.map_err(|error| error.with_call(context))
    }

    /// Returns a URL with which anyone can send this request, any number of times, until `expires`
    /// has passed.
    ///
    /// Does not send a request. The signature covers the headers of the call: users of the URL must
    /// send those that [`Presigned::headers`] lists. It does not cover the body: users of an upload
    /// URL send the content. Fractions of a second in `expires` are ignored.
    ///
    /// The client signs with the credentials that were fetched last. With a
    /// [provider](crate::Config::credentials_provider), await
    /// [`fetch_credentials_if_due`](crate::Bucket::fetch_credentials_if_due) before each URL. The URL
    /// is not valid longer than these credentials.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if an argument is invalid, the operation is a form upload, a signed
    /// query parameter such as `response-content-disposition` contains `&`, or `expires` is less
    /// than a second or out of range; `Credentials` for anonymous credentials, or if a provider has not
    /// been called yet, or its credentials have expired: see
    /// [`fetch_credentials_if_due`](crate::Bucket::fetch_credentials_if_due).
    pub fn presign(self, expires: Duration) -> Result<Presigned> {
        let (dispatcher, parts, encoded) = self.encode(ContentMd5::IfInMemory);
        encoded?;
        let context = dispatcher.unsent(I::INFO, parts.target());
        let presigned = check_presigned_parameters(parts.target())
            .and_then(|()| dispatcher.presigned(I::INFO, parts, expires));
        presigned.map_err(|error| error.with_call(context))
    }

    /// Encodes the input. `requested` applies if the caller asks for `Content-MD5`. After an error, the
    /// request is not complete.
    fn encode(self, requested: ContentMd5) -> (Dispatcher, RequestParts, Result<()>) {
        let Self { dispatcher, input } = self;
        let options = dispatcher.options();
        let mut parts = RequestParts::new(&dispatcher.address);
        if let Some(name) = I::INFO.sub_resource {
            parts.sub_resource(name);
        }
        // Encoded first, so that the errors of options contain the key.
        let encoded = input
            .encode(&mut parts)
            .and_then(|()| check_signed_parameters(parts.target()))
            .and_then(|()| match &options.invalid {
                Some(why) => Err(Error::invalid_input(why)),
                None => Ok(()),
            });
        let content_md5 = if options.content_md5.is_some() {
            requested
        } else if I::INFO.content_md5 {
            ContentMd5::Required
        } else {
            ContentMd5::No
        };
        parts.finish_body();
        let checked = encoded
            .and_then(|()| parts.add_content_md5(content_md5))
            .and_then(|()| {
                for (name, value) in &options.headers {
                    parts.headers.insert(name.clone(), value.clone());
                }
                parts.check_single_source(I::INFO.excludes_body)
            });
        let checked =
            checked.map_err(|error| error.with_call(dispatcher.unsent(I::INFO, parts.target())));
        (dispatcher, parts, checked)
    }
}

impl Dispatcher {
    /// Returns the signed request.
    #[inline]
    fn request(&self, info: &OperationInfo, mut parts: RequestParts) -> Result<Request<Body>> {
        let credentials = self.shared.credentials.cached()?;
        let (uri, mut prepared) = self.prepare(info, &mut parts, Some(&credentials))?;
        if !prepared.is_form {
            let call = (&info.method, &uri);
            let skew = self.shared.clock.skew();
            self.sign(call, &mut prepared.headers, skew, &credentials);
        }
        // Without this header, HTTP clients send a chunked body, which the service refuses.
        if let Some(length) = prepared.body.content_length(&info.method) {
            let headers = &mut prepared.headers;
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        let mut request = Request::new(prepared.body);
        *request.method_mut() = info.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = prepared.headers;
        Ok(request)
    }

    /// Returns the signed URL.
    #[inline]
    fn presigned(
        &self,
        info: &'static OperationInfo,
        mut parts: RequestParts,
        expires: Duration,
    ) -> Result<Presigned> {
        if matches!(parts.body, RequestBody::Form(_)) {
            return Err(Error::invalid_input(
                "cannot presign a form upload, which has its own signature",
            ));
        }
        // The URL contains whole seconds.
        if expires.as_secs() == 0 {
            return Err(Error::invalid_input(
                "presigned URLs must be valid for at least 1 second",
            ));
        }
        let now = Clock::unix_seconds(self.shared.clock.skew());
        let expires_at = i64::try_from(expires.as_secs())
            .ok()
            .and_then(|seconds| now.checked_add(seconds))
            .ok_or_else(|| Error::invalid_input("expiration time is out of range"))?;
        parts.complete_path();
        let signed = sign::SignedParts {
            method: &info.method,
            resource_prefix: &self.address.resource_prefix,
            target: parts.target(),
            headers: &parts.headers,
        };
        let credentials = self.shared.credentials.cached()?;
        let Some((id, signature)) = sign::query(signed, expires_at, &credentials) else {
            let text = "cannot presign a URL with anonymous credentials";
            return Err(Error::new(ErrorKind::Credentials, text));
        };
        parts.push_signature(id, expires_at, &signature);
        let body = match &mut parts.body {
            RequestBody::Json(bytes) => std::mem::take(bytes).into(),
            _ => Bytes::new(),
        };
        let (uri, headers) = self.finish(&mut parts)?;
        let method = info.method.clone();
        Ok(Presigned::new(method, uri, headers, body, expires_at))
    }
}

impl<I: Clone> Clone for Call<I> {
    fn clone(&self) -> Self {
        Self {
            dispatcher: self.dispatcher.clone(),
            input: self.input.clone(),
        }
    }
}

impl<I: fmt::Debug> fmt::Debug for Call<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("input", &self.input)
            .field("timeout", &self.dispatcher.options().timeout)
            .field("retry", &self.dispatcher.options().retry)
            .finish_non_exhaustive()
    }
}

impl<I: Operation> IntoFuture for Call<I> {
    type Output = Result<I::Output>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Returns an error if a signed parameter is empty. Signed parameters select the operation: with an
/// empty `upload_id`, the abort of an upload could become the deletion of the object.
fn check_signed_parameters(target: &str) -> Result<()> {
    let Some((_, query)) = target.split_once('?') else {
        return Ok(());
    };
    for pair in query.split('&') {
        if let Some(name) = pair.strip_suffix('=')
            && SIGNED_PARAMETERS.binary_search(&name).is_ok()
        {
            return Err(Error::invalid_input(format!("{name}: must not be empty")));
        }
    }
    Ok(())
}

/// Returns an error if a signed parameter of a presigned URL contains `&`.
///
/// The signature covers decoded values, joined by `&`. If the caller takes a value from elsewhere,
/// the author of that value could otherwise split it: the URLs `?response-expires=a%26uploads` and
/// `?response-expires=a&uploads` have the same signature.
#[inline]
fn check_presigned_parameters(target: &str) -> Result<()> {
    let Some((_, query)) = target.split_once('?') else {
        return Ok(());
    };
    for pair in query.split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && SIGNED_PARAMETERS.binary_search(&name).is_ok()
            && percent_decode_str(value).any(|byte| byte == b'&')
        {
            return Err(Error::invalid_input(format!(
                "{name}: the value in a presigned URL must not contain `&`, because the signature \
                 would also be valid for a URL in which the rest of the value is a parameter; in a \
                 file name, use `filename*=utf-8''` and write `&` as `%26`"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
