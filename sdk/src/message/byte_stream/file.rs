//! Writes a [`ByteStream`] to a file, which appears only when it is complete.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

use super::ByteStream;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::atomic_file::{self, Durability, put_in_place};
use crate::base::fs::regular_file;
use crate::base::runtime;

impl ByteStream {
    /// Writes the whole body to the file at `path`, and returns the number of bytes.
    ///
    /// The bytes are written to a temporary file in the same folder. When it is complete and
    /// synced to disk, it replaces the file at `path`. If the body fails, or the future is dropped,
    /// an existing file stays unchanged. See [`DownloadTarget::file`](crate::DownloadTarget::file)
    /// for permissions and symbolic links.
    ///
    /// To write to a pipe, a socket or a device, use `tokio::io::copy`: a `ByteStream` is an
    /// `AsyncRead`.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file cannot be written, or if `path` is, or leads to, something that is
    /// not a regular file; otherwise as [`chunk`](Self::chunk).
    pub async fn write_to(mut self, path: impl AsRef<Path>) -> Result<u64> {
        let path = path.as_ref();
        let call = self.reader.call.clone();
        runtime::current().map_err(|error| error.with_call(call.context()))?;
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
        let put = spawn_blocking(move || put_in_place(&file, &from, &to, Durability::Synced)).await;
        put.map_err(std::io::Error::other)
            .and_then(|put| put)
            .map_err(failed)?;
        temporary.keep();
        Ok(self.reader.received)
    }
}

/// A file that is removed on drop unless it is kept.
struct TemporaryFile {
    path: PathBuf,
    metadata: Metadata,
    is_kept: bool,
}

impl TemporaryFile {
    /// Creates the file. Blocks briefly: if the file were created in another thread, a future that
    /// is dropped in the meantime would leave it behind.
    #[inline]
    fn create(target: &Path) -> std::io::Result<(Self, std::fs::File)> {
        let (path, file) = atomic_file::create(target)?;
        let temporary = Self {
            path,
            metadata: file.metadata()?,
            is_kept: false,
        };
        Ok((temporary, file))
    }

    #[inline]
    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for TemporaryFile {
    #[inline]
    fn drop(&mut self) {
        if !self.is_kept {
            // A drop cannot report an error.
            regular_file::remove_if_at(&self.metadata, &self.path);
        }
    }
}
