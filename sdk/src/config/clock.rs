//! [`Clock`]: the time that requests are dated with.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use http::HeaderValue;

use crate::base::http_date;

/// The last second of the year 9999: an HTTP date goes no further.
const YEAR_9999: i64 = 253_402_300_799;
/// A smaller difference between two clocks is none, in seconds: an answer takes its time, too.
pub(crate) const SAME: u64 = 60;
/// A difference that a service may well refuse, in seconds; it does so from 15 minutes on.
pub(crate) const REFUSED: u64 = 14 * 60;

/// The local time, corrected by the time of the service.
#[derive(Default)]
pub(crate) struct Clock {
    /// How far the service's clock is ahead of this machine's, in seconds.
    skew: AtomicI64,
    /// The second that was last written as a header, and that header: most calls share it.
    last: Mutex<Option<(i64, HeaderValue)>>,
}

impl Clock {
    /// How far the service's clock is known to be ahead of this machine's, in seconds.
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
        let date = http_date::format(now).unwrap_or_default();
        let value = HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static(""));
        *last = Some((now, value.clone()));
        value
    }

    /// Learns from the service's time, in Unix seconds, if the two clocks differ by more than
    /// `least` seconds. `used`: the skew that the refused request was dated with. Whether that
    /// request would be dated in another way now.
    pub(crate) fn learn(&self, service: i64, used: i64, least: u64) -> bool {
        let skew = service.saturating_sub(Self::unix_seconds(0));
        // Another call may have learned the same meanwhile: what counts is what this one used.
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
    fn it_learns_and_forgets() {
        let clock = Clock::default();
        let real = Clock::unix_seconds(0);
        assert!(!clock.learn(real + 30, 0, SAME));
        assert_eq!(clock.skew(), 0);
        assert!(clock.learn(real + 3600, 0, SAME));
        assert!((3590..=3600).contains(&clock.skew()), "{}", clock.skew());
        // A call that was under way with the old skew may be sent again, one with the new may not.
        assert!(clock.learn(real + 3600, 0, SAME));
        assert!(!clock.learn(real + 3600, clock.skew(), SAME));
        // Somebody set this machine's clock.
        assert!(clock.learn(real, clock.skew(), SAME));
        assert!(clock.skew().abs() < 10, "{}", clock.skew());
    }

    #[test]
    fn no_skew_leaves_the_calendar() {
        let clock = Clock::default();
        for skew in [i64::MIN, -1 << 40, 1 << 40, i64::MAX] {
            assert!(!clock.date(skew).is_empty());
        }
        assert_eq!(clock.date(i64::MIN), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(clock.date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
