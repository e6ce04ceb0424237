//! [`PartReader`]: reads a source part by part.

use std::fs::Metadata;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use qingstor_md5::Md5Pool;

use super::part_content::{Part, PartContent};
use super::part_memory::PartMemory;
use super::source::{SourceKind, SourceStream, UploadSource};
use super::stream_reader::StreamReader;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::regular_file;
use crate::base::timestamp::Timestamp;
use crate::client::transfer_budget::MemoryBudget;
use crate::managed::errors::{blocking, file_error};
use crate::managed::part_sizes::PartSizes;
use crate::message::body::ReaderStream;

/// Reads a source part by part.
pub(super) struct PartReader<'a> {
    unread: Unread<'a>,
    /// Length of the content in bytes, if it is known.
    pub(super) len: Option<u64>,
    /// Modification time of the source file, if the file system stores times.
    pub(super) modified: Option<Timestamp>,
}

/// The content after the last part.
enum Unread<'a> {
    Bytes(Bytes),
    File {
        path: Arc<Path>,
        /// Metadata from before the first part.
        metadata: Arc<Metadata>,
        offset: u64,
    },
    Stream(Box<StreamReader<'a>>),
}

impl<'a> PartReader<'a> {
    /// Opens the source. Parts of a stream are kept within the memory budget, and hashed as they are read
    /// if there is a pool.
    pub(super) async fn open(
        source: UploadSource<'a>,
        memory: &Arc<MemoryBudget>,
        pool: Option<&Md5Pool>,
    ) -> Result<Self> {
        match source.0 {
            SourceKind::Bytes(bytes) => Ok(Self {
                len: Some(bytes.len() as u64),
                unread: Unread::Bytes(bytes),
                modified: None,
            }),
            SourceKind::Path(path) => Self::open_file(path, memory, pool).await,
            SourceKind::Stream { stream, len } => Ok(Self::from_stream(stream, len, memory, pool)),
        }
    }

    async fn open_file(
        path: PathBuf,
        memory: &Arc<MemoryBudget>,
        pool: Option<&Md5Pool>,
    ) -> Result<Self> {
        let data = tokio::fs::metadata(&path)
            .await
            .map_err(|error| file_error(&path, error))?;
        if data.is_dir() {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(file_error(&path, error));
        }
        if !data.is_file() || data.len() == 0 && has_unknown_size(&path).await? {
            let file = tokio::fs::File::open(&path)
                .await
                .map_err(|error| file_error(&path, error))?;
            let stream = Box::pin(ReaderStream::new(file));
            return Ok(Self::from_stream(stream, None, memory, pool));
        }
        Ok(Self {
            len: Some(data.len()),
            modified: data.modified().ok().and_then(|time| time.try_into().ok()),
            unread: Unread::File {
                path: path.into(),
                metadata: data.into(),
                offset: 0,
            },
        })
    }

