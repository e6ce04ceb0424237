//! [`MemoryBudget`]: a limit on the bytes that transfers hold in memory.
//!
//! # The invariant
//!
//! All bytes that transfers hold are counted. A transfer whose caller does not move stops no other one,
//! whether it is polled or not. The capacity is exceeded by 64 KiB of each transfer whose caller pauses,
//! and by one part; if the callers of such parts pause, too, by some more of them, which are granted the
//! more slowly the more there are ([`MemoryBudget::patience`]). [`State::next`] enforces this:
//!
//! 1. What fits is granted: first to parts that were started, the oldest one first, then to new ones in
//!    their order, without those that are not polled.
//! 2. The part of an upload is reserved as a whole when it starts, so that uploads do not wait for each
//!    other in the middle of their parts. If its source pauses, the bytes that it has not read are given
//!    to others. It then reserves each further chunk.
//! 3. If nothing was released for a while, the memory may be held by transfers that wait for their
//!    callers. Then each transfer gets 64 KiB, and the part of one upload grows. The next part grows when
//!    the caller of that one pauses, or its memory is released.
//!
//! Nothing needs the poll of a transfer that pauses: the requests that wait check the budget.

mod reservation;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

pub(crate) use self::reservation::Reservation;
use crate::base::sorted_map::SortedMap;

/// A caller pauses if it makes no progress for this time.
const STALL_TIME: Duration = Duration::from_millis(250);
/// How long the network may need for memory in excess of the capacity, until the next excess is granted.
const NETWORK_TIME: Duration = Duration::from_secs(10);
/// For so many bytes in excess of the capacity, or a quarter of the capacity, a caller may pause for one
/// more second.
const EXCESS_OF_SECOND: u64 = 64 << 20;
/// How often requests that wait check the budget.
const CHECK_INTERVAL: Duration = Duration::from_millis(25);
/// The same if many requests wait.
const SLOW_CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// A request that did not check the budget for this time is not polled.
const UNPOLLED_TIME: Duration = Duration::from_millis(600);
/// The size of a new reservation that exceeds the capacity.
const SMALL: u64 = 64 << 10;
/// How many of them are as large as a part of 8 MiB.
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
    reserved: SortedMap<u64, Reserved>,
    waiting: SortedMap<Turn, Waiting>,
    /// The reservation that may exceed the capacity.
    excess: Option<u64>,
    /// When memory was released last, while the capacity was not exceeded.
    released: Instant,
    /// When it was exceeded last.
    exceeded: Instant,
    checked: Instant,
}

/// The order of the requests that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// More bytes for a reservation.
    Growth(u64),
    New(u64),
}

struct Waiting {
    bytes: u64,
    /// Of a new reservation.
    kind: Kind,
    /// Whether it may exceed the capacity; always if it is `None`.
    is_urgent: Option<Arc<AtomicBool>>,
    since: Instant,
    /// When it checked the budget last.
    polled: Instant,
    grant: oneshot::Sender<Option<Reservation>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The part of an upload.
    Part,
    /// A range of a download, which may be smaller than requested.
    Range,
}

struct Reserved {
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
                reserved: SortedMap::new(),
                waiting: SortedMap::new(),
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
        self.reserve_as(bytes, Kind::Part, None).await
    }

    /// Waits until `bytes` are available for a range of a download, or some of them, if they exceed the
    /// capacity: see [`Reservation::len`]. They may do so only while `is_urgent` is `true` or `None`.
    pub(crate) async fn reserve_range(
        self: Arc<Self>,
        bytes: u64,
        is_urgent: Option<Arc<AtomicBool>>,
    ) -> Reservation {
        self.reserve_as(bytes, Kind::Range, is_urgent).await
    }

    async fn reserve_as(
        self: Arc<Self>,
        bytes: u64,
        kind: Kind,
        is_urgent: Option<Arc<AtomicBool>>,
    ) -> Reservation {
        let turn = {
            let mut state = self.lock();
            state.next_id += 1;
            Turn::New(state.next_id)
        };
        match self.wait(turn, bytes, kind, is_urgent).await {
            Some(reservation) => reservation,
            // Not reached: a new reservation is always granted with its value.
            None => Reservation {
                budget: self,
                id: 0,
                len: bytes,
            },
        }
    }

    async fn wait(
        self: &Arc<Self>,
        turn: Turn,
        bytes: u64,
        kind: Kind,
        is_urgent: Option<Arc<AtomicBool>>,
    ) -> Option<Reservation> {
        let (grant, mut granted) = oneshot::channel();
        let now = Instant::now();
        let waiting = Waiting {
            bytes,
            kind,
            is_urgent,
            since: now,
            polled: now,
            grant,
        };
        self.lock().waiting.insert(turn, waiting);
        let _guard = WaitGuard(self, turn);
        self.grant();
        if let Ok(reservation) = granted.try_recv() {
            return reservation;
        }
        let mut granted = pin!(granted);
        loop {
            let is_crowded = self.lock().waiting.len() > 8;
            let interval = match is_crowded {
                true => SLOW_CHECK_INTERVAL,
                false => CHECK_INTERVAL,
            };
            match tokio::time::timeout(interval, granted.as_mut()).await {
                Ok(reservation) => return reservation.ok().flatten(),
                Err(_) => self.check(turn),
            }
        }
    }

    /// Continues without an event, for a request that is polled.
    #[inline]
    fn check(self: &Arc<Self>, turn: Turn) {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(waiting) = state.waiting.get_mut(&turn) {
            waiting.polled = now;
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
    fn grant(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let Some((turn, bytes)) = state.next(self.capacity, Instant::now()) else {
                return;
            };
            let Some(waiting) = state.waiting.remove(&turn) else {
                return;
            };
            let reservation = state.add(self, turn, bytes, &waiting);
            drop(state);
            // If the request does not wait any more, the reservation comes back and is dropped here.
            let _ = waiting.grant.send(reservation);
        }
    }

    /// Returns how long the caller of a reservation may pause while so many bytes are in use.
    fn patience(capacity: u64, used: u64) -> Duration {
        let excess = used.saturating_sub(capacity);
        let seconds = excess as f64 / (capacity / 4).max(EXCESS_OF_SECOND) as f64;
        STALL_TIME + Duration::from_secs_f64(seconds)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_polled(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.polled) < UNPOLLED_TIME
    }
}

