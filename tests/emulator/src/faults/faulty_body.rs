//! Response bodies that are slow or truncated.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep, sleep};

use super::connection_control::{ConnectionControl, Disconnect};
use super::effects::{Effects, Truncation};
use crate::base::response::ApiResponse;

/// Pieces per second of a slow body.
const PIECES_PER_SECOND: u64 = 10;

impl Effects {
    /// Applies the faults to the body of a response. `control` breaks the connection.
    pub(crate) fn apply_to_body(
        &self,
        response: ApiResponse,
        is_head: bool,
        control: &Arc<ConnectionControl>,
    ) -> ApiResponse {
        let length = response.body().size_hint().lower();
        if is_head || length == 0 {
            // A response without a body is truncated in its head.
            if self.truncation == Some(Truncation::Reset) {
                control.disconnect(Disconnect::ResetInHead);
            }
            return response;
        }
        if self.truncation.is_none() && self.trickle.is_none() {
            return response;
        }
        response.map(|inner| {
            FaultyBody {
                inner,
                piece: Bytes::new(),
                pace: self.trickle.map(Pace::new),
                end: self.truncation.map(|truncation| match truncation {
                    Truncation::Reset => (length / 2, Disconnect::Reset),
                    Truncation::Close(bytes) => (bytes, Disconnect::Close),
                }),
                control: Arc::clone(control),
            }
            .boxed_unsync()
        })
    }
}

/// A body that is slow or truncated.
struct FaultyBody<B> {
    inner: B,
    /// Bytes of the inner body that are not sent yet.
    piece: Bytes,
    pace: Option<Pace>,
    /// Number of bytes after which the connection breaks, and how.
    end: Option<(u64, Disconnect)>,
    control: Arc<ConnectionControl>,
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> FaultyBody<B> {
    /// Returns the bytes of the current piece that may be sent now.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        let mut length = self.piece.len() as u64;
        if let Some((left, disconnect)) = self.end {
            if left == 0 {
                // The connection ends as soon as the written bytes have been sent.
                self.control.disconnect(disconnect);
                return Poll::Pending;
            }
            length = length.min(left);
        }
        if let Some(pace) = &mut self.pace {
            ready!(pace.turn.as_mut().poll(context));
            length = length.min(pace.bytes);
            pace.wait_for(length);
        }
        if let Some((left, _)) = &mut self.end {
            *left -= length;
        }
        // The value is at most the length of the piece.
        let length = usize::try_from(length).unwrap_or(self.piece.len());
        Poll::Ready(self.piece.split_to(length))
    }
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> Body for FaultyBody<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        while this.piece.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(frame) => match frame?.into_data() {
                    Ok(piece) => this.piece = piece,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
            }
        }
        this.poll_piece(context)
            .map(|piece| Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.inner.is_end_stream()
    }

    /// Returns the announced length, even if the body will be truncated.
    fn size_hint(&self) -> SizeHint {
        let waiting = self.piece.len() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + waiting);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + waiting);
        }
        hint
    }
}

/// Limits the rate of a body.
struct Pace {
    bytes_per_second: u64,
    /// Largest number of bytes at once.
    bytes: u64,
    turn: Pin<Box<Sleep>>,
}

impl Pace {
    fn new(bytes_per_second: u64) -> Self {
        let bytes = (bytes_per_second / PIECES_PER_SECOND).max(1);
        let mut pace = Self {
            bytes_per_second,
            bytes,
            turn: Box::pin(sleep(Duration::ZERO)),
        };
        pace.wait_for(bytes);
        pace
    }

    /// Delays the next piece by the time that `bytes` take at this rate.
    fn wait_for(&mut self, bytes: u64) {
        let pause = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        self.turn.as_mut().reset(Instant::now() + pause);
    }
}
