//! [`StreamAdapter`]: converts the chunks and errors of caller-supplied streams.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::{Stream, TryStream};

use crate::base::error::Error;

/// Converts a stream of any chunks and errors into a stream of bytes and I/O errors.
pub(crate) struct StreamAdapter<S>(Pin<Box<S>>);

impl<S> StreamAdapter<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(Box::pin(stream))
    }
}

impl<S> Stream for StreamAdapter<S>
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

/// Converts an error: an I/O error stays unchanged, any other error becomes the source of one.
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

/// A stream that yields one error, for conversions that cannot return an error.
pub(crate) struct ErrorStream(pub(crate) Option<io::Error>);

impl Stream for ErrorStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Err))
    }
}
