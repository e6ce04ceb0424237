//! [`Body`]: the content of an upload.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::{Stream, TryStream};
use http::Method;
use qingstor_md5::HashSource;
use tokio::io::AsyncRead;

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;

mod body_stream;
mod chunk_size;
mod content_reader;
mod convert;
mod file_buffers;
mod http_body_impl;
mod monitor;
mod reader_stream;
mod send_progress;
mod stream_adapter;

pub(crate) use body_stream::BodyStream;
pub(crate) use monitor::BodyMonitor;
pub(crate) use reader_stream::ReaderStream;
pub(crate) use send_progress::SendProgress;
pub(crate) use stream_adapter::StreamAdapter;

/// A caller-supplied stream.
type BoxStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// Holds a stream until its first byte is requested, and `None` afterwards.
type StreamSlot = Arc<Mutex<Option<BoxStream>>>;

/// The content of an upload: bytes in memory, a file, or a stream of known length.
///
/// When the client retries a request, it can send bytes and files again, but not a stream. A file
/// is read while it is sent, 256 KiB at a time. Bytes are not copied.
///
/// Bytes, text, a `PathBuf` and a [`ByteStream`](crate::ByteStream) convert into a body. A `&str`
/// is content, not a path. A body implements [`http_body::Body`], so other HTTP clients can send
/// it.
///
/// ```no_run
/// # type BoxStream = std::pin::Pin<Box<dyn futures_core::Stream<Item = std::io::Result<bytes::Bytes>> + Send>>;
/// # async fn example(stream: BoxStream) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::Body;
///
/// let text = Body::from("hello");
/// let file = Body::from_path("report.pdf").await?;
/// let stream = Body::from_stream(stream, 1_048_576); // bytes
/// # let _ = (text, file, stream); Ok(()) }
/// ```
pub struct Body {
    source: BodySource,
    content_len: u64,
    file_name: Option<String>,
    /// The part of a form before its file.
    prefix: Bytes,
    /// The part of a form after its file.
    suffix: Bytes,
    monitor: Option<BodyMonitor>,
    /// Records how an in-process handler reads the body.
    progress: Option<Arc<SendProgress>>,
    /// Set when the body is polled as an [`http_body::Body`].
    stream: Option<Box<body_stream::BodyStream>>,
}

enum BodySource {
    Bytes(Bytes),
    Chunks(Arc<[Bytes]>),
    File {
        path: Arc<Path>,
        /// Offset of the content; `None` if the content is the whole file.
        offset: Option<u64>,
    },
    Stream(StreamSlot),
}

impl Body {
    /// Creates an empty body.
    #[must_use]
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// Creates a body from bytes in memory that are in several chunks. The chunks are sent one after
    /// the other. They are not copied, and the client can send them again.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use qingstor_sdk::Body;
    ///
    /// let body = Body::from_chunks([Bytes::from("one "), Bytes::from("object")]);
    /// assert_eq!(body.len(), 10);
    /// assert!(body.is_replayable());
    /// ```
    pub fn from_chunks(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        let chunks = chunks.into_iter().filter(|chunk| !chunk.is_empty());
        Self::from_shared_chunks(chunks.collect())
    }

