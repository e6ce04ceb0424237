//! [`SendFailure`]: why a request got no response.

use std::error::Error as StdError;
use std::io;

use super::stream::PermanentFailure;
use crate::base::error::{Error, ErrorKind};
use crate::message::timed_body;

/// A request got no response.
pub(super) struct SendFailure {
    /// Whether no connection was established.
    pub(super) is_connect: bool,
    /// Whether the service certainly received nothing.
    pub(super) is_unsent: bool,
    /// Whether the connection had served another request, and broke without a byte of the response.
    pub(super) is_reused_without_response: bool,
    pub(super) source: Box<dyn StdError + Send + Sync>,
}

/// Advice for the error of a connection whose runtime has ended.
const RUNTIME_ADVICE: &str = "; a client belongs to the Tokio runtime that it is first used in: \
                             create a client for each runtime";

impl SendFailure {
    /// Maps the failure to `Connect` or `Timeout`. `endpoint`: scheme, host and port of the request;
    /// `proxy`: those of the proxy.
    pub(super) fn into_error(self, endpoint: &str, proxy: Option<&str>) -> Error {
        let (mut is_timeout, mut is_invalid, mut is_final) = (false, false, false);
        // The messages of the HTTP library say only that sending failed. The last source has the
        // reason.
        let mut reason: &(dyn StdError + 'static) = &*self.source;
        loop {
            let io_error = reason.downcast_ref::<io::Error>();
            is_timeout |= timed_body::is_timeout(reason);
            let http_error = reason.downcast_ref::<hyper::Error>();
            is_invalid |= http_error.is_some_and(hyper::Error::is_parse);
            is_final |= is_permanent(reason);
            // The error in an I/O error is not its source.
            let inner = io_error.and_then(io::Error::get_ref);
            is_final |= inner.is_some_and(|error| is_permanent(error));
            match reason.source() {
                Some(source) => reason = source,
                None => break,
            }
        }
        let proxy = proxy.map(|proxy| format!(" through the proxy {proxy}"));
        let endpoint = format!("{endpoint}{}", proxy.unwrap_or_default());
        let (kind, mut text) = match (is_timeout, self.is_connect) {
            (true, true) => (
                ErrorKind::Timeout,
                format!("cannot connect to {endpoint} in time: {reason}"),
            ),
            (false, true) => (
                ErrorKind::Connect,
                format!("cannot connect to {endpoint}: {reason}"),
            ),
            (_, false) if is_invalid => (
                ErrorKind::Connect,
                format!("the response of {endpoint} is not valid HTTP: {reason}"),
            ),
            (true, false) => (
                ErrorKind::Timeout,
                format!("no response of {endpoint} in time: {reason}"),
            ),
            (false, false) => (
                ErrorKind::Connect,
                format!("the connection to {endpoint} broke before the response arrived: {reason}"),
            ),
        };
        if text.contains("runtime dropped the dispatch task")
            || text.contains("dispatch task is gone")
        {
            text += RUNTIME_ADVICE;
        }
        let mut error = Error::new(kind, text).with_source(self.source);
        if self.is_unsent {
            error = error.unsent();
        }
        if self.is_reused_without_response {
            error = error.of_reused_connection();
        }
        if is_final && self.is_connect {
            error = error.permanent();
        }
        error
    }
}

/// Returns whether the error is a reason that does not pass.
fn is_permanent(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.downcast_ref() {
        return super::tls::is_permanent(error);
    }
    error.is::<PermanentFailure>()
}
