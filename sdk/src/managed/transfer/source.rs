//! [`Source`]: where an upload's content comes from.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use futures_core::{Stream, TryStream};
use tokio::io::AsyncRead;

use crate::base::printable::Printable;
use crate::message::body::{Chunks, ReaderStream};
use crate::message::byte_stream::ByteStream;

/// A stream of the caller's.
pub(crate) type SourceStream<'a> = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send + 'a>>;

/// Where an upload's content comes from: memory, a file, a reader or a stream, of known or unknown
/// length.
///
/// Bytes, `Vec<u8>`, text, paths, open files and a [`ByteStream`] convert into a source; a `&str`
/// is content, not a path.
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::Source;
///
/// bucket.upload("a", vec![0; 1024]).await?;
/// bucket.upload("b", Source::path("report.pdf")).await?;
/// bucket.upload("c", Source::reader(tokio::io::empty())).await?;
/// # Ok(()) }
/// ```
pub struct Source<'a>(pub(crate) Kind<'a>);

pub(crate) enum Kind<'a> {
    Bytes(Bytes),
    Path(PathBuf),
    Stream {
        stream: SourceStream<'a>,
        len: Option<u64>,
    },
}

impl<'a> Source<'a> {
    /// The file at `path`. Its parts are read from the disk while they are sent, 256 KiB at a time.
    /// It must not change meanwhile: an upload that notices fails with `Io`.
    ///
    /// What is no regular file, such as a pipe, is read as [`reader`](Self::reader) reads.
    pub fn path(path: impl AsRef<Path>) -> Self {
        Self(Kind::Path(path.as_ref().to_owned()))
    }

    /// What a reader gives until it ends.
    pub fn reader(reader: impl AsyncRead + Send + 'a) -> Self {
        Self::stream(ReaderStream::new(reader))
    }

    /// What a reader gives, `len` bytes in all. The upload fails with `Io` when it gives more or
    /// less.
    pub fn sized_reader(reader: impl AsyncRead + Send + 'a, len: u64) -> Self {
        Self::sized_stream(ReaderStream::new(reader), len)
    }

    /// The chunks of a stream until it ends: any chunks that convert into [`Bytes`], with any
    /// error. An error of the stream fails the upload with `Io`, and is the source of that error.
    pub fn stream<S>(stream: S) -> Self
    where
        S: TryStream + Send + 'a,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let stream = Box::pin(Chunks::new(stream));
        Self(Kind::Stream { stream, len: None })
    }

    /// The chunks of a stream, as [`stream`](Self::stream) takes them, `len` bytes in all. The
    /// upload fails with `Io` when it gives more or
    /// less.
    pub fn sized_stream<S>(stream: S, len: u64) -> Self
    where
        S: TryStream + Send + 'a,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        Bytes: From<S::Ok>,
    {
        let stream = Box::pin(Chunks::new(stream));
        let len = Some(len);
        Self(Kind::Stream { stream, len })
    }
}

macro_rules! from_bytes {
    ($($ty:ty,)*) => {
        $(impl From<$ty> for Source<'_> {
            fn from(bytes: $ty) -> Self {
                Self(Kind::Bytes(bytes.into()))
            }
        })*
    };
}

from_bytes! {
    Bytes,
    Vec<u8>,
    String,
    &'static str,
    &'static [u8],
}

impl<const N: usize> From<&'static [u8; N]> for Source<'_> {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<&Path> for Source<'_> {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Source<'_> {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

/// Copies text that is borrowed.
impl From<Cow<'_, str>> for Source<'_> {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(text.into_owned())
    }
}

/// Reads from the file's position to its end, as [`Source::reader`] does. The length of a regular
/// file is taken now: if it changes until it is read, the upload fails with `Io`.
impl From<std::fs::File> for Source<'_> {
    fn from(mut file: std::fs::File) -> Self {
        let data = file.metadata().ok().filter(std::fs::Metadata::is_file);
        let position = file.stream_position();
        let reader = tokio::fs::File::from_std(file);
        match (data, position) {
            (Some(data), Ok(at)) => Self::sized_reader(reader, data.len().saturating_sub(at)),
            _ => Self::reader(reader),
        }
    }
}

/// Reads from the file's position to its end, as [`Source::reader`] does.
impl From<tokio::fs::File> for Source<'_> {
    fn from(file: tokio::fs::File) -> Self {
        Self::reader(file)
    }
}

/// The rest of a response's body.
impl From<ByteStream> for Source<'_> {
    fn from(stream: ByteStream) -> Self {
        match stream.remaining() {
            Some(len) => Self::sized_stream(stream, len),
            None => Self::stream(stream),
        }
    }
}

impl From<PathBuf> for Source<'_> {
    fn from(path: PathBuf) -> Self {
        Self(Kind::Path(path))
    }
}

/// Shows kind and length, never content.
impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(bytes) => write!(f, "Source::Bytes({} bytes)", bytes.len()),
            Kind::Path(path) => write!(f, "Source::Path({})", Printable(path.display())),
            Kind::Stream { len, .. } => write!(f, "Source::Stream({len:?} bytes)"),
        }
    }
}
