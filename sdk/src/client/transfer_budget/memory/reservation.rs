//! [`Reservation`]: reserved memory, and what its holder reports.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::MemoryBudget;
use super::state::{Demand, Missing, ReservationState};

/// Reserved memory, released on drop.
pub(crate) struct Reservation {
    pub(super) budget: Arc<MemoryBudget>,
    pub(super) id: u64,
}

impl Reservation {
    /// Returns how many bytes were granted.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        let state = self.budget.lock();
        let reservation = state.reservations.get(&self.id);
        reservation.map_or(0, |reservation| reservation.len)
    }

    /// Waits until it has `bytes`, or some of them are granted.
    pub(super) async fn wait(&self, bytes: u64, demand: Demand) {
        self.budget.wait(self.id, bytes, demand).await;
    }

    /// Reports that `bytes` more of a part are used. Returns what is missing, and then does not add them.
    #[inline]
    pub(crate) fn try_use(&self, bytes: u64) -> Result<(), Missing> {
        self.budget.lock().try_use(self.id, bytes, Instant::now())
    }

    /// Waits until `bytes` more of a part can be used.
    pub(crate) async fn use_more(&self, bytes: u64) {
        while let Err(Missing { needed, part }) = self.try_use(bytes) {
            self.wait(part, Demand::Growth { needed }).await;
        }
    }

    /// Releases what exceeds `bytes`.
    #[inline]
    pub(crate) fn shrink(&self, bytes: u64) {
        self.update(|reservation, _| reservation.shrink(bytes));
    }

    /// Records that the network decides from now on when the memory is released.
    #[inline]
    pub(crate) fn wait_for_network(&self) {
        self.update(ReservationState::wait_for_network);
    }

    /// Records that the caller decides from now on when the memory is released, or has made progress.
    #[inline]
    pub(crate) fn wait_for_caller(&self) {
        self.update(ReservationState::wait_for_caller);
    }

    /// Changes the state.
    #[inline]
    fn update(&self, update: impl FnOnce(&mut ReservationState, Instant)) {
        let is_released = { self.budget.lock().update(self.id, Instant::now(), update) };
        if is_released {
            self.budget.grant();
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Reservation {
    #[inline]
    fn drop(&mut self) {
        let is_released = { self.budget.lock().remove(self.id, Instant::now()) };
        if is_released {
            self.budget.grant();
        }
    }
}
