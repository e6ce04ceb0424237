//! [`Pipe`]: the chunks of an input that have arrived and are not hashed yet.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// How many bytes of an input that waits for its next chunks must arrive before it is hashed again.
///
/// An input that arrives slowly needs a thread for a short time only, again and again. To start one
/// takes some 10 microseconds, and to hash so many bytes alone some 300.
const ENOUGH: usize = 256 * 1024;

/// The chunks of an input that have arrived and are not hashed yet.
#[derive(Default)]
pub(super) struct Pipe(Mutex<State>);

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    /// Number of bytes in `chunks`.
    bytes: usize,
    end: Option<End>,
    /// Whether the chunks are no longer needed.
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
    /// The end of the input.
    End,
    /// Nothing: the input was not finished.
    Dropped,
}

pub(super) fn not_finished() -> io::Error {
    io::Error::other("the input was not finished")
}

impl Pipe {
    /// Adds a chunk. Returns `true` if there is enough to hash.
    pub(super) fn push(&self, chunk: Bytes) -> bool {
        let mut state = self.lock();
        if !state.is_canceled {
            state.bytes += chunk.len();
            state.chunks.push_back(chunk);
        }
        state.bytes >= ENOUGH
    }

    /// Ends the input.
    pub(super) fn finish(&self) {
        self.lock().end = Some(End::Finished);
    }

    /// Ends the input, unless it is finished. Returns `true` if it was not.
    pub(super) fn drop_rest(&self) -> bool {
        let mut state = self.lock();
        let is_open = state.end.is_none();
        state.end.get_or_insert(End::Dropped);
        is_open
    }

    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        match (state.chunks.pop_front(), state.end) {
            (Some(chunk), _) => {
                state.bytes -= chunk.len();
                Next::Chunk(chunk)
            }
            (None, None) => Next::Later,
            (None, Some(End::Finished)) => Next::End,
            (None, Some(End::Dropped)) => Next::Dropped,
        }
    }

    /// Returns `true` if there is a chunk, or if none will arrive.
    pub(super) fn is_ready(&self) -> bool {
        let state = self.lock();
        state.end.is_some() || !state.chunks.is_empty()
    }

    /// Returns the number of bytes that wait if no more will arrive.
    pub(super) fn last_bytes(&self) -> Option<usize> {
        let state = self.lock();
        state.end.map(|_| state.bytes)
    }

    /// Releases all chunks, and those that arrive later.
    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        state.is_canceled = true;
        let chunks = std::mem::take(&mut state.chunks);
        state.bytes = 0;
        drop(state);
        drop(chunks);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
