//! [`FileVerifier`]: hashes a file while it is being downloaded.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use qingstor_md5::{HashSource, Md5Lane, Md5Pool, PendingMd5};

use super::part_file::PartFile;
use crate::base::digest::Digest;
use crate::base::error::Result;

/// Computes the MD5 of a file whose ranges arrive in any order. It reads the file back as far as it
/// is complete, while the operating system probably still has the bytes in its cache. Downloads that
/// run at the same time are hashed together.
pub(super) struct FileVerifier {
    file: Arc<PartFile>,
    pool: Md5Pool,
    /// If so many bytes wait to be hashed, the download pauses.
    max_waiting: u64,
    /// The MD5 of the first `hashed` bytes, unless `pending` has it.
    md5: Md5Lane,
    hashed: u64,
    /// End of the bytes that can be hashed.
    available: u64,
    /// Number of bytes of all complete ranges.
    completed: u64,
    /// The bytes that are being hashed, and their end.
    pending: Option<(PendingMd5, u64)>,
    /// Whether the file contained many bytes when a resumed download started. They take longer to
    /// hash than new ones to arrive, so the download does not wait for them.
    has_backlog: bool,
}

/// Most bytes of a download that may wait to be hashed: 64 MiB.
const MAX_WAITING: u64 = 64 << 20;
/// Bytes that are hashed before the download continues if it had to wait: 8 MiB.
const PIECE: u64 = 8 << 20;

impl FileVerifier {
    pub(super) fn new(file: Arc<PartFile>, pool: Md5Pool) -> Self {
        Self::with_max_waiting(file, pool, MAX_WAITING)
    }

    fn with_max_waiting(file: Arc<PartFile>, pool: Md5Pool, max_waiting: u64) -> Self {
        Self {
            file,
            pool,
            max_waiting,
            md5: Md5Lane::default(),
            hashed: 0,
            available: 0,
            completed: 0,
            pending: None,
            has_backlog: false,
        }
    }

    /// Hashes the bytes up to `available`, too. `completed`: the number of bytes in the file, including
    /// ranges that follow an incomplete one.
    #[inline]
    pub(super) fn advance(&mut self, available: u64, completed: u64) {
        self.has_backlog |= self.completed == 0 && completed > self.max_waiting;
        (self.available, self.completed) = (available, completed);
        self.start_next();
    }

    /// Returns how many ranges may be requested at the same time: the fewer, the more bytes wait to be
    /// hashed. More ranges would only take the time of the processor from the hash, which then takes
    /// longer after the download.
    #[inline]
    pub(super) fn max_ranges(&self, concurrency: usize) -> usize {
        if self.has_backlog || self.pending.is_none() {
            return concurrency;
        }
        let waiting = self.completed.saturating_sub(self.hashed);
        let free = u128::from(self.max_waiting.saturating_sub(waiting));
        let ranges = (free * concurrency as u128).div_ceil(u128::from(self.max_waiting.max(1)));
        usize::try_from(ranges).unwrap_or(concurrency)
    }

    /// Waits until more bytes are hashed. Pending if there are none.
    #[inline]
    pub(super) fn poll_hashed(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some((pending, end)) = &mut self.pending else {
            return Poll::Pending;
        };
        let (md5, end) = (ready!(Pin::new(pending).poll(cx)), *end);
        self.pending = None;
        self.md5 = md5.map_err(|error| self.file.error(error))?;
        self.hashed = end;
        self.start_next();
        Poll::Ready(Ok(()))
    }

    /// Hashes the remaining bytes of a file of `size` bytes, and returns the MD5 of the file.
    pub(super) async fn finish(mut self, size: u64) -> Result<Digest> {
        self.advance(size, size);
        while self.hashed < size {
            poll_fn(|cx| self.poll_hashed(cx)).await?;
        }
        Ok(self.md5.finish().into())
    }

    /// Starts to hash the next bytes, unless some are pending or none are available.
    #[inline]
    fn start_next(&mut self) {
        if self.pending.is_none() && self.available > self.hashed {
            let end = self.available.min(self.hashed.saturating_add(PIECE));
            let source = HashSource::OpenFile {
                file: self.file.open_file(),
                range: self.hashed..end,
            };
            let md5 = std::mem::take(&mut self.md5);
            self.pending = Some((self.pool.resume(md5, source), end));
        }
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
        for (end, completed, ranges) in [
            (0, 0, 8),
            (1, 1, 8),
            (1, 50_000, 4),
            (60_000, 60_000, 4),
            (60_000, 99_999, 1),
            (60_000, 100_000, 0),
            (400_000, 400_000, 0),
        ] {
            fresh.advance(end, completed);
            assert_eq!(fresh.max_ranges(8), ranges, "{completed}");
        }
        while fresh.max_ranges(8) == 0 {
            poll_fn(|cx| fresh.poll_hashed(cx)).await.unwrap();
        }
        assert!(fresh.completed - fresh.hashed < MAX);
        let mut resumed = verifier();
        resumed.advance(500_000, 600_000);
        resumed.advance(900_000, 900_000);
        assert_eq!(resumed.max_ranges(8), 8);
        let expected = Digest::of(Md5::new_with_prefix(&content));
        for verifier in [fresh, resumed] {
            assert_eq!(verifier.finish(SIZE).await.unwrap(), expected);
        }
    }
}
