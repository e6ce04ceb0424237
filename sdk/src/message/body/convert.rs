//! Conversions into [`Body`].

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::stream_adapter::ErrorStream;
use super::{Body, BodySource};
use crate::message::byte_stream::ByteStream;

impl Body {
    #[inline]
    pub(super) fn file(path: &Path, len: u64) -> Self {
        let body = Self::new(
            BodySource::File {
                path: path.into(),
                offset: None,
            },
            len,
        );
        match path.file_name() {
            Some(name) => body.with_file_name(name.to_string_lossy()),
            None => body,
        }
    }

    /// Creates a body that fails the request with `error`.
    #[inline]
    fn failed(error: io::Error) -> Self {
        Self::from_stream(ErrorStream(Some(error)), 0)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let len = bytes.len() as u64;
        Self::new(BodySource::Bytes(bytes), len)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::from(Bytes::from_static(text.as_bytes()))
    }
}

/// Copies borrowed text.
impl From<Cow<'_, str>> for Body {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(text.into_owned())
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Self::from(Bytes::from_static(bytes))
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::from(Bytes::from_static(bytes))
    }
}

/// Creates a body from the file at this path, like [`Body::from_path`], but blocks while the file
/// system returns the length. If the file cannot be read, the request fails with `Io`.
impl From<PathBuf> for Body {
    #[inline]
    fn from(path: PathBuf) -> Self {
        let failed = |why: String, kind| {
            let text = format!("{}: {why}", path.display());
            Self::failed(io::Error::new(kind, text))
        };
        match std::fs::metadata(&path) {
            Ok(data) if data.is_file() => Self::file(&path, data.len()),
            Ok(_) => failed("is not a regular file".into(), io::ErrorKind::InvalidInput),
            Err(error) => failed(error.to_string(), error.kind()),
        }
    }
}

/// Creates a body from the rest of a response body. It can be sent once. If the response does not
/// announce its length, the request fails with `Io`: use [`Bucket::upload`](crate::Bucket::upload)
/// instead.
impl From<ByteStream> for Body {
    #[inline]
    fn from(stream: ByteStream) -> Self {
        match stream.remaining() {
            Some(len) => Self::from_stream(stream, len),
            None => Self::failed(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the length of the response is unknown: use `Bucket::upload`",
            )),
        }
    }
}
