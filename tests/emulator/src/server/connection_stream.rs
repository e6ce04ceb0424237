//! Connection streams with a write timeout, which fault rules can break.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::faults::{ConnectionControl, Disconnect};

/// The stream of a connection.
#[derive(Debug)]
pub(crate) struct ConnectionStream {
    stream: TcpStream,
    control: Arc<ConnectionControl>,
    write_timeout: Duration,
    /// Runs out if the client does not read for `write_timeout`.
    stall: Option<Pin<Box<Sleep>>>,
}

impl ConnectionStream {
    pub(crate) fn new(
        stream: TcpStream,
        control: Arc<ConnectionControl>,
        write_timeout: Duration,
    ) -> Self {
        Self {
            stream,
            control,
            write_timeout,
            stall: None,
        }
    }

    /// Writes with `write`. Resets the connection if the client reads nothing for too long.
    fn poll_progress(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = write(Pin::new(&mut self.stream), context) {
            self.stall = None;
            return Poll::Ready(written);
        }
        let timeout = self.write_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(stall.as_mut().poll(context));
        // Without a reset, the system would keep the unsent bytes for a client that does not read.
        self.control.disconnect(Disconnect::Reset);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends half of `bytes`, then resets the connection.
    fn poll_half(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        ready!(self.poll_progress(context, |stream, context| stream.poll_write(context, half)))?;
        self.control.disconnect(Disconnect::Reset);
        Poll::Ready(Err(broken()))
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "broken by a fault rule")
}

impl AsyncRead for ConnectionStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for ConnectionStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.control.is_set_to(Disconnect::ResetInHead) {
            return self.poll_half(context, bytes);
        }
        self.poll_progress(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.control.is_set_to(Disconnect::ResetInHead) {
            let head = slices.first().map_or(&[][..], |slice| slice);
            return self.poll_half(context, head);
        }
        self.poll_progress(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// All written bytes have been sent when this returns, so the connection can be broken here.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.control.is_set_to(Disconnect::Close) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            return Poll::Ready(Err(broken()));
        }
        if self.control.is_set_to(Disconnect::Reset) {
            return Poll::Ready(Err(broken()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for ConnectionStream {
    fn drop(&mut self) {
        if !self.control.is_set_to(Disconnect::Reset) {
            return;
        }
        // With a linger time of zero, closing resets the connection.
        if let Err(error) = self.stream.set_zero_linger() {
            tracing::warn!(%error, "cannot reset a connection, closed it instead");
        }
    }
}
