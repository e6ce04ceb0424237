//! [`AdaptiveLimit`]: a limit on the requests in flight that follows the measured throughput.
//!
//! A pure state machine: its owner reports what happens and when, and asks for the limit.
//!
//! It starts with 4 and raises the limit to 8, unless the requests might get too little of a slow link.
//! Then it measures the throughput at the current limit, raises the limit, and measures again. If the
//! throughput has grown, the limit stays and is raised by twice as much; if it may have grown, and the
//! connections are fast, the earlier limit is measured once more, for longer; otherwise the limit
//! returns to the earlier value, and the next attempt follows after a pause that doubles each time. A
//! response with which the service sheds load (429 or 503) lowers the limit to what is in flight beside
//! it, at once; further ones, and timeouts, lower it by a quarter.

use std::time::Duration;

use tokio::time::Instant;

mod window;

use window::{LONG_WINDOW, PRECISE_BYTES, Window};

/// The first limit.
const START: usize = 4;
/// Up to this limit, it is raised without a measurement, unless the service sheds load.
const UNMEASURED: usize = 8;
/// Bytes per second that each request should get, twice the default minimum throughput of a part. The
/// limit is raised carefully if the requests would get less, should the throughput not grow.
const MIN_SHARE: usize = 128 * 1024;
/// The growth of the throughput after which the limit doubles once more without a longer measurement.
const CLEAR_GROWTH: f64 = 1.3;
/// The same for fast connections: their short measurements depend on the processor, too, and a longer
/// one takes little time.
const CLEAR_GROWTH_IF_FAST: f64 = 1.5;
/// The time in which the limit is raised, request by request, so that the first response that sheds
/// load prevents the others.
const RAISE: Duration = Duration::from_millis(5);
/// The same, and the time after it, once the service has shed load: its answer may be late.
const CAREFUL: Duration = Duration::from_millis(50);
/// How many requests start, while the limit is raised, in the time until a response, which may shed
/// load. The service sheds about as many before the limit stops to grow.
const RAISED_UNTIL_RESPONSE: u32 = 10;
/// A time until a response counts as this one at most, so that a distant service is not slow to use.
const MAX_LATENCY: Duration = Duration::from_millis(100);
/// How often the limit should be checked while requests wait.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_millis(10);
/// The shortest time that new requests get before the throughput is measured.
const SETTLE: Duration = Duration::from_millis(10);
/// The longest time that new requests get until bytes move.
const MAX_SETTLE: Duration = Duration::from_secs(2);
/// Measurements before and after a time of this length without requests are not compared.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause after the first increase that was of no use, or after a shed request.
const HOLD: Duration = Duration::from_secs(1);
/// The longest pause.
const MAX_HOLD: Duration = Duration::from_secs(16);
/// How many requests must succeed after a shed one before the limit is raised again. It bounds the
/// additional requests.
const SUCCESSES_AFTER_SHED: u32 = 24;

/// A limit on the requests in flight.
#[derive(Debug)]
pub(crate) struct AdaptiveLimit {
    limit: usize,
    max: usize,
    in_flight: usize,
    /// When the last request ended, if none is in flight.
    idle_since: Option<Instant>,
    /// Requests in flight of which no byte has moved.
    starting: usize,
    phase: Phase,
    /// By how many requests the limit is raised next.
    step: usize,
    /// The next pause.
    hold: Duration,
    /// How often the limit was lowered.
    cuts: u64,
    /// How many requests the service has shed.
    sheds: u64,
    /// Whether the limit was raised since it was lowered last.
    raised: bool,
    /// Successful requests that are needed before the limit is raised again.
    successes_needed: u32,
    /// Up to this limit, it is raised without a measurement: the first ones, and after shed requests
    /// the limit before them.
    unmeasured: usize,
    /// Whether the current limit must be measured for a long time before it is raised: a short
    /// measurement showed a growth that may be an error.
    needs_precise: bool,
    /// The shortest known time until a response. Zero if none is known.
    latency: Duration,
    window: Window,
}

