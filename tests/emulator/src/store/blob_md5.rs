//! [`BlobMd5`]: the MD5 of a blob that is being received.

use std::io;

use bytes::Bytes;
use qingstor_md5::{HashSource, Md5Lane, Md5Pool, PendingMd5};

use super::blobs::incomplete;
use crate::base::digest::Md5Digest;

/// Most blocks that wait while previous ones are hashed. With more, the next block waits, so that
/// the memory has a limit.
const MAX_WAITING: usize = 2;

/// The MD5 of the blocks so far. Blocks are hashed while the next ones arrive, beside those of other
/// blobs.
#[derive(Debug)]
pub(super) struct BlobMd5 {
    hashed: Hashed,
    waiting: Vec<Bytes>,
}

/// The blocks that do not wait any more.
#[derive(Debug)]
enum Hashed {
    Done(Md5Lane),
    Pending(PendingMd5),
    /// An error was returned, or the request ended.
    Lost,
}

impl BlobMd5 {
    pub(super) fn new() -> Self {
        Self {
            hashed: Hashed::Done(Md5Lane::default()),
            waiting: Vec::new(),
        }
    }

    /// Adds a block, which is hashed in the background.
    pub(super) async fn add(&mut self, pool: &Md5Pool, block: Bytes) -> io::Result<()> {
        self.waiting.push(block);
        let is_busy = matches!(&self.hashed, Hashed::Pending(md5) if !md5.is_ready());
        if !is_busy || self.waiting.len() > MAX_WAITING {
            self.hash_waiting(pool).await?;
        }
        Ok(())
    }

    /// Returns the MD5 of all blocks and of `rest`, which is hashed at once.
    pub(super) async fn finish(mut self, pool: &Md5Pool, rest: &[u8]) -> io::Result<Md5Digest> {
        if !self.waiting.is_empty() {
            self.hash_waiting(pool).await?;
        }
        let mut lane = self.take_hashed().await?;
        lane.update(rest);
        Ok(lane.finish())
    }

    /// Starts to hash the blocks that wait.
    async fn hash_waiting(&mut self, pool: &Md5Pool) -> io::Result<()> {
        let lane = self.take_hashed().await?;
        let blocks = HashSource::Memory(std::mem::take(&mut self.waiting));
        self.hashed = Hashed::Pending(pool.resume(lane, blocks));
        Ok(())
    }

    /// Waits for the blocks that are being hashed.
    async fn take_hashed(&mut self) -> io::Result<Md5Lane> {
        match std::mem::replace(&mut self.hashed, Hashed::Lost) {
            Hashed::Done(lane) => Ok(lane),
            Hashed::Pending(pending) => pending.await,
            Hashed::Lost => Err(incomplete()),
        }
    }
}
