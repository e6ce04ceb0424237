//! [`TimedBody`]: a response body as the transport returns it, before its length is checked.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use tokio::time::Sleep;

use super::throughput::ThroughputMeter;
use crate::base::error::{Error, ErrorKind};

/// A response body with its timeouts.
pub(crate) struct TimedBody {
    pub(crate) body: RawBody,
    /// Timer that was used to wait for the response. It is reset and reused.
    pub(crate) timer: Pin<Box<Sleep>>,
    /// Maximum time without a byte.
    pub(crate) idle_timeout: Duration,
    /// Measures the throughput, unless it has no limit.
    pub(crate) throughput: Option<ThroughputMeter>,
    /// Maximum time for a body that the client reads as a whole.
    pub(crate) slow_timeout: Duration,
    /// The time of the attempt, for a body that the client reads as a whole; `None` without a limit.
    pub(crate) attempt_time_left: Option<AttemptTimeLeft>,
}

/// The limited time of an attempt, when the head of its response arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptTimeLeft {
    pub(crate) limit: Duration,
    pub(crate) left: Duration,
}

/// Returns the error of an attempt that has reached its time limit. `progress`: how far it came.
pub(crate) fn attempt_timeout_error(limit: Duration, progress: &str) -> Error {
    let seconds = limit.as_secs_f32();
    let text = format!("the attempt took longer than {seconds} s ({progress})");
    Error::new(ErrorKind::Timeout, text)
}

/// A response body.
pub(crate) enum RawBody {
    Network(hyper::body::Incoming),
    #[cfg(feature = "reqwest-client")]
    Reqwest(reqwest::Body),
    /// The complete body. Empty after it was read.
    Whole(Bytes),
}

impl RawBody {
    /// Returns whether the body is known to have ended.
    pub(crate) fn is_end(&self) -> bool {
        match self {
            Self::Network(body) => body.is_end_stream(),
            #[cfg(feature = "reqwest-client")]
            Self::Reqwest(body) => body.is_end_stream(),
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    /// Polls the next bytes. Trailers are ignored, because the API has none.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn StdError + Send + Sync>>>> {
        match self {
            Self::Network(body) => poll_data_of(body, cx),
            #[cfg(feature = "reqwest-client")]
            Self::Reqwest(body) => poll_data_of(body, cx),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
        }
    }
}

/// Returns whether the error, apart from its sources, is a timeout of the system or of a `reqwest` client.
pub(crate) fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "reqwest-client")]
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return error.is_timeout();
    }
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

fn poll_data_of<B>(
    body: &mut B,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Box<dyn StdError + Send + Sync>>>>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Unpin,
{
    loop {
        return match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => Poll::Ready(Some(Ok(bytes))),
                Err(_) => continue,
            },
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => Poll::Ready(None),
        };
    }
}