/// A request in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    /// The value of `cuts` when it started.
    cuts: u64,
    /// The value of `sheds` when it started.
    sheds: u64,
    /// Requests that were in flight when it started.
    others: usize,
    is_starting: bool,
    start: Instant,
}

impl Ticket {
    /// Returns the time since the request started.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }
}

/// The end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// The service refused it because of its load.
    Shed,
    Timeout,
    /// Any other end, which says nothing about the load.
    Other,
}

/// The throughput at a limit.
#[derive(Clone, Copy, Debug)]
struct Level {
    limit: usize,
    /// Bytes per second.
    rate: f64,
    /// Whether it was measured for a long time.
    is_precise: bool,
}

impl Level {
    /// Returns whether the bytes of a long measurement move in the shortest time for one.
    fn is_fast(&self) -> bool {
        let bytes = self.limit as f64 * PRECISE_BYTES as f64;
        self.rate * LONG_WINDOW.as_secs_f64() >= bytes
    }
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// New requests are getting up to speed. `base`: the level before the limit was raised.
    Settling {
        since: Instant,
        base: Option<Level>,
    },
    Measuring {
        base: Option<Level>,
    },
    /// `base`: the level before, if the result is measured.
    Raising {
        base: Option<Level>,
        target: usize,
        next: Instant,
        interval: Duration,
    },
    Holding {
        until: Instant,
    },
}

impl AdaptiveLimit {
    /// Starts with a limit of 4, or of `max` if that is less.
    pub(crate) fn new(max: usize, now: Instant) -> Self {
        let max = max.max(1);
        let limit = START.min(max);
        Self {
            limit,
            max,
            in_flight: 0,
            idle_since: None,
            starting: 0,
            phase: Phase::Settling {
                since: now,
                base: None,
            },
            step: limit,
            hold: HOLD,
            cuts: 0,
            sheds: 0,
            raised: true,
            successes_needed: 0,
            unmeasured: UNMEASURED.min(max),
            needs_precise: false,
            latency: Duration::ZERO,
            window: Window::new(now),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Returns whether one more request may start.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight < self.limit
    }

    /// Returns the bytes of the current measurement.
    #[cfg(test)]
    pub(crate) fn measured_bytes(&self) -> u64 {
        self.window.bytes
    }

    /// Continues without an event. Raising the limit needs it every [`CHECK_INTERVAL`] or so.
    pub(crate) fn check(&mut self, now: Instant) {
        self.advance(now);
    }

    /// Adds a request that starts.
    pub(crate) fn start(&mut self, now: Instant) -> Ticket {
        self.advance(now);
        let idle_since = self.idle_since.take();
        if idle_since.is_some_and(|since| now.saturating_duration_since(since) >= PAUSE) {
            self.restart(now);
        }
        self.in_flight += 1;
        self.starting += 1;
        Ticket {
            cuts: self.cuts,
            sheds: self.sheds,
            others: self.in_flight - 1,
            is_starting: true,
            start: now,
        }
    }

    /// Records that bytes of a request were transferred.
    pub(crate) fn moved(&mut self, ticket: &mut Ticket, bytes: u64, now: Instant) {
        self.started(ticket);
        self.window.bytes += bytes;
        self.advance(now);
    }

    /// Records that the service began to respond to a request after `latency`.
    pub(crate) fn responded(&mut self, latency: Duration) {
        self.latency = match self.latency {
            Duration::ZERO => latency,
            shortest => shortest.min(latency),
        };
    }

    /// Removes a request that ends.
    pub(crate) fn end(&mut self, mut ticket: Ticket, outcome: Outcome, now: Instant) {
        self.advance(now);
        self.started(&mut ticket);
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.idle_since = Some(now);
        }
        match outcome {
            Outcome::Success => {
                self.window.requests += 1;
                self.successes_needed = self.successes_needed.saturating_sub(1);
            }
            Outcome::Shed => self.shed(ticket, now),
            Outcome::Timeout if ticket.cuts == self.cuts => {
                self.lower(self.limit - self.limit.div_ceil(4), now);
                // The network may be too slow for more requests.
                self.unmeasured = 0;
            }
            Outcome::Timeout | Outcome::Other => {}
        }
    }

