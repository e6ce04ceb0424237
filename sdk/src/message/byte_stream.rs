//! [`ByteStream`]: an answer's body as it comes in.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use md5::{Digest as _, Md5};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::task::spawn_blocking;
use tokio::time::Sleep;

use crate::base::deadline::deadline;
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::atomic_file::{self, put_in_place};
use crate::message::call_info::CallInfo;
use crate::message::content_range::ContentRange;
use crate::message::incoming::{Incoming, IncomingBody};
use crate::message::response_meta::ResponseMeta;

mod resume;

pub(crate) use resume::{Resend, ResendFuture};
use resume::{Resume, Resuming};

/// The body of an answer, read as it comes: a `Stream` of bytes, an `AsyncRead`, an
/// [`http_body::Body`] for servers to pass on, or, all at once, [`bytes`](Self::bytes) or a file.
///
/// It ends only when all announced bytes have come. Where the connection breaks before, or nothing
/// comes for the configured [`idle_timeout`](crate::Config::idle_timeout) while the caller waits,
/// the rest of the object is asked for and the stream goes on where it stopped, within the call's
/// [`RetryPolicy`](crate::RetryPolicy); bytes that came start the count of attempts anew. The rest
/// must be of the same object, by its strong `ETag`: if it was overwritten in the meantime, the error is
/// one for which [`is_precondition_failed`](crate::Error::is_precondition_failed) returns `true`, never a
/// mix. A body that cannot continue is an `Interrupted` or a `Timeout` error, never an early end. The time that the
/// caller takes between reads does not count.
pub struct ByteStream {
    // Boxed, since it is large and moves on its way to the caller.
    inner: Box<Inner>,
}

/// A body on its way.
struct Inner {
    body: IncomingBody,
    /// How many bytes the answer announced.
    announced: Option<u64>,
    received: u64,
    ended: bool,
    /// The part of the object that it is, unless it is all.
    part: Option<ContentRange>,
    idle_timeout: Duration,
    slow_timeout: Duration,
    /// The timer that the answer's head was waited for with: to set it anew is cheaper than to make
    /// another. It counts only while the caller waits for bytes.
    idle: Pin<Box<Sleep>>,
    waiting: bool,
    /// Bytes that an `AsyncRead` caller has not read yet.
    unread: Bytes,
    call: CallInfo,
    /// State for resuming after a broken connection.
    resume: Option<Resume>,
    resuming: Option<Resuming>,
    /// Running digest, and the expected digest.
    verify: Option<(Md5, Digest)>,
}

impl ByteStream {
    pub(crate) fn new(
        incoming: Incoming,
        announced: Option<u64>,
        part: Option<ContentRange>,
        call: CallInfo,
    ) -> Self {
        Self {
            inner: Box::new(Inner {
                body: incoming.body,
                announced,
                received: 0,
                ended: false,
                part,
                idle_timeout: incoming.idle_timeout,
                slow_timeout: incoming.slow_timeout,
                idle: incoming.timer,
                waiting: false,
                unread: Bytes::new(),
                call,
                resume: None,
                resuming: None,
                verify: None,
            }),
        }
    }

    /// Makes the stream resumable: if its connection breaks, `resend` requests the rest.
    pub(crate) fn resume_with(&mut self, resend: Box<dyn Resend>, meta: &ResponseMeta) {
        self.inner.resume = Resume::new(resend, meta, self.inner.part);
    }

    /// Returns the part of the object that the response carries; `None` if it carries all of it.
    pub(crate) fn part(&self) -> Option<ContentRange> {
        self.inner.part
    }

