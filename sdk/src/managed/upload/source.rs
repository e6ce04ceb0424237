//! [`UploadSource`]: the content of an upload.

use std::error::Error as StdError;
use std::fmt;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use futures_core::{Stream, TryStream};
use tokio::io::AsyncRead;

use crate::base::escape::EscapeControls;
use crate::message::body::{ReaderStream, StreamAdapter};
use crate::message::byte_stream::ByteStream;

/// A caller-supplied stream.
pub(crate) type SourceStream<'a> = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send + 'a>>;

/// The content of an [`Upload`](crate::Upload): bytes in memory, a file, a reader or a stream, with or
/// without a known length.
///
/// [`Bytes`], `Vec<u8>`, `&'static [u8]`, paths, open files and a [`ByteStream`] convert into a source.
/// A `&str` does not, because it could be a path or content: pass `b"text"`, `text.into_bytes()` or
/// [`UploadSource::path`].
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::UploadSource;
///
/// bucket.upload("a", vec![0; 1024]).await?;
/// bucket.upload("b", UploadSource::path("report.pdf")).await?;
/// bucket.upload("c", UploadSource::reader(tokio::io::empty())).await?;
/// # Ok(()) }
/// ```
pub struct UploadSource<'a>(pub(crate) SourceKind<'a>);

pub(crate) enum SourceKind<'a> {
    Bytes(Bytes),
    Path(PathBuf),
    Stream {
        stream: SourceStream<'a>,
        len: Option<u64>,
    },
}

impl<'a> UploadSource<'a> {
    /// Creates a source from the file at `path`. The file is read while it is sent, in chunks of 256
    /// KiB. It must not change until the upload ends: if its size or modification time changes, or
    /// another file replaces it, the upload fails with `Io`. On Windows, a file that replaces it is only
    /// recognized by its size and time. An upload in parts is then not completed. An upload with one
    /// request has replaced the object already, perhaps by a mixture of both contents: upload it again.
    ///
    /// Anything but a regular file, such as a pipe, is read like a [`reader`](Self::reader), as is a file
    /// whose size the file system does not know, such as those of `/proc`.
    ///
    /// Opening and reading a pipe blocks a thread of the runtime until another process opens it, writes
    /// to it or closes it, even if the future is dropped in the meantime; the end of the runtime waits
    /// for that thread. Use `tokio::net::unix::pipe` and [`reader`](Self::reader) to avoid this.
    pub fn path(path: impl AsRef<Path>) -> Self {
        Self(SourceKind::Path(path.as_ref().to_owned()))
    }

    /// Creates a source from a reader, which is read to its end.
    pub fn reader(reader: impl AsyncRead + Send + 'a) -> Self {
        Self::stream(ReaderStream::new(reader))
    }

    /// Creates a source from a reader of `len` bytes. If the reader yields more or fewer bytes, the
    /// upload fails with `Io`.
    pub fn sized_reader(reader: impl AsyncRead + Send + 'a, len: u64) -> Self {
        Self::sized_stream(ReaderStream::new(reader), len)
    }

    /// Creates a source from a stream of chunks that convert into [`Bytes`], which is read to its
    /// end. An error of the stream fails the upload with `Io`, and becomes the source of that error.
    pub fn stream<S>(stream: S) -> Self
    where
        S: TryStream + Send + 'a,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let stream = Box::pin(StreamAdapter::new(stream));
        Self(SourceKind::Stream { stream, len: None })
    }

    /// Creates a source from a [`stream`](Self::stream) of `len` bytes. If the stream yields more or
    /// fewer bytes, the upload fails with `Io`.
    pub fn sized_stream<S>(stream: S, len: u64) -> Self
    where
        S: TryStream + Send + 'a,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let stream = Box::pin(StreamAdapter::new(stream));
        let len = Some(len);
        Self(SourceKind::Stream { stream, len })
    }
}

macro_rules! from_bytes {
    ($($ty:ty,)*) => {
        $(impl From<$ty> for UploadSource<'_> {
            fn from(bytes: $ty) -> Self {
                Self(SourceKind::Bytes(bytes.into()))
            }
        })*
    };
}

from_bytes! {
    Bytes,
    Vec<u8>,
    &'static [u8],
}

impl<const N: usize> From<&'static [u8; N]> for UploadSource<'_> {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<&Path> for UploadSource<'_> {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for UploadSource<'_> {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

/// Reads from the file's position to its end, like [`UploadSource::reader`]. The length of a regular
/// file is determined now, unless it is 0: if it changes before the file is read, the upload fails with
/// `Io`.
impl From<std::fs::File> for UploadSource<'_> {
    #[inline]
    fn from(mut file: std::fs::File) -> Self {
        let data = file.metadata().ok();
        // A file whose size the file system does not know has 0 bytes, too.
        let data = data.filter(|data| data.is_file() && data.len() > 0);
        let position = file.stream_position();
        let reader = tokio::fs::File::from_std(file);
        match (data, position) {
            (Some(data), Ok(at)) => Self::sized_reader(reader, data.len().saturating_sub(at)),
            _ => Self::reader(reader),
        }
    }
}

/// Reads from the file's position to its end, like [`UploadSource::reader`].
impl From<tokio::fs::File> for UploadSource<'_> {
    #[inline]
    fn from(file: tokio::fs::File) -> Self {
        Self::reader(file)
    }
}

/// Uploads the rest of a response body.
impl From<ByteStream> for UploadSource<'_> {
    #[inline]
    fn from(stream: ByteStream) -> Self {
        match stream.remaining() {
            Some(len) => Self::sized_stream(stream, len),
            None => Self::stream(stream),
        }
    }
}

impl From<PathBuf> for UploadSource<'_> {
    fn from(path: PathBuf) -> Self {
        Self(SourceKind::Path(path))
    }
}

/// Shows the kind and the length, never the content.
impl fmt::Debug for UploadSource<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            SourceKind::Bytes(bytes) => write!(f, "UploadSource::Bytes({} bytes)", bytes.len()),
            SourceKind::Path(path) => {
                write!(f, "UploadSource::Path({})", EscapeControls(path.display()))
            }
            SourceKind::Stream { len, .. } => write!(f, "UploadSource::Stream({len:?} bytes)"),
        }
    }
}
