//! [`Stream`]: a connection of any kind, and why there is none.

use std::error::Error as StdError;
use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

/// Why no connection was established.
pub(super) type ConnectError = Box<dyn StdError + Send + Sync>;

/// A reason why no connection was established that does not pass: a retry would fail in the same way.
#[derive(Debug)]
pub(super) struct PermanentFailure(String);

impl PermanentFailure {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for PermanentFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for PermanentFailure {}

/// A connection: plain or encrypted, to a service or to a proxy.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
