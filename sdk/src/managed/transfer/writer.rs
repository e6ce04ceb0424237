//! [`UploadWriter`]: an upload of what is written.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::io::AsyncWrite;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::joined;
use super::source::Source;
use super::upload::{Upload, UploadOutput};
use crate::base::error::{Error, ErrorKind, Result};

/// How many written bytes wait for the upload, at most.
const CAPACITY: usize = 256 * 1024;

/// An `AsyncWrite` whose content becomes an object, created by
/// [`Bucket::upload_writer`](crate::Bucket::upload_writer).
///
/// Content that fits into the first part is uploaded by one request, longer content in parts, while
/// it is written, as [`Upload`] uploads a stream: it needs `part_size * (concurrency + 1)` bytes of
/// memory at most. A writer that is ahead of the network waits.
///
/// **The object appears when the writer is shut down**, by `shutdown` or by
/// [`finish`](Self::finish), and not before; an existing object stays unchanged until then. A flush
/// waits until the upload has taken all bytes, but makes nothing visible.
///
/// Dropping the writer without a shutdown aborts the upload: no object appears, and the parts are
/// given up in the background, as for an [`Upload`] whose future is dropped.
///
/// # Errors
///
/// An upload that fails, fails the next write, flush or shutdown. The source of the
/// [`io::Error`] is an [`Error`]; [`finish`](Self::finish) returns it as it is.
///
/// The first write and the shutdown need a Tokio runtime, on which the upload runs as a task.
///
/// # Examples
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncWriteExt;
///
/// let mut writer = bucket
///     .upload_writer("numbers.csv")
///     .with_options(|upload| upload.content_type("text/csv").concurrency(2));
/// for number in 0..1_000_000 {
///     writer.write_all(format!("{number}\n").as_bytes()).await?;
/// }
/// let output = writer.finish().await?;
/// println!("{} bytes, ETag {}", output.bytes, output.etag);
/// # Ok(()) }
/// ```
#[must_use = "nothing is uploaded until the writer is shut down"]
pub struct UploadWriter {
    state: State,
    pipe: Arc<Pipe>,
}

enum State {
    /// Nothing was written yet.
    Ready(Box<Upload<'static>>),
    Uploading(JoinHandle<Result<UploadOutput>>),
    Done(Box<UploadOutput>),
    /// The error was returned already.
    Failed,
}

impl UploadWriter {
    pub(super) fn new(upload: Upload<'static>) -> Self {
        Self {
            state: State::Ready(Box::new(upload)),
            pipe: Arc::default(),
        }
    }

    /// Sets options of the upload, such as its part size or metadata. After the first write it has
    /// no effect.
    pub fn with_options(
        mut self,
        options: impl FnOnce(Upload<'static>) -> Upload<'static>,
    ) -> Self {
        self.state = match std::mem::replace(&mut self.state, State::Failed) {
            State::Ready(upload) => State::Ready(Box::new(options(*upload))),
            state => state,
        };
        self
    }

    /// Shuts the writer down: the object appears.
    ///
    /// # Errors
    ///
    /// Returns the error of the upload; `Io` if a write or a shutdown has returned it before.
    pub async fn finish(mut self) -> Result<UploadOutput> {
        std::future::poll_fn(|cx| self.poll_finish(cx)).await?;
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Done(output) => Ok(*output),
            _ => Err(failed_before()),
        }
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.start()?;
        self.pipe.lock().end();
        self.poll_upload(cx)
    }

    /// Starts the upload, unless it has started.
    fn start(&mut self) -> Result<()> {
        if !matches!(self.state, State::Ready(_)) {
            return Ok(());
        }
        let runtime = Handle::try_current().map_err(|error| {
            Error::config("an upload writer needs a Tokio runtime").with_source(error)
        })?;
        if let State::Ready(upload) = std::mem::replace(&mut self.state, State::Failed) {
            let written = Written(Arc::clone(&self.pipe));
            let upload = upload.with_source(Source::stream(written));
            self.state = State::Uploading(runtime.spawn(upload.into_future()));
        }
        Ok(())
    }

    /// Waits until the upload has ended, and returns its error once.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let task = match &mut self.state {
            State::Uploading(task) => task,
            State::Done(_) => return Poll::Ready(Ok(())),
            State::Ready(_) | State::Failed => return Poll::Ready(Err(failed_before())),
        };
        let result = joined(ready!(Pin::new(task).poll(cx))).and_then(|result| result);
        let (state, result) = match result {
            Ok(output) => (State::Done(Box::new(output)), Ok(())),
            Err(error) => (State::Failed, Err(error)),
        };
        self.state = state;
        Poll::Ready(result)
    }

    /// Returns the error of an upload that ended before all was written.
    fn check(&mut self, cx: &mut Context<'_>) -> Result<()> {
        match self.poll_upload(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => Err(shut_down()),
        }
    }
}

fn shut_down() -> Error {
    Error::new(ErrorKind::Io, "the writer was shut down")
}

fn failed_before() -> Error {
    Error::new(ErrorKind::Io, "the upload has failed")
}

impl AsyncWrite for UploadWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.start()?;
        // Also wakes the caller when the upload fails while the pipe is full.
        self.check(cx)?;
        let mut pipe = self.pipe.lock();
        if pipe.ended {
            return Poll::Ready(Err(shut_down().into()));
        }
        pipe.poll_write(cx, bytes).map(Ok)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Ready(_) | State::Done(_) = self.state {
            return Poll::Ready(Ok(()));
        }
        self.check(cx)?;
        self.pipe.lock().poll_flush(cx).map(Ok)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_finish(cx).map_err(io::Error::from)
    }
}

impl Drop for UploadWriter {
    fn drop(&mut self) {
        if let State::Uploading(task) = &self.state {
            task.abort();
        }
    }
}

impl fmt::Debug for UploadWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Ready(_) => "ready",
            State::Uploading(_) => "uploading",
            State::Done(_) => "done",
            State::Failed => "failed",
        };
        f.debug_struct("UploadWriter")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

/// The bytes between the writer and the upload.
#[derive(Default)]
struct Pipe(Mutex<Pending>);

#[derive(Default)]
struct Pending {
    bytes: BytesMut,
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// Takes as many bytes as there is room for; waits while there is none.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<usize> {
        let room = CAPACITY.saturating_sub(self.bytes.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        if taken.is_empty() && !bytes.is_empty() {
            self.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.bytes.extend_from_slice(taken);
        wake(&mut self.reader);
        Poll::Ready(taken.len())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.bytes.is_empty() {
            return Poll::Ready(());
        }
        self.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn end(&mut self) {
        self.ended = true;
        wake(&mut self.reader);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// What was written, as the upload reads it.
struct Written(Arc<Pipe>);

impl Stream for Written {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut pending = self.0.lock();
        if !pending.bytes.is_empty() {
            let bytes = pending.bytes.split().freeze();
            wake(&mut pending.writer);
            return Poll::Ready(Some(Ok(bytes)));
        }
        if pending.ended {
            return Poll::Ready(None);
        }
        pending.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}
