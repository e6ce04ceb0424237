//! [`Error`]: the error of this crate.

mod failure;
mod format;
#[cfg(feature = "folders")]
mod shared;

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

pub(crate) use failure::{Failure, RetryRefusal};
pub(crate) use format::{reason, status_line};

pub use crate::generated::facts::error_code::ErrorCode;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a call failed, with the operation, the object, the request ID, the number of
/// attempts and the elapsed time.
///
/// `Display` writes one line:
///
/// ```text
/// GetObject photos/cat.jpg: object_not_exists (404): object does not exist; request id
/// 3f2cf9ac3168744d; 1 attempt, 41 ms
/// ```
///
/// An error of a transfer also names the part, as in `UploadMultipart photos/film.mov, part 3`, or the
/// range, as in `GetObject photos/film.mov, bytes 0-8388607`.
///
/// `{:?}`, which `unwrap` and a failed `main` print, writes the same line. If a
/// [source](std::error::Error::source) explains more than the message does, the line also contains
/// the source. `{:#?}` writes all fields on several lines. None of them contains secrets.
///
/// To handle an error, use a predicate, [`kind`](Self::kind), or the error code of the service,
/// [`code`](Self::code):
///
/// ```
/// use qingstor_sdk::{Error, ErrorCode};
///
/// fn explain(error: &Error) -> &'static str {
///     match error.code() {
///         Some(ErrorCode::BucketNotEmpty) => "delete its objects first",
///         _ if error.is_not_found() => "it is not there",
///         _ if error.is_retryable() => "try again later",
///         _ => "look at the message",
///     }
/// }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
    call: Option<CallContext>,
    response: Option<ErrorResponse>,
    /// Whether the request certainly did not reach the service.
    unsent: bool,
    /// Whether a retry would fail in the same way, although the kind of the error is usually temporary.
    permanent: bool,
    /// Whether the connection had served another request, and broke without a byte of the response.
    is_of_reused_connection: bool,
    /// Whether the retry budget of the client allowed no further attempt.
    is_budget_used_up: bool,
    /// Whether the service may have executed an attempt before the one that the error is about.
    earlier_execution: bool,
}

/// The call that an error belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallContext {
    pub(crate) operation: &'static str,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    /// The part of the object that the request of a transfer sends or receives.
    pub(crate) part: Option<ContentPart>,
    /// Request ID of the response whose body the error is about.
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    /// Zero if it is not known.
    pub(crate) elapsed: Duration,
}

/// A part of the content of an object.
#[derive(Clone, Debug)]
pub(crate) enum ContentPart {
    Number(u32),
    Bytes(Range<u64>),
}

/// Facts about the response of an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) help_url: Option<String>,
    /// `Retry-After`: how long the client should wait.
    pub(crate) retry_after: Option<Duration>,
    /// `Date` of the response, in Unix seconds.
    pub(crate) date: Option<i64>,
    /// First bytes of a body that is not an error document or could not be decoded.
    pub(crate) body: Bytes,
}