    /// How many bytes the answer announced: the object's size, or the range's. `None` when it
    /// announced nothing.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.inner.announced
    }

    /// Returns how many bytes have not been read yet, if the response says how long it is.
    pub(crate) fn remaining(&self) -> Option<u64> {
        let inner = &*self.inner;
        let read = inner.received - inner.unread.len() as u64;
        Some(inner.announced?.saturating_sub(read))
    }

    /// Returns whether the response announced an empty body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.announced == Some(0)
    }

    /// Checks the bytes as they are read: where the answer is a whole object whose `ETag` is an
    /// MD5, as that of an object which was stored by one request, its end is an `Integrity` error
    /// unless they have that MD5. Other answers are not checked. It costs as much time as an MD5
    /// does.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let body = bucket.get_object("report.pdf").await?.body;
    /// body.verified().write_to("report.pdf").await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn verified(mut self) -> Self {
        // A digest needs all bytes.
        let inner = &mut *self.inner;
        if inner.received == 0 {
            let digest = inner.resume.as_ref().and_then(Resume::content_md5);
            inner.verify = digest.map(|digest| (Md5::new(), digest));
        }
        self
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// `Integrity` if the bytes are not what [`verified`](Self::verified) requires, or are more or
    /// fewer than the response announced; `Interrupted` if the connection broke; `Timeout` if no
    /// byte arrived in time.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        std::future::poll_fn(|cx| self.inner.poll_chunk(cx))
            .await
            .transpose()
    }

    /// Reads all of it into memory.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk). Bytes received before the error are discarded.
    pub async fn bytes(mut self) -> Result<Bytes> {
        self.collect(usize::MAX).await
    }

    /// Reads all of it, at most `limit` bytes. One chunk is given as it is.
    pub(crate) async fn collect(&mut self, limit: usize) -> Result<Bytes> {
        // Known without waiting for it: most answers to a `PUT` or a `HEAD`.
        if self.inner.announced.unwrap_or(0) == 0 && self.inner.body.is_end() {
            return Ok(Bytes::new());
        }
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        // Limits the memory that is reserved for an announced length.
        const TRUSTED: u64 = 16 * 1024 * 1024;
        let expected = usize::try_from(self.inner.announced.unwrap_or(0).min(TRUSTED)).unwrap_or(0);
        let mut all = BytesMut::with_capacity(expected.max(first.len() + second.len()));
        all.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            all.extend_from_slice(&chunk);
            if all.len() > limit {
                let text = format!("the response body is larger than {limit} bytes");
                return Err(self.of_call(Error::new(ErrorKind::Decode, text)));
            }
            next = self.chunk().await?;
        }
        Ok(all.freeze())
    }

    /// Reads a body that the client needs as a whole, at most `limit` bytes. Unlike the idle
    /// timeout of each byte, `slow_timeout` ends a body that trickles.
    pub(crate) async fn collect_in_time(&mut self, limit: usize) -> Result<Bytes> {
        let slow_timeout = self.inner.slow_timeout;
        let collected = tokio::time::timeout(slow_timeout, self.collect(limit)).await;
        collected.unwrap_or_else(|_| {
            let text = format!(
                "the response body did not end within {} s, after {} bytes",
                slow_timeout.as_secs_f32(),
                self.inner.received_of()
            );
            Err(self.of_call(Error::new(ErrorKind::Timeout, text)))
        })
    }

    /// Reads the first `limit` bytes of a body that is no more than an explanation: as many as arrive
    /// before it ends, breaks off, or takes longer than `slow_timeout`.
    pub(crate) async fn prefix(&mut self, limit: usize) -> Bytes {
        let slow_timeout = self.inner.slow_timeout;
        let mut prefix = BytesMut::new();
        let read = async {
            while prefix.len() < limit
                && let Ok(Some(chunk)) = self.chunk().await
            {
                prefix.extend_from_slice(&chunk);
            }
        };
        // The status of the response stands, whatever happens to the explanation.
        let _ = tokio::time::timeout(slow_timeout, read).await;
        prefix.truncate(limit);
        prefix.freeze()
    }

    /// The error with what is known of the call.
    pub(crate) fn of_call(&self, error: Error) -> Error {
        error.with_call(self.inner.call.context())
    }

    /// Writes all of it to the file at `path`, and returns the number of bytes.
    ///
    /// The bytes go to a temporary file beside it, which replaces it when it is complete and on the
    /// disk. A failure, or dropping the future, leaves an existing file unchanged. See
    /// [`DownloadTarget::file`](crate::DownloadTarget::file) for permissions and symbolic links.
    ///
    /// To write to a pipe, a socket or a device, use `tokio::io::copy`: a `ByteStream` is an
    /// [`AsyncRead`].
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file can't be written, or if `path` is, or leads to, something that is
    /// not a regular file; otherwise as [`chunk`](Self::chunk).
    pub async fn write_to(mut self, path: impl AsRef<Path>) -> Result<u64> {
        let path = path.as_ref();
        let call = self.inner.call.clone();
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Io, format!("{}: {error}", path.display()))
                .with_source(error)
                .with_call(call.context())
        };
        let (temporary, file) = TemporaryFile::create(path).map_err(failed)?;
        let mut file = tokio::fs::File::from_std(file);
        while let Some(chunk) = self.chunk().await? {
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        let file = file.into_std().await;
        let (from, to) = (temporary.path.clone(), path.to_owned());
        let put = spawn_blocking(move || put_in_place(&file, &from, &to)).await;
        put.map_err(std::io::Error::other)
            .and_then(|put| put)
            .map_err(failed)?;
        temporary.keep();
        Ok(self.inner.received)
    }
}

