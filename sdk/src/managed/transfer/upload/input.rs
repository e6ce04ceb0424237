//! A source while it is read, part by part.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::UNIX_EPOCH;

use bytes::{Buf, Bytes};
use md5::{Digest as _, Md5};

use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::managed::transfer::joined;
use crate::managed::transfer::source::{Kind, Source, SourceStream};
use crate::message::body::{Body, ReaderStream};

/// A source that is open.
pub(super) struct Input<'a> {
    from: Origin<'a>,
    /// The length of all, if it is known.
    pub(super) len: Option<u64>,
    /// When the file was last changed, in nanoseconds since 1970.
    pub(super) modified: Option<i64>,
}

/// Where its bytes are.
enum Origin<'a> {
    Bytes(Bytes),
    File { path: Arc<Path>, offset: u64 },
    Stream(Reading<'a>),
}

/// A stream, and the part that is being filled.
struct Reading<'a> {
    stream: SourceStream<'a>,
    /// What the stream has given beyond the last part.
    rest: Bytes,
    part: Vec<u8>,
    /// Bytes given so far, those in `rest` among them.
    given: u64,
    ended: bool,
}

/// What a part has in it; it can be sent again.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    File {
        path: Arc<Path>,
        offset: u64,
        len: u64,
    },
}

impl<'a> Input<'a> {
    pub(super) async fn open(source: Source<'a>) -> Result<Self> {
        match source.0 {
            Kind::Bytes(bytes) => Ok(Self {
                len: Some(bytes.len() as u64),
                from: Origin::Bytes(bytes),
                modified: None,
            }),
            Kind::Path(path) => Self::open_file(path).await,
            Kind::Stream { stream, len } => Ok(Self::of_stream(stream, len)),
        }
    }

    async fn open_file(path: PathBuf) -> Result<Self> {
        let data = tokio::fs::metadata(&path)
            .await
            .map_err(|error| unreadable(&path, error))?;
        if data.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
            return Err(unreadable(&path, error));
        }
        if !data.is_file() {
            let file = tokio::fs::File::open(&path)
                .await
                .map_err(|error| unreadable(&path, error))?;
            return Ok(Self::of_stream(Box::pin(ReaderStream::new(file)), None));
        }
        Ok(Self {
            len: Some(data.len()),
            modified: modified(&data),
            from: Origin::File {
                path: path.into(),
                offset: 0,
            },
        })
    }

    fn of_stream(stream: SourceStream<'a>, len: Option<u64>) -> Self {
        Self {
            from: Origin::Stream(Reading {
                stream,
                rest: Bytes::new(),
                part: Vec::new(),
                given: 0,
                ended: false,
            }),
            len,
            modified: None,
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self.from, Origin::Stream(_))
    }

    /// The next part, of `size` bytes unless it is the last one; `None` when there is no more.
    pub(super) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        size: u64,
    ) -> Poll<Result<Option<Content>>> {
        let total = self.len;
        match &mut self.from {
            Origin::Bytes(bytes) => {
                let len = usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len());
                let part = bytes.split_to(len);
                Poll::Ready(Ok((len > 0).then_some(Content::Bytes(part))))
            }
            Origin::File { path, offset } => {
                let len = size.min(total.unwrap_or(0).saturating_sub(*offset));
                let part = Content::File {
                    path: Arc::clone(path),
                    offset: *offset,
                    len,
                };
                *offset += len;
                Poll::Ready(Ok((len > 0).then_some(part)))
            }
            Origin::Stream(reading) => reading.poll_part(cx, size, total),
        }
    }

    pub(super) async fn part(&mut self, size: u64) -> Result<Option<Content>> {
        poll_fn(|cx| self.poll_part(cx, size)).await
    }

    /// Whether there is no more. Waits for the next bytes of a stream.
    pub(super) async fn is_over(&mut self) -> Result<bool> {
        let total = self.len;
        match &mut self.from {
            Origin::Bytes(bytes) => Ok(bytes.is_empty()),
            Origin::File { offset, .. } => Ok(Some(*offset) == total),
            Origin::Stream(reading) => {
                while reading.rest.is_empty() && !reading.ended {
                    poll_fn(|cx| reading.poll_more(cx, total)).await?;
                }
                Ok(reading.rest.is_empty())
            }
        }
    }

    /// Fails when the file is no longer what it was at the beginning.
    pub(super) async fn check_unchanged(&mut self) -> Result<()> {
        let Origin::File { path, .. } = &self.from else {
            return Ok(());
        };
        let data = tokio::fs::metadata(path)
            .await
            .map_err(|error| unreadable(path, error))?;
        if Some(data.len()) == self.len && modified(&data) == self.modified {
            return Ok(());
        }
        let text = format!("{}: the file changed during the upload", path.display());
        Err(Error::new(ErrorKind::Io, text))
    }
}

