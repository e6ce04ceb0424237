//! [`ByteStream`]: a response body that is read while it arrives.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use md5::{Digest as _, Md5};

use crate::base::error::{Error, ErrorKind, Result};
use crate::message::call_info::CallInfo;
use crate::message::content_range::ContentRange;
use crate::message::response_meta::ResponseMeta;
use crate::message::timed_body::{TimedBody, attempt_timeout_error};

mod end_notice;
mod file;
mod reader;
mod resume;
mod traits;

pub(crate) use end_notice::BodyListener;
use end_notice::EndNotice;
use reader::BodyReader;
use resume::ResumePoint;
pub(crate) use resume::{Resend, ResendFuture};

/// The body of a response, read while it arrives.
///
/// It is a `Stream` of bytes, an `AsyncRead`, and an [`http_body::Body`] that a server can pass on.
/// [`bytes`](Self::bytes) reads it into memory and [`write_to`](Self::write_to) into a file.
///
/// The stream ends without an error only after all announced bytes have arrived. If the connection
/// breaks, or no byte arrives within the [`idle_timeout`](crate::Config::idle_timeout) while the
/// caller waits, or the body is slower than [`min_throughput`](crate::Config::min_throughput), the
/// client requests the rest of the object and the stream continues. The
/// [`RetryPolicy`](crate::RetryPolicy) of the call limits the attempts; received bytes reset their
/// number, and the [`RetryBudget`](crate::RetryBudget) limits those that yield little. The
/// rest must belong to the same object, according to its strong `ETag`: if the object was
/// overwritten, the error is one for which
/// [`is_precondition_failed`](crate::Error::is_precondition_failed) returns `true`. A stream that
/// cannot continue ends with an `Interrupted` or `Timeout` error. Time between the caller's reads
/// does not count towards a timeout, except for at most 100 ms after each read of the `Stream`,
/// `AsyncRead` or `Body` that was pending.
pub struct ByteStream {
    // In a box, so that moving an output does not copy 400 bytes.
    reader: Box<BodyReader>,
}

impl ByteStream {
    pub(crate) fn new(
        incoming: TimedBody,
        announced: Option<u64>,
        part: Option<ContentRange>,
        call: CallInfo,
    ) -> Self {
        Self {
            reader: Box::new(BodyReader::new(incoming, announced, part, call)),
        }
    }

    /// Makes the stream resumable: if its connection breaks, `resend` requests the rest.
    pub(crate) fn resume_with(&mut self, resend: Box<dyn Resend>, meta: &ResponseMeta) {
        self.reader.resume = ResumePoint::new(resend, meta, self.reader.part);
    }

    /// Notifies `listener` when the stream ends, fails or is dropped.
    pub(crate) fn report_end(&mut self, listener: Box<dyn BodyListener>) {
        let announced = self.reader.announced;
        self.reader.end_notice = Some(Box::new(EndNotice::new(listener, announced)));
    }

    /// Returns how many bytes have arrived.
    pub(crate) fn received(&self) -> u64 {
        self.reader.received
    }

    /// Returns the part of the object that the response carries; `None` if it carries all of it.
    pub(crate) fn part(&self) -> Option<ContentRange> {
        self.reader.part
    }

