//! [`FileVerifier`]: hashes a file while it is being downloaded.

use std::sync::Arc;

use super::part_file::PartFile;
use crate::base::digest::Digest;
use crate::base::error::Result;
use crate::base::md5_lanes::Lane;
use crate::base::md5_pool::{HashSource, Md5Pool, PendingMd5};

/// Computes the MD5 of a file whose ranges arrive in any order. It reads the file back as far as it
/// is complete, while the operating system probably still has the bytes in its cache. Downloads that
/// run at the same time are hashed side by side.
pub(super) struct FileVerifier {
    file: Arc<PartFile>,
    pool: Md5Pool,
    /// The MD5 of the first `hashed` bytes, unless `pending` has it.
    md5: Lane,
    hashed: u64,
    pending: Option<PendingMd5>,
}

impl FileVerifier {
    pub(super) fn new(file: Arc<PartFile>, pool: Md5Pool) -> Self {
        Self {
            file,
            pool,
            md5: Lane::default(),
            hashed: 0,
            pending: None,
        }
    }

    /// Starts to hash the bytes up to `end`, unless earlier bytes are still being hashed.
    pub(super) async fn advance(&mut self, end: u64) -> Result<()> {
        if self.pending.as_ref().is_some_and(|md5| !md5.is_ready()) {
            return Ok(());
        }
        self.wait().await?;
        if end > self.hashed {
            let source = HashSource::File {
                path: self.file.path().into(),
                range: self.hashed..end,
            };
            let md5 = std::mem::take(&mut self.md5);
            self.pending = Some(self.pool.resume(md5, source));
            self.hashed = end;
        }
        Ok(())
    }

    /// Hashes the remaining bytes of a file of `size` bytes, and returns the MD5 of the file.
    pub(super) async fn finish(mut self, size: u64) -> Result<Digest> {
        self.wait().await?;
        self.advance(size).await?;
        self.wait().await?;
        Ok(self.md5.finish().into())
    }

    async fn wait(&mut self) -> Result<()> {
        if let Some(pending) = self.pending.take() {
            let md5 = pending.lane().await;
            self.md5 = md5.map_err(|error| self.file.error(error))?;
        }
        Ok(())
    }
}
