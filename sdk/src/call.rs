//! [`Call`]: one call, from its input to its output.

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
use crate::client::{Bucket, Handle, QingStor};
use crate::config::clock::Clock;
use crate::config::retry::RetryPolicy;
use crate::config::sign;
use crate::generated::facts::SIGNED_PARAMETERS;
use crate::message::body::Body;
use crate::message::operation::{FromResponse, Operation};
use crate::message::operation_info::OperationInfo;
use crate::message::request::{Hash, RequestBody, RequestParts};

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
    pub(crate) handle: Handle,
    pub(crate) input: I,
}

impl QingStor {
    /// Creates a call from an input that was created separately.
    pub fn call<I: Operation<Handle = Self>>(&self, input: I) -> Call<I> {
        let handle = self.handle().clone();
        Call { handle, input }
    }
}

impl Bucket {
    /// Creates a call from an input that was created separately.
    pub fn call<I: Operation<Handle = Self>>(&self, input: I) -> Call<I> {
        let handle = self.handle().clone();
        Call { handle, input }
    }
}

impl<I: Operation> Call<I> {
    pub(crate) fn new(handle: Handle, input: I) -> Self {
        Self { handle, input }
    }

    /// Limits the whole call, all attempts up to its output, to this time. Without it only a
    /// standstill ends an attempt. The time that it takes to read a streamed body afterwards does
    /// not count.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.handle.options_mut().timeout = Some(timeout);
        self
    }

    /// How often this call is sent again, in place of what the client's
    /// [`Config::retry`](crate::Config::retry) says.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.handle.options_mut().retry = Some(policy);
        self
    }

    /// Has the body's `Content-MD5` computed and sent, so that the service refuses a body that was
    /// damaged on its way (`bad_digest`). A file is read once more for it. Calls that require the
    /// digest have it anyway.
    ///
    /// The response of an upload then needs an `ETag` that agrees with the digest, else the call
    /// fails with `Integrity`. (A tag that is not an MD5, or that of content encrypted with a
    /// customer-provided key, is not compared.)
    ///
    /// A stream, which can be read only once, is an `InvalidInput` when the call is sent; so is a
    /// file that [`build`](Self::build) would have to read.
    pub fn compute_content_md5(mut self) -> Self {
        self.handle.options_mut().content_md5 = true;
        self
    }

    /// Adds a header that the operation has no setter for, or replaces one.
    ///
    /// `Authorization`, `Host`, `Date`, `Content-Length` and `Transfer-Encoding` belong to the
    /// runtime; naming one of them, or a value that can't stand in a header, is an `InvalidInput`
    /// when the call is sent. A form's `Content-Type` is the runtime's, too.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.handle
            .options_mut()
            .add_header(name.as_ref(), value.as_ref());
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
    /// See [`ErrorKind`](crate::ErrorKind) for what they are; `Config` only outside a Tokio
    /// runtime.
    pub fn send(self) -> impl Future<Output = Result<I::Output>> {
        // Before the future is made: what it need not hold makes it smaller, and it moves.
        let mut encoded = self.encode(Hash::IfShort);
        async move {
            let (handle, parts) = match encoded {
                Ok((ref handle, ref mut parts)) => (handle, parts),
                Err(error) => return Err(error),
            };
            if handle.options().content_md5 {
                let hashed = parts.hash_body(&handle.shared.md5_pool).await;
                hashed.map_err(|error| error.with_call(handle.unsent(I::INFO)))?;
            }
            let response = handle
                .dispatch(I::INFO, I::Output::body_fields, parts)
                .await?;
            I::Output::decode(response)
        }
    }

    /// Returns the signed request without sending it, for another HTTP client.
    ///
    /// The signature is valid for 15 minutes. The request has a `Content-Length` if it has a body
    /// or the method is `PUT`, `POST` or `PATCH`. The other client adds `Host` and must not change
    /// or add anything else. [`Body::into_stream`] returns the bytes of the body.
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
    /// `InvalidInput` when an argument can't be sent; `Credentials` when a
    /// [provider](crate::Config::credentials_provider) was never asked, or what it gave has
    /// expired.
    pub fn build(self) -> Result<Request<Body>> {
        let (handle, parts) = self.encode(Hash::IfInMemory)?;
        let hashed = match handle.options().content_md5 {
            true => parts.check_hashed(),
            false => Ok(()),
        };
        let request = hashed.and_then(|()| handle.request(I::INFO, parts));
        request.map_err(|error| error.with_call(handle.unsent(I::INFO)))
    }

    /// A URL with which anyone can make this call, once or often, until `expires` has passed.
    ///
    /// Nothing is sent. Headers that the call sets are part of the signature: whoever uses the URL
    /// must send those that [`Presigned::headers`] lists. The body is not signed: whoever uses the
    /// URL of an upload sends the content. Fractions of a second in `expires` are dropped.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an argument cannot be sent, the operation is a form upload, a signed query
    /// parameter such as `response-content-disposition` contains `&`, or `expires` is less than a
    /// second or more than the clock can count; `Credentials` for anonymous
    /// credentials, and as [`build`](Self::build) has it.
    pub fn presign(self, expires: Duration) -> Result<Presigned> {
        let (handle, parts) = self.encode(Hash::IfInMemory)?;
        let presigned = refuse_ampersand(parts.target())
            .and_then(|()| handle.presigned(I::INFO, parts, expires));
        presigned.map_err(|error| error.with_call(handle.unsent(I::INFO)))
    }

    /// `wanted` applies if the caller asks for `Content-MD5`.
    fn encode(self, wanted: Hash) -> Result<(Handle, RequestParts)> {
        let Self { handle, input } = self;
        let options = handle.options();
        let mut parts = RequestParts::new(&handle.address);
        if let Some(name) = I::INFO.sub_resource {
            parts.sub_resource(name);
        }
        let encoded = match &options.refused {
            Some(why) => Err(Error::invalid_input(why)),
            None => input
                .encode(&mut parts)
                .and_then(|()| refuse_empty(parts.target())),
        };
        let hash = if options.content_md5 {
            wanted
        } else if I::INFO.content_md5 {
            Hash::Required
        } else {
            Hash::None
        };
        let complete = encoded.and_then(|()| parts.complete(hash)).and_then(|()| {
            for (name, value) in &options.headers {
                parts.headers.insert(name.clone(), value.clone());
            }
            parts.refuse_body_beside(I::INFO.excludes_body)
        });
        match complete {
            Ok(()) => Ok((handle, parts)),
            Err(error) => Err(error.with_call(handle.unsent(I::INFO))),
        }
    }
}

