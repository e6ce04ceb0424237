//! [`UploadWriter`]: uploads the bytes that are written to it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::pipe::PipeWriter;
use super::source::UploadSource;
use super::{Upload, UploadOutput};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;
use crate::client::Bucket;
use crate::client::spans::in_current_span;
use crate::client::unfinished_uploads::UnfinishedUploads;
use crate::managed::errors::task_result;

impl Bucket {
    /// Returns an `AsyncWrite` whose content becomes the object when it is shut down. See
    /// [`UploadWriter`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> std::io::Result<()> {
    /// use tokio::io::AsyncWriteExt;
    ///
    /// let mut writer = bucket.upload_writer("log.txt");
    /// writer.write_all(b"first line\n").await?;
    /// writer.shutdown().await?;
    /// # Ok(()) }
    /// ```
    pub fn upload_writer(&self, key: impl Into<String>) -> UploadWriter {
        UploadWriter::new(self.upload(key, Bytes::new()))
    }
}

/// An `AsyncWrite` whose content becomes an object, created by
/// [`Bucket::upload_writer`](crate::Bucket::upload_writer).
///
/// Content that fits into the first part is uploaded with one request, larger content in parts, while
/// it is being written. Like an [`Upload`] of a stream, it needs up to `part_size * (concurrency +
/// 1)` bytes of memory. If the network is slower than the writes, the writes wait.
///
/// **The object appears when the writer is shut down**, by `shutdown` or [`finish`](Self::finish).
/// An existing object stays unchanged until then. A flush waits until the upload has taken all
/// bytes, but makes nothing visible.
///
/// Dropping the writer without a shutdown aborts the upload, like an [`Upload`] whose future is
/// dropped: no object appears, and the parts are removed in the background. See
/// [`QingStor::wait_for_aborts`](crate::QingStor::wait_for_aborts).
///
/// # Errors
///
/// If the upload fails, the next write, flush or shutdown fails. The source of the [`io::Error`] is
/// an [`Error`]; [`finish`](Self::finish) returns the [`Error`] itself.
///
/// The upload runs in a task: the first write and the shutdown need a Tokio runtime.
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
    pipe: PipeWriter,
}

enum State {
    /// Before the first write.
    Ready(Box<Upload<'static>>),
    Uploading(Box<UploadTask>),
    Done(Box<UploadOutput>),
    /// The error was returned.
    Failed,
}

struct UploadTask {
    handle: JoinHandle<Result<UploadOutput>>,
    runtime: Handle,
    unfinished_uploads: UnfinishedUploads,
}

impl UploadWriter {
    #[inline]
    pub(super) fn new(upload: Upload<'static>) -> Self {
        Self {
            state: State::Ready(Box::new(upload)),
            pipe: PipeWriter::default(),
        }
    }

    /// Sets options of the upload, such as its part size or metadata. Has no effect after the first
    /// write.
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

    /// Shuts the writer down, which makes the object appear.
    ///
    /// # Errors
    ///
    /// Returns the error of the upload, or `Io` if a write or a shutdown has returned that error
    /// already.
    pub async fn finish(mut self) -> Result<UploadOutput> {
        std::future::poll_fn(|cx| self.poll_finish(cx)).await?;
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Done(output) => Ok(*output),
            _ => Err(failed_before()),
        }
    }

    #[inline]
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.start()?;
        self.pipe.end();
        self.poll_upload(cx)
    }

    /// Starts the upload, unless it has started.
    // Inline, like all its callers, so that only programs that use it compile the upload.
    #[inline]
    fn start(&mut self) -> Result<()> {
        if !matches!(self.state, State::Ready(_)) {
            return Ok(());
        }
        let runtime = runtime::current()?;
        if let State::Ready(upload) = std::mem::replace(&mut self.state, State::Failed) {
            let upload = upload.with_source(UploadSource::stream(self.pipe.reader()));
            let shared = &upload.bucket.dispatcher().shared;
            let unfinished_uploads = shared.unfinished_uploads.clone();
            self.state = State::Uploading(Box::new(UploadTask {
                handle: runtime.spawn(in_current_span(upload.into_future())),
                runtime,
                unfinished_uploads,
            }));
        }
        Ok(())
    }

    /// Waits for the end of the upload. Returns its error once.
    #[inline]
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let task = match &mut self.state {
            State::Uploading(task) => &mut task.handle,
            State::Done(_) => return Poll::Ready(Ok(())),
            State::Ready(_) | State::Failed => return Poll::Ready(Err(failed_before())),
        };
        let result = task_result(ready!(Pin::new(task).poll(cx))).flatten();
        let (state, result) = match result {
            Ok(output) => (State::Done(Box::new(output)), Ok(())),
            Err(error) => (State::Failed, Err(error)),
        };
        self.state = state;
        Poll::Ready(result)
    }

    /// Returns an error if the upload has ended.
    #[inline]
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
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.start()?;
        // Also registers the waker, in case that the upload fails while the pipe is full.
        self.check(cx)?;
        match ready!(self.pipe.poll_write(cx, bytes)) {
            Some(written) => Poll::Ready(Ok(written)),
            None => Poll::Ready(Err(shut_down().into())),
        }
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Ready(_) | State::Done(_) = self.state {
            return Poll::Ready(Ok(()));
        }
        self.check(cx)?;
        self.pipe.poll_flush(cx).map(Ok)
    }

    #[inline]
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_finish(cx).map_err(io::Error::from)
    }
}

impl Drop for UploadWriter {
    #[inline]
    fn drop(&mut self) {
        if let State::Uploading(task) = std::mem::replace(&mut self.state, State::Failed) {
            let handle = task.handle;
            handle.abort();
            let ended = async move { drop(handle.await) };
            task.unfinished_uploads.add_until(&task.runtime, ended);
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
