//! Traits of [`ByteStream`] for other libraries: `Stream`, [`http_body::Body`] and [`AsyncRead`].

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};

use super::ByteStream;
use crate::base::error::{Error, Result};

impl Stream for ByteStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().reader.poll_chunk(cx)
    }
}

/// Yields data frames only, because the API has no trailers.
impl http_body::Body for ByteStream {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let chunk = self.get_mut().reader.poll_chunk(cx);
        chunk.map(|chunk| chunk.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.reader.ended && self.reader.unread.is_empty()
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.remaining()
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl AsyncRead for ByteStream {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let reader = &mut *self.get_mut().reader;
        // Zero bytes mean the end to an `AsyncRead` caller, so empty frames are skipped.
        while reader.unread.is_empty() {
            match ready!(reader.poll_chunk(cx)) {
                Some(Ok(bytes)) => reader.unread = bytes,
                Some(Err(error)) => return Poll::Ready(Err(error.into())),
                None => return Poll::Ready(Ok(())),
            }
        }
        let len = reader.unread.len().min(out.remaining());
        out.put_slice(reader.unread.get(..len).unwrap_or_default());
        reader.unread.advance(len);
        Poll::Ready(Ok(()))
    }
}
