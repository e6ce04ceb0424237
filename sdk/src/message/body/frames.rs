//! [`http_body::Body`] for [`Body`]: other HTTP clients can send it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Body;

/// Yields the bytes once, as [`Body::into_stream`] does. A file must be read inside a Tokio
/// runtime.
impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let wire = match self.wire.take() {
            Some(wire) => wire,
            None => match self.start() {
                Ok((wire, _)) => Box::new(wire),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            },
        };
        Pin::new(&mut **self.wire.insert(wire)).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        match &self.wire {
            Some(wire) => wire.is_end_stream(),
            // A stream that is announced as empty has to show that it is.
            None => self.is_empty() && self.is_replayable(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.wire {
            Some(wire) => wire.size_hint(),
            None => SizeHint::with_exact(self.len()),
        }
    }
}
