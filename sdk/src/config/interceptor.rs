//! [`Intercept`]: adds headers to each attempt, or refuses it.

use std::error::Error as StdError;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::base::error::{Error, ErrorKind, Result};
use crate::config::request_options::{SET_BY_CLIENT, parse_header};
use crate::message::operation_info::{OperationInfo, Repeatable};

/// Adds headers to each attempt of each request, or refuses it. Set by
/// [`Config::interceptor`](crate::Config::interceptor).
///
/// This is the place for headers that all requests have in common, such as the trace context, a
/// tenant, or the token of a gateway. Headers of a single call are set by
/// [`Call::header`](crate::Call::header).
///
/// The client calls [`intercept`](Self::intercept) for each attempt, before it signs the request: for
/// retries, for each page of a list, for each request of an upload, a download or another transfer,
/// for the rest of a response body that broke off, and for requests that find the zone of a bucket.
/// It does not call it for [`Call::presign`](crate::Call::presign) and
/// [`Call::build`](crate::Call::build), whose requests the client does not send: add headers with
/// `Call::header` there. Several interceptors run in the order in which they were added, and each one
/// sees the headers of the previous ones.
///
/// The method is not async. It runs inside of the attempt's span, so that the current trace context
/// is that of the attempt, and it must not block. A token that expires is refreshed by a task of its
/// own; the interceptor adds the token that was fetched last. Credentials of the service come from a
/// [`ProvideCredentials`](crate::ProvideCredentials) instead, which is async.
///
/// If the method panics, the panic continues in the task that sends the request. The client remains
/// usable.
///
/// # Examples
///
/// ```
/// use std::error::Error;
/// use qingstor_sdk::{Config, Intercept, InterceptedRequest};
///
/// struct Tenant(String);
///
/// impl Intercept for Tenant {
///     fn intercept(
///         &self,
///         request: &mut InterceptedRequest<'_>,
///     ) -> Result<(), Box<dyn Error + Send + Sync>> {
///         if request.operation() == "DeleteBucket" {
///             return Err("this program must not delete buckets".into());
///         }
///         request.set_header("x-tenant", &self.0)?;
///         Ok(())
///     }
/// }
///
/// let config = Config::anonymous().interceptor(Tenant("blue".into()));
/// # let _ = config;
/// ```
pub trait Intercept: Send + Sync {
    /// Called before each attempt is signed and sent.
    ///
    /// # Errors
    ///
    /// An error refuses the attempt: nothing is sent, and the call fails with
    /// [`ErrorKind::Interceptor`] and this error as its source. The client does not retry.
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

impl<T: Intercept + ?Sized> Intercept for Arc<T> {
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        (**self).intercept(request)
    }
}

impl<T: Intercept + ?Sized> Intercept for Box<T> {
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        (**self).intercept(request)
    }
}

/// The request of one attempt, before it is signed.
///
/// It does not contain credentials, and it does not show headers with secrets, such as
/// customer-provided encryption keys and the URL of a fetch, which may be presigned.
#[derive(Debug)]
pub struct InterceptedRequest<'a> {
    pub(crate) info: &'static OperationInfo,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) attempt: u32,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a mut HeaderMap,
    /// Whether the body is a form.
    pub(crate) is_form: bool,
}

/// Headers that an interceptor cannot set, in addition to [`SET_BY_CLIENT`].
const OWNED_BY_CLIENT: [&str; 17] = [
    "x-qs-date",
    // The client checks the response against these.
    "content-md5",
    "range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    // The body of the response must arrive as it is stored.
    "accept-encoding",
    // The connection belongs to the HTTP library and the proxy.
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
];

/// Prefixes of the headers of customer-provided encryption keys. They change what the `ETag` of the
/// response means.
const CUSTOMER_KEY_PREFIXES: [&str; 2] = [
    "x-qs-encryption-customer-",
    "x-qs-copy-source-encryption-customer-",
];

impl InterceptedRequest<'_> {
    /// Returns the ID of the operation in the specification, such as `GetObject`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.info.id
    }

    /// Returns the bucket of the request.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.bucket
    }

    /// Returns the number of the attempt, starting at 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.info.method
    }

    /// Returns the URL, with path and query.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.uri
    }

    /// Returns the headers that are set so far, except those with secrets, for which
    /// [`has_header`](Self::has_header) returns `true`. `Host`, `User-Agent`, `Date`, `Content-Length`
    /// and `Authorization` are added later.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let headers = self.headers.iter();
        headers.filter(|(_, value)| !value.is_sensitive())
    }

    /// Returns whether a header is set, also if it contains a secret, whose value
    /// [`header`](Self::header) does not return.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Returns the value of a header; `None` if it is not set or contains a secret. To find out whether
    /// it is set, use [`has_header`](Self::has_header).
    #[must_use]
    #[inline]
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        if value.is_sensitive() {
            return None;
        }
        value.to_str().ok()
    }

    /// Sets a header, and replaces its previous value. Headers that start with `x-qs-` are signed.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Interceptor`], and changes nothing, if
    ///
    /// - the name is not valid, or the value is not printable ASCII, so that it cannot add a line to
    ///   the request,
    /// - the client or the HTTP library sets the header: `Authorization`, `Host`, `Date`,
    ///   `X-QS-Date`, `Content-Length`, `Transfer-Encoding`, `Connection`, `Keep-Alive`, `TE`,
    ///   `Trailer`, `Upgrade`, `Expect`, `Proxy-Authorization`, `Proxy-Connection`,
    /// - the client checks the response against the header: `Content-MD5`, `Range`, `If-*`,
    ///   `Accept-Encoding`, and the headers of customer-provided encryption keys,
    /// - the header names another source of the object, such as `X-QS-Copy-Source`,
    /// - it is the `Content-Type` of a form.
    pub fn set_header(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<()> {
        let refused = |why| Error::new(ErrorKind::Interceptor, why);
        let (name, value) = parse_header(name.as_ref(), value.as_ref()).map_err(refused)?;
        if self.is_owned(&name) {
            return Err(refused(format!(
                "header `{name}` is set by the client; an interceptor cannot change it"
            )));
        }
        self.headers.insert(name, value);
        Ok(())
    }

    #[inline]
    fn is_owned(&self, name: &HeaderName) -> bool {
        let text = name.as_str();
        let is_customer_key = || {
            let prefixes = &CUSTOMER_KEY_PREFIXES;
            prefixes.iter().any(|prefix| text.starts_with(prefix))
        };
        // Decides whether the request may be retried.
        let changes_repeatability = match self.info.repeatable {
            Repeatable::UnlessHeader(decisive) => decisive == text,
            Repeatable::Always | Repeatable::Never => false,
        };
        SET_BY_CLIENT.contains(name)
            || OWNED_BY_CLIENT.contains(&text)
            || is_customer_key()
            || changes_repeatability
            || self.info.excludes_body.contains(&text)
            || (self.is_form && name == header::CONTENT_TYPE)
    }
}

/// Returns the error of a call that an interceptor has refused.
pub(crate) fn refusal(reason: Box<dyn StdError + Send + Sync>) -> Error {
    match reason.downcast::<Error>() {
        // An error of `set_header` says which header.
        Ok(own) if own.kind() == ErrorKind::Interceptor => *own,
        Ok(other) => refused_by_interceptor(other),
        Err(reason) => refused_by_interceptor(reason),
    }
}

fn refused_by_interceptor(reason: Box<dyn StdError + Send + Sync>) -> Error {
    let text = format!("refused by an interceptor: {reason}");
    Error::new(ErrorKind::Interceptor, text).with_source(reason)
}

#[cfg(test)]
mod tests;
