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
    /// Most bytes that may wait while the download continues.
    max_waiting: u64,
    /// The MD5 of the first `hashed` bytes, unless `pending` has it.
    md5: Lane,
    hashed: u64,
    /// End of the bytes that `pending` hashes.
    requested: u64,
    pending: Option<PendingMd5>,
    /// Whether the file contained many bytes when a resumed download started. They take longer to
    /// hash than new ones to arrive, so the download does not wait for them.
    has_backlog: bool,
}

/// Most bytes of a download that may wait to be hashed: 128 MiB.
const MAX_WAITING: u64 = 128 << 20;

impl FileVerifier {
    pub(super) fn new(file: Arc<PartFile>, pool: Md5Pool) -> Self {
        Self::with_max_waiting(file, pool, MAX_WAITING)
    }

    fn with_max_waiting(file: Arc<PartFile>, pool: Md5Pool, max_waiting: u64) -> Self {
        Self {
            file,
            pool,
            max_waiting,
            md5: Lane::default(),
            hashed: 0,
            requested: 0,
            pending: None,
            has_backlog: false,
        }
    }

    /// Hashes the bytes up to `end`. Returns while some of them still wait. If the download is faster
    /// than the hash, it has to wait here: it would only take the time of the processor from the
    /// hash, which then takes longer after the download.
    pub(super) async fn advance(&mut self, end: u64) -> Result<()> {
        if self.pending.as_ref().is_none_or(PendingMd5::is_ready) {
            self.wait().await?;
            self.has_backlog |= self.requested == 0 && end > self.max_waiting;
            self.request(end);
        }
        while !self.has_backlog && end.saturating_sub(self.hashed) > self.max_waiting {
            self.wait().await?;
            self.request(end);
        }
        Ok(())
    }

    /// Hashes the remaining bytes of a file of `size` bytes, and returns the MD5 of the file.
    pub(super) async fn finish(mut self, size: u64) -> Result<Digest> {
        self.wait().await?;
        self.request(size);
        self.wait().await?;
        Ok(self.md5.finish().into())
    }

    /// Starts to hash the next bytes up to `end`. No bytes are pending.
    fn request(&mut self, end: u64) {
        if end > self.hashed {
            let source = HashSource::File {
                path: self.file.path().into(),
                range: self.hashed..end,
            };
            let md5 = std::mem::take(&mut self.md5);
            self.pending = Some(self.pool.resume(md5, source));
            self.requested = end;
        }
    }

    /// Waits for the pending bytes.
    async fn wait(&mut self) -> Result<()> {
        if let Some(pending) = self.pending.take() {
            let md5 = pending.lane().await;
            self.md5 = md5.map_err(|error| self.file.error(error))?;
            self.hashed = self.requested;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};

    use super::*;

    #[tokio::test]
    async fn the_download_waits_for_the_hash_but_not_for_a_backlog() {
        const SIZE: u64 = 1_000_000;
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..SIZE).map(|n| (n % 251) as u8).collect();
        let guard = PartFile::temporary(&folder.path().join("target")).unwrap();
        guard.file.write_at(0, &content).unwrap();
        const MAX: u64 = 100_000;
        let verifier = || {
            let file = Arc::clone(&guard.file);
            FileVerifier::with_max_waiting(file, Md5Pool::default(), MAX)
        };
        let mut fresh = verifier();
        for end in [0, 1, 50_000, 50_000, 400_000, 700_001] {
            fresh.advance(end).await.unwrap();
            assert!(end - fresh.hashed <= MAX, "{end}");
        }
        let mut resumed = verifier();
        resumed.advance(500_000).await.unwrap();
        resumed.advance(900_000).await.unwrap();
        assert!(resumed.has_backlog);
        let expected = Digest::of(Md5::new_with_prefix(&content));
        for verifier in [fresh, resumed] {
            assert_eq!(verifier.finish(SIZE).await.unwrap(), expected);
        }
    }
}
