//! [`Reservation`]: reserved memory, and what its holder reports.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Kind, MemoryBudget, Reserved, Turn};

/// Reserved memory, released on drop.
pub(crate) struct Reservation {
    pub(super) budget: Arc<MemoryBudget>,
    pub(super) id: u64,
    pub(super) len: u64,
}

impl Reservation {
    /// Returns how many bytes were granted.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reports that `bytes` more of a part are used. Returns how many bytes are missing, and then does
    /// not add them.
    #[inline]
    pub(crate) fn try_use(&self, bytes: u64) -> Result<(), u64> {
        let mut state = self.budget.lock();
        let capacity = self.budget.capacity;
        let (used, may_exceed) = (state.used, state.excess == Some(self.id));
        let is_first = match state.waiting.entries().first() {
            Some((Turn::Growth(id), _)) => self.id < *id,
            _ => true,
        };
        let Some(reserved) = state.reserved.get_mut(&self.id) else {
            return Ok(());
        };
        reserved.moved = Instant::now();
        let needed = reserved.in_use.saturating_add(bytes).min(reserved.max);
        let missing = needed.saturating_sub(reserved.bytes);
        let fits = is_first && used.saturating_add(missing) <= capacity;
        if missing > 0 && !fits && !may_exceed {
            return Err(missing);
        }
        reserved.in_use = needed;
        reserved.bytes += missing;
        state.used += missing;
        Ok(())
    }

    /// Waits until `bytes` more of a part can be used.
    pub(crate) async fn use_more(&self, bytes: u64) {
        while let Err(missing) = self.try_use(bytes) {
            let turn = Turn::Growth(self.id);
            self.budget.wait(turn, missing, Kind::Part, None).await;
        }
    }

    /// Releases what exceeds `bytes`.
    #[inline]
    pub(crate) fn shrink(&self, bytes: u64) {
        self.update(|reserved| {
            reserved.bytes = reserved.bytes.min(bytes);
            reserved.in_use = reserved.in_use.min(bytes);
            reserved.max = reserved.max.min(bytes);
        });
    }

    /// The network decides from now on when the memory is released.
    #[inline]
    pub(crate) fn wait_for_network(&self) {
        self.update(|reserved| {
            reserved.in_use = reserved.bytes;
            reserved.is_in_transit = true;
            reserved.moved = Instant::now();
        });
    }

    /// The caller decides from now on when the memory is released, or has made progress.
    #[inline]
    pub(crate) fn wait_for_caller(&self) {
        self.update(|reserved| {
            reserved.is_in_transit = false;
            reserved.moved = Instant::now();
        });
    }

    #[inline]
    fn update(&self, update: impl FnOnce(&mut Reserved)) {
        let mut state = self.budget.lock();
        let Some(reserved) = state.reserved.get_mut(&self.id) else {
            return;
        };
        let before = reserved.bytes;
        update(reserved);
        let released = before.saturating_sub(reserved.bytes);
        if released > 0 {
            state.release(released, self.budget.capacity);
            drop(state);
            self.budget.grant();
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Drop for Reservation {
    #[inline]
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        if let Some(reserved) = state.reserved.remove(&self.id) {
            state.release(reserved.bytes, self.budget.capacity);
        }
        if state.excess == Some(self.id) {
            state.excess = None;
        }
        drop(state);
        self.budget.grant();
    }
}
