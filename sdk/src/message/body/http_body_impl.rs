//! Implements [`http_body::Body`] for [`Body`], so that other HTTP clients can send it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Body;

/// Yields the bytes once, like [`Body::into_stream`]. The body of a file must be read inside a Tokio
/// runtime.
impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    #[inline]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => match self.start() {
                Ok((stream, _)) => Box::new(stream),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            },
        };
        Pin::new(&mut **self.stream.insert(stream)).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        match &self.stream {
            Some(stream) => stream.is_end_stream(),
            // A stream that is announced as empty must be polled to check that.
            None => self.is_empty() && self.is_replayable(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.stream {
            Some(stream) => stream.size_hint(),
            None => SizeHint::with_exact(self.len()),
        }
    }
}
