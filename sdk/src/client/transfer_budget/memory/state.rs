//! The rules of [`MemoryBudget`](super::MemoryBudget), without a clock and without tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::base::sorted_map::SortedMap;

/// A caller stalls if it makes no progress for this time.
pub(super) const STALL_TIME: Duration = Duration::from_millis(250);
/// The part of an upload loses its unused bytes if its source stalls for this time. Longer than
/// [`STALL_TIME`], because sources in a network often pause for a moment.
pub(super) const LOSS_TIME: Duration = Duration::from_secs(2);
/// How long the network may need for memory in excess of the capacity, until the next excess is granted.
const NETWORK_TIME: Duration = Duration::from_secs(10);
/// For so many bytes in excess of the capacity, or a quarter of the capacity, a caller may stall for one
/// more second. With this value, any number of stalled transfers exceed the capacity by less than 64 MiB
/// in two seconds.
const EXCESS_OF_SECOND: u64 = 64 << 20;
/// How often requests that wait check the budget.
pub(super) const CHECK_INTERVAL: Duration = Duration::from_millis(25);
/// The same if many requests wait.
pub(super) const SLOW_CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// The highest number of requests that check the budget often.
const FREQUENT_CHECKS: usize = 8;
/// A request that did not check the budget for this time is not polled.
pub(super) const UNPOLLED_TIME: Duration = Duration::from_millis(600);
/// The size of a new reservation that exceeds the capacity.
pub(super) const SMALL_SIZE: u64 = 64 << 10;
/// How many of them are as large as a part of the default size, 8 MiB. Small reservations follow each
/// other faster than parts by this factor.
const SMALL_PER_PART: u32 = 128;

pub(super) struct State {
    capacity: u64,
    /// Reserved bytes.
    pub(super) used: u64,
    next_id: u64,
    /// By their IDs. A reservation that waits for its first bytes has none.
    pub(super) reservations: SortedMap<u64, ReservationState>,
    pub(super) waiters: SortedMap<Turn, MemoryWaiter>,
    /// The reservation that may exceed the capacity.
    excess_holder: Option<u64>,
    /// When a complete reservation last released memory, so that some of the capacity was free.
    last_release: Instant,
    /// When the next small reservation may exceed the capacity.
    small_due: Instant,
    /// When a request last looked for others that are due.
    last_check: Instant,
}

/// The place of a request in the order of those that wait: all that want more bytes for a reservation
/// precede the new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    is_new: bool,
    pub(super) reservation: u64,
}

/// A request that waits for bytes. It is removed when they are granted.
pub(super) struct MemoryWaiter {
    /// The bytes that its reservation has when all of them are granted.
    bytes: u64,
    demand: Demand,
    since: Instant,
    /// When it checked the budget last.
    last_check: Instant,
    /// Wakes the request on drop.
    _wake: oneshot::Sender<()>,
}

pub(super) enum Demand {
    /// The part of an upload.
    Part,
    /// A range of a download, which may be smaller than requested.
    Range {
        /// Whether it may exceed the capacity at the moment.
        may_exceed: Arc<AtomicBool>,
    },
    /// All missing bytes of the part of an upload.
    Growth {
        /// The bytes that the part needs for its next chunk.
        needed: u64,
    },
}

/// Returned if a part lacks bytes for its next chunk.
#[derive(Debug)]
pub(crate) struct Missing {
    /// The bytes that the part needs for the chunk.
    pub(super) needed: u64,
    /// Those that it needs for all chunks.
    pub(super) part: u64,
}

pub(super) struct ReservationState {
    /// The requested bytes, or those that were granted of them.
    pub(super) len: u64,
    pub(super) bytes: u64,
    /// The bytes that are used, of which it has reserved at least as many.
    in_use: u64,
    /// The highest possible value of `in_use`.
    max: u64,
    /// Whether fewer bytes were granted than requested.
    is_partial: bool,
    /// Whether it is released without the caller.
    is_in_transit: bool,
    /// When the caller made progress last.
    last_progress: Instant,
}

