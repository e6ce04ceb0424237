//! [`Timestamp`]: a point in time, in all formats of the API.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::base::error::{Error, Result};
use crate::base::parameter::{FromText, Parameter};
use crate::base::rfc3339;

/// A point in time, in UTC, with a resolution of 1 ns.
///
/// The API uses three formats: ISO 8601 in JSON, HTTP dates in headers, and Unix seconds in a few
/// numbers. All have this type. It converts from and to [`SystemTime`], which the types of date
/// crates convert from and to. `Display` and `FromStr` use ISO 8601.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use qingstor_sdk::Timestamp;
///
/// let created: Timestamp = "2016-08-22T15:03:32.000Z".parse()?;
/// assert_eq!(created.as_unix_seconds(), 1_471_878_212);
/// assert_eq!(created.to_string(), "2016-08-22T15:03:32Z");
/// assert!(SystemTime::from(created) > SystemTime::UNIX_EPOCH + Duration::from_secs(1));
/// # Ok::<(), qingstor_sdk::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Unix seconds, rounded down.
    seconds: i64,
    /// Nanoseconds after `seconds`, less than one second.
    nanoseconds: u32,
}

/// The years 0 to 9999, in Unix seconds: the years that have four digits.
const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;
/// Nanoseconds in a second.
const NANOSECONDS: u32 = 1_000_000_000;

impl Timestamp {
    /// Returns the current time of the local clock.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().try_into().unwrap_or_default()
    }

    /// Creates a time from Unix seconds: seconds since 1970-01-01T00:00:00Z, negative for earlier
    /// times.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the time is outside the years 0 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self> {
        Self::new(seconds, 0).ok_or_else(|| {
            Error::invalid_input(format!(
                "{seconds} seconds after 1970 are outside the years 0 to 9999"
            ))
        })
    }

    fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let is_valid = RANGE.contains(&seconds) && nanoseconds < NANOSECONDS;
        is_valid.then_some(Self {
            seconds,
            nanoseconds,
        })
    }

    /// Returns the time in Unix seconds, rounded down.
    #[must_use]
    pub fn as_unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds after [`as_unix_seconds`](Self::as_unix_seconds).
    pub(crate) fn subsec_nanos(self) -> u32 {
        self.nanoseconds
    }

    /// Parses an HTTP date (`Sun, 16 Aug 2015 09:05:00 GMT`).
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if `text` is not an HTTP date.
    pub fn from_http_date(text: &str) -> Result<Self> {
        httpdate::parse_http_date(text)
            .ok()
            .and_then(|time| Self::try_from(time).ok())
            .ok_or_else(|| Error::invalid_input(format!("invalid HTTP date `{text}`")))
    }

    /// Returns the time as an HTTP date, which has a resolution of one second.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the time is before 1970, because an HTTP date cannot express it.
    pub fn to_http_date(self) -> Result<String> {
        // `httpdate` panics outside the years 1970 to 9999. This type ends with the year 9999.
        if self.seconds < 0 {
            let text = format!("{self} is before 1970, which an HTTP date cannot express");
            return Err(Error::invalid_input(text));
        }
        Ok(httpdate::fmt_http_date(self.into()))
    }
}

impl Timestamp {
    /// Returns the time from `earlier` to `self`, or `None` if `earlier` is later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Option<Duration> {
        let since_start = |time: Self| {
            let seconds = u64::try_from(time.seconds - RANGE.start()).unwrap_or(0);
            Duration::new(seconds, time.nanoseconds)
        };
        since_start(self).checked_sub(since_start(earlier))
    }

    fn plus(self, seconds: Option<i64>, nanoseconds: i64) -> Option<Self> {
        let second = i64::from(NANOSECONDS);
        let nanoseconds = i64::from(self.nanoseconds) + nanoseconds;
        let seconds = self.seconds.checked_add(seconds?)?;
        let seconds = seconds.checked_add(nanoseconds.div_euclid(second))?;
        let nanoseconds = u32::try_from(nanoseconds.rem_euclid(second)).ok()?;
        Self::new(seconds, nanoseconds)
    }
}

