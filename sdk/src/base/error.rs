//! [`Error`]: what went wrong, where, and whether it is worth another try.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::base::printable::Printable;
pub use crate::generated::facts::error_code::ErrorCode;

/// A result whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, with the operation, the object, the request id, the number of attempts and
/// the time it took.
///
/// `Display` is one line that needs no debugger:
///
/// ```text
/// GetObject photos/cat.jpg: object_not_exists (404): object does not exist; request id
/// 3f2cf9ac3168744d; 1 attempt, 41 ms
/// ```
///
/// Branch on a predicate, on [`kind`](Self::kind), or on the service's own [`code`](Self::code):
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
    answer: Option<Answer>,
    /// Whether not a byte of the request can have reached the service.
    unsent: bool,
}

/// What call an error belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallContext {
    pub(crate) operation: &'static str,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

/// Facts of the response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) help_url: Option<String>,
    pub(crate) location: Option<String>,
    /// How long the service wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// Time of the service's clock, in Unix seconds.
    pub(crate) date: Option<i64>,
    /// The body's first bytes, kept when they are no error document or could not be decoded.
    pub(crate) body: Bytes,
}

/// The class of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service answered with an error status, or with an error document under a success status.
    /// See [`Error::code`] and [`Error::status`].
    Service,
    /// An argument can't be sent. Nothing was sent.
    InvalidInput,
    /// A setting is missing or wrong. The message names the setting and where it came from. Also a
    /// call outside a Tokio runtime.
    Config,
    /// Credentials are missing or could not be loaded. Nothing was sent.
    Credentials,
    /// No connection could be made, or it broke before an answer came.
    Connect,
    /// No connection was made in time, nothing moved on it for longer than the configured time, or
    /// the call took longer than it may.
    Timeout,
    /// The response body ended, or the connection broke, before all of it had arrived. Also a
    /// success that the service reported before the whole request body was sent.
    Interrupted,
    /// The answer is not what the API describes.
    Decode,
    /// The bytes are not those that were announced or requested, or a verified upload has no
    /// `ETag`.
    Integrity,
    /// Reading or writing on this machine failed (a file, a stream of the caller's).
    Io,
}

