//! [`Observer`]: is notified of each request, each response, each retry and each streamed body.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::base::error::Error;
use crate::base::telemetry::error_type;

/// Is notified of each attempt of each call, for metrics, logs and tests.
///
/// The methods are called while a call is in progress, so they must be fast and must not block.
/// Events contain no signature, no encryption key, no URL that the service fetches, and no body.
///
/// ```
/// use std::sync::Arc;
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
/// let failures = Arc::new(Failures::default());
/// let config = Config::anonymous().observer(Arc::clone(&failures));
/// # let _ = config;
/// ```
pub trait Observer: Send + Sync {
    /// Called before a request is sent. Either [`response`](Self::response) or
    /// [`dropped`](Self::dropped) follows.
    fn request(&self, event: &RequestEvent<'_>) {
        let _ = event;
    }

    /// Called after a response arrived, or the attempt failed.
    fn response(&self, event: &ResponseEvent<'_>) {
        let _ = event;
    }

    /// Called instead of [`response`](Self::response) if the attempt was dropped before it ended,
    /// because the caller dropped the future of the call.
    fn dropped(&self, event: &DroppedEvent<'_>) {
        let _ = event;
    }

    /// Called before the delay of a retry. The next attempt follows, unless the caller drops the call.
    fn retry(&self, event: &RetryEvent<'_>) {
        let _ = event;
    }

    /// Called at the end of a response body that the caller reads as a stream, such as that of
    /// `GetObject`: after the last byte, after an error, or when the stream is dropped.
    fn body(&self, event: &BodyEvent<'_>) {
        let _ = event;
    }
}

/// Two observers, which are notified in this order.
pub(crate) struct ObserverPair(pub(crate) Arc<dyn Observer>, pub(crate) Arc<dyn Observer>);

/// Implements [`Observer`]: each method calls that of each of these observers.
macro_rules! forward_events {
    ($self:ident => $($observer:expr),*) => {
        fn request(&$self, event: &RequestEvent<'_>) {
            $($observer.request(event);)*
        }

        fn response(&$self, event: &ResponseEvent<'_>) {
            $($observer.response(event);)*
        }

        fn dropped(&$self, event: &DroppedEvent<'_>) {
            $($observer.dropped(event);)*
        }

        fn retry(&$self, event: &RetryEvent<'_>) {
            $($observer.retry(event);)*
        }

        fn body(&$self, event: &BodyEvent<'_>) {
            $($observer.body(event);)*
        }
    };
}

impl Observer for ObserverPair {
    forward_events!(self => self.0, self.1);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    forward_events!(self => **self);
}

impl<T: Observer + ?Sized> Observer for Box<T> {
    forward_events!(self => **self);
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
/// yet; a [`BodyEvent`] follows.
///
/// Whether the attempt reused a connection is not reported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResponseEvent<'a> {
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
    /// Time from the start of the attempt until the head of the response arrived; `None` without a
    /// response. It includes the time to connect, and to send the request.
    pub time_to_first_byte: Option<Duration>,
    /// Number of bytes of the request body that the connection has taken. `None` if it is not known:
    /// the attempt failed without a response, and the body is one chunk in memory.
    pub bytes_sent: Option<u64>,
    /// Number of bytes of the response body that the client has read: all of a JSON or error document,
    /// 0 of a body that the caller reads as a stream. `None` if it is not known: the timeout of the
    /// call ended the attempt while its body was read.
    pub bytes_received: Option<u64>,
}

impl ResponseEvent<'_> {
    /// Returns the class of the failure, as in the field
    /// [`error.type`](crate::telemetry::ERROR_TYPE) of spans; `None` after a success, and after 304.
    #[must_use]
    pub fn error_type(&self) -> Option<Cow<'static, str>> {
        self.error.and_then(error_type)
    }
}

/// An attempt that was dropped before it ended. The service may have executed the request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DroppedEvent<'a> {
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
    /// Time from the start of the attempt until it was dropped.
    pub elapsed: Duration,
}

/// A retry that is about to start: the client resends the request after a failed attempt, or because a
/// response body broke off.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryEvent<'a> {
    /// ID of the operation in the specification, such as `GetObject`.
    pub operation: &'static str,
    /// Bucket of the call.
    pub bucket: Option<&'a str>,
    /// Number of the failed attempt, starting at 1. A response body that has made progress starts again
    /// at 1.
    pub attempt: u32,
    /// HTTP method.
    pub method: &'a Method,
    /// URL. It does not contain the signature.
    pub uri: &'a Uri,
    /// The error of the failed attempt.
    pub error: &'a Error,
    /// Time until the next attempt. Zero if the client has corrected the cause of the failure, such as
    /// a wrong clock.
    pub delay: Duration,
}

/// The end of a response body that the caller reads as a stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BodyEvent<'a> {
    /// ID of the operation in the specification, such as `GetObject`.
    pub operation: &'static str,
    /// Bucket of the call.
    pub bucket: Option<&'a str>,
    /// HTTP method.
    pub method: &'a Method,
    /// URL. It does not contain the signature.
    pub uri: &'a Uri,
    /// Number of bytes that have arrived, in all attempts of the call.
    pub bytes_received: u64,
    /// Whether all bytes have arrived. If not, and `error` is `None`, the caller dropped the stream.
    pub is_complete: bool,
    /// The error that ended the stream.
    pub error: Option<&'a Error>,
    /// Time from the start of the call, including the time in which the caller did not read.
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