/// Returns the time from `earlier` to `self`, or zero if `earlier` is later, as with
/// [`Instant`](std::time::Instant).
///
/// ```
/// use std::time::Duration;
/// use qingstor_sdk::Timestamp;
///
/// let [created, modified] = [1_000, 1_060].map(Timestamp::from_unix_seconds);
/// let (created, modified) = (created?, modified?);
/// assert_eq!(modified - created, Duration::from_secs(60));
/// assert_eq!(created - modified, Duration::ZERO);
/// assert_eq!(modified - Duration::from_secs(60), created);
/// # Ok::<(), qingstor_sdk::Error>(())
/// ```
impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier).unwrap_or_default()
    }
}

/// Subtracts a duration. The result is at least the start of the year 0.
impl Sub<Duration> for Timestamp {
    type Output = Self;

    #[inline]
    fn sub(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs())
            .ok()
            .map(|seconds| -seconds);
        let earlier = self.plus(seconds, -i64::from(duration.subsec_nanos()));
        earlier
            .or_else(|| Self::new(*RANGE.start(), 0))
            .unwrap_or_default()
    }
}

/// Adds a duration. The result is at most the end of the year 9999.
impl Add<Duration> for Timestamp {
    type Output = Self;

    #[inline]
    fn add(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).ok();
        let later = self.plus(seconds, i64::from(duration.subsec_nanos()));
        later
            .or_else(|| Self::new(*RANGE.end(), 999_999_999))
            .unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&rfc3339::format(self.seconds, self.nanoseconds))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        rfc3339::parse(text)
            .and_then(|(seconds, nanoseconds)| Self::new(seconds, nanoseconds))
            .ok_or_else(|| Error::invalid_input(format!("invalid ISO 8601 time `{text}`")))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let seconds = Duration::from_secs(time.seconds.unsigned_abs());
        let whole = match time.seconds {
            ..0 => Self::UNIX_EPOCH.checked_sub(seconds),
            _ => Self::UNIX_EPOCH.checked_add(seconds),
        };
        let time = whole
            .and_then(|whole| whole.checked_add(Duration::from_nanos(u64::from(time.nanoseconds))));
        // A system whose clock cannot express these years.
        time.unwrap_or(Self::UNIX_EPOCH)
    }
}

/// Fails with `InvalidInput` if the time is outside the years 0 to 9999.
impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self> {
        let outside = || Error::invalid_input("the time is outside the years 0 to 9999");
        let (seconds, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).ok(), after.subsec_nanos()),
            Err(before) => before_1970(before.duration()),
        };
        seconds
            .and_then(|seconds| Self::new(seconds, nanos))
            .ok_or_else(outside)
    }
}

/// Returns the Unix seconds, rounded down, and the nanoseconds after them.
fn before_1970(duration: Duration) -> (Option<i64>, u32) {
    let seconds = i64::try_from(duration.as_secs())
        .ok()
        .map(|seconds| -seconds);
    match duration.subsec_nanos() {
        0 => (seconds, 0),
        nanos => (seconds.map(|seconds| seconds - 1), NANOSECONDS - nanos),
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO 8601 time")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl Default for Timestamp {
    /// 1970-01-01T00:00:00Z
    fn default() -> Self {
        Self {
            seconds: 0,
            nanoseconds: 0,
        }
    }
}

/// A required or optional time, for the `serde` modules below.
pub trait OptionalTime: Sized {
    /// Returns the time if it is set.
    fn get(&self) -> Option<Timestamp>;
    /// Creates the value. A required time that is not set becomes the default.
    fn from(time: Option<Timestamp>) -> Self;
}

impl OptionalTime for Timestamp {
    fn get(&self) -> Option<Timestamp> {
        Some(*self)
    }

    fn from(time: Option<Timestamp>) -> Self {
        time.unwrap_or_default()
    }
}

impl OptionalTime for Option<Timestamp> {
    fn get(&self) -> Option<Timestamp> {
        *self
    }

    fn from(time: Option<Timestamp>) -> Self {
        time
    }
}

/// `#[serde(with)]` for times that the API writes as Unix seconds.
pub mod unix {
    use super::{Deserialize, Deserializer, OptionalTime, Serialize, Serializer, Timestamp, de};

    /// Writes whole seconds.
    pub fn serialize<S: Serializer>(
        time: &impl OptionalTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.get()
            .map(Timestamp::as_unix_seconds)
            .serialize(serializer)
    }

    /// Reads whole seconds.
    pub fn deserialize<'de, D: Deserializer<'de>, T: OptionalTime>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let seconds = Option::<i64>::deserialize(deserializer)?;
        let time = seconds.map(Timestamp::from_unix_seconds).transpose();
        Ok(T::from(time.map_err(de::Error::custom)?))
    }
}

