//! [`Observer`]: who is told of each request and each answer.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::base::error::Error;

/// Is told of each attempt of each call: for metrics, logs, and tests.
///
/// Its methods are called in the middle of a call: they must be quick, and must not block. What may
/// not be seen is not shown: no signature, no customer's key, no body.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use qingstor_sdk::{Config, Observer, ResponseEvent};
///
/// #[derive(Default)]
/// struct Failures(AtomicU32);
///
/// impl Observer for Failures {
///     fn response(&self, event: &ResponseEvent<'_>) {
///         if event.error.is_some() {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let config = Config::anonymous().observer(Failures::default());
/// # let _ = config;
/// ```
pub trait Observer: Send + Sync {
    /// A request is about to be sent.
    fn request(&self, event: &RequestEvent<'_>) {
        let _ = event;
    }

    /// An answer came, or none will come.
    fn response(&self, event: &ResponseEvent<'_>) {
        let _ = event;
    }
}

/// An attempt that begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestEvent<'a> {
    /// The operation's id in the specification, such as `GetObject`.
    pub operation: &'static str,
    /// The bucket that the call is for.
    pub bucket: Option<&'a str>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The HTTP method.
    pub method: &'a Method,
    /// The URL. The signature is not in it.
    pub uri: &'a Uri,
    /// The headers, without date and signature; a secret's value is `..`.
    pub headers: &'a HeaderMap,
    /// The length of the body, in bytes.
    pub body_len: u64,
}

/// An attempt that ended, but for the body of an answer that the caller reads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResponseEvent<'a> {
    /// The operation's id in the specification, such as `GetObject`.
    pub operation: &'static str,
    /// The bucket that the call is for.
    pub bucket: Option<&'a str>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The status of the answer, if one came.
    pub status: Option<StatusCode>,
    /// The id under which the service knows the request.
    pub request_id: Option<&'a str>,
    /// The headers of a success.
    pub headers: Option<&'a HeaderMap>,
    /// The length that a success announced for its body, in bytes.
    pub body_len: Option<u64>,
    /// Why the attempt failed. There may be a further one.
    pub error: Option<&'a Error>,
    /// The time that the attempt took.
    pub elapsed: Duration,
}

/// The headers without the values that nobody may see.
pub(crate) fn redacted(headers: &HeaderMap) -> HeaderMap {
    let mut shown = headers.clone();
    for value in shown.values_mut().filter(|value| value.is_sensitive()) {
        *value = HeaderValue::from_static("..");
    }
    shown
}
