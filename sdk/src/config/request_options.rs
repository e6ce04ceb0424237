//! [`RequestOptions`]: timeout, retries and additional headers of single requests.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use qingstor_md5::Md5Pool;

use crate::base::error::{Error, Result as SdkResult};
use crate::config::retry::RetryPolicy;
use crate::message::request::{RequestParts, header_value, is_secret};

/// Options of one request, or of every request of a transfer.
#[derive(Clone, Default)]
pub(crate) struct RequestOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    /// Computes `Content-MD5`, if the caller asks for it.
    pub(crate) content_md5: Option<HashBody>,
    /// Whether a request may be retried after an ambiguous failure even if its operation is not
    /// idempotent. Set by transfers that detect a request that was executed twice.
    pub(crate) repeat: bool,
    /// Whether the response is one of many that arrive at the same time, so that its connection should
    /// need little memory.
    pub(crate) short_reads: bool,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Limits the attempts of managed transfers.
    pub(crate) admission: Option<Arc<dyn Admission>>,
    /// Error message of a setter, returned when the request is sent.
    pub(crate) invalid: Option<String>,
}

/// [`RequestParts::hash_body`]. The client calls it by this pointer, so that only programs that ask
/// for `Content-MD5` compile the calculation of MD5s.
pub(crate) type HashBody = for<'a> fn(&'a mut RequestParts, &'a Md5Pool) -> HashBodyFuture<'a>;

/// The future of [`HashBody`].
pub(crate) type HashBodyFuture<'a> = Pin<Box<dyn Future<Output = SdkResult<()>> + Send + 'a>>;

/// Admits the attempts of a request, so that they do not exceed a limit.
pub(crate) trait Admission: Send + Sync {
    /// Waits until an attempt may start. Returns at once if the previous attempt has not ended.
    fn admit(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Reports that an attempt, or the body of its response, has failed.
    fn attempt_failed(&self, error: &Error);

    /// Reports that the response to a resent request has arrived, whose body follows.
    fn resent(&self);
}

/// Options of a handle that sets none.
pub(crate) static DEFAULT_OPTIONS: RequestOptions = RequestOptions {
    timeout: None,
    retry: None,
    content_md5: None,
    repeat: false,
    short_reads: false,
    headers: Vec::new(),
    admission: None,
    invalid: None,
};

impl RequestOptions {
    #[inline]
    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        match parse_header(name, value) {
            Ok((name, _)) if SET_BY_CLIENT.contains(&name) => {
                self.invalid = Some(format!("header `{name}` is set by the client"));
            }
            Ok(header) => self.headers.push(header),
            Err(why) => self.invalid = Some(why),
        }
    }
}

/// Headers that the client sets itself.
pub(crate) const SET_BY_CLIENT: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::HOST,
    header::DATE,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

/// Parses a header that a caller adds. Values that could split the request are errors.
#[inline]
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(format!("invalid header name {name:?}"));
    };
    match header_value(value) {
        Some(mut value) => {
            value.set_sensitive(is_secret(&parsed));
            Ok((parsed, value))
        }
        None => Err(format!("header `{parsed}`: must be printable ASCII")),
    }
}