    fn started(&mut self, ticket: &mut Ticket) {
        if std::mem::take(&mut ticket.is_starting) {
            self.starting = self.starting.saturating_sub(1);
        }
    }

    fn shed(&mut self, ticket: Ticket, now: Instant) {
        self.successes_needed = SUCCESSES_AFTER_SHED;
        // The service accepts what was in flight beside this request, without what it has shed in the
        // meantime. Others may have ended since, and it may have arrived after some that were sent
        // later.
        let others_shed = usize::try_from(self.sheds - ticket.sheds).unwrap_or(usize::MAX);
        self.sheds += 1;
        let accepted = ticket.others.saturating_sub(others_shed);
        let mut limit = self.limit.min(accepted.max(self.in_flight));
        if ticket.cuts == self.cuts && !self.raised {
            // It sheds load although the limit was lowered.
            limit = limit.min(self.limit - self.limit.div_ceil(4));
        }
        if ticket.cuts == self.cuts {
            self.lower(limit, now);
        } else {
            // It started before the limit was lowered.
            self.limit = limit.max(1);
        }
    }

    fn lower(&mut self, limit: usize, now: Instant) {
        self.unmeasured = self.unmeasured.max(self.limit);
        self.limit = limit.max(1);
        self.cuts += 1;
        self.raised = false;
        self.step = 1;
        self.hold = HOLD;
        self.phase = Phase::Holding { until: now + HOLD };
    }

    /// Starts to measure at the current limit, without what was raised on trial.
    fn restart(&mut self, now: Instant) {
        match self.phase {
            Phase::Holding { .. } => return,
            Phase::Raising { base, .. }
            | Phase::Settling { base, .. }
            | Phase::Measuring { base } => {
                self.limit = base.map_or(self.limit, |base| base.limit);
            }
        }
        self.settle(None, now);
    }

    fn settle(&mut self, base: Option<Level>, now: Instant) {
        self.phase = Phase::Settling { since: now, base };
        self.window = Window::new(now);
    }

    fn raise_or_measure(&mut self, base: Option<Level>, now: Instant) {
        if base.is_none() && self.limit < self.unmeasured && self.is_fast_enough() {
            return self.raise(None, now);
        }
        self.phase = Phase::Measuring { base };
        self.window = Window::new(now);
    }

    /// Returns whether the limit can be raised without a measurement. After a cut, earlier
    /// measurements have shown that.
    fn is_fast_enough(&self) -> bool {
        let target = (self.limit + self.step).min(self.unmeasured);
        self.cuts > 0 || self.window.rate() >= (target * MIN_SHARE) as f64
    }

    /// Continues up to this time.
    fn advance(&mut self, now: Instant) {
        if self.in_flight >= self.limit {
            self.window.saturated += now.saturating_duration_since(self.window.seen);
        }
        self.window.seen = now.max(self.window.seen);
        match self.phase {
            Phase::Settling { since, base } => {
                let elapsed = now.saturating_duration_since(since);
                let is_up_to_speed = self.starting * 4 <= self.in_flight
                    || self.window.requests >= self.limit as u64
                    || elapsed >= MAX_SETTLE;
                let settle = if self.cuts == 0 { SETTLE } else { CAREFUL };
                if elapsed < settle || !is_up_to_speed {
                    return;
                }
                self.raise_or_measure(base, now);
            }
            Phase::Measuring { base } => self.compare(base, now),
            Phase::Raising {
                base,
                target,
                next,
                interval,
            } => {
                if now < next || self.in_flight < self.limit {
                    return;
                }
                self.limit += 1;
                self.raised = true;
                if self.limit < target {
                    // Makes up for a check that was late, but not for a long pause.
                    let earliest = now.checked_sub(CHECK_INTERVAL).unwrap_or(now);
                    let next = next.max(earliest) + interval;
                    self.phase = Phase::Raising {
                        base,
                        target,
                        next,
                        interval,
                    };
                    return;
                }
                if base.is_none() {
                    self.step = (self.step * 2).min(self.limit);
                }
                self.settle(base, now);
            }
            Phase::Holding { until } => {
                let is_lowered = self.in_flight <= self.limit;
                if now >= until && self.successes_needed == 0 && is_lowered {
                    self.raise_or_measure(None, now);
                }
            }
        }
    }

