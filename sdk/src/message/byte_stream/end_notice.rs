//! [`EndNotice`]: notifies a listener of the end of a body.

use crate::base::error::Error;

/// Is notified when a body ends.
pub(crate) trait BodyListener: Send + Sync {
    /// Called once, with the number of bytes that have arrived. `error`: why the body failed.
    fn ended(&self, bytes: u64, is_complete: bool, error: Option<&Error>);
}

/// Notifies a listener once: at the end of a body, after its error, or when it is dropped.
pub(super) struct EndNotice {
    /// `None` after it was notified.
    listener: Option<Box<dyn BodyListener>>,
    /// Number of bytes that the response announced.
    announced: Option<u64>,
    /// Number of bytes that have arrived.
    pub(super) received: u64,
}

impl EndNotice {
    pub(super) fn new(listener: Box<dyn BodyListener>, announced: Option<u64>) -> Self {
        Self {
            listener: Some(listener),
            announced,
            received: 0,
        }
    }

    pub(super) fn complete(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.ended(self.received, true, None);
        }
    }

    pub(super) fn failed(&mut self, error: &Error) {
        if let Some(listener) = self.listener.take() {
            listener.ended(self.received, false, Some(error));
        }
    }
}

impl Drop for EndNotice {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            // A reader that knows the length does not ask for the end.
            let is_complete = self.announced == Some(self.received);
            listener.ended(self.received, is_complete, None);
        }
    }
}
