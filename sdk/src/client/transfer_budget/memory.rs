//! [`MemoryBudget`]: a limit on the bytes that transfers hold in memory.
//!
//! # The invariant
//!
//! The budget counts all bytes that transfers hold. A stalled transfer never blocks the others, whether
//! it is polled or not. Stalled transfers may exceed the capacity by 64 KiB each, and one upload at a
//! time by its part. If that upload stalls, too, the next one may; the interval grows with the excess
//! ([`State::stall_timeout`]). [`State::next`] enforces this:
//!
//! 1. What fits is granted: first to parts that were started, the oldest one first, then to new ones in
//!    their order, without those that are not polled.
//! 2. The part of an upload is reserved as a whole when it starts, so that uploads do not wait for each
//!    other in the middle of their parts. If its source stalls for 2 s, the bytes that it has not read are
//!    given to others. When the source continues, its next chunk takes what is free. If that is not
//!    enough, the part waits for all of its missing bytes: many parts that each get some of the memory
//!    would take all of it, and none of them would be completed.
//! 3. If nothing but such excess was released for a while, the memory may be held by transfers that wait
//!    for their callers. Then each transfer gets 64 KiB, and the part of one upload grows by its next
//!    chunk. The next part grows when the caller of that one stalls, or its memory is released. While
//!    other parts are being filled, none grows so if incomplete reservations hold more than a quarter of
//!    the capacity.
//!
//! Nothing needs the poll of a stalled transfer: the requests that wait check the budget. How often they do
//! so, and how many of them at the same moment, does not change what they get in a second.

mod reservation;
mod state;

use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::reservation::Reservation;
use self::state::{Demand, State, Turn};

/// A limit on the bytes in memory.
pub(crate) struct MemoryBudget(Mutex<State>);

/// Removes a request that waits.
struct WaitGuard<'a>(&'a Arc<MemoryBudget>, Turn);

impl MemoryBudget {
    pub(crate) fn new(capacity: u64) -> Self {
        Self(Mutex::new(State::new(capacity, Instant::now())))
    }

    /// Waits until `bytes` are available for the part of an upload, whose use is reported by
    /// [`Reservation::use_more`]. More than the capacity counts as the capacity.
    pub(crate) async fn reserve(self: Arc<Self>, bytes: u64) -> Reservation {
        self.reserve_as(bytes, Demand::Part).await
    }

    /// Waits until `bytes` are available for a range of a download, or some of them, if they exceed the
    /// capacity: see [`Reservation::len`]. They may do so only while `may_exceed` is `true`.
    pub(crate) async fn reserve_range(
        self: Arc<Self>,
        bytes: u64,
        may_exceed: Arc<AtomicBool>,
    ) -> Reservation {
        self.reserve_as(bytes, Demand::Range { may_exceed }).await
    }

    async fn reserve_as(self: Arc<Self>, bytes: u64, demand: Demand) -> Reservation {
        let reservation = self.empty_reservation();
        reservation.wait(bytes, demand).await;
        reservation
    }

    /// Returns a reservation without bytes.
    #[inline]
    fn empty_reservation(self: Arc<Self>) -> Reservation {
        let id = self.lock().insert_empty(Instant::now());
        Reservation { budget: self, id }
    }

    /// Waits until a reservation has `bytes`, or some of them are granted.
    async fn wait(self: &Arc<Self>, reservation: u64, bytes: u64, demand: Demand) {
        let now = Instant::now();
        let (turn, granted) = { self.lock().request(reservation, bytes, demand, now) };
        let _guard = WaitGuard(self, turn);
        self.grant();
        let mut granted = pin!(granted);
        while let Some(interval) = self.check_interval(turn) {
            if tokio::time::timeout(interval, granted.as_mut())
                .await
                .is_err()
            {
                self.check(turn);
            }
        }
    }

    /// Returns how long a request waits until it checks the budget; `None` if it was granted.
    #[inline]
    fn check_interval(&self, turn: Turn) -> Option<Duration> {
        let state = self.lock();
        state.waiters.get(&turn)?;
        Some(state.check_interval())
    }

    /// Grants what is due without an event. Called by requests that are polled.
    #[inline]
    fn check(&self, turn: Turn) {
        let is_due = { self.lock().check(turn, Instant::now()) };
        if is_due {
            self.grant();
        }
    }

    /// Grants the requests that are next.
    #[inline]
    fn grant(&self) {
        loop {
            // The lock is released before the request is woken.
            let granted = self.lock().grant_next(Instant::now());
            if granted.is_none() {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WaitGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(budget, turn) = self;
        let removed = { budget.lock().waiters.remove(turn) };
        if removed.is_some() {
            budget.grant();
        }
    }
}

#[cfg(test)]
mod tests;