    /// Decides on the limit when the measurement is complete.
    fn compare(&mut self, base: Option<Level>, now: Instant) {
        if base.is_none() && self.limit < self.unmeasured {
            // The first bytes were too few to decide.
            if self.window.elapsed() >= SETTLE && self.is_fast_enough() {
                return self.raise(None, now);
            }
        }
        let is_doubling = self.step >= base.map_or(self.limit, |base| base.limit);
        let is_precise = self.window.is_precise(self.limit);
        let may_be_short = is_doubling && !(base.is_none() && self.needs_precise);
        if !(is_precise || (may_be_short && self.window.is_long(self.limit))) {
            return;
        }
        if !self.window.is_saturated() {
            self.window = Window::new(now);
            return;
        }
        let level = Level {
            limit: self.limit,
            rate: self.window.rate(),
            is_precise,
        };
        let Some(base) = base else {
            self.needs_precise = false;
            let fitting = level.rate as usize / MIN_SHARE;
            self.step = self.step.min(fitting.saturating_sub(level.limit)).max(1);
            return self.raise(Some(level), now);
        };
        let is_fast = level.is_fast();
        let clear_growth = if is_fast {
            CLEAR_GROWTH_IF_FAST
        } else {
            CLEAR_GROWTH
        };
        let is_clear = level.rate >= base.rate * clear_growth;
        if !is_precise && !is_clear {
            return;
        }
        // A tenth of what the additional requests could bring, at least 4 percent.
        let gain = 0.1 * (level.limit as f64 / base.limit as f64 - 1.0);
        let has_grown = level.rate >= base.rate * (1.0 + gain.max(0.04));
        if has_grown && is_fast && !base.is_precise && !is_clear {
            // The short measurement of the base may have been too low.
            self.needs_precise = true;
            self.limit = base.limit;
            self.settle(None, now);
        } else if has_grown {
            self.step = (self.step * 2).min(self.limit);
            self.hold = HOLD;
            self.raise(Some(level), now);
        } else {
            self.unmeasured = 0;
            self.limit = base.limit;
            self.step = (self.limit / 4).max(1);
            self.phase = Phase::Holding {
                until: now + self.hold,
            };
            self.hold = (self.hold * 2).min(MAX_HOLD);
        }
    }

    fn raise(&mut self, base: Option<Level>, now: Instant) {
        let most = match base {
            Some(_) => self.max,
            None => self.unmeasured.min(self.max),
        };
        let target = (self.limit + self.step).min(most);
        let steps = u32::try_from(target.saturating_sub(self.limit)).unwrap_or(u32::MAX);
        self.phase = if steps > 0 {
            let interval = if self.cuts == 0 { RAISE } else { CAREFUL } / steps;
            let latency = self.latency.min(MAX_LATENCY);
            Phase::Raising {
                base,
                target,
                next: now,
                interval: interval.max(latency / RAISED_UNTIL_RESPONSE),
            }
        } else {
            Phase::Holding {
                until: now + MAX_HOLD,
            }
        };
    }
}

#[cfg(test)]
mod tests;