impl Reading<'_> {
    fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        size: u64,
        total: Option<u64>,
    ) -> Poll<Result<Option<Content>>> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        loop {
            let missing = size - self.part.len().min(size);
            if missing == 0 || (self.ended && self.rest.is_empty()) {
                let part = std::mem::take(&mut self.part);
                return Poll::Ready(Ok((!part.is_empty()).then(|| Content::Bytes(part.into()))));
            }
            if self.rest.is_empty() {
                ready!(self.poll_more(cx, total))?;
                continue;
            }
            if self.part.capacity() == 0 {
                // Exactly what is needed, once: growing would take twice as much for a moment.
                let left = total.map_or(u64::MAX, |total| {
                    total - (self.given - self.rest.len() as u64)
                });
                let wanted = size.min(usize::try_from(left).unwrap_or(usize::MAX));
                self.part.try_reserve_exact(wanted).map_err(|error| {
                    let text = format!("cannot allocate a part of {wanted} bytes");
                    Error::new(ErrorKind::Io, text).with_source(error)
                })?;
            }
            let len = missing.min(self.rest.len());
            self.part
                .extend_from_slice(self.rest.get(..len).unwrap_or_default());
            self.rest.advance(len);
        }
    }

    /// Takes the next bytes of the stream, checked against its length.
    fn poll_more(&mut self, cx: &mut Context<'_>, total: Option<u64>) -> Poll<Result<()>> {
        match ready!(self.stream.as_mut().poll_next(cx)) {
            Some(Ok(bytes)) => {
                self.given += bytes.len() as u64;
                if total.is_some_and(|total| self.given > total) {
                    let text = "the source is longer than announced";
                    return Poll::Ready(Err(Error::new(ErrorKind::Io, text)));
                }
                self.rest = bytes;
            }
            Some(Err(error)) => {
                let text = format!("cannot read the source: {error}");
                return Poll::Ready(Err(Error::new(ErrorKind::Io, text).with_source(error)));
            }
            None => {
                self.ended = true;
                if let Some(missing) = total.map(|total| total - self.given)
                    && missing > 0
                {
                    let text =
                        format!("the source ended {missing} bytes before its announced length");
                    return Poll::Ready(Err(Error::new(ErrorKind::Io, text)));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Content {
    pub(super) fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    pub(super) fn body(&self) -> Body {
        match self {
            Self::Bytes(bytes) => bytes.clone().into(),
            Self::File { path, offset, len } => Body::from_file_range(path, *offset, *len),
        }
    }

    /// The digest of the bytes, which are read for it.
    pub(super) async fn digest(&self) -> Result<Digest> {
        let content = self.clone();
        // Both take long enough to hold up other tasks.
        joined(tokio::task::spawn_blocking(move || content.digest_now()).await)?
    }

    fn digest_now(&self) -> Result<Digest> {
        let mut md5 = Md5::new();
        match self {
            Self::Bytes(bytes) => md5.update(bytes),
            Self::File { path, offset, len } => {
                let end = offset + len;
                crate::base::digest::hash_file(path, &mut md5, *offset..end)
                    .map_err(|error| unreadable(path, error))?;
            }
        }
        Ok(Digest::of(md5))
    }
}

fn modified(data: &std::fs::Metadata) -> Option<i64> {
    // A file system may keep no times, and a file may come from before 1970.
    let since = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display())).with_source(error)
}
