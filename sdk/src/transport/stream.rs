//! [`Stream`]: a connection of any kind.

use std::error::Error as StdError;

use hyper::rt::{Read, Write};

/// Why no connection was established.
pub(super) type ConnectError = Box<dyn StdError + Send + Sync>;

/// A connection: plain or encrypted, to a service or to a proxy.
pub(super) trait Stream: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Stream for T {}
