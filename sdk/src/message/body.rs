//! [`Body`]: what an upload sends.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::{Stream, TryStream};
use http::Method;
use tokio::io::AsyncRead;

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::md5_pool::HashSource;

mod chunks;
mod convert;
mod frames;
mod monitor;
mod progress;
mod wire;

pub(crate) use chunks::Chunks;
pub(crate) use monitor::BodyMonitor;
pub(crate) use progress::Progress;
pub(crate) use wire::ReaderStream;

/// A caller-supplied stream.
type BoxStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// Where a stream waits until its first byte is asked for; `None` from then on.
type StreamSlot = Arc<Mutex<Option<BoxStream>>>;

/// The content of an upload: bytes in memory, a file, or a stream of known length.
///
/// Bytes and files can be sent again when a call is repeated; a stream can't. A file is read while
/// it is sent, 256 KiB at a time; bytes are never copied.
///
/// Bytes, text, a `PathBuf` and a [`ByteStream`](crate::ByteStream) convert into a body; a `&str`
/// is content, not a path. A body is also an [`http_body::Body`], for other HTTP clients to send.
///
/// ```no_run
/// # async fn example(stream: impl futures_core::Stream<Item = std::io::Result<bytes::Bytes>> +
/// Send + 'static) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::Body;
///
/// let text = Body::from("hello");
/// let file = Body::from_path("report.pdf").await?;
/// let stream = Body::from_stream(stream, 1_048_576); // bytes
/// # let _ = (text, file, stream); Ok(()) }
/// ```
pub struct Body {
    source: Source,
    len: u64,
    /// Rare fields, boxed to keep `Body` small.
    more: Option<Box<More>>,
    /// The bytes on their way, once they were asked for as an [`http_body::Body`].
    wire: Option<Box<wire::WireBody>>,
}

#[derive(Clone, Default)]
struct More {
    file_name: Option<String>,
    /// The parts of a form before and after its file.
    head: Bytes,
    tail: Bytes,
    /// Offset of the content if it is a part of a file.
    offset: Option<u64>,
    monitor: Option<BodyMonitor>,
    /// Records how the body is read, where an in-process handler reads it.
    progress: Option<Arc<Progress>>,
}

enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Stream(StreamSlot),
}

