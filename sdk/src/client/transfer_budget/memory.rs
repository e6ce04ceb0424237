//! [`MemoryBudget`]: a limit on the bytes that transfers hold in memory.
//!
//! # The invariant
//!
//! The budget counts all bytes that transfers hold. A stalled transfer never blocks the others, whether
//! it is polled or not. Stalled transfers may exceed the capacity by 64 KiB each, and one upload at a
//! time by its part. If that upload stalls, too, the next one may; the interval grows with the excess
//! ([`MemoryBudget::stall_timeout`]). [`State::next`] enforces this:
//!
//! 1. What fits is granted: first to parts that were started, the oldest one first, then to new ones in
//!    their order, without those that are not polled.
//! 2. The part of an upload is reserved as a whole when it starts, so that uploads do not wait for each
//!    other in the middle of their parts. If its source stalls for 2 s, the bytes that it has not read are
//!    given to others. When the source continues, its next chunk takes what is free. If that is not
//!    enough, the part waits for all of its missing bytes: many parts that each get some of the memory
//!    would take all of it, and none of them would be completed.
//! 3. If nothing was released for a while, the memory may be held by transfers that wait for their
//!    callers. Then each transfer gets 64 KiB, and the part of one upload grows by its next chunk. The
//!    next part grows when the caller of that one stalls, or its memory is released. While other parts
//!    are being filled, none grows so if incomplete reservations hold more than a quarter of the capacity.
//!
//! Nothing needs the poll of a stalled transfer: the requests that wait check the budget.

mod reservation;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

pub(crate) use self::reservation::Reservation;
use crate::base::sorted_map::SortedMap;

/// A caller stalls if it makes no progress for this time.
const STALL_TIME: Duration = Duration::from_millis(250);
/// The part of an upload loses its unused bytes if its source stalls for this time, for which sources in
/// a network often do.
const LOSS_TIME: Duration = Duration::from_secs(2);
/// How long the network may need for memory in excess of the capacity, until the next excess is granted.
const NETWORK_TIME: Duration = Duration::from_secs(10);
/// For so many bytes in excess of the capacity, or a quarter of the capacity, a caller may stall for one
/// more second. With this value, hundreds of stalled uploads exceed the capacity by less than 64 MiB in
/// two seconds (the test `transfer_memory`).
const EXCESS_OF_SECOND: u64 = 64 << 20;
/// How often requests that wait check the budget.
const CHECK_INTERVAL: Duration = Duration::from_millis(25);
/// The same if many requests wait.
const SLOW_CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// A request that did not check the budget for this time is not polled.
const UNPOLLED_TIME: Duration = Duration::from_millis(600);
/// The size of a new reservation that exceeds the capacity.
const SMALL: u64 = 64 << 10;
/// How many of them are as large as a part of the default size, 8 MiB. They follow each other so much
/// faster than parts.
const SMALL_OF_PART: u32 = 128;

/// A limit on the bytes in memory.
pub(crate) struct MemoryBudget {
    capacity: u64,
    state: Mutex<State>,
}

struct State {
    /// Reserved bytes.
    used: u64,
    next_id: u64,
    /// By their IDs. A reservation that waits for its first bytes has none.
    reservations: SortedMap<u64, ReservationState>,
    waiters: SortedMap<Turn, MemoryWaiter>,
    /// The reservation that may exceed the capacity.
    excess: Option<u64>,
    /// When memory was released last, while the capacity was not exceeded.
    released: Instant,
    /// When it was exceeded last.
    exceeded: Instant,
    checked: Instant,
}

/// The place of a request in the order of those that wait: all that want more bytes for a reservation
/// precede the new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    is_new: bool,
    reservation: u64,
}

/// A request that waits for bytes. It is removed when they are granted.
struct MemoryWaiter {
    bytes: u64,
    demand: Demand,
    since: Instant,
    /// When it checked the budget last.
    polled: Instant,
    /// Wakes the request on drop.
    _wake: oneshot::Sender<()>,
}

enum Demand {
    /// The part of an upload.
    Part,
    /// A range of a download, which may be smaller than requested.
    Range {
        /// Whether it may exceed the capacity at the moment.
        may_exceed: Arc<AtomicBool>,
    },
    /// All missing bytes of the part of an upload.
    Growth {
        /// Those of its next chunk.
        chunk: u64,
    },
}

