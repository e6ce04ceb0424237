//! [`MemoryBudget`]: a limit on the bytes that transfers hold in memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// After this time without progress, memory that waits for the caller does not count.
pub(crate) const STALL_TIME: Duration = Duration::from_millis(250);

/// A limit on the bytes in memory. Reservations are granted in the order of their requests.
///
/// Reserved memory must be released without waiting for further memory. Memory that waits for the
/// caller, and not for the network, may never be released; its owner excludes it from the limit with
/// [`Reservation::set_counted`], so that it does not block other transfers.
pub(crate) struct MemoryBudget {
    capacity: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counted bytes. May exceed the capacity after excluded memory counts again.
    used: u64,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    bytes: u64,
    grant: oneshot::Sender<Reservation>,
}

/// Reserved memory, released on drop.
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    /// Changes only while the budget is locked.
    bytes: AtomicU64,
    is_counted: AtomicBool,
}

impl MemoryBudget {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// Waits until `bytes` are available. More than the capacity counts as the capacity, so that it
    /// is granted when nothing else is reserved.
    pub(crate) async fn reserve(self: Arc<Self>, bytes: u64) -> Reservation {
        let bytes = bytes.min(self.capacity);
        let (grant, granted) = oneshot::channel();
        self.lock().waiting.push_back(Waiting { bytes, grant });
        self.grant();
        match granted.await {
            Ok(reservation) => reservation,
            // The queue drops no sender without an answer; an empty reservation is harmless.
            Err(_) => Reservation {
                budget: self,
                bytes: AtomicU64::new(0),
                is_counted: AtomicBool::new(true),
            },
        }
    }

    /// Grants the first requests as far as there is room.
    fn grant(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            while state
                .waiting
                .front()
                .is_some_and(|first| first.grant.is_closed())
            {
                state.waiting.pop_front();
            }
            let Some(bytes) = state.waiting.front().map(|first| first.bytes) else {
                return;
            };
            if state.used.saturating_add(bytes) > self.capacity {
                return;
            }
            let Some(first) = state.waiting.pop_front() else {
                return;
            };
            state.used += bytes;
            drop(state);
            // If nobody waits any more, the reservation comes back and is dropped here.
            let _ = first.grant.send(Reservation {
                budget: Arc::clone(self),
                bytes: AtomicU64::new(bytes),
                is_counted: AtomicBool::new(true),
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Releases what exceeds `bytes`.
    pub(crate) fn shrink(&self, bytes: u64) {
        let mut state = self.budget.lock();
        let before = self.bytes.fetch_min(bytes, Ordering::Relaxed);
        if self.is_counted.load(Ordering::Relaxed) {
            state.used = state.used.saturating_sub(before.saturating_sub(bytes));
        }
        drop(state);
        self.budget.grant();
    }

    /// Sets whether the memory counts. It does by default.
    pub(crate) fn set_counted(&self, is_counted: bool) {
        let mut state = self.budget.lock();
        if self.is_counted.swap(is_counted, Ordering::Relaxed) == is_counted {
            return;
        }
        let bytes = self.bytes.load(Ordering::Relaxed);
        state.used = match is_counted {
            true => state.used.saturating_add(bytes),
            false => state.used.saturating_sub(bytes),
        };
        drop(state);
        self.budget.grant();
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.set_counted(false);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn used(budget: &MemoryBudget) -> u64 {
        budget.lock().used
    }

    #[tokio::test]
    async fn memory_is_granted_in_the_order_of_requests() {
        let budget = Arc::new(MemoryBudget::new(10));
        let first = Arc::clone(&budget).reserve(6).await;
        let mut large = Box::pin(Arc::clone(&budget).reserve(7));
        let mut small = Box::pin(Arc::clone(&budget).reserve(1));
        assert!((&mut large).now_or_never().is_none());
        assert!(
            (&mut small).now_or_never().is_none(),
            "a small request does not overtake a large one"
        );
        drop(first);
        let large = large.await;
        let small = small.await;
        assert_eq!(used(&budget), 8);
        drop((large, small));
        assert_eq!(used(&budget), 0);
    }

    #[tokio::test]
    async fn more_than_the_capacity_is_granted_alone() {
        let budget = Arc::new(MemoryBudget::new(10));
        let huge = Arc::clone(&budget).reserve(1000).await;
        assert!(Arc::clone(&budget).reserve(1).now_or_never().is_none());
        drop(huge);
        assert!(Arc::clone(&budget).reserve(1).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_dropped_request_leaves_nothing_behind() {
        let budget = Arc::new(MemoryBudget::new(10));
        let first = Arc::clone(&budget).reserve(10).await;
        let mut dropped = Box::pin(Arc::clone(&budget).reserve(10));
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        drop(first);
        assert_eq!(used(&budget), 0);
        // Granted, but never taken.
        let mut granted = Box::pin(Arc::clone(&budget).reserve(10));
        let blocker = Arc::clone(&budget).reserve(10).now_or_never();
        assert!((&mut granted).now_or_never().is_none());
        drop(blocker);
        drop(granted);
        assert_eq!(used(&budget), 0);
    }

    /// At no moment, the rest seems to be available.
    #[tokio::test]
    async fn shrinking_releases_only_the_difference() {
        let budget = Arc::new(MemoryBudget::new(10));
        let first = Arc::clone(&budget).reserve(10).await;
        let mut other = Box::pin(Arc::clone(&budget).reserve(5));
        assert!((&mut other).now_or_never().is_none());
        first.shrink(6);
        assert!((&mut other).now_or_never().is_none());
        first.shrink(5);
        assert!((&mut other).now_or_never().is_some());
    }

    #[tokio::test]
    async fn uncounted_memory_does_not_block_others() {
        let budget = Arc::new(MemoryBudget::new(10));
        let stalled = Arc::clone(&budget).reserve(10).await;
        let mut other = Box::pin(Arc::clone(&budget).reserve(4));
        assert!((&mut other).now_or_never().is_none());
        stalled.set_counted(false);
        let other = other.await;
        stalled.set_counted(true);
        assert_eq!(used(&budget), 14);
        drop(other);
        assert!(Arc::clone(&budget).reserve(1).now_or_never().is_none());
        stalled.shrink(3);
        assert_eq!(used(&budget), 3);
        stalled.shrink(5);
        assert_eq!(used(&budget), 3);
        drop(stalled);
        assert_eq!(used(&budget), 0);
    }
}
