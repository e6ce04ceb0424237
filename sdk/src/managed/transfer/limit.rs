//! A limit on the bytes per second, shared by all connections of a transfer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The largest piece that goes at once, in bytes.
const LARGEST: u64 = 256 * 1024;

/// A bucket of tokens, one for each byte. It holds as many as come in a tenth of a second.
#[derive(Debug)]
pub(crate) struct Limiter {
    bytes_per_second: u64,
    /// When the bytes that were let through so far are paid for.
    paid: Mutex<Instant>,
}

impl Limiter {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            paid: Mutex::new(Instant::now()),
        }
    }

    /// How many bytes should go at once, so that nothing stands still for long.
    pub(crate) fn piece(&self) -> usize {
        let tenth = (self.bytes_per_second / 10).clamp(1, LARGEST);
        usize::try_from(tenth).unwrap_or(usize::MAX)
    }

    /// Takes tokens for `len` bytes; gives the time from which on they may go.
    pub(crate) fn reserve(&self, len: usize) -> Instant {
        const BURST: Duration = Duration::from_millis(100);
        let now = Instant::now();
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        *paid = (*paid).max(earliest);
        let nanos = u128::from(len as u64) * 1_000_000_000 / u128::from(self.bytes_per_second);
        *paid += Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        *paid
    }

    /// Waits until `len` bytes may go.
    pub(crate) async fn wait(&self, len: usize) {
        tokio::time::sleep_until(self.reserve(len)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_paid_for_in_turn() {
        let limiter = Limiter::new(1000);
        assert_eq!(limiter.piece(), 100);
        let first = limiter.reserve(1000);
        let second = limiter.reserve(500);
        assert_eq!(second - first, Duration::from_millis(500));
        assert!(first > Instant::now() + Duration::from_millis(800));
    }

    #[test]
    fn any_rate_is_a_rate() {
        assert_eq!(Limiter::new(0).piece(), 1);
        assert_eq!(Limiter::new(u64::MAX).piece(), 256 * 1024);
    }
}