impl Body {
    /// No bytes at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// The file at `path`, with the length it has now.
    ///
    /// # Errors
    ///
    /// `Io` when it can't be read or is no file. If its length changes until it is sent, the call
    /// fails with `Io`.
    pub async fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |why: String| Error::new(ErrorKind::Io, format!("{}: {why}", path.display()));
        let data = tokio::fs::metadata(path)
            .await
            .map_err(|error| failed(error.to_string()).with_source(error))?;
        if !data.is_file() {
            return Err(failed("it is no file".into()));
        }
        Ok(Self::file(path, data.len()))
    }

    /// `len` bytes of the file at `path`, from `offset` on. Nothing is looked at yet.
    ///
    /// If the file is shorter when it is sent, the call fails with `Io`.
    ///
    /// ```no_run
    /// # use qingstor_sdk::Body;
    /// let second = Body::from_file_range("video.mp4", 8_388_608, 8_388_608); // bytes
    /// assert_eq!(second.len(), 8_388_608);
    /// ```
    pub fn from_file_range(path: impl AsRef<Path>, offset: u64, len: u64) -> Self {
        let mut body = Self::new(Source::File(path.as_ref().to_owned()), len);
        body.more.get_or_insert_default().offset = Some(offset);
        body
    }

    /// A stream that yields `len` bytes in all, in chunks that convert into [`Bytes`].
    ///
    /// The service requires the length in advance: a stream that yields fewer or more bytes fails
    /// the request with `Io`, and so does an error of the stream, which is the source of that
    /// error.
    pub fn from_stream<S>(stream: S, len: u64) -> Self
    where
        S: TryStream + Send + 'static,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let stream: BoxStream = Box::pin(Chunks::new(stream));
        Self::new(Source::Stream(Arc::new(Mutex::new(Some(stream)))), len)
    }

    /// A reader that gives `len` bytes in all, as [`from_stream`](Self::from_stream) does.
    pub fn from_reader<R>(reader: R, len: u64) -> Self
    where
        R: AsyncRead + Send + 'static,
    {
        Self::from_stream(ReaderStream::new(reader), len)
    }

    fn new(source: Source, len: u64) -> Self {
        Self {
            source,
            len,
            more: None,
            wire: None,
        }
    }

    /// Names the file that the bytes come from, for form uploads with `${filename}` in their key.
    /// [`from_path`](Self::from_path) names it already.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.more.get_or_insert_default().file_name = Some(name.into());
        self
    }

    /// The name of the file that the bytes come from.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.more.as_ref()?.file_name.as_deref()
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        let frame = |more: &More| more.head.len() as u64 + more.tail.len() as u64;
        // A stream may claim any length.
        self.len
            .saturating_add(self.more.as_deref().map_or(0, frame))
    }

    /// Returns whether the body is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of `Content-Length` for a request with this method and body, and `None` if
    /// the request has no such header.
    ///
    /// Some servers refuse a `PUT` or `POST` request without it, even if the body is empty.
    pub(crate) fn content_length(&self, method: &Method) -> Option<u64> {
        let length = self.len();
        let expected = length > 0 || matches!(*method, Method::PUT | Method::POST | Method::PATCH);
        expected.then_some(length)
    }

    /// Whether the bytes can be sent again: `false` for a stream.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !matches!(self.source, Source::Stream(_))
    }

    /// Whether the body can be sent from its beginning: it can be sent again, or nothing of it was
    /// read yet.
    pub(crate) fn can_start(&self) -> bool {
        match &self.source {
            // That there is nothing in it is looked at before the first attempt.
            Source::Stream(_) if self.is_empty() => true,
            Source::Stream(slot) => has_stream(slot),
            Source::Bytes(_) | Source::File(_) => true,
        }
    }

    /// The bytes, if they are in memory.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Bytes(bytes) if self.len() == self.len && !self.is_monitored() => Some(bytes),
            _ => None,
        }
    }

    /// Returns what to hash for the MD5 of the content; `None` for a stream.
    pub(crate) fn hash_source(&self) -> Option<HashSource> {
        match &self.source {
            Source::Bytes(bytes) => Some(HashSource::Bytes([bytes.clone()].into())),
            Source::File(path) => {
                let start = self.more.as_ref().and_then(|more| more.offset).unwrap_or(0);
                let range = start..start.saturating_add(self.len);
                let path = path.as_path().into();
                Some(HashSource::File { path, range })
            }
            Source::Stream(_) => None,
        }
    }

    /// The bytes as a stream, for another HTTP client to send what [`Call::build`] gives. It fails
    /// when they are fewer or more than [`len`](Self::len) says.
    ///
    /// A file must be read inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is a stream that was sent already.
    ///
    /// [`Call::build`]: crate::Call::build
    pub fn into_stream(
        self,
    ) -> Result<impl Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static> {
        Ok(self.start()?.0)
    }

    /// The same body once more. A stream goes to whichever of them is read first.
    pub(crate) fn share(&self) -> Self {
        let source = match &self.source {
            Source::Bytes(bytes) => Source::Bytes(bytes.clone()),
            Source::File(path) => Source::File(path.clone()),
            Source::Stream(slot) => Source::Stream(Arc::clone(slot)),
        };
        Self {
            source,
            len: self.len,
            more: self.more.clone(),
            wire: None,
        }
    }

    /// Paces, counts and hashes the bytes with `monitor` whenever the body is sent.
    pub(crate) fn monitored(mut self, monitor: BodyMonitor) -> Self {
        self.more.get_or_insert_default().monitor = Some(monitor);
        self
    }

    /// Records in `progress` how the body is read.
    pub(crate) fn recorded(mut self, progress: Arc<Progress>) -> Self {
        self.more.get_or_insert_default().progress = Some(progress);
        self
    }

    fn is_monitored(&self) -> bool {
        self.more
            .as_ref()
            .is_some_and(|more| more.monitor.is_some())
    }

    /// Puts bytes before and after the content.
    pub(crate) fn framed(mut self, head: Bytes, tail: Bytes) -> Self {
        let more = self.more.get_or_insert_default();
        (more.head, more.tail) = (head, tail);
        self
    }
}

/// Whether nothing of the stream was read yet.
fn has_stream(slot: &StreamSlot) -> bool {
    let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    slot.is_some()
}

/// The stream, the first time.
fn take_stream(slot: &StreamSlot) -> Option<BoxStream> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

/// Shows kind and length, never content.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, path) = match &self.source {
            Source::Bytes(_) => ("bytes", None),
            Source::File(path) => ("file", Some(path)),
            Source::Stream(_) => ("stream", None),
        };
        let mut shown = f.debug_struct("Body");
        shown.field("kind", &kind).field("len", &self.len());
        if let Some(path) = path {
            shown.field("path", path);
        }
        shown.finish()
    }
}
