//! [`BodyStream`]: the bytes of a request body while it is sent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};

use super::Body;
use super::content_reader::ContentReader;
use super::monitor::AttemptMonitor;
use super::send_progress::SendProgress;
use crate::base::error::{Error, ErrorKind};

/// Yields the bytes of a body once: the content between `prefix` and `suffix`.
pub(crate) struct BodyStream {
    prefix: Bytes,
    content: ContentReader,
    suffix: Bytes,
    /// Number of bytes that were not yielded yet.
    remaining: u64,
    /// Number of bytes of the content that were not read yet.
    content_remaining: u64,
    /// The last announced bytes, kept until the source has confirmed that it ends there: the HTTP
    /// library does not poll again after the announced length.
    last_chunk: Option<Bytes>,
    monitor: Option<AttemptMonitor>,
    progress: Arc<SendProgress>,
}

impl Body {
    /// Starts to send the body, and returns its bytes and the state that the sender shares.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is a stream that was already sent.
    pub(crate) fn start(&self) -> Result<(BodyStream, Arc<SendProgress>), Error> {
        let progress = self.progress.clone().unwrap_or_default();
        let stream = BodyStream {
            prefix: self.prefix.clone(),
            content: ContentReader::new(&self.source)?,
            suffix: self.suffix.clone(),
            remaining: self.len(),
            content_remaining: self.content_len,
            last_chunk: None,
            monitor: self.monitor.as_ref().map(AttemptMonitor::start),
            progress: Arc::clone(&progress),
        };
        Ok((stream, progress))
    }

    /// Checks that a stream or a file that is announced as empty has no bytes. The HTTP library would
    /// not poll it.
    pub(crate) async fn check_empty(&self) -> Result<(), Error> {
        let (mut stream, _) = self.start()?;
        match std::future::poll_fn(|cx| stream.poll_content(cx)).await {
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

impl BodyStream {
    /// Returns the next bytes of the content, checked against the announced length; `None` at the
    /// end.
    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            let is_in_memory = self.content.is_in_memory();
            match ready!(self.content.poll_next(cx, self.content_remaining)) {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                Some(Ok(bytes)) => {
                    let len = bytes.len() as u64;
                    if len > self.content_remaining {
                        let error = self.content.length_error("is longer than announced");
                        return Poll::Ready(Some(Err(error)));
                    }
                    self.content_remaining -= len;
                    if is_in_memory || self.content_remaining > 0 {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    self.last_chunk = Some(bytes);
                }
                Some(Err(error)) => {
                    let text = format!("cannot read the body: {error}");
                    return Poll::Ready(Some(Err(
                        Error::new(ErrorKind::Io, text).with_source(error)
                    )));
                }
                None if self.content_remaining > 0 => {
                    let missing = self.content_remaining;
                    let what = format!("ended {missing} bytes before its announced end");
                    return Poll::Ready(Some(Err(self.content.length_error(&what))));
                }
                None => return Poll::Ready(self.last_chunk.take().map(Ok)),
            }
        }
    }

    /// Returns the next bytes of the content, paced and counted if the body has a monitor.
    fn poll_monitored(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Some(mut monitor) = self.monitor.take() else {
            return self.poll_content(cx);
        };
        let polled = monitor.poll_next(cx, |cx| self.poll_content(cx));
        self.monitor = Some(monitor);
        polled
    }

    /// Returns the next frame of the prefix, the content or the suffix.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.progress.is_abandoned() {
            let text = "the response arrived before the whole request body was sent";
            return Poll::Ready(Some(Err(io::Error::other(text))));
        }
        if !self.prefix.is_empty() {
            let prefix = std::mem::take(&mut self.prefix);
            return Poll::Ready(Some(Ok(self.frame(prefix))));
        }
        match ready!(self.poll_monitored(cx)) {
            Some(Ok(bytes)) => Poll::Ready(Some(Ok(self.frame(bytes)))),
            Some(Err(error)) => Poll::Ready(Some(Err(self.fail(error)))),
            None if !self.suffix.is_empty() => {
                let suffix = std::mem::take(&mut self.suffix);
                Poll::Ready(Some(Ok(self.frame(suffix))))
            }
            None => Poll::Ready(None),
        }
    }

    /// Counts the bytes as taken by the connection.
    fn frame(&mut self, bytes: Bytes) -> Frame<Bytes> {
        let len = bytes.len() as u64;
        self.remaining = self.remaining.saturating_sub(len);
        self.progress.add_taken(len);
        Frame::data(bytes)
    }

    /// Ends the stream with an error.
    fn fail(&mut self, error: Error) -> io::Error {
        self.content.stop();
        (self.content_remaining, self.last_chunk, self.suffix) = (0, None, Bytes::new());
        let text = error.to_string();
        self.progress.fail(error);
        io::Error::other(text)
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        // The connection does not wait for the source any more.
        self.progress.polled(None);
    }
}

impl http_body::Body for BodyStream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let polled = this.poll_part(cx);
        // Time in which the source is pending does not count towards the idle timeout.
        this.progress
            .polled(polled.is_pending().then(|| cx.waker()));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

impl Stream for BodyStream {
    type Item = io::Result<Bytes>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frame = ready!(http_body::Body::poll_frame(self, cx));
        // Request bodies have no trailers.
        let data = |frame: Frame<Bytes>| frame.into_data().unwrap_or_default();
        Poll::Ready(frame.map(|frame| frame.map(data)))
    }
}

#[cfg(test)]
mod tests;
