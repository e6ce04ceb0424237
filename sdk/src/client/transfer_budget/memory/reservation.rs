//! [`Reservation`]: reserved memory, and what its holder reports.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Demand, MemoryBudget, ReservationState, Turn};

/// Reserved memory, released on drop.
pub(crate) struct Reservation {
    pub(super) budget: Arc<MemoryBudget>,
    pub(super) id: u64,
}

/// The bytes that are missing for the next chunk of a part, and for all of its chunks.
#[derive(Debug)]
pub(crate) struct Missing {
    chunk: u64,
    part: u64,
}

impl Reservation {
    /// Returns how many bytes were granted.
    pub(crate) fn len(&self) -> u64 {
        let state = self.budget.lock();
        let reservation = state.reservations.get(&self.id);
        reservation.map_or(0, |reservation| reservation.len)
    }

    /// Waits until `bytes` more are granted.
    pub(super) async fn wait(&self, bytes: u64, demand: Demand) {
        self.budget.wait(self.id, bytes, demand).await;
    }

    /// Reports that `bytes` more of a part are used. Returns what is missing, and then does not add them.
    #[inline]
    pub(crate) fn try_use(&self, bytes: u64) -> Result<(), Missing> {
        let mut state = self.budget.lock();
        let capacity = self.budget.capacity;
        let (used, may_exceed) = (state.used, state.excess == Some(self.id));
        let is_first = match state.waiters.entries().first() {
            Some((turn, _)) => {
                let own = Turn {
                    is_new: false,
                    reservation: self.id,
                };
                own < *turn
            }
            None => true,
        };
        let Some(reservation) = state.reservations.get_mut(&self.id) else {
            return Ok(());
        };
        reservation.moved = Instant::now();
        let needed = reservation.in_use.saturating_add(bytes);
        let needed = needed.min(reservation.max);
        let missing = needed.saturating_sub(reservation.bytes);
        let fits = is_first && used.saturating_add(missing) <= capacity;
        if missing > 0 && !fits && !may_exceed {
            return Err(Missing {
                chunk: missing,
                part: reservation.max.saturating_sub(reservation.bytes),
            });
        }
        reservation.in_use = needed;
        reservation.bytes = reservation.bytes.saturating_add(missing);
        state.used = state.used.saturating_add(missing);
        Ok(())
    }

    /// Waits until `bytes` more of a part can be used.
    pub(crate) async fn use_more(&self, bytes: u64) {
        while let Err(Missing { chunk, part }) = self.try_use(bytes) {
            self.wait(part, Demand::Growth { chunk }).await;
        }
    }

    /// Releases what exceeds `bytes`.
    #[inline]
    pub(crate) fn shrink(&self, bytes: u64) {
        self.update(|reservation| {
            reservation.bytes = reservation.bytes.min(bytes);
            reservation.in_use = reservation.in_use.min(bytes);
            reservation.max = reservation.max.min(bytes);
        });
    }

    /// Records that the network decides from now on when the memory is released.
    #[inline]
    pub(crate) fn wait_for_network(&self) {
        self.update(|reservation| {
            reservation.in_use = reservation.bytes;
            reservation.is_in_transit = true;
            reservation.moved = Instant::now();
        });
    }

    /// Records that the caller decides from now on when the memory is released, or has made progress.
    #[inline]
    pub(crate) fn wait_for_caller(&self) {
        self.update(|reservation| {
            reservation.is_in_transit = false;
            reservation.moved = Instant::now();
        });
    }

    /// Changes the state, and releases the bytes that it then lacks.
    #[inline]
    fn update(&self, update: impl FnOnce(&mut ReservationState)) {
        let mut state = self.budget.lock();
        let Some(reservation) = state.reservations.get_mut(&self.id) else {
            return;
        };
        let before = reservation.bytes;
        update(reservation);
        let released = before.saturating_sub(reservation.bytes);
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
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Reservation {
    #[inline]
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        let bytes = match state.reservations.remove(&self.id) {
            Some(reservation) => reservation.bytes,
            None => 0,
        };
        if state.excess == Some(self.id) {
            state.excess = None;
        }
        if bytes > 0 {
            state.release(bytes, self.budget.capacity);
            drop(state);
            self.budget.grant();
        }
    }
}
