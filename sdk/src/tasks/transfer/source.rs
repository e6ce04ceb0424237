//! [`Source`]: where an upload's content comes from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use tokio::io::AsyncRead;

use crate::body::ReaderStream;

/// A stream of the caller's.
pub(crate) type SourceStream<'a> = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send + 'a>>;

/// Where an upload's content comes from: memory, a file, a reader or a stream, of known or unknown
/// length.
///
/// Bytes, `Vec<u8>`, text, `&Path` and `PathBuf` are sources as they are; a `&str` is content, not
/// a path.
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

    /// What a stream gives until it ends.
    pub fn stream(stream: impl Stream<Item = std::io::Result<Bytes>> + Send + 'a) -> Self {
        let stream = Box::pin(stream);
        Self(Kind::Stream { stream, len: None })
    }

    /// What a stream gives, `len` bytes in all. The upload fails with `Io` when it gives more or
    /// less.
    pub fn sized_stream(
        stream: impl Stream<Item = std::io::Result<Bytes>> + Send + 'a,
        len: u64,
    ) -> Self {
        let stream = Box::pin(stream);
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
            Kind::Path(path) => write!(f, "Source::Path({})", path.display()),
            Kind::Stream { len, .. } => write!(f, "Source::Stream({len:?} bytes)"),
        }
    }
}