    #[inline]
    fn from_stream(
        stream: SourceStream<'a>,
        len: Option<u64>,
        memory: &Arc<MemoryBudget>,
        pool: Option<&Md5Pool>,
    ) -> Self {
        let memory = PartMemory::new(Arc::clone(memory));
        let reader = StreamReader::new(stream, memory, pool.cloned());
        Self {
            unread: Unread::Stream(Box::new(reader)),
            len,
            modified: None,
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self.unread, Unread::Stream(_))
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.unread, Unread::File { .. })
    }

    /// Returns the modification time as resume tokens contain it: in nanoseconds since 1970, negative for
    /// earlier times.
    pub(super) fn modified_nanoseconds(&self) -> Option<i64> {
        let modified = self.modified?;
        let whole = modified.as_unix_seconds().checked_mul(1_000_000_000)?;
        whole.checked_add(modified.subsec_nanos().into())
    }

    /// Returns another reader of the unread content, or `None` if the source can be read only once.
    pub(super) fn duplicate(&self) -> Option<PartReader<'static>> {
        let unread = match &self.unread {
            Unread::Bytes(bytes) => Unread::Bytes(bytes.clone()),
            Unread::File {
                path,
                metadata,
                offset,
            } => Unread::File {
                path: Arc::clone(path),
                metadata: Arc::clone(metadata),
                offset: *offset,
            },
            Unread::Stream(_) => return None,
        };
        Some(PartReader {
            unread,
            len: self.len,
            modified: self.modified,
        })
    }

    /// Returns the next part, or `None` at the end. Only the last part has fewer than `size` bytes. The
    /// next part of a stream waits until at most `capacity` bytes of it are in memory then.
    #[inline]
    pub(super) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        size: u64,
        capacity: u64,
    ) -> Poll<Result<Option<Part>>> {
        let total = self.len;
        match &mut self.unread {
            Unread::Bytes(bytes) => {
                let len = usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len());
                let part = bytes.split_to(len);
                let part = (len > 0).then(|| PartContent::from_chunks(vec![part]));
                Poll::Ready(Ok(part.map(Part::new)))
            }
            Unread::File { path, offset, .. } => {
                let len = size.min(total.unwrap_or(0).saturating_sub(*offset));
                let part = PartContent::File {
                    path: Arc::clone(path),
                    offset: *offset,
                    len,
                };
                *offset += len;
                Poll::Ready(Ok((len > 0).then_some(Part::new(part))))
            }
            Unread::Stream(reader) => reader.poll_part(cx, size, capacity, total),
        }
    }

    pub(super) async fn part(&mut self, size: u64) -> Result<Option<Part>> {
        poll_fn(|cx| self.poll_part(cx, size, u64::MAX)).await
    }

    /// Returns the size of part `number`, as [`PartSizes::size`] does, or `None` if the content ended
    /// with the last possible part.
    pub(super) async fn part_size(&mut self, sizes: PartSizes, number: u32) -> Result<Option<u64>> {
        match sizes.size(number) {
            Ok(size) => Ok(Some(size)),
            Err(_) if self.is_at_end().await? => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns `true` if no bytes are left. Waits for the next chunk of a stream.
    pub(super) async fn is_at_end(&mut self) -> Result<bool> {
        let total = self.len;
        match &mut self.unread {
            Unread::Bytes(bytes) => Ok(bytes.is_empty()),
            Unread::File { offset, .. } => Ok(Some(*offset) == total),
            Unread::Stream(reader) => reader.is_at_end(total).await,
        }
    }

    /// Returns the result of an upload, or `Io` if the file has changed or was replaced since its first
    /// part. A part that changes between hashing and sending is an `Integrity`
    /// error otherwise. `outcome` says what that means for the object.
    pub(super) async fn check_result<T>(&mut self, result: Result<T>, outcome: &str) -> Result<T> {
        let may_have_changed = match &result {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::Integrity,
        };
        if may_have_changed {
            self.check_unchanged(outcome).await?;
        }
        result
    }

    async fn check_unchanged(&mut self, outcome: &str) -> Result<()> {
        let Unread::File { path, metadata, .. } = &self.unread else {
            return Ok(());
        };
        let changed = |why: &str| {
            let path = path.display();
            let text = format!("{path}: the file {why} during the upload; {outcome}");
            Error::new(ErrorKind::Io, text)
        };
        match tokio::fs::metadata(path).await {
            Ok(data) if regular_file::is_unchanged(metadata, &data) => Ok(()),
            Ok(_) => Err(changed("changed")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(changed("vanished").with_source(error))
            }
            Err(error) => Err(file_error(path, error)),
        }
    }
}

/// Returns whether the file at `path`, which has a size of 0, has content.
async fn has_unknown_size(path: &Path) -> Result<bool> {
    let opened = path.to_owned();
    let has_unknown_size = blocking(move || {
        let file = regular_file::open(&opened)?;
        regular_file::has_unknown_size(&file)
    });
    has_unknown_size
        .await?
        .map_err(|error: io::Error| file_error(path, error))
}

#[cfg(test)]
impl PartReader<'static> {
    /// Returns a reader of a file that is not opened.
    pub(super) fn of_missing_file(len: u64) -> Self {
        Self {
            unread: Unread::File {
                path: Path::new("missing").into(),
                metadata: std::fs::metadata(".").unwrap().into(),
                offset: 0,
            },
            len: Some(len),
            modified: None,
        }
    }
}