/// The class of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service responded with an error status, or with an error document under a success
    /// status. See [`Error::code`] and [`Error::status`].
    Service,
    /// An argument is invalid. No request was sent.
    InvalidInput,
    /// A setting is missing or invalid, or the call was made outside of a Tokio runtime. The
    /// message names the setting and its source.
    Config,
    /// Credentials are missing or could not be loaded. No request was sent.
    Credentials,
    /// An [interceptor](crate::Config::interceptor) refused the attempt, or tried to set a header
    /// that it cannot set. The attempt was not sent.
    Interceptor,
    /// The connection failed, or broke before the response arrived. Also: the response is not valid
    /// HTTP, or the other side does not speak TLS.
    Connect,
    /// A timeout of [`Config`](crate::Config), of the call or of its retry policy expired, or a body
    /// was slower than [`min_throughput`](crate::Config::min_throughput).
    Timeout,
    /// The response body ended, or the connection broke, before the whole body arrived. Also: the
    /// service reported success before the whole request body was sent.
    Interrupted,
    /// The response is not what the API describes.
    Decode,
    /// The bytes are not those that were announced or requested, or the response to a verified
    /// upload has no `ETag`.
    Integrity,
    /// Local input or output failed: a file, or a caller-supplied stream. Also: the runtime was shut
    /// down before a task of the client ended.
    Io,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Service => "service error",
            Self::InvalidInput => "invalid input",
            Self::Config => "configuration error",
            Self::Credentials => "credentials error",
            Self::Interceptor => "interceptor error",
            Self::Connect => "connection failed",
            Self::Timeout => "timed out",
            Self::Interrupted => "interrupted",
            Self::Decode => "invalid response",
            Self::Integrity => "integrity check failed",
            Self::Io => "I/O error",
        })
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
            call: None,
            response: None,
            unsent: false,
            permanent: false,
            is_of_reused_connection: false,
            is_budget_used_up: false,
            earlier_execution: false,
        }))
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn take_source(&mut self) -> Option<Box<dyn StdError + Send + Sync>> {
        self.0.source.take()
    }

    /// Adds the call that the error belongs to, unless it is already set.
    pub(crate) fn with_call(mut self, call: CallContext) -> Self {
        self.0.call.get_or_insert(call);
        self
    }

    /// Adds the part of the object to the call that the error belongs to, unless it is already set.
    #[inline]
    pub(crate) fn with_part(mut self, part: ContentPart) -> Self {
        if let Some(call) = &mut self.0.call {
            call.part.get_or_insert(part);
        }
        self
    }

    pub(crate) fn with_response(mut self, response: ErrorResponse) -> Self {
        self.0.response = Some(response);
        self
    }

    /// Marks the request of the error as not sent: no byte can have reached the service.
    pub(crate) fn unsent(mut self) -> Self {
        self.0.unsent = true;
        self
    }

    /// Marks the error as one that a retry would repeat.
    pub(crate) fn permanent(mut self) -> Self {
        self.0.permanent = true;
        self
    }

    /// Marks the error as one of a connection that had served another request, and broke without a byte
    /// of the response.
    pub(crate) fn of_reused_connection(mut self) -> Self {
        self.0.is_of_reused_connection = true;
        self
    }

    /// Returns whether the connection had served another request, and broke without a byte of the
    /// response. It has probably been closed before the request arrived.
    pub(crate) fn is_of_reused_connection(&self) -> bool {
        self.0.is_of_reused_connection
    }

    /// Records whether the service may have executed an attempt before the one that the error is about.
    pub(crate) fn with_earlier_execution(mut self, may_have_happened: bool) -> Self {
        self.0.earlier_execution |= may_have_happened;
        self
    }

    /// Returns whether no byte of the request can have reached the service.
    pub(crate) fn is_unsent(&self) -> bool {
        self.0.unsent
    }

    /// Returns the `Date` of the response, in Unix seconds.
    pub(crate) fn date(&self) -> Option<i64> {
        self.0.response.as_ref()?.date
    }

    /// Returns the class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the error code of the service; `None` without a response, or if the response has
    /// no error document. Responses to `HEAD` requests never have one, and responses of proxies may
    /// not.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.0.response.as_ref()?.code.as_ref()
    }

    /// Returns the status of the response, if there is one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        Some(self.0.response.as_ref()?.status)
    }

    /// Returns the message, without the context that `Display` adds.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the request ID. Include it in support requests.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let of_response = self.0.response.as_ref();
        let of_response = of_response.and_then(|response| response.request_id.as_deref());
        of_response.or_else(|| self.0.call.as_ref()?.request_id.as_deref())
    }

    /// Returns the headers of the response, if there is one.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        Some(&self.0.response.as_ref()?.headers)
    }

    /// Returns the URL of a help page, if the error document has one.
    #[must_use]
    pub fn help_url(&self) -> Option<&str> {
        self.0.response.as_ref()?.help_url.as_deref()
    }

    /// Returns the target of a redirect: the origin of a mirrored object (302), or the zone of the
    /// bucket (301). The client does not follow redirects, because the signature is not valid for
    /// another target. The target may be a presigned URL, so [`message`](Self::message) does not contain
    /// its password and query.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        let location = self.headers()?.get(header::LOCATION)?;
        std::str::from_utf8(location.as_bytes()).ok()
    }

    /// Returns how long the service asked the client to wait (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.response.as_ref()?.retry_after
    }

    /// Returns the first bytes (at most 4 KiB) of a response body that is not an error document or
    /// could not be decoded; otherwise nothing. The first words of a text are also part of
    /// [`message`](Self::message). Nothing for a redirect, whose body repeats the target, which may
    /// be a presigned URL.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.0
            .response
            .as_ref()
            .map_or(&[], |response| &response.body)
    }

    /// Returns the ID of the operation in the API specification, such as `GetObject`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        Some(self.0.call.as_ref()?.operation)
    }

    /// Returns the bucket of the call.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.0.call.as_ref()?.bucket.as_deref()
    }

    /// Returns the object key of the call.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.call.as_ref()?.key.as_deref()
    }

    /// Returns how many times the request was sent. 0 if the client refused it.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.call.as_ref().map_or(0, |call| call.attempts)
    }

    /// Returns the time from the start of the call to its failure; zero if it is not known.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0
            .call
            .as_ref()
            .map_or(Duration::ZERO, |call| call.elapsed)
    }

    /// Returns whether the bucket, the object or the upload does not exist (404).
    ///
    /// # Troubleshooting
    ///
    /// Keys are case-sensitive and are sent unchanged: check for a leading `/`. A bucket is only
    /// found in its own zone, which `list_buckets` returns.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Returns whether a condition (`if_match`, `if_unmodified_since`, or one of a copy source) was
    /// not met (412).
    ///
    /// # Troubleshooting
    ///
    /// The object has changed since its `ETag` was read: read it again.
    #[must_use]
    pub fn is_precondition_failed(&self) -> bool {
        self.status() == Some(StatusCode::PRECONDITION_FAILED)
    }

    /// Returns whether the object has not changed (304), for a request with `if_none_match` or
    /// `if_modified_since`.
    ///
    /// # Troubleshooting
    ///
    /// This is not a failure: the caller's copy is current.
    #[must_use]
    pub fn is_not_modified(&self) -> bool {
        self.status() == Some(StatusCode::NOT_MODIFIED)
    }

    /// Returns whether the credentials are invalid or do not permit the operation (401, 403).
    ///
    /// # Troubleshooting
    ///
    /// `signature_not_matched` means a wrong secret access key. `request_expired` means that the
    /// local clock is wrong by more than 15 minutes. `permission_denied` means that the policy or
    /// the ACL of the bucket does not allow the operation.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        )
    }

    /// Returns whether the same call may succeed later: the connection failed or broke (except for a
    /// reason that does not pass, such as a certificate that is not trusted), a timeout expired, or
    /// the service was busy (408, 429, 5xx except 501 and 505, and temporary error codes).
    /// `bad_digest` and `incomplete_body` are not retryable: the client repeats such a request once
    /// itself.
    ///
    /// # Troubleshooting
    ///
    /// The client has already retried the call as far as its [`RetryPolicy`](crate::RetryPolicy)
    /// allows; see [`attempts`](Self::attempts). Another retry of an append or a move is only safe if
    /// [`may_have_been_executed`](Self::may_have_been_executed) returns `false`.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        // The client sends a damaged body again if it can and the policy allows it. If the body is
        // damaged twice, its digest or length is wrong.
        !matches!(self.failure(), Failure::Damaged | Failure::Final)
    }

    /// Returns whether the service may have executed the request, in any of its attempts.
    ///
    /// Returns `false` if no attempt was sent, or if the service refused each one: no connection, a
    /// status such as 400, 403, 404 or 412, or 429 with a code of the service. Returns `true` if it is
    /// not known: a broken connection, a timeout after the request was sent, a status such as 500, 502,
    /// 503 or 504, a response that is not what the API describes, a request body that could not be read.
    ///
    /// Use it for operations that are not idempotent: an append, a move. If it returns `true`, look at the
    /// state of the object before you repeat them.
    ///
    /// The error of a transfer is that of one of its requests; other ones may have been executed. A
    /// transfer may be repeated in any case.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let end = bucket.head_object("events.log").await?.content_length.unwrap_or(0);
    /// let append = bucket.append_object("events.log", end).body("a line\n");
    /// match append.await {
    ///     Err(error) if error.may_have_been_executed() => {
    ///         // A longer object contains the line.
    ///         let object = bucket.head_object("events.log").await?;
    ///         println!("{end} to {:?} bytes: {error}", object.content_length);
    ///     }
    ///     Err(error) => println!("nothing was appended: {error}"),
    ///     Ok(_) => println!("appended"),
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        self.0.earlier_execution || self.last_attempt_may_have_been_executed()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.source.as_deref()?)
    }
}

/// Converts into an I/O error, for implementations of `std::io` traits.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Timeout => std::io::ErrorKind::TimedOut,
            ErrorKind::Interrupted => std::io::ErrorKind::UnexpectedEof,
            ErrorKind::InvalidInput => std::io::ErrorKind::InvalidInput,
            ErrorKind::Decode | ErrorKind::Integrity => std::io::ErrorKind::InvalidData,
            _ if error.is_not_found() => std::io::ErrorKind::NotFound,
            _ if error.is_permission_denied() => std::io::ErrorKind::PermissionDenied,
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests;
