//! [`Clock`]: the time for the `Date` header of requests.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderValue;

/// The last second of the year 9999, the last one that an HTTP date can express.
const YEAR_9999: i64 = 253_402_300_799;
/// Smallest difference between two clocks that counts, in seconds: a response takes some time, too.
pub(crate) const MIN_SKEW: u64 = 60;
/// Smallest difference that the service may refuse, in seconds. It refuses 15 minutes.
pub(crate) const MIN_REFUSED_SKEW: u64 = 14 * 60;

/// The local clock, corrected by the clock of the service.
#[derive(Default)]
pub(crate) struct Clock {
    /// How many seconds the service's clock is ahead of the local clock.
    skew: AtomicI64,
    /// The last formatted second, and its header. Most requests are sent within the same second as
    /// another one.
    last: Mutex<Option<(i64, HeaderValue)>>,
}

impl Clock {
    /// Returns how many seconds the service's clock is ahead of the local clock, as far as known.
    pub(crate) fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// Returns the current time in Unix seconds, corrected by `skew` and limited to the years 1970
    /// to 9999.
    pub(crate) fn unix_seconds(skew: i64) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
        seconds.saturating_add(skew).clamp(0, YEAR_9999)
    }

    /// Returns the current time, corrected by `skew`, as a value of `Date`.
    pub(crate) fn date(&self, skew: i64) -> HeaderValue {
        let now = Self::unix_seconds(skew);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((second, value)) = &*last
            && *second == now
        {
            return value.clone();
        }
        // The time is within the years 1970 to 9999, and an HTTP date is ASCII.
        let since = Duration::from_secs(u64::try_from(now).unwrap_or(0));
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since);
        let value = HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static(""));
        *last = Some((now, value.clone()));
        value
    }

    /// Corrects the clock by the service's time, in Unix seconds, if the clocks differ by more than
    /// `least` seconds. `used`: the correction of the refused request. Returns whether that request
    /// would have another date now.
    pub(crate) fn learn(&self, service: i64, used: i64, least: u64) -> bool {
        let skew = service.saturating_sub(Self::unix_seconds(0));
        // Another call may have corrected the clock in the meantime, so the new correction is
        // compared with the one that this call used.
        if skew.abs_diff(used) <= least {
            return false;
        }
        self.skew.store(skew, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrects_the_clock_repeatedly() {
        let clock = Clock::default();
        let real = Clock::unix_seconds(0);
        assert!(!clock.learn(real + 30, 0, MIN_SKEW));
        assert_eq!(clock.skew(), 0);
        assert!(clock.learn(real + 3600, 0, MIN_SKEW));
        assert!((3590..=3600).contains(&clock.skew()), "{}", clock.skew());
        // A call that was sent with the old correction may be retried. A call with the new one may
        // not.
        assert!(clock.learn(real + 3600, 0, MIN_SKEW));
        assert!(!clock.learn(real + 3600, clock.skew(), MIN_SKEW));
        // The local clock was set.
        assert!(clock.learn(real, clock.skew(), MIN_SKEW));
        assert!(clock.skew().abs() < 10, "{}", clock.skew());
    }

    #[test]
    fn any_correction_gives_a_valid_date() {
        let clock = Clock::default();
        for skew in [i64::MIN, -1 << 40, 1 << 40, i64::MAX] {
            assert!(!clock.date(skew).is_empty());
        }
        assert_eq!(clock.date(i64::MIN), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(clock.date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
