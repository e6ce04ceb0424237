//! Deadlines of timers.

use std::time::Duration;

use tokio::time::Instant;

/// Returns `now + timeout`, limited to 30 years from now to avoid an overflow of [`Instant`].
pub(crate) fn deadline(timeout: Duration) -> Instant {
    deadline_after(Instant::now(), timeout)
}

/// Returns `start + timeout`, limited like [`deadline`].
pub(crate) fn deadline_after(start: Instant, timeout: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    start.checked_add(timeout).unwrap_or_else(|| start + FAR)
}
