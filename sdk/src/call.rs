//! [`Call`]: one call, from its input to its output.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, header};

use crate::body::Body;
use crate::client::Handle;
use crate::error::{Error, Result};
use crate::operation::{FromResponse, Operation};
use crate::presigned::Presigned;
use crate::request::{RequestParts, header_value};

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
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
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
        let request = handle.signed(I::INFO, parts);
        request.map_err(|error| error.with_call(handle.unsent(I::INFO)))
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
        let presigned = handle.presigned(I::INFO, parts, expires);
        presigned.map_err(|error| error.with_call(handle.unsent(I::INFO)))
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