/// What an error says about the execution of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service has not executed the request.
    NotExecuted,
    /// The service may have executed the request.
    Ambiguous,
    /// A retry would fail in the same way.
    Final,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Service => "service error",
            Self::InvalidInput => "invalid input",
            Self::Config => "configuration error",
            Self::Credentials => "credentials error",
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
            answer: None,
            unsent: false,
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

    /// Says what call the error belongs to, unless it knows.
    pub(crate) fn with_call(mut self, call: CallContext) -> Self {
        self.0.call.get_or_insert(call);
        self
    }

    pub(crate) fn with_answer(mut self, answer: Answer) -> Self {
        self.0.answer = Some(answer);
        self
    }

    /// Marks the request of the error as not sent: no byte can have reached the service.
    pub(crate) fn unsent(mut self) -> Self {
        self.0.unsent = true;
        self
    }

    /// Returns whether the service may have executed the request, and whether a retry can help.
    pub(crate) fn failure(&self) -> Failure {
        match self.kind() {
            ErrorKind::Connect | ErrorKind::Timeout if self.0.unsent => Failure::NotExecuted,
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted => Failure::Ambiguous,
            ErrorKind::Service => self.failure_of_response(),
            _ => Failure::Final,
        }
    }

    fn failure_of_response(&self) -> Failure {
        match self.code() {
            // The service may have done a part of the work before its internal failure.
            Some(code) if code.as_str() == "internal_error" => return Failure::Ambiguous,
            Some(code) if code.is_retryable() => return Failure::NotExecuted,
            _ => {}
        }
        match self.status().map(|status| status.as_u16()) {
            Some(429 | 503) => Failure::NotExecuted,
            // Not implemented, and HTTP version not supported: both are permanent.
            Some(501 | 505) => Failure::Final,
            // Proxies use statuses above 511 that no standard defines.
            Some(408 | 500..=599) => Failure::Ambiguous,
            _ => Failure::Final,
        }
    }

    /// Time of the service's clock, in Unix seconds.
    pub(crate) fn date(&self) -> Option<i64> {
        self.0.answer.as_ref()?.date
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The service's error code. `None` when there was no answer, or the answer had no error
    /// document: `HEAD` answers never have one, and a proxy's may not.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.0.answer.as_ref()?.code.as_ref()
    }

    /// Returns the status of the response, if there is one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        Some(self.0.answer.as_ref()?.status)
    }

    /// Returns the message, without the context that `Display` adds.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The id under which the service knows the request. Its support asks for it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.answer.as_ref()?.request_id.as_deref()
    }

    /// The headers of the service's answer. `None` when there was none.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        Some(&self.0.answer.as_ref()?.headers)
    }

    /// The help page that the service names in its error document.
    #[must_use]
    pub fn help_url(&self) -> Option<&str> {
        self.0.answer.as_ref()?.help_url.as_deref()
    }

    /// Where the service points to: the origin of a mirrored object (302), the bucket's own zone
    /// (301). Redirects are not followed, since the signature would not fit there.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.answer.as_ref()?.location.as_deref()
    }

    /// How long the service asked to be left alone (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.answer.as_ref()?.retry_after
    }

    /// The first bytes (4 KiB at most) of a response that is not an error document or could not be
    /// decoded. Empty otherwise. The first words of a text are part of [`message`](Self::message).
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.0.answer.as_ref().map_or(&[], |answer| &answer.body)
    }

    /// The operation's id in the API specification, such as `GetObject`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        Some(self.0.call.as_ref()?.operation)
    }

    /// The bucket that the call was for.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.0.call.as_ref()?.bucket.as_deref()
    }

    /// The object key that the call was for.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.call.as_ref()?.key.as_deref()
    }

    /// How often the request was sent. 0 when it was refused before anything was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.call.as_ref().map_or(0, |call| call.attempts)
    }

    /// The time from the start of the call to its failure.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0
            .call
            .as_ref()
            .map_or(Duration::ZERO, |call| call.elapsed)
    }

    /// The bucket, the object or the upload is not there (404).
    ///
    /// # Troubleshooting
    ///
    /// Keys are case-sensitive and are sent as they are: check for a leading `/`. A bucket is only
    /// found in its own zone; `list_buckets` tells which that is.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// A condition (`if_match`, `if_unmodified_since`, a copy source's) did not hold (412).
    ///
    /// # Troubleshooting
    ///
    /// The object changed since its `ETag` was read: read it again and decide anew.
    #[must_use]
    pub fn is_precondition_failed(&self) -> bool {
        self.status() == Some(StatusCode::PRECONDITION_FAILED)
    }

    /// The object has not changed (304), as `if_none_match` or `if_modified_since` asked to know.
    ///
    /// # Troubleshooting
    ///
    /// Nothing is wrong: the copy that the caller holds is the current one.
    #[must_use]
    pub fn is_not_modified(&self) -> bool {
        self.status() == Some(StatusCode::NOT_MODIFIED)
    }

    /// The caller is not allowed to do this, or is not who it says it is (401, 403).
    ///
    /// # Troubleshooting
    ///
    /// `signature_not_matched` means a wrong secret access key; `request_expired` a clock that is
    /// more than 15 minutes off; `permission_denied` that the bucket's policy or ACL says no.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        )
    }

    /// The same call may succeed later: the connection failed or broke, nothing moved in time, or
    /// the service was busy (408, 429, 5xx but 501 and 505, and the codes that the API marks so).
    ///
    /// # Troubleshooting
    ///
    /// The call was repeated already, as often as its [`RetryPolicy`](crate::RetryPolicy) allows;
    /// see [`attempts`](Self::attempts). It says nothing of whether a further repeat is safe: an
    /// append or a move that broke off may have been carried out.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure() != Failure::Final
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(call) = &inner.call {
            f.write_str(call.operation)?;
            match (&call.bucket, &call.key) {
                (Some(bucket), Some(key)) => {
                    write!(f, " {}/{}", Printable(bucket), Printable(key))?;
                }
                (Some(bucket), None) => write!(f, " {}", Printable(bucket))?,
                _ => {}
            }
            f.write_str(": ")?;
        }
        let message = Printable(&inner.message);
        match &inner.answer {
            None => write!(f, "{message}")?,
            Some(answer) => match &answer.code {
                Some(code) => {
                    let status = answer.status.as_u16();
                    write!(f, "{} ({status}): {message}", Printable(code))?;
                }
                // The status says the same.
                None if inner.message == reason(answer.status) => {
                    f.write_str(&status_line(answer.status))?;
                }
                None => write!(f, "{}: {message}", status_line(answer.status))?,
            },
        }
        if let Some(id) = self.request_id() {
            write!(f, "; request id {}", Printable(id))?;
        }
        match &inner.call {
            Some(call) if call.attempts > 0 => {
                let plural = if call.attempts == 1 { "" } else { "s" };
                let millis = call.elapsed.as_millis();
                write!(f, "; {} attempt{plural}, {millis} ms", call.attempts)
            }
            _ => Ok(()),
        }
    }
}

/// Returns the status and its reason, such as `404 Not Found`.
pub(crate) fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Returns the reason of a status as a message, such as `not found`.
pub(crate) fn reason(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("unknown status");
    reason.to_ascii_lowercase()
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("call", &self.0.call)
            .field("answer", &self.0.answer)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.source.as_deref()?)
    }
}

/// For code that implements `std::io` traits.
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
