//! [`Observer`]: is notified of each request and each response.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::base::error::Error;

/// Is notified of each attempt of each call, for metrics, logs and tests.
///
/// The methods are called while a call is in progress, so they must be fast and must not block.
/// Events contain no signature, no encryption key and no body.
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
    /// Called before a request is sent.
    fn request(&self, event: &RequestEvent<'_>) {
        let _ = event;
    }

    /// Called after a response arrived, or the attempt failed.
    fn response(&self, event: &ResponseEvent<'_>) {
        let _ = event;
    }
}

/// The start of an attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestEvent<'a> {
    /// ID of the operation in the specification, such as `GetObject`.
    pub operation: &'static str,
    /// Bucket of the call.
    pub bucket: Option<&'a str>,
    /// Number of the attempt, starting at 1.
    pub attempt: u32,
    /// HTTP method.
    pub method: &'a Method,
    /// URL. It does not contain the signature.
    pub uri: &'a Uri,
    /// Headers, without date and signature. Secret values are replaced by `..`.
    pub headers: &'a HeaderMap,
    /// Length of the body in bytes.
    pub body_len: u64,
}

/// The end of an attempt. If the caller reads the response body as a stream, it has not been read
/// yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResponseEvent<'a> {
    /// ID of the operation in the specification, such as `GetObject`.
    pub operation: &'static str,
    /// Bucket of the call.
    pub bucket: Option<&'a str>,
    /// Number of the attempt, starting at 1.
    pub attempt: u32,
    /// Status of the response, if there is one.
    pub status: Option<StatusCode>,
    /// Request ID of the response.
    pub request_id: Option<&'a str>,
    /// Headers of a successful response.
    pub headers: Option<&'a HeaderMap>,
    /// Announced length of the body of a successful response, in bytes.
    pub body_len: Option<u64>,
    /// The error of a failed attempt. The client may retry.
    pub error: Option<&'a Error>,
    /// Duration of the attempt.
    pub elapsed: Duration,
}

/// Copies the headers and replaces secret values.
pub(crate) fn redacted(headers: &HeaderMap) -> HeaderMap {
    let mut shown = headers.clone();
    for value in shown.values_mut().filter(|value| value.is_sensitive()) {
        *value = HeaderValue::from_static("..");
    }
    shown
}
