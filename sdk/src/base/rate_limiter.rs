//! A limit on bytes per second that several connections share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The largest chunk that is transferred at once, in bytes.
const MAX_CHUNK: u64 = 256 * 1024;

/// A token bucket with one token for each byte, and a capacity of 100 ms.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    bytes_per_second: u64,
    /// The time from which all bytes reserved so far may be transferred.
    reserved_until: Mutex<Instant>,
}

impl RateLimiter {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            reserved_until: Mutex::new(Instant::now()),
        }
    }

    pub(crate) fn bytes_per_second(&self) -> u64 {
        self.bytes_per_second
    }

    /// Returns how many bytes to transfer at once, so that the delay between two chunks is short.
    pub(crate) fn chunk_len(&self) -> usize {
        let tenth = (self.bytes_per_second / 10).clamp(1, MAX_CHUNK);
        usize::try_from(tenth).unwrap_or(usize::MAX)
    }

    /// Reserves `len` bytes. Returns the time from which they may be transferred.
    pub(crate) fn reserve(&self, len: usize) -> Instant {
        const BURST: Duration = Duration::from_millis(100);
        let now = Instant::now();
        let mut reserved_until = self
            .reserved_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        *reserved_until = (*reserved_until).max(earliest);
        let nanos = u128::from(len as u64) * 1_000_000_000 / u128::from(self.bytes_per_second);
        *reserved_until += Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        *reserved_until
    }

    /// Waits until `len` bytes may be transferred.
    pub(crate) async fn wait(&self, len: usize) {
        tokio::time::sleep_until(self.reserve(len)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_starts_after_the_previous_one() {
        let limiter = RateLimiter::new(1000);
        assert_eq!(limiter.chunk_len(), 100);
        let first = limiter.reserve(1000);
        let second = limiter.reserve(500);
        assert_eq!(second - first, Duration::from_millis(500));
        assert!(first > Instant::now() + Duration::from_millis(800));
    }

    #[test]
    fn accepts_extreme_rates() {
        assert_eq!(RateLimiter::new(0).chunk_len(), 1);
        assert_eq!(RateLimiter::new(u64::MAX).chunk_len(), 256 * 1024);
    }
}