/// `#[serde(with)]` for times that the API writes as HTTP dates.
pub mod rfc822 {
    use super::{Deserialize, Deserializer, OptionalTime, Serialize, Serializer, Timestamp, de};

    /// Writes an HTTP date.
    pub fn serialize<S: Serializer>(
        time: &impl OptionalTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = time.get().map(Timestamp::to_http_date).transpose();
        text.map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }

    /// Reads an HTTP date.
    pub fn deserialize<'de, D: Deserializer<'de>, T: OptionalTime>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let time = text.as_deref().map(Timestamp::from_http_date).transpose();
        Ok(T::from(time.map_err(de::Error::custom)?))
    }
}

/// Returns a time as an HTTP date, for headers.
pub fn http_date(time: impl Into<Option<Timestamp>>) -> Result<Option<String>> {
    time.into().map(Timestamp::to_http_date).transpose()
}

/// Returns a time in Unix seconds.
pub fn unix_seconds(time: impl Into<Option<Timestamp>>) -> Option<i64> {
    time.into().map(Timestamp::as_unix_seconds)
}

/// Parses an HTTP date, or ISO 8601.
impl FromText for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        Self::from_http_date(text).or_else(|_| text.parse()).ok()
    }
}

/// Formats as ISO 8601. See [`http_date`] and [`unix_seconds`] for other formats.
impl Parameter for Timestamp {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_format_of_the_api() {
        let date = Timestamp::from_http_date("Mon, 22 Aug 2016 15:03:32 GMT").unwrap();
        for iso in ["2016-08-22T15:03:32.000Z", "2016-08-22T15:03:32Z"] {
            assert_eq!(iso.parse::<Timestamp>().unwrap(), date);
        }
        assert_eq!(Timestamp::from_unix_seconds(1_471_878_212).unwrap(), date);
    }

    #[test]
    fn the_last_second_of_the_year_9999_is_an_http_date() {
        let last = Timestamp::from_unix_seconds(*RANGE.end()).unwrap();
        let text = last.to_http_date().unwrap();
        assert_eq!(text, "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(Timestamp::from_http_date(&text).unwrap(), last);
        // A later year is an error.
        assert!(Timestamp::from_http_date("Sat, 01 Jan 10000 00:00:00 GMT").is_err());
    }

    #[test]
    fn the_zero_time_of_go_is_valid() {
        let zero: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(zero.to_string(), "0001-01-01T00:00:00Z");
        assert!(zero.to_http_date().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn iso_8601_requires_an_offset_and_a_year_of_four_digits() {
        let east: Timestamp = "2016-08-22T23:03:32.5+08:00".parse().unwrap();
        assert_eq!(east.to_string(), "2016-08-22T15:03:32.500Z");
        let leap: Timestamp = "2016-12-31T23:59:60Z".parse().unwrap();
        assert_eq!(leap.to_string(), "2016-12-31T23:59:59.999999999Z");
        for outside in [
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
            "2016-08-22",
        ] {
            assert!(outside.parse::<Timestamp>().is_err(), "{outside}");
        }
        assert!(Timestamp::from_unix_seconds(*RANGE.end() + 1).is_err());
        assert!(Timestamp::from_unix_seconds(*RANGE.start() - 1).is_err());
    }

    proptest! {
        #[test]
        fn system_times_survive_a_round_trip(seconds in RANGE, nanos in 0_u32..1_000_000_000) {
            let time = Timestamp::new(seconds, nanos).unwrap();
            let system = SystemTime::from(time);
            prop_assert_eq!(Timestamp::try_from(system).unwrap(), time);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }

        #[test]
        fn http_dates_survive_a_round_trip(seconds in 0..=*RANGE.end()) {
            let time = Timestamp::from_unix_seconds(seconds).unwrap();
            let text = time.to_http_date().unwrap();
            prop_assert_eq!(Timestamp::from_http_date(&text).unwrap(), time);
        }

        #[test]
        fn no_number_of_seconds_panics(seconds: i64) {
            if let Ok(time) = Timestamp::from_unix_seconds(seconds) {
                let _ = time.to_http_date();
                prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
            }
        }
    }
}