struct ReservationState {
    /// The requested bytes, or those that were granted of them.
    len: u64,
    bytes: u64,
    /// The bytes that are used, of which it has reserved at least as many.
    in_use: u64,
    /// The highest possible value of `in_use`.
    max: u64,
    /// Whether it is released without the caller.
    is_in_transit: bool,
    /// When the caller made progress last.
    moved: Instant,
}

/// Removes a request that waits.
struct WaitGuard<'a>(&'a Arc<MemoryBudget>, Turn);

impl MemoryBudget {
    pub(crate) fn new(capacity: u64) -> Self {
        let now = Instant::now();
        Self {
            capacity,
            state: Mutex::new(State {
                used: 0,
                next_id: 0,
                reservations: SortedMap::new(),
                waiters: SortedMap::new(),
                excess: None,
                released: now,
                exceeded: now,
                checked: now,
            }),
        }
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
    fn empty_reservation(self: Arc<Self>) -> Reservation {
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        let empty = ReservationState {
            len: 0,
            bytes: 0,
            in_use: 0,
            max: 0,
            is_in_transit: false,
            moved: Instant::now(),
        };
        state.reservations.insert(id, empty);
        drop(state);
        Reservation { budget: self, id }
    }

    /// Waits until the bytes of a reservation are granted.
    async fn wait(self: &Arc<Self>, reservation: u64, bytes: u64, demand: Demand) {
        let turn = Turn {
            is_new: !matches!(demand, Demand::Growth { .. }),
            reservation,
        };
        let (wake, granted) = oneshot::channel();
        let now = Instant::now();
        let waiter = MemoryWaiter {
            bytes,
            demand,
            since: now,
            polled: now,
            _wake: wake,
        };
        self.lock().waiters.insert(turn, waiter);
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
        let is_crowded = state.waiters.len() > 8;
        Some(match is_crowded {
            true => SLOW_CHECK_INTERVAL,
            false => CHECK_INTERVAL,
        })
    }

    /// Continues without an event, for a request that is polled.
    #[inline]
    fn check(&self, turn: Turn) {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(waiter) = state.waiters.get_mut(&turn) {
            waiter.polled = now;
        }
        let is_due = now.saturating_duration_since(state.checked) >= CHECK_INTERVAL / 2;
        if is_due {
            state.checked = now;
        }
        drop(state);
        if is_due {
            self.grant();
        }
    }

    /// Grants the requests that are next.
    #[inline]
    fn grant(&self) {
        loop {
            let mut state = self.lock();
            let Some((turn, bytes)) = state.next(self.capacity, Instant::now()) else {
                return;
            };
            let Some(waiter) = state.waiters.remove(&turn) else {
                return;
            };
            state.add(turn.reservation, bytes, &waiter, self.capacity);
            drop(state);
            // Wakes the request.
            drop(waiter);
        }
    }

    /// Returns how long the caller of a reservation may stall while so many bytes are used.
    fn stall_timeout(capacity: u64, used: u64) -> Duration {
        let excess = used.saturating_sub(capacity);
        let seconds = excess as f64 / (capacity / 4).max(EXCESS_OF_SECOND) as f64;
        STALL_TIME + Duration::from_secs_f64(seconds)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryWaiter {
    fn is_polled(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.polled) < UNPOLLED_TIME
    }
}

impl State {
    /// Returns the next request to be granted, and its bytes.
    #[inline]
    fn next(&mut self, capacity: u64, now: Instant) -> Option<(Turn, u64)> {
        let waiters = self.waiters.entries();
        let polled = waiters.iter().find(|(_, waiter)| waiter.is_polled(now));
        let (turn, waiter) = polled.or_else(|| waiters.first())?;
        let (turn, bytes) = (*turn, waiter.bytes);
        while self.used.saturating_add(bytes.min(capacity)) > capacity {
            if !self.take_unused(now) {
                return self.next_in_excess(capacity, now);
            }
        }
        Some((turn, bytes))
    }

    /// Takes the bytes that the part whose caller has stalled for the longest time does not use. Returns
    /// whether there were any.
    #[inline]
    fn take_unused(&mut self, now: Instant) -> bool {
        let stalled = self.reservations.values_mut().filter(|reservation| {
            reservation.bytes > reservation.in_use
                && !reservation.is_in_transit
                && now.saturating_duration_since(reservation.moved) >= LOSS_TIME
        });
        let Some(reservation) = stalled.min_by_key(|reservation| reservation.moved) else {
            return false;
        };
        let unused = reservation.bytes - reservation.in_use;
        reservation.bytes = reservation.in_use;
        self.used = self.used.saturating_sub(unused);
        true
    }

    /// Returns the next request that may exceed the capacity, and its bytes.
    #[inline]
    fn next_in_excess(&self, capacity: u64, now: Instant) -> Option<(Turn, u64)> {
        let age = |at| now.saturating_duration_since(at);
        if age(self.released) < STALL_TIME {
            return None;
        }
        let stall_timeout = MemoryBudget::stall_timeout(capacity, self.used);
        let holder = self.excess.and_then(|id| self.reservations.get(&id));
        let is_moving = holder.is_some_and(|reservation| {
            let network = match reservation.is_in_transit {
                true => NETWORK_TIME,
                false => Duration::ZERO,
            };
            self.used > capacity && age(reservation.moved) < stall_timeout + network
        });
        let may_grow = !is_moving && self.may_grow(capacity, now);
        // Small reservations follow each other in a time that their size is worth.
        let is_small_due = age(self.exceeded) >= stall_timeout / SMALL_OF_PART;
        let due = self.waiters.entries().iter().filter(|(_, waiter)| {
            let may_exceed = match &waiter.demand {
                Demand::Part => is_small_due,
                Demand::Range { may_exceed } => is_small_due && may_exceed.load(Ordering::Relaxed),
                Demand::Growth { .. } => may_grow,
            };
            may_exceed
                && (self.used > capacity || age(waiter.since) >= STALL_TIME)
                && waiter.is_polled(now)
        });
        // Not the oldest part: slow sources would always precede a fast one.
        let (turn, waiter) = due.min_by_key(|(turn, waiter)| (turn.is_new, waiter.since))?;
        let bytes = match waiter.demand {
            Demand::Part | Demand::Range { .. } => waiter.bytes.min(SMALL),
            Demand::Growth { chunk } => chunk,
        };
        Some((*turn, bytes))
    }

    /// Returns whether a part may grow in excess of the capacity.
    #[inline]
    fn may_grow(&self, capacity: u64, now: Instant) -> bool {
        let (mut partial_bytes, mut is_filling) = (0_u64, false);
        for (_, reservation) in self.reservations.entries() {
            let is_recent = now.saturating_duration_since(reservation.moved) < LOSS_TIME;
            if reservation.is_in_transit {
                continue;
            } else if reservation.bytes < reservation.max {
                partial_bytes = partial_bytes.saturating_add(reservation.bytes);
            } else if reservation.in_use < reservation.bytes && is_recent {
                is_filling = true;
            }
        }
        !is_filling || partial_bytes <= capacity / 4
    }

    /// Adds granted bytes to a reservation.
    #[inline]
    fn add(&mut self, id: u64, len: u64, waiter: &MemoryWaiter, capacity: u64) {
        // The reservation lives as long as the request waits.
        let Some(reservation) = self.reservations.get_mut(&id) else {
            return;
        };
        let bytes = len.min(capacity);
        let now = Instant::now();
        reservation.moved = now;
        reservation.bytes = reservation.bytes.saturating_add(bytes);
        if !matches!(waiter.demand, Demand::Growth { .. }) {
            let is_range = matches!(waiter.demand, Demand::Range { .. });
            reservation.len = len;
            reservation.in_use = if is_range { bytes } else { 0 };
            reservation.max = waiter.bytes.min(capacity);
            reservation.is_in_transit = is_range;
        }
        // The capacity may be the highest number.
        if self.used.saturating_add(bytes) > capacity {
            self.exceeded = now;
            if let Demand::Growth { .. } = waiter.demand {
                self.excess = Some(id);
            }
        }
        self.used = self.used.saturating_add(bytes);
    }

    fn release(&mut self, bytes: u64, capacity: u64) {
        if self.used <= capacity {
            self.released = Instant::now();
        }
        self.used = self.used.saturating_sub(bytes);
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