impl MemoryWaiter {
    fn is_polled(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_check) < UNPOLLED_TIME
    }
}

impl State {
    pub(super) fn new(capacity: u64, now: Instant) -> Self {
        Self {
            capacity,
            used: 0,
            next_id: 0,
            reservations: SortedMap::new(),
            waiters: SortedMap::new(),
            excess_holder: None,
            last_release: now,
            small_due: now,
            last_check: now,
        }
    }

    /// Adds a reservation without bytes, and returns its ID.
    #[inline]
    pub(super) fn insert_empty(&mut self, now: Instant) -> u64 {
        self.next_id += 1;
        let empty = ReservationState {
            len: 0,
            bytes: 0,
            in_use: 0,
            max: 0,
            is_partial: false,
            is_in_transit: false,
            last_progress: now,
        };
        self.reservations.insert(self.next_id, empty);
        self.next_id
    }

    /// Adds a request for a reservation that has `bytes` when all of them are granted. Returns its turn,
    /// and a receiver that is closed when some of them are granted.
    #[inline]
    pub(super) fn request(
        &mut self,
        reservation: u64,
        bytes: u64,
        demand: Demand,
        now: Instant,
    ) -> (Turn, oneshot::Receiver<()>) {
        let turn = Turn {
            is_new: !matches!(demand, Demand::Growth { .. }),
            reservation,
        };
        let (wake, granted) = oneshot::channel();
        let waiter = MemoryWaiter {
            bytes,
            demand,
            since: now,
            last_check: now,
            _wake: wake,
        };
        self.waiters.insert(turn, waiter);
        (turn, granted)
    }

    /// Returns how often requests check the budget.
    pub(super) fn check_interval(&self) -> Duration {
        match self.waiters.len() {
            0..=FREQUENT_CHECKS => CHECK_INTERVAL,
            _ => SLOW_CHECK_INTERVAL,
        }
    }

    /// Records that a request is polled. Returns whether requests may be due, because time has passed.
    #[inline]
    pub(super) fn check(&mut self, turn: Turn, now: Instant) -> bool {
        if let Some(waiter) = self.waiters.get_mut(&turn) {
            waiter.last_check = now;
        }
        let is_due = now.saturating_duration_since(self.last_check) >= CHECK_INTERVAL / 2;
        if is_due {
            self.last_check = now;
        }
        is_due
    }

    /// Grants the next request, which wakes it when the returned value is dropped.
    #[inline]
    pub(super) fn grant_next(&mut self, now: Instant) -> Option<MemoryWaiter> {
        let (turn, bytes) = self.next(now)?;
        let waiter = self.waiters.remove(&turn)?;
        self.add(turn.reservation, bytes, &waiter, now);
        Some(waiter)
    }

    /// Returns the next request to be granted, and its bytes.
    #[inline]
    fn next(&mut self, now: Instant) -> Option<(Turn, u64)> {
        let waiters = self.waiters.entries();
        let first_polled = waiters.iter().find(|(_, waiter)| waiter.is_polled(now));
        let (turn, waiter) = first_polled.or_else(|| waiters.first())?;
        let (turn, all) = (*turn, waiter.bytes);
        loop {
            // The reservation loses bytes, too, while its request waits.
            let bytes = all.saturating_sub(self.reserved(turn));
            if self.used.saturating_add(bytes.min(self.capacity)) <= self.capacity {
                return Some((turn, bytes));
            }
            if !self.take_unused(now) {
                return self.next_in_excess(now);
            }
        }
    }

    /// Returns how many bytes a reservation that waits for more has.
    #[inline]
    fn reserved(&self, turn: Turn) -> u64 {
        let reservation = self.reservations.get(&turn.reservation);
        reservation.map_or(0, |reservation| reservation.bytes)
    }

