//! Control of connections that fault rules break.

use std::sync::atomic::{AtomicU8, Ordering};

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Breach {
    /// Resets the connection after sending all written bytes.
    Reset = 1,
    /// Closes the connection after sending all written bytes.
    Close,
    /// Resets the connection after sending half of the next write.
    ResetInHead,
}

/// Tells the stream of a connection to break it.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// A [`Breach`], or 0.
    breach: AtomicU8,
}

impl Wire {
    pub(crate) fn breach(&self, breach: Breach) {
        self.breach.store(breach as u8, Ordering::Release);
    }

    pub(crate) fn is(&self, breach: Breach) -> bool {
        self.breach.load(Ordering::Acquire) == breach as u8
    }
}