impl State {
    /// Returns the next request to be granted, and its bytes.
    #[inline]
    fn next(&mut self, capacity: u64, now: Instant) -> Option<(Turn, u64)> {
        let waiting = self.waiting.entries();
        let polled = waiting.iter().find(|(_, waiting)| waiting.is_polled(now));
        let (turn, waiting) = polled.or_else(|| waiting.first())?;
        let (turn, bytes) = (*turn, waiting.bytes);
        while self.used.saturating_add(bytes.min(capacity)) > capacity {
            if !self.take_unused(now) {
                return self.next_in_excess(capacity, now);
            }
        }
        Some((turn, bytes))
    }

    /// Takes the bytes that the part whose caller has paused for the longest time does not use.
    #[inline]
    fn take_unused(&mut self, now: Instant) -> bool {
        let paused = self.reserved.values_mut().filter(|reserved| {
            reserved.bytes > reserved.in_use
                && !reserved.is_in_transit
                && now.saturating_duration_since(reserved.moved) >= STALL_TIME
        });
        let Some(reserved) = paused.min_by_key(|reserved| reserved.moved) else {
            return false;
        };
        self.used -= reserved.bytes - reserved.in_use;
        reserved.bytes = reserved.in_use;
        true
    }

    #[inline]
    fn next_in_excess(&self, capacity: u64, now: Instant) -> Option<(Turn, u64)> {
        let age = |at| now.saturating_duration_since(at);
        if age(self.released) < STALL_TIME {
            return None;
        }
        let patience = MemoryBudget::patience(capacity, self.used);
        let holder = self.excess.and_then(|id| self.reserved.get(&id));
        let is_moving = holder.is_some_and(|reserved| {
            let network = match reserved.is_in_transit {
                true => NETWORK_TIME,
                false => Duration::ZERO,
            };
            self.used > capacity && age(reserved.moved) < patience + network
        });
        // Small reservations follow each other in a time that their size is worth.
        let is_small_due = age(self.exceeded) >= patience / SMALL_OF_PART;
        let (turn, waiting) = self.waiting.entries().iter().find(|(turn, waiting)| {
            let is_due = match turn {
                Turn::New(_) => is_small_due,
                Turn::Growth(_) => !is_moving,
            };
            let is_urgent = waiting.is_urgent.as_ref();
            is_due
                && (self.used > capacity || age(waiting.since) >= STALL_TIME)
                && waiting.is_polled(now)
                && is_urgent.is_none_or(|is_urgent| is_urgent.load(Ordering::Relaxed))
        })?;
        let bytes = match turn {
            Turn::New(_) => waiting.bytes.min(SMALL),
            Turn::Growth(_) => waiting.bytes,
        };
        Some((*turn, bytes))
    }

    /// Adds granted bytes. Returns the reservation if it is a new one.
    #[inline]
    fn add(
        &mut self,
        budget: &Arc<MemoryBudget>,
        turn: Turn,
        len: u64,
        waiting: &Waiting,
    ) -> Option<Reservation> {
        let bytes = len.min(budget.capacity);
        let (Turn::Growth(id) | Turn::New(id)) = turn;
        let now = Instant::now();
        if self.used.saturating_add(bytes) > budget.capacity {
            self.exceeded = now;
            if let Turn::Growth(_) = turn {
                self.excess = Some(id);
            }
        }
        match turn {
            Turn::Growth(_) => {
                let reserved = self.reserved.get_mut(&id)?;
                reserved.bytes += bytes;
                reserved.moved = now;
                self.used += bytes;
                None
            }
            Turn::New(_) => {
                let is_range = waiting.kind == Kind::Range;
                let reserved = Reserved {
                    bytes,
                    in_use: if is_range { bytes } else { 0 },
                    max: waiting.bytes.min(budget.capacity),
                    is_in_transit: is_range,
                    moved: now,
                };
                self.reserved.insert(id, reserved);
                self.used += bytes;
                let budget = Arc::clone(budget);
                Some(Reservation { budget, id, len })
            }
        }
    }
}

impl State {
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
        let is_removed = budget.lock().waiting.remove(turn).is_some();
        if is_removed {
            budget.grant();
        }
    }
}

#[cfg(test)]
mod tests;
