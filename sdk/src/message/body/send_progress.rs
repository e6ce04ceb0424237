//! [`SendProgress`]: how many bytes of a request body the connection has taken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::base::error::Error;

/// The state of one request body, shared between the connection that polls the body and the task
/// that waits for the response.
#[derive(Debug, Default)]
pub(crate) struct SendProgress {
    taken: AtomicU64,
    /// Number of polls that returned bytes, the end, or an error.
    ready_polls: AtomicU64,
    is_abandoned: AtomicBool,
    state: Mutex<SendState>,
}

#[derive(Debug, Default)]
struct SendState {
    /// The waker of the connection while it waits for the source of the body.
    waiting: Option<Waker>,
    failure: Option<Error>,
}

impl SendProgress {
    /// Returns the number of bytes that the connection has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn add_taken(&self, bytes: u64) {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the number of polls that returned bytes, the end, or an error.
    pub(crate) fn ready_polls(&self) -> u64 {
        self.ready_polls.load(Ordering::Relaxed)
    }

    /// Returns whether the connection waits for the source of the body: a stream, a file, or a
    /// limit on the bytes per second.
    pub(crate) fn waits_for_source(&self) -> bool {
        self.state().waiting.is_some()
    }

    /// Records the result of polling the body. `waiting`: the waker, if the source was pending.
    pub(super) fn polled(&self, waiting: Option<&Waker>) {
        if waiting.is_none() {
            self.ready_polls.fetch_add(1, Ordering::Relaxed);
        }
        self.state().waiting = waiting.cloned();
    }

    /// Stops sending: the connection gets an error instead of the rest of the body.
    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
        let waiting = self.state().waiting.take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self, error: Error) {
        self.state().failure = Some(error);
    }

    /// Takes the reason why the body could not be read, if that ended the request.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.state().failure.take()
    }

    fn state(&self) -> MutexGuard<'_, SendState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
