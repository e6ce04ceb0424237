//! [`SendProgress`]: how many bytes of a request body the connection has taken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::error::Error;

/// The state of one request body, shared between the connection that polls the body and the task
/// that waits for the response.
#[derive(Debug, Default)]
pub(crate) struct SendProgress {
    bytes_taken: AtomicU64,
    is_abandoned: AtomicBool,
    state: Mutex<SendState>,
}

#[derive(Debug, Default)]
struct SendState {
    /// The waker of the connection while it waits for the source of the body, and the start of the
    /// wait.
    waiting: Option<(Waker, Instant)>,
    /// Duration of earlier waits.
    waited: Duration,
    /// Time of the last poll that returned bytes, the end, or an error.
    last_ready_poll: Option<Instant>,
    failure: Option<Error>,
}

impl SendProgress {
    /// Returns the number of bytes that the connection has taken.
    pub(crate) fn bytes_taken(&self) -> u64 {
        self.bytes_taken.load(Ordering::Relaxed)
    }

    pub(super) fn add_taken(&self, bytes: u64) {
        self.bytes_taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the time of the last poll that returned bytes, the end, or an error.
    pub(crate) fn last_ready_poll(&self) -> Option<Instant> {
        self.state().last_ready_poll
    }

    /// Returns whether the connection waits for the source of the body: a stream, a file, or a
    /// limit on the bytes per second.
    pub(crate) fn waits_for_source(&self) -> bool {
        self.state().waiting.is_some()
    }

    /// Records the result of polling the body. `waiting`: the waker, if the source was pending.
    pub(super) fn polled(&self, waiting: Option<&Waker>) {
        let now = Instant::now();
        let mut state = self.state();
        if waiting.is_none() {
            state.last_ready_poll = Some(now);
        }
        let previous = state.waiting.take();
        match (waiting, previous) {
            (Some(waker), Some((_, since))) => state.waiting = Some((waker.clone(), since)),
            (Some(waker), None) => state.waiting = Some((waker.clone(), now)),
            (None, Some((_, since))) => state.waited += now - since,
            (None, None) => {}
        }
    }

    /// Returns how long the connection has waited for the source of the body, up to now.
    pub(crate) fn time_of_source(&self, now: Instant) -> Duration {
        let state = self.state();
        let current = state.waiting.as_ref().map(|(_, since)| now - *since);
        state.waited + current.unwrap_or_default()
    }

    /// Stops sending: the connection gets an error instead of the rest of the body.
    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
        let waiting = self.state().waiting.take();
        if let Some((waker, _)) = waiting {
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
