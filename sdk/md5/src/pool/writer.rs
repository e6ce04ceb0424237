//! [`Md5Writer`]: hashes an input that arrives in chunks.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::job::{Job, WaitingJob};
use super::pipe::{Pipe, not_finished};
use super::{Md5Pool, PendingMd5};

/// Passes the chunks of an input to an [`Md5Pool`], in their order: see [`Md5Pool::start_writer`].
///
/// Dropping it before [`finish`](Self::finish) cancels the calculation: [`PendingMd5`] returns an error.
pub struct Md5Writer {
    pool: Md5Pool,
    pipe: Arc<Pipe>,
    waiting: Arc<WaitingJob>,
}

impl Md5Writer {
    #[inline]
    pub(super) fn new(pool: Md5Pool) -> (Self, PendingMd5) {
        let (pipe, waiting) = (Arc::default(), Arc::default());
        let pending = Job::wait_for_chunks(&pipe, &waiting);
        let writer = Self {
            pool,
            pipe,
            waiting,
        };
        (writer, pending)
    }

    /// Adds a chunk to the input. It is not copied, and released when it has been hashed.
    ///
    /// Some 256 KiB are collected before they are hashed. The number of bytes that wait is not limited.
    #[inline]
    pub fn push(&mut self, chunk: Bytes) {
        if self.pipe.push(chunk) {
            self.pool.run(self.waiting.take());
        }
    }

    /// Ends the input. [`PendingMd5`] then returns its MD5.
    #[inline]
    pub fn finish(self) {
        self.pipe.finish();
        self.pool.run(self.waiting.take());
    }
}

impl Drop for Md5Writer {
    fn drop(&mut self) {
        if self.pipe.drop_rest()
            && let Some(job) = self.waiting.take()
        {
            job.fail(not_finished());
        }
    }
}

/// Does not show the input.
impl fmt::Debug for Md5Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5Writer").finish_non_exhaustive()
    }
}