impl Inner {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.unread.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.unread))));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        if self.resuming.is_some()
            && let Err(error) = ready!(self.poll_resuming(cx))
        {
            return self.fail(error);
        }
        let Poll::Ready(item) = self.body.poll_data(cx) else {
            return self.poll_idle(cx);
        };
        self.waiting = false;
        match item {
            Some(Ok(bytes)) => {
                self.received += bytes.len() as u64;
                if let Some(announced) = self.announced
                    && self.received > announced
                {
                    let text =
                        format!("the response body is longer than the announced {announced} bytes");
                    return self.fail(Error::new(ErrorKind::Integrity, text));
                }
                if let Some((md5, _)) = &mut self.verify {
                    md5.update(&bytes);
                }
                Poll::Ready(Some(Ok(bytes)))
            }
            Some(Err(error)) => {
                let text = format!(
                    "the response body broke off after {} bytes",
                    self.received_of()
                );
                let error = Error::new(ErrorKind::Interrupted, text).with_source(error);
                self.broke(cx, error)
            }
            None if self
                .announced
                .is_some_and(|announced| announced != self.received) =>
            {
                // The connection did not break: the service says that these are all bytes of the
                // part.
                let kind = match self.part {
                    Some(_) => ErrorKind::Integrity,
                    None => ErrorKind::Interrupted,
                };
                let text = format!("the response body ended after {} bytes", self.received_of());
                self.broke(cx, Error::new(kind, text))
            }
            None => self.end(),
        }
    }

    /// The body is whole; is it what its ETag says?
    fn end(&mut self) -> Poll<Option<Result<Bytes>>> {
        if let Some((md5, expected)) = self.verify.take() {
            let actual = Digest::of(md5);
            if actual != expected {
                let text =
                    format!("the response body has MD5 {actual}, but its ETag is {expected}");
                return self.fail(Error::new(ErrorKind::Integrity, text));
            }
        }
        self.ended = true;
        Poll::Ready(None)
    }

    /// Nothing is there: starts the timer, or looks whether it has run out.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.waiting {
            self.waiting = true;
            self.idle.as_mut().reset(deadline(self.idle_timeout));
        }
        ready!(self.idle.as_mut().poll(cx));
        let text = format!(
            "no byte within {} s, after {} bytes",
            self.idle_timeout.as_secs_f32(),
            self.received_of()
        );
        self.broke(cx, Error::new(ErrorKind::Timeout, text))
    }

    /// Goes on where the body broke, or fails.
    fn broke(&mut self, cx: &mut Context<'_>, error: Error) -> Poll<Option<Result<Bytes>>> {
        let error = error.with_call(self.call.context());
        let (Some(resume), Some(announced)) = (self.resume.take(), self.announced) else {
            return self.fail(error);
        };
        match resume.begin(self.received, announced, self.call.clone(), error) {
            Ok(resuming) => {
                self.resuming = Some(resuming);
                self.poll_chunk(cx)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Waits for the rest of the body, and takes it over.
    fn poll_resuming(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(resuming) = &mut self.resuming else {
            return Poll::Ready(Ok(()));
        };
        let (resume, rest) = ready!(resuming.poll(cx));
        self.resuming = None;
        let rest = rest?;
        let rest = *rest.inner;
        self.body = rest.body;
        self.idle = rest.idle;
        self.waiting = false;
        self.call.attempts = rest.call.attempts;
        self.resume = Some(resume);
        Poll::Ready(Ok(()))
    }

    fn received_of(&self) -> String {
        match self.announced {
            Some(announced) => format!("{} of {announced}", self.received),
            None => self.received.to_string(),
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Bytes>>> {
        self.ended = true;
        Poll::Ready(Some(Err(error.with_call(self.call.context()))))
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().inner.poll_chunk(cx)
    }
}

/// Yields data frames only: the API has no trailers.
impl http_body::Body for ByteStream {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let chunk = self.get_mut().inner.poll_chunk(cx);
        chunk.map(|chunk| chunk.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.ended && self.inner.unread.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining()
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl AsyncRead for ByteStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = &mut *self.get_mut().inner;
        // A frame may hold nothing, which must not look like the end.
        while this.unread.is_empty() {
            match ready!(this.poll_chunk(cx)) {
                Some(Ok(bytes)) => this.unread = bytes,
                Some(Err(error)) => return Poll::Ready(Err(error.into())),
                None => return Poll::Ready(Ok(())),
            }
        }
        let len = this.unread.len().min(out.remaining());
        out.put_slice(this.unread.get(..len).unwrap_or_default());
        this.unread.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("announced", &self.inner.announced)
            .field("received", &self.inner.received)
            .finish_non_exhaustive()
    }
}

/// A file that is removed again unless it is kept.
struct TemporaryFile {
    path: PathBuf,
    kept: bool,
}

impl TemporaryFile {
    /// Creates the file. Blocks for a moment, in the caller's task: a future that is dropped in the
    /// meantime leaves nothing behind.
    fn create(target: &Path) -> std::io::Result<(Self, std::fs::File)> {
        let (path, file) = atomic_file::create(target)?;
        Ok((Self { path, kept: false }, file))
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.kept {
            // It may never have been made; there is nobody left to tell.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
