//! A response body before it is checked.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use tokio::time::Sleep;

/// A response body with the limits on the time that it may take.
pub(crate) struct Incoming {
    pub(crate) body: IncomingBody,
    pub(crate) timer: Pin<Box<Sleep>>,
    /// The longest time without a byte.
    pub(crate) idle_timeout: Duration,
    /// The longest time for a body that the client reads as a whole.
    pub(crate) slow_timeout: Duration,
}

/// A response body.
pub(crate) enum IncomingBody {
    Network(reqwest::Body),
    /// The complete body; empty after it was read.
    Whole(Bytes),
}

impl IncomingBody {
    /// Returns whether the body is known to have ended.
    pub(crate) fn is_end(&self) -> bool {
        match self {
            Self::Network(body) => body.is_end_stream(),
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    /// Polls the next bytes. Trailers are ignored, because the API has none.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, reqwest::Error>>> {
        let body = match self {
            Self::Network(body) => body,
            Self::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Self::Whole(bytes) => return Poll::Ready(Some(Ok(std::mem::take(bytes)))),
        };
        loop {
            return match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => Poll::Ready(Some(Ok(bytes))),
                    Err(_) => continue,
                },
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                None => Poll::Ready(None),
            };
        }
    }
}
