//! [`ReaderStream`]: an `AsyncRead` as a stream of its bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::io::{AsyncRead, ReadBuf};

/// Yields the bytes of a reader in chunks of at most 64 KiB.
pub(crate) struct ReaderStream<R> {
    reader: Pin<Box<R>>,
    buffer: BytesMut,
}

impl<R> ReaderStream<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader: Box::pin(reader),
            buffer: BytesMut::new(),
        }
    }
}

impl<R: AsyncRead> Stream for ReaderStream<R> {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        const CHUNK: usize = 64 * 1024;
        let this = self.get_mut();
        if this.buffer.len() < CHUNK {
            this.buffer.resize(CHUNK, 0);
        }
        let mut target = ReadBuf::new(&mut this.buffer);
        ready!(this.reader.as_mut().poll_read(cx, &mut target))?;
        let filled = target.filled().len();
        if filled == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(this.buffer.split_to(filled).freeze())))
    }
}