    /// Returns the announced number of bytes: the size of the object or of the requested range.
    /// `None` if the response announces no length.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.reader.announced
    }

    /// Returns how many bytes have not been read yet, if the response announces its length.
    pub(crate) fn remaining(&self) -> Option<u64> {
        let reader = &*self.reader;
        let read = reader.received - reader.unread.len() as u64;
        Some(reader.announced?.saturating_sub(read))
    }

    /// Returns whether the response announced an empty body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reader.announced == Some(0)
    }

    /// Verifies the MD5 of the body while it is read.
    ///
    /// If the bytes do not have the MD5 of the response's `ETag`, the stream ends with an
    /// `Integrity` error instead of its last bytes. A caller that reads only the announced length,
    /// such as a server that passes the body on, gets the error, too. Only a response with a whole
    /// object whose `ETag` is an MD5, such as an object stored by a single request, is verified,
    /// unless it is encrypted with a customer-provided key. The cost is that of computing an MD5.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let body = bucket.get_object("report.pdf").await?.body;
    /// body.verified().write_to("report.pdf").await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[inline]
    pub fn verified(mut self) -> Self {
        // The digest covers the whole body.
        let reader = &mut *self.reader;
        if reader.received == 0 {
            let digest = reader.resume.as_ref().and_then(ResumePoint::content_md5);
            reader.verify = digest.map(|digest| (Md5::new(), digest));
        }
        self
    }

    /// Returns the next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns `Integrity` if the bytes do not have the MD5 that [`verified`](Self::verified)
    /// requires, or are more or fewer than announced; `Interrupted` if the connection broke;
    /// `Timeout` if no byte arrived in time, or the body was too slow.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let mut body = bucket.get_object("film.mov").await?.body;
    /// while let Some(chunk) = body.chunk().await? {
    ///     println!("{} bytes", chunk.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        ChunkRead(&mut self.reader).await.transpose()
    }

    /// Reads the whole body into memory.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk). Bytes received before the error are discarded.
    pub async fn bytes(mut self) -> Result<Bytes> {
        self.collect(usize::MAX).await
    }

    /// Reads the whole body, at most `limit` bytes. A body of one chunk is not copied.
    pub(crate) async fn collect(&mut self, limit: usize) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        // Limits the memory that is reserved for an announced length.
        const MAX_RESERVED: u64 = 16 * 1024 * 1024;
        let announced = self.reader.announced.unwrap_or(0);
        let expected = usize::try_from(announced.min(MAX_RESERVED)).unwrap_or(0);
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
    /// timeout of each byte, `slow_timeout` and the time of the attempt end a body that trickles.
    pub(crate) async fn collect_in_time(&mut self, limit: usize) -> Result<Bytes> {
        let collected = tokio::time::timeout(self.time_to_collect(), self.collect(limit)).await;
        collected.unwrap_or_else(|_| {
            let received = self.reader.received_of_announced();
            let slow_timeout = self.reader.slow_timeout;
            let error = match self.reader.attempt_time_left {
                Some(time) if time.left < slow_timeout => {
                    let progress = format!("after {received} bytes of the response body");
                    attempt_timeout_error(time.limit, &progress)
                }
                _ => {
                    let seconds = slow_timeout.as_secs_f32();
                    let text = format!(
                        "the response body did not end within {seconds} s, after {received} bytes"
                    );
                    Error::new(ErrorKind::Timeout, text)
                }
            };
            Err(self.of_call(error))
        })
    }

    /// Returns the maximum time for a body that the client reads as a whole.
    fn time_to_collect(&self) -> Duration {
        let slow_timeout = self.reader.slow_timeout;
        let attempt_time_left = self.reader.attempt_time_left;
        attempt_time_left.map_or(slow_timeout, |time| time.left.min(slow_timeout))
    }

    /// Reads the first `limit` bytes of a body that the client can do without: as many as arrive before
    /// it ends, breaks off, or takes longer than `timeout`, `slow_timeout` or the time of the attempt.
    pub(crate) async fn prefix(&mut self, limit: usize, timeout: Duration) -> Bytes {
        let timeout = timeout.min(self.time_to_collect());
        let mut prefix = BytesMut::new();
        let read = async {
            while prefix.len() < limit
                && let Ok(Some(chunk)) = self.chunk().await
            {
                prefix.extend_from_slice(&chunk);
            }
        };
        // The status is known, so an incomplete body is not an error.
        let _ = tokio::time::timeout(timeout, read).await;
        prefix.truncate(limit);
        prefix.freeze()
    }

    fn into_reader(self) -> BodyReader {
        *self.reader
    }

    /// Adds the context of the call to an error.
    pub(crate) fn of_call(&self, error: Error) -> Error {
        error.with_call(self.reader.call.context())
    }
}

/// A wait for the next bytes. If it is dropped, the caller does not wait any more.
struct ChunkRead<'a>(&'a mut BodyReader);

impl Future for ChunkRead<'_> {
    type Output = Option<Result<Bytes>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_chunk(cx)
    }
}

impl Drop for ChunkRead<'_> {
    fn drop(&mut self) {
        self.0.pause();
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("announced", &self.reader.announced)
            .field("received", &self.reader.received)
            .finish_non_exhaustive()
    }
}
