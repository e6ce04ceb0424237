//! A pipe from an [`UploadWriter`](super::writer::UploadWriter) to its upload.
//!
//! This is not `tokio::io::duplex`, because the reader of a duplex stream cannot distinguish a writer
//! that was shut down from one that was dropped: the upload of a dropped writer would be completed
//! with truncated content. The reader of this pipe sees the end only after [`PipeWriter::end`].

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

/// The maximum number of bytes in the pipe.
const CAPACITY: usize = 256 * 1024;

#[derive(Default)]
pub(super) struct PipeWriter(Arc<Mutex<PipeState>>);

/// A stream of the bytes that are written to the pipe.
pub(super) struct PipeReader(Arc<Mutex<PipeState>>);

#[derive(Default)]
struct PipeState {
    bytes: BytesMut,
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl PipeWriter {
    /// Returns the reader of this pipe.
    pub(super) fn reader(&self) -> PipeReader {
        PipeReader(Arc::clone(&self.0))
    }

    /// Writes as many bytes as fit and returns their number. Waits while the pipe is full. Returns
    /// `None` after [`end`](Self::end).
    #[inline]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Option<usize>> {
        let mut state = lock(&self.0);
        if state.ended {
            return Poll::Ready(None);
        }
        let free = CAPACITY.saturating_sub(state.bytes.len());
        let written = bytes.get(..free).unwrap_or(bytes);
        if written.is_empty() && !bytes.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.bytes.extend_from_slice(written);
        wake(&mut state.reader);
        Poll::Ready(Some(written.len()))
    }

    /// Waits until the reader has taken all bytes.
    #[inline]
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.bytes.is_empty() {
            return Poll::Ready(());
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ends the stream of the reader.
    #[inline]
    pub(super) fn end(&self) {
        let mut state = lock(&self.0);
        state.ended = true;
        wake(&mut state.reader);
    }
}

impl Stream for PipeReader {
    type Item = io::Result<Bytes>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = lock(&self.0);
        if !state.bytes.is_empty() {
            let bytes = state.bytes.split().freeze();
            wake(&mut state.writer);
            return Poll::Ready(Some(Ok(bytes)));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn lock(state: &Mutex<PipeState>) -> MutexGuard<'_, PipeState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