impl Handle {
    /// The signed request, unsent.
    fn request(&self, info: &OperationInfo, mut parts: RequestParts) -> Result<Request<Body>> {
        let credentials = self.shared.credentials.known()?;
        let (uri, mut prepared) = self.prepare(info, &mut parts, &credentials)?;
        if !prepared.is_form {
            let call = (&info.method, &uri);
            let skew = self.shared.clock.skew();
            self.sign(call, &mut prepared.headers, skew, &credentials);
        }
        // Clients send a body in chunks if nothing states its length, which the service refuses.
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

    /// Signs the request's URL.
    fn presigned(
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
                "presigned URLs must be valid for at least 1 second",
            ));
        }
        let now = Clock::unix_seconds(self.shared.clock.skew());
        let until = i64::try_from(expires.as_secs())
            .ok()
            .and_then(|seconds| now.checked_add(seconds))
            .ok_or_else(|| Error::invalid_input("expiration time is out of range"))?;
        parts.root_path();
        let signed = sign::Parts {
            method: &info.method,
            resource_prefix: &self.address.resource_prefix,
            target: parts.target(),
            headers: &parts.headers,
        };
        let credentials = self.shared.credentials.known()?;
        let Some((id, signature)) = sign::query(signed, until, &credentials) else {
            let text = "cannot presign a URL with anonymous credentials";
            return Err(Error::new(ErrorKind::Credentials, text));
        };
        parts.presigned(id, until, &signature);
        let body = match &mut parts.body {
            RequestBody::Json(bytes) => std::mem::take(bytes).into(),
            _ => Bytes::new(),
        };
        let (uri, headers) = self.finish(&mut parts)?;
        let method = info.method.clone();
        Ok(Presigned::new(method, uri, headers, body, until))
    }
}

impl<I: Clone> Clone for Call<I> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            input: self.input.clone(),
        }
    }
}

impl<I: fmt::Debug> fmt::Debug for Call<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("input", &self.input)
            .field("timeout", &self.handle.options().timeout)
            .field("retry", &self.handle.options().retry)
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

/// Refuses a signed parameter without its value. They say what a call is for: without a value, the
/// end of an upload could be taken for the deletion of the object.
fn refuse_empty(target: &str) -> Result<()> {
    let Some((_, query)) = target.split_once('?') else {
        return Ok(());
    };
    for pair in query.split('&') {
        if let Some(name) = pair.strip_suffix('=')
            && SIGNED_PARAMETERS.binary_search(&name).is_ok()
        {
            return Err(Error::invalid_input(format!("{name}: it is empty")));
        }
    }
    Ok(())
}

/// Refuses a signed parameter of a presigned URL whose value contains `&`.
///
/// The signature covers decoded values, joined by `&`. If the caller takes a value from elsewhere,
/// the author of that value could otherwise split it: the URLs `?response-expires=a%26uploads` and
/// `?response-expires=a&uploads` have the same signature.
fn refuse_ampersand(target: &str) -> Result<()> {
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
