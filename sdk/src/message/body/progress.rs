//! [`Progress`]: how much of a request body a connection has taken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::base::error::Error;

/// The state of one request body, shared between the connection that polls the body and the task
/// that waits for the response.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    taken: AtomicU64,
    /// How often the body had something to return: bytes, its end, or an error.
    answers: AtomicU64,
    is_abandoned: AtomicBool,
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The waker of the connection while it waits for the source of the body.
    waiting: Option<Waker>,
    failure: Option<Error>,
}

impl Progress {
    /// Returns the number of bytes that the connection has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn add_taken(&self, bytes: u64) {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns a number that changes whenever the body returns something to the connection.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Returns whether the connection waits for the source of the body: a stream, a file, or a
    /// limit on the bytes per second.
    pub(crate) fn waits_for_source(&self) -> bool {
        self.shared().waiting.is_some()
    }

    /// Records the result of polling the body. `waiting`: the waker, if the source was pending.
    pub(super) fn polled(&self, waiting: Option<&Waker>) {
        if waiting.is_none() {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        self.shared().waiting = waiting.cloned();
    }

    /// Ends the sending: the connection gets an error instead of the rest of the body.
    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
        let waiting = self.shared().waiting.take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self, error: Error) {
        self.shared().failure = Some(error);
    }

    /// Takes the reason why the body could not be read, if that ended the request.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.shared().failure.take()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