    /// Creates a body from the file at `path`, with the length that the file has now.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file cannot be read or is not a regular file, and `Config` outside of a
    /// Tokio runtime. If the length changes before the body is sent, the request fails with `Io`.
    pub async fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        runtime::current()?;
        let path = path.as_ref();
        let failed = |why: String| Error::new(ErrorKind::Io, format!("{}: {why}", path.display()));
        let metadata = tokio::fs::metadata(path)
            .await
            .map_err(|error| failed(error.to_string()).with_source(error))?;
        if !metadata.is_file() {
            return Err(failed("is not a regular file".into()));
        }
        Ok(Self::file(path, metadata.len()))
    }

    /// Creates a body from `len` bytes of the file at `path`, starting at `offset`. Does not access
    /// the file yet.
    ///
    /// If the file is shorter when the body is sent, the request fails with `Io`.
    ///
    /// ```no_run
    /// # use qingstor_sdk::Body;
    /// let second = Body::from_file_range("video.mp4", 8_388_608, 8_388_608); // bytes
    /// assert_eq!(second.len(), 8_388_608);
    /// ```
    pub fn from_file_range(path: impl AsRef<Path>, offset: u64, len: u64) -> Self {
        let path = path.as_ref().into();
        let offset = Some(offset);
        Self::new(BodySource::File { path, offset }, len)
    }

    /// Creates a body from a stream that yields `len` bytes in total, in chunks that convert into
    /// [`Bytes`].
    ///
    /// The service requires the length in advance. If the stream yields fewer or more bytes, the
    /// request fails with `Io`. If the stream returns an error, the request fails with `Io`, and
    /// that error is its source.
    pub fn from_stream<S>(stream: S, len: u64) -> Self
    where
        S: TryStream + Send + 'static,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let stream: BoxStream = Box::pin(StreamAdapter::new(stream));
        let slot = Arc::new(Mutex::new(Some(stream)));
        Self::new(BodySource::Stream(slot), len)
    }

    /// Creates a body from a reader that returns `len` bytes in total, with the same rules as
    /// [`from_stream`](Self::from_stream).
    pub fn from_reader<R>(reader: R, len: u64) -> Self
    where
        R: AsyncRead + Send + 'static,
    {
        Self::from_stream(ReaderStream::new(reader), len)
    }

    /// Creates a body from bytes in memory that are not contiguous.
    #[inline]
    pub(crate) fn from_shared_chunks(chunks: Arc<[Bytes]>) -> Self {
        let len = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self::new(BodySource::Chunks(chunks), len)
    }

    fn new(source: BodySource, content_len: u64) -> Self {
        Self {
            source,
            content_len,
            file_name: None,
            prefix: Bytes::new(),
            suffix: Bytes::new(),
            monitor: None,
            progress: None,
            stream: None,
        }
    }

    /// Sets the file name for form uploads, which replaces `${filename}` in their key.
    /// [`from_path`](Self::from_path) sets it already.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Returns the file name.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        let frame = self.prefix.len() as u64 + self.suffix.len() as u64;
        // A caller can announce any length for a stream.
        self.content_len.saturating_add(frame)
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

    /// Returns whether the body can be sent more than once: `false` for a stream.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !matches!(self.source, BodySource::Stream(_))
    }

    /// Returns whether the length is known without reading the source. A stream can have more bytes than
    /// announced, and a whole file can grow, or have a size that the file system does not know.
    pub(crate) fn has_certain_length(&self) -> bool {
        !matches!(
            self.source,
            BodySource::Stream(_) | BodySource::File { offset: None, .. }
        )
    }

    /// Returns whether the body can be sent from its start: it is replayable, or a stream that has
    /// not been read yet.
    pub(crate) fn can_start(&self) -> bool {
        match &self.source {
            // Before the first attempt, the client checks that the stream is empty.
            BodySource::Stream(_) if self.is_empty() => true,
            BodySource::Stream(slot) => has_stream(slot),
            BodySource::Bytes(_) | BodySource::Chunks(_) | BodySource::File { .. } => true,
        }
    }

    /// Returns the bytes if they are in memory.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.source {
            BodySource::Bytes(bytes)
                if self.len() == self.content_len && self.monitor.is_none() =>
            {
                Some(bytes)
            }
            _ => None,
        }
    }

    /// Returns what to hash for the MD5 of the content; `None` for a stream.
    #[inline]
    pub(crate) fn hash_source(&self) -> Option<HashSource> {
        match &self.source {
            BodySource::Bytes(bytes) => Some(HashSource::from(bytes.clone())),
            BodySource::Chunks(chunks) => Some(HashSource::Memory(chunks.to_vec())),
            BodySource::File { path, offset } => {
                let start = offset.unwrap_or(0);
                let range = start..start.saturating_add(self.content_len);
                Some(HashSource::File {
                    path: Arc::clone(path),
                    range,
                })
            }
            BodySource::Stream(_) => None,
        }
    }

    /// Converts the body into a stream of its bytes, so that another HTTP client can send the
    /// request of [`Call::build`]. The stream fails if it has fewer or more bytes than
    /// [`len`](Self::len).
    ///
    /// The body of a file must be read inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the body is a stream that was already sent.
    ///
    /// [`Call::build`]: crate::Call::build
    pub fn into_stream(
        self,
    ) -> Result<impl Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static> {
        Ok(self.start()?.0)
    }

    /// Returns a second body with the same content. If the content is a stream, the body that is
    /// read first takes it.
    pub(crate) fn share(&self) -> Self {
        let source = match &self.source {
            BodySource::Bytes(bytes) => BodySource::Bytes(bytes.clone()),
            BodySource::Chunks(chunks) => BodySource::Chunks(Arc::clone(chunks)),
            BodySource::File { path, offset } => BodySource::File {
                path: Arc::clone(path),
                offset: *offset,
            },
            BodySource::Stream(slot) => BodySource::Stream(Arc::clone(slot)),
        };
        Self {
            source,
            content_len: self.content_len,
            file_name: self.file_name.clone(),
            prefix: self.prefix.clone(),
            suffix: self.suffix.clone(),
            monitor: self.monitor.clone(),
            progress: self.progress.clone(),
            stream: None,
        }
    }

    /// Paces, counts and hashes the bytes with `monitor` whenever the body is sent.
    pub(crate) fn monitored(mut self, monitor: BodyMonitor) -> Self {
        self.monitor = Some(monitor);
        self
    }

    /// Records in `progress` how the body is read.
    pub(crate) fn with_progress(mut self, progress: Arc<SendProgress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Puts bytes before and after the content.
    pub(crate) fn with_frame(mut self, prefix: Bytes, suffix: Bytes) -> Self {
        (self.prefix, self.suffix) = (prefix, suffix);
        self
    }
}

/// Returns whether the stream has not been taken yet.
fn has_stream(slot: &StreamSlot) -> bool {
    let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    slot.is_some()
}

/// Takes the stream; `None` if it was already taken.
fn take_stream(slot: &StreamSlot) -> Option<BoxStream> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

/// Shows the kind and the length, but not the content.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, path) = match &self.source {
            BodySource::Bytes(_) | BodySource::Chunks(_) => ("bytes", None),
            BodySource::File { path, .. } => ("file", Some(path)),
            BodySource::Stream(_) => ("stream", None),
        };
        let mut shown = f.debug_struct("Body");
        shown.field("kind", &kind).field("len", &self.len());
        if let Some(path) = path {
            shown.field("path", path);
        }
        shown.finish()
    }
}
