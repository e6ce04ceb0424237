//! [`Tap`]: somebody who watches a body on its way, and may hold it up.

use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::base::error::Error;

/// Who watches a body. A body may be sent several times.
pub(crate) trait Tap: Send + Sync {
    /// The body is sent from its beginning; what was sent before does not count.
    fn begin(&self) -> Box<dyn Flow>;
}

/// One time that a body is sent.
pub(crate) trait Flow: Send + Sync {
    /// How many bytes may go in one piece; at least 1.
    fn most(&self) -> usize;

    /// Waits until a piece of this length may go. The same length is asked for until it may.
    fn poll_ready(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<()>;

    /// The connection takes these bytes.
    fn passed(&mut self, bytes: &Bytes);
}

/// A flow, and what it holds up.
pub(super) struct Tapped {
    flow: Box<dyn Flow>,
    held: Bytes,
}

impl Tapped {
    pub(super) fn begin(tap: Option<&dyn Tap>) -> Option<Self> {
        Some(Self {
            flow: tap?.begin(),
            held: Bytes::new(),
        })
    }

    /// The next piece of what `source` gives.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: impl FnOnce(&mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>>,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        if self.held.is_empty() {
            match ready!(source(cx)) {
                Some(Ok(bytes)) => self.held = bytes,
                end => return Poll::Ready(end),
            }
        }
        let len = self.held.len().min(self.flow.most());
        ready!(self.flow.poll_ready(cx, len));
        let piece = self.held.split_to(len);
        self.flow.passed(&piece);
        Poll::Ready(Some(Ok(piece)))
    }
}
