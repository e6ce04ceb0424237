//! [`Md5Writer`]: hashes a content that arrives in chunks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::job::Job;
use super::{Md5Pool, PendingMd5};

/// How many bytes of a content that waits for its next chunks must arrive before it is hashed again.
///
/// A content that arrives slowly needs a thread for a short time only, again and again. To start one
/// takes some 10 microseconds, and to hash so many bytes alone some 300.
const ENOUGH: usize = 256 * 1024;

/// Passes the chunks of a content to an [`Md5Pool`], in their order: see [`Md5Pool::start_writer`].
///
/// Dropping it before [`finish`](Self::finish) cancels the calculation: [`PendingMd5`] returns an error.
pub struct Md5Writer {
    pool: Md5Pool,
    pipe: Arc<Pipe>,
}

impl Md5Writer {
    pub(super) fn new(pool: Md5Pool) -> (Self, PendingMd5) {
        let pipe = Arc::<Pipe>::default();
        let (job, pending) = Job::of_pipe(Arc::clone(&pipe));
        // It waits for the first chunks.
        pipe.lock().waiting = Some(job);
        (Self { pool, pipe }, pending)
    }

    /// Adds a chunk to the content. It is not copied, and released when it has been hashed.
    ///
    /// Some 256 KiB are collected before they are hashed. The number of bytes that wait is not limited.
    pub fn push(&mut self, chunk: Bytes) {
        let mut state = self.pipe.lock();
        if state.is_canceled {
            return;
        }
        state.waiting_bytes += chunk.len();
        state.chunks.push_back(chunk);
        let job = match state.waiting_bytes >= ENOUGH {
            true => state.waiting.take(),
            false => None,
        };
        drop(state);
        self.pool.run(job);
    }

    /// Ends the content. [`PendingMd5`] then returns its MD5.
    pub fn finish(self) {
        let mut state = self.pipe.lock();
        state.end = Some(End::Finished);
        let job = state.waiting.take();
        drop(state);
        self.pool.run(job);
    }
}

impl Drop for Md5Writer {
    fn drop(&mut self) {
        let mut state = self.pipe.lock();
        state.end.get_or_insert(End::Dropped);
        // A job that waits owns a handle of the pipe, so it must not stay in it.
        let job = state.waiting.take();
        drop(state);
        self.pool.run(job);
    }
}

/// Does not show the content.
impl fmt::Debug for Md5Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5Writer").finish_non_exhaustive()
    }
}

/// The chunks between an [`Md5Writer`] and its job.
#[derive(Default)]
pub(super) struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    /// Number of bytes in `chunks`.
    waiting_bytes: usize,
    end: Option<End>,
    /// The job while it waits for chunks.
    waiting: Option<Job>,
    /// Whether the job ended before the content.
    is_canceled: bool,
}

#[derive(Clone, Copy)]
enum End {
    Finished,
    Dropped,
}

/// What follows the current chunk.
pub(super) enum Next {
    Chunk(Bytes),
    /// A chunk that has not arrived.
    Later,
    /// The end of the content.
    End,
    /// Nothing: the content was not finished.
    Dropped,
}

impl Pipe {
    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        match (state.chunks.pop_front(), state.end) {
            (Some(chunk), _) => {
                state.waiting_bytes -= chunk.len();
                Next::Chunk(chunk)
            }
            (None, None) => Next::Later,
            (None, Some(End::Finished)) => Next::End,
            (None, Some(End::Dropped)) => Next::Dropped,
        }
    }

    /// Keeps a job until enough chunks have arrived. Returns it if some are there already.
    pub(super) fn keep(&self, job: Job) -> Option<Job> {
        let mut state = self.lock();
        if state.end.is_some() || !state.chunks.is_empty() {
            return Some(job);
        }
        state.waiting = Some(job);
        None
    }

    /// Releases all chunks, and those that arrive later.
    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        state.is_canceled = true;
        let chunks = std::mem::take(&mut state.chunks);
        drop(state);
        drop(chunks);
    }

    /// Returns the number of bytes that wait if no more will arrive.
    pub(super) fn last_bytes(&self) -> Option<usize> {
        let state = self.lock();
        state.end.map(|_| state.waiting_bytes)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