    /// Takes the bytes that the part whose caller has stalled for the longest time does not use. Returns
    /// whether there were any.
    #[inline]
    fn take_unused(&mut self, now: Instant) -> bool {
        let stalled = self.reservations.values_mut().filter(|reservation| {
            reservation.bytes > reservation.in_use
                && !reservation.is_in_transit
                && now.saturating_duration_since(reservation.last_progress) >= LOSS_TIME
        });
        let Some(reservation) = stalled.min_by_key(|reservation| reservation.last_progress) else {
            return false;
        };
        let unused = reservation.bytes - reservation.in_use;
        reservation.bytes = reservation.in_use;
        self.used = self.used.saturating_sub(unused);
        true
    }

    /// Returns the next request that may exceed the capacity, and its bytes.
    #[inline]
    fn next_in_excess(&self, now: Instant) -> Option<(Turn, u64)> {
        let age = |at| now.saturating_duration_since(at);
        if age(self.last_release) < STALL_TIME {
            return None;
        }
        let holder = self.excess_holder.and_then(|id| self.reservations.get(&id));
        let is_moving = holder.is_some_and(|reservation| {
            let network = match reservation.is_in_transit {
                true => NETWORK_TIME,
                false => Duration::ZERO,
            };
            self.used > self.capacity
                && age(reservation.last_progress) < self.stall_timeout() + network
        });
        let may_grow = !is_moving && self.may_grow(now);
        let is_small_due = now >= self.small_due;
        let due = self.waiters.entries().iter().filter(|(_, waiter)| {
            let may_exceed = match &waiter.demand {
                Demand::Part => is_small_due,
                Demand::Range { may_exceed } => is_small_due && may_exceed.load(Ordering::Relaxed),
                Demand::Growth { .. } => may_grow,
            };
            may_exceed
                && (self.used > self.capacity || age(waiter.since) >= STALL_TIME)
                && waiter.is_polled(now)
        });
        // Not the oldest part: slow sources would always precede a fast one.
        let (turn, waiter) = due.min_by_key(|(turn, waiter)| (turn.is_new, waiter.since))?;
        let bytes = match waiter.demand {
            Demand::Part | Demand::Range { .. } => waiter.bytes.min(SMALL_SIZE),
            Demand::Growth { needed } => needed.saturating_sub(self.reserved(*turn)),
        };
        Some((*turn, bytes))
    }

    /// Returns whether a part may grow in excess of the capacity.
    #[inline]
    fn may_grow(&self, now: Instant) -> bool {
        let (mut partial_bytes, mut is_filling) = (0_u64, false);
        for (_, reservation) in self.reservations.entries() {
            let is_recent = now.saturating_duration_since(reservation.last_progress) < LOSS_TIME;
            if reservation.is_in_transit {
                continue;
            } else if reservation.bytes < reservation.max {
                partial_bytes = partial_bytes.saturating_add(reservation.bytes);
            } else if reservation.in_use < reservation.bytes && is_recent {
                is_filling = true;
            }
        }
        !is_filling || partial_bytes <= self.capacity / 4
    }

    /// Adds granted bytes to a reservation.
    #[inline]
    fn add(&mut self, id: u64, len: u64, waiter: &MemoryWaiter, now: Instant) {
        // The reservation lives as long as the request waits.
        let Some(reservation) = self.reservations.get_mut(&id) else {
            return;
        };
        let bytes = len.min(self.capacity);
        let is_growth = matches!(waiter.demand, Demand::Growth { .. });
        reservation.last_progress = now;
        reservation.bytes = reservation.bytes.saturating_add(bytes);
        if !is_growth {
            let is_range = matches!(waiter.demand, Demand::Range { .. });
            reservation.len = len;
            reservation.in_use = if is_range { bytes } else { 0 };
            reservation.max = waiter.bytes.min(self.capacity);
            reservation.is_in_transit = is_range;
        }
        reservation.is_partial = reservation.bytes < reservation.max;
        self.used = self.used.saturating_add(bytes);
        if self.used <= self.capacity {
            return;
        }
        if is_growth {
            self.excess_holder = Some(id);
        } else {
            // Small reservations follow each other in a time that their size is worth. Requests check the
            // budget less often, perhaps all at the same moment, so several may be due at once.
            let last_check = now.checked_sub(SLOW_CHECK_INTERVAL).unwrap_or(now);
            self.small_due = self.small_due.max(last_check) + self.stall_timeout() / SMALL_PER_PART;
        }
    }

