//! [`RequestSlot`]: the place of one request in the budget, and the bytes that it transfers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Lane, Permit, RequestBudget};
use crate::base::runtime::ScopedTask;
use crate::client::transfer_budget::adaptive_limit::Outcome;

/// The place of one request in the budget. A failed attempt gives it up, and the next attempt waits
/// for it again.
pub(crate) struct RequestSlot {
    budget: Arc<RequestBudget>,
    lane: Option<Lane>,
    state: Mutex<SlotState>,
    /// Whether the caller decides how long a response takes, so that it does not occupy the slot.
    is_detached: AtomicBool,
}

#[derive(Default)]
struct SlotState {
    permit: Option<Permit>,
    /// Bytes that are not reported yet.
    moved: u64,
    /// Whether bytes were reported.
    has_moved: bool,
    /// The request body that is being sent.
    body: Option<SentBody>,
    /// Gives the slot up if the response is not read soon.
    parked: Option<ScopedTask<()>>,
}

/// A request body while it is sent.
struct SentBody {
    len: u64,
    /// Bytes that are not counted, see [`RequestSlot::begin_body`].
    uncounted: u64,
    /// Whether the buffers of the connection may have room, so that bytes do not count yet.
    is_buffering: bool,
    /// When bytes moved last.
    previous: Instant,
}

/// Bytes are reported in pieces of at least this length, except for the first ones.
const REPORTED: u64 = 64 * 1024;
/// Bytes of a request body that the buffers of a connection take at once, at most.
const BUFFERED: u64 = 2 * 1024 * 1024;
/// If a connection takes no bytes for this time, its buffers are full.
const FULL_BUFFER_WAIT: Duration = Duration::from_millis(4);
/// A parked slot is given up after this time.
const PARK_TIME: Duration = Duration::from_millis(100);

impl RequestSlot {
    pub(super) fn new(budget: Arc<RequestBudget>, lane: Option<Lane>, permit: Permit) -> Self {
        Self {
            budget,
            lane,
            state: Mutex::new(SlotState {
                permit: Some(permit),
                ..SlotState::default()
            }),
            is_detached: AtomicBool::new(false),
        }
    }

    /// Waits for the slot again, if a failed attempt gave it up, or it was parked for long.
    pub(crate) async fn readmit(&self) {
        {
            let mut state = self.lock();
            state.parked = None;
            if state.permit.is_some() {
                return;
            }
        }
        let permit = Arc::clone(&self.budget).permit(self.lane).await;
        self.lock().permit = Some(permit);
    }

    /// Gives the slot up after an attempt with this outcome.
    #[inline]
    pub(crate) fn release(&self, outcome: Outcome) {
        let mut state = self.lock();
        let permit = state.permit.take();
        *state = SlotState::default();
        drop(state);
        if let Some(mut permit) = permit {
            permit.outcome = outcome;
        }
    }

    /// Gives the slot up after [`PARK_TIME`], unless the transfer continues with
    /// [`readmit`](Self::readmit): its caller need not poll it.
    #[inline]
    pub(crate) fn park(self: &Arc<Self>) {
        let slot = Arc::downgrade(self);
        let timer = ScopedTask::spawn(async move {
            tokio::time::sleep(PARK_TIME).await;
            let Some(slot) = slot.upgrade() else {
                return;
            };
            let mut state = slot.lock();
            let is_parked = state.parked.is_some();
            let permit = state.permit.take_if(|_| is_parked);
            drop(state);
            drop(permit);
        });
        self.lock().parked = Some(timer);
    }

    /// Gives the slot up, also after each response head if the body is resumed: the caller decides how
    /// long the body takes.
    #[inline]
    pub(crate) fn detach(&self) {
        self.is_detached.store(true, Ordering::Relaxed);
        self.release(Outcome::Success);
    }

    /// Gives the slot up if it is detached, when the response to the request for the rest of a body arrives.
    #[inline]
    pub(crate) fn release_if_detached(&self) {
        if self.is_detached.load(Ordering::Relaxed) {
            self.release(Outcome::Success);
        }
    }

    /// Records that a request body of this length is sent from its first byte.
    ///
    /// The buffers of the connection take its first bytes at once, before any byte is on its way.
    /// They do not count; the other bytes count for them.
    #[inline]
    pub(crate) fn begin_body(&self, len: u64) {
        let mut state = self.lock();
        state.moved = 0;
        state.body = Some(SentBody {
            len,
            uncounted: 0,
            is_buffering: true,
            previous: Instant::now(),
        });
    }

    /// Records that bytes of the request or of its response were transferred.
    #[inline]
    pub(crate) fn moved(&self, bytes: u64) {
        let mut state = self.lock();
        let bytes = match &mut state.body {
            Some(body) => body.count(bytes, Instant::now()),
            None => bytes,
        };
        state.moved += bytes;
        // The first bytes are reported at once: they mean that the request has been accepted.
        let least = if state.has_moved { REPORTED } else { 1 };
        if state.moved < least {
            return;
        }
        if !std::mem::replace(&mut state.has_moved, true)
            && state.body.is_none()
            && let Some(permit) = &state.permit
        {
            permit.responded();
        }
        let moved = std::mem::take(&mut state.moved);
        if let Some(permit) = &mut state.permit {
            permit.moved(moved);
        }
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SentBody {
    /// Returns how many bytes count if this many more are sent.
    #[inline]
    fn count(&mut self, bytes: u64, now: Instant) -> u64 {
        let waited = now.saturating_duration_since(self.previous);
        self.previous = now;
        let most = BUFFERED.min(self.len / 4);
        if waited >= FULL_BUFFER_WAIT || self.uncounted >= most {
            self.is_buffering = false;
        }
        if self.is_buffering {
            self.uncounted += bytes;
            return 0;
        }
        let counted = self.len.saturating_sub(self.uncounted);
        let scaled = u128::from(bytes) * u128::from(self.len) / u128::from(counted.max(1));
        u64::try_from(scaled).unwrap_or(bytes)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn all_bytes_of_a_body_count() {
        const PART: u64 = 8 << 20;
        let budget = Arc::new(RequestBudget::new(1));
        let slot = Arc::clone(&budget).acquire(Some(Lane::Uploads));
        let slot = slot.now_or_never().unwrap();
        for _ in 0..2 {
            slot.begin_body(PART);
            for _ in 0..PART / (64 << 10) {
                slot.moved(64 << 10);
            }
        }
        let measured = budget.lock().limits[0].measured_bytes();
        assert!(measured.abs_diff(2 * PART) < 256 << 10, "{measured}");
    }

    #[test]
    fn bytes_in_buffers_do_not_count_until_the_connection_waits() {
        const KIB: u64 = 1024;
        let mut now = Instant::now();
        let mut body = SentBody {
            len: 8000 * KIB,
            uncounted: 0,
            is_buffering: true,
            previous: now,
        };
        for _ in 0..10 {
            assert_eq!(body.count(100 * KIB, now), 0);
        }
        now += FULL_BUFFER_WAIT;
        // These 7000 KiB count for all of them.
        for _ in 0..70 {
            assert_eq!(body.count(100 * KIB, now), 100 * KIB * 8 / 7);
        }
    }
}
