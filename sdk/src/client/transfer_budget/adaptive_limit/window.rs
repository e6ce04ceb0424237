//! [`Window`]: what a limit was measured with.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time in which the throughput is measured while the limit doubles.
const WINDOW: Duration = Duration::from_millis(20);
/// The shortest time in which the throughput is measured for smaller steps, whose gain is smaller.
pub(super) const LONG_WINDOW: Duration = Duration::from_millis(500);
/// The longest time in which the throughput is measured.
const MAX_WINDOW: Duration = Duration::from_secs(4);
/// Bytes of each request in flight that make a measurement long enough while the limit doubles.
/// Slow connections report bytes in pieces of 64 KiB, often at the same time.
const BYTES_PER_REQUEST: u64 = 128 * 1024;
/// The same for smaller steps.
pub(super) const PRECISE_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes that are added for each request in a measurement, so that small requests count, too.
const REQUEST_COST: u64 = 64 * 1024;

/// Measurements since a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    start: Instant,
    pub(super) seen: Instant,
    pub(super) bytes: u64,
    pub(super) requests: u64,
    /// Time in which as many requests as allowed were in flight.
    pub(super) saturated: Duration,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            start: now,
            seen: now,
            bytes: 0,
            requests: 0,
            saturated: Duration::ZERO,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.seen.saturating_duration_since(self.start)
    }

    /// Returns whether enough has happened to compare a limit with its double.
    pub(super) fn is_long(&self, limit: usize) -> bool {
        let elapsed = self.elapsed();
        elapsed >= MAX_WINDOW
            || (elapsed >= LONG_WINDOW && self.has(limit, BYTES_PER_REQUEST / 2, 1))
            || (elapsed >= WINDOW && self.has(limit, BYTES_PER_REQUEST, 2))
    }

    /// Returns whether enough has happened to compare similar limits, so that the starts and ends
    /// of requests weigh little, too.
    pub(super) fn is_precise(&self, limit: usize) -> bool {
        let elapsed = self.elapsed();
        elapsed >= MAX_WINDOW || (elapsed >= LONG_WINDOW && self.has(limit, PRECISE_BYTES, 4))
    }

    /// Returns whether each request in flight has moved so many bytes, or as many requests have
    /// ended, on average.
    fn has(&self, limit: usize, bytes: u64, requests: u64) -> bool {
        let limit = limit as u64;
        self.bytes >= limit * bytes || self.requests >= limit * requests
    }

    /// Returns whether the limit, and not the demand, decided on the throughput.
    pub(super) fn is_saturated(&self) -> bool {
        self.saturated * 2 > self.elapsed()
    }

    pub(super) fn rate(&self) -> f64 {
        let bytes = self.bytes + self.requests * REQUEST_COST;
        bytes as f64 / self.elapsed().as_secs_f64().max(1e-9)
    }
}
