//! Streams of callers, whatever their chunks and errors are.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::{Stream, TryStream};

use crate::base::error::Error;

/// A stream of any chunks and errors as one of bytes and I/O errors.
pub(crate) struct Chunks<S>(Pin<Box<S>>);

impl<S> Chunks<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(Box::pin(stream))
    }
}

impl<S> Stream for Chunks<S>
where
    S: TryStream,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    Bytes: From<S::Ok>,
{
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = self.0.as_mut().try_poll_next(cx);
        item.map(|item| item.map(|chunk| chunk.map(Bytes::from).map_err(io_error)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// An I/O error stays as it is; any other error becomes its source.
fn io_error(error: impl Into<Box<dyn StdError + Send + Sync>>) -> io::Error {
    let error = match error.into().downcast::<io::Error>() {
        Ok(error) => return *error,
        Err(error) => error,
    };
    match error.downcast::<Error>() {
        Ok(error) => (*error).into(),
        Err(error) => io::Error::other(error),
    }
}

/// A stream that only fails, for a conversion that can't return an error.
pub(crate) struct Failed(pub(crate) Option<io::Error>);

impl Stream for Failed {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Err))
    }
}
