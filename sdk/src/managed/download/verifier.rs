//! [`FileVerifier`]: hashes a file while it is being downloaded.

use std::sync::Arc;

use md5::{Digest as _, Md5};
use tokio::task::{JoinHandle, spawn_blocking};

use super::part_file::PartFile;
use crate::base::digest::{Digest, hash_file};
use crate::base::error::Result;
use crate::managed::errors::task_result;

/// Computes the MD5 of a file whose ranges arrive in any order. It reads the file back as far as it
/// is complete, while the operating system probably still has the bytes in its cache.
pub(super) struct FileVerifier {
    file: Arc<PartFile>,
    /// `None` while `job` owns it.
    md5: Option<Md5>,
    hashed: u64,
    job: Option<JoinHandle<std::io::Result<Md5>>>,
}

impl FileVerifier {
    pub(super) fn new(file: Arc<PartFile>) -> Self {
        Self {
            file,
            md5: Some(Md5::new()),
            hashed: 0,
            job: None,
        }
    }

    /// Starts to hash the bytes up to `end`, unless earlier bytes are still being hashed.
    pub(super) async fn advance(&mut self, end: u64) -> Result<()> {
        if self.job.as_ref().is_some_and(|job| !job.is_finished()) {
            return Ok(());
        }
        self.wait().await?;
        if end > self.hashed
            && let Some(mut md5) = self.md5.take()
        {
            let range = self.hashed..end;
            self.hashed = end;
            let file = Arc::clone(&self.file);
            self.job = Some(spawn_blocking(move || {
                hash_file(file.path(), &mut md5, range)?;
                Ok(md5)
            }));
        }
        Ok(())
    }

    /// Hashes the remaining bytes of a file of `size` bytes, and returns the MD5 of the file.
    pub(super) async fn finish(mut self, size: u64) -> Result<Digest> {
        self.wait().await?;
        self.advance(size).await?;
        self.wait().await?;
        Ok(Digest::of(self.md5.unwrap_or_default()))
    }

    async fn wait(&mut self) -> Result<()> {
        if let Some(job) = self.job.take() {
            let md5 = task_result(job.await)?.map_err(|error| self.file.error(error))?;
            self.md5 = Some(md5);
        }
        Ok(())
    }
}