    /// Returns how long a caller may stall at the moment.
    #[inline]
    fn stall_timeout(&self) -> Duration {
        let excess = self.used.saturating_sub(self.capacity);
        let seconds = excess as f64 / (self.capacity / 4).max(EXCESS_OF_SECOND) as f64;
        STALL_TIME + Duration::from_secs_f64(seconds)
    }

    /// Uses `bytes` more of a part. Returns what is missing, and then does not add them.
    #[inline]
    pub(super) fn try_use(&mut self, id: u64, bytes: u64, now: Instant) -> Result<(), Missing> {
        let Some(reservation) = self.reservations.get_mut(&id) else {
            return Ok(());
        };
        reservation.last_progress = now;
        let needed = reservation.in_use.saturating_add(bytes);
        let needed = needed.min(reservation.max);
        let missing = needed.saturating_sub(reservation.bytes);
        let own = Turn {
            is_new: false,
            reservation: id,
        };
        let first = self.waiters.entries().first();
        let is_first = first.is_none_or(|(turn, _)| own < *turn);
        let fits = is_first && self.used.saturating_add(missing) <= self.capacity;
        let may_exceed = self.excess_holder == Some(id);
        if missing > 0 && !fits && !may_exceed {
            return Err(Missing {
                needed,
                part: reservation.max,
            });
        }
        reservation.in_use = needed;
        reservation.bytes = reservation.bytes.saturating_add(missing);
        reservation.is_partial = reservation.bytes < reservation.max;
        self.used = self.used.saturating_add(missing);
        Ok(())
    }

    /// Changes a reservation. Returns whether this released bytes.
    #[inline]
    pub(super) fn update(
        &mut self,
        id: u64,
        now: Instant,
        update: impl FnOnce(&mut ReservationState, Instant),
    ) -> bool {
        let Some(reservation) = self.reservations.get_mut(&id) else {
            return false;
        };
        let before = reservation.bytes;
        update(reservation, now);
        let released = before.saturating_sub(reservation.bytes);
        let is_partial = reservation.is_partial;
        if released > 0 {
            self.release(released, is_partial, now);
        }
        released > 0
    }

    /// Removes a reservation. Returns whether it had bytes, which are available then.
    #[inline]
    pub(super) fn remove(&mut self, id: u64, now: Instant) -> bool {
        let Some(reservation) = self.reservations.remove(&id) else {
            return false;
        };
        if self.excess_holder == Some(id) {
            self.excess_holder = None;
        }
        if reservation.bytes > 0 {
            self.release(reservation.bytes, reservation.is_partial, now);
        }
        reservation.bytes > 0
    }

    /// Makes released bytes available.
    fn release(&mut self, bytes: u64, is_partial: bool, now: Instant) {
        self.used = self.used.saturating_sub(bytes);
        // Small reservations are released, too, while the callers of the others stall.
        if self.used < self.capacity && !is_partial {
            self.last_release = now;
        }
    }
}

impl ReservationState {
    pub(super) fn shrink(&mut self, bytes: u64) {
        self.bytes = self.bytes.min(bytes);
        self.in_use = self.in_use.min(bytes);
        self.max = self.max.min(bytes);
    }

    pub(super) fn wait_for_network(&mut self, now: Instant) {
        self.in_use = self.bytes;
        self.is_in_transit = true;
        self.last_progress = now;
    }

    pub(super) fn wait_for_caller(&mut self, now: Instant) {
        self.is_in_transit = false;
        self.last_progress = now;
    }
}
