//! Timestamps in the formats of the API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) fn now() -> Self {
        let elapsed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    #[cfg(test)]
    pub(crate) const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds * 1000)
    }

    pub(crate) const fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }

    pub(crate) const fn unix_micros(self) -> u64 {
        self.0.saturating_mul(1000)
    }

    pub(crate) const fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(days as u64 * 24 * 3600 * 1000))
    }

    /// Formats the time as `2016-08-22T15:03:32.000Z` for JSON documents. Milliseconds are always
    /// zero, because clients parse `.000Z` literally.
    pub(crate) fn iso8601(self) -> String {
        let seconds = UNIX_EPOCH + Duration::from_secs(self.unix_seconds());
        humantime::format_rfc3339_millis(seconds).to_string()
    }

    /// Formats the time as `Sun, 16 Aug 2015 09:05:00 GMT` for headers.
    pub(crate) fn http_date(self) -> String {
        httpdate::fmt_http_date(self.system_time())
    }

    fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_times() {
        let time = Timestamp(1_471_878_212_005);
        assert_eq!(time.iso8601(), "2016-08-22T15:03:32.000Z");
        assert_eq!(time.http_date(), "Mon, 22 Aug 2016 15:03:32 GMT");
        assert_eq!(time.unix_seconds(), 1_471_878_212);
    }
}
