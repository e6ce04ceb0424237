//! Control of connections that fault rules break.

use std::sync::atomic::{AtomicU8, Ordering};

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Disconnect {
    /// Resets the connection after sending all written bytes.
    Reset = 1,
    /// Closes the connection after sending all written bytes.
    Close,
    /// Resets the connection after sending half of the next write.
    ResetInHead,
}

/// Flag by which a fault makes the stream of a connection disconnect.
#[derive(Debug, Default)]
pub(crate) struct ConnectionControl {
    /// A [`Disconnect`], or 0.
    disconnect: AtomicU8,
}

impl ConnectionControl {
    pub(crate) fn disconnect(&self, disconnect: Disconnect) {
        self.disconnect.store(disconnect as u8, Ordering::Release);
    }

    pub(crate) fn is_set_to(&self, disconnect: Disconnect) -> bool {
        self.disconnect.load(Ordering::Acquire) == disconnect as u8
    }
}
