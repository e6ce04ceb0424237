//! [`ThroughputMeter`]: finds bodies that trickle.

use std::fmt;
use std::time::Duration;

/// The least throughput of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MinThroughput {
    pub(crate) bytes_per_second: u64,
    /// The time over which the throughput is measured.
    pub(crate) period: Duration,
}

impl MinThroughput {
    /// 64 KiB per second for 15 seconds.
    pub(crate) const DEFAULT: Self = Self {
        bytes_per_second: 64 * 1024,
        period: Duration::from_secs(15),
    };

    /// Returns the limit after so many halvings.
    fn halved(self, times: u32) -> Self {
        Self {
            bytes_per_second: self.bytes_per_second.checked_shr(times).unwrap_or(0),
            ..self
        }
    }
}

impl fmt::Display for MinThroughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.period.as_secs_f32();
        write!(f, "{} bytes/s for {seconds} s", self.bytes_per_second)
    }
}

/// Measures the throughput of one body, over the time in which the network is the slow side.
///
/// It never reads a clock: its owner reports the time that it has waited for the network.
#[derive(Debug)]
pub(crate) struct ThroughputMeter {
    minimum: MinThroughput,
    /// The minimum after its halvings.
    limit: MinThroughput,
    total: Sample,
    /// The latest complete half of a period.
    previous: Option<Sample>,
    current: Sample,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    bytes: u64,
    time: Duration,
}

impl Sample {
    fn add(&mut self, bytes: u64, time: Duration) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.time = self.time.saturating_add(time);
    }

    fn is_below(self, limit: MinThroughput) -> bool {
        let limit = u128::from(limit.bytes_per_second).saturating_mul(self.time.as_nanos());
        u128::from(self.bytes) * 1_000_000_000 < limit
    }
}

impl ThroughputMeter {
    /// Creates a meter whose limit is the minimum, halved so many times.
    pub(crate) fn new(minimum: MinThroughput, halvings: u32) -> Self {
        Self {
            minimum,
            limit: minimum.halved(halvings),
            total: Sample::default(),
            previous: None,
            current: Sample::default(),
        }
    }

    pub(crate) fn limit(&self) -> MinThroughput {
        self.limit
    }

    /// Returns how long the owner may wait for the network until it has to call
    /// [`record`](Self::record).
    pub(crate) fn next_check(&self) -> Duration {
        let half = self.limit.period / 2;
        // Never zero, which would be a busy loop.
        half.saturating_sub(self.current.time)
            .max(Duration::from_millis(1))
    }

    /// Adds bytes, and the time that it took the network to move them. Returns `false` if the
    /// throughput has been too low for a period.
    pub(crate) fn record(&mut self, bytes: u64, time: Duration) -> bool {
        self.total.add(bytes, time);
        self.current.add(bytes, time);
        if self.current.time < self.limit.period / 2 {
            return true;
        }
        let current = std::mem::take(&mut self.current);
        let Some(mut period) = self.previous.replace(current) else {
            return true;
        };
        period.add(current.bytes, current.time);
        !period.is_below(self.limit)
    }

    /// Returns whether the average throughput of the body is below the minimum, before its halvings.
    pub(crate) fn is_slow_on_average(&self) -> bool {
        self.total.is_below(self.minimum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: MinThroughput = MinThroughput {
        bytes_per_second: 1000,
        period: Duration::from_secs(10),
    };

    /// Returns after how many seconds a body that moves so many bytes in each second is stalled.
    fn stalled_after(bytes: impl Fn(u64) -> u64) -> Option<u64> {
        let mut meter = ThroughputMeter::new(LIMIT, 0);
        (1..=100).find(|second| !meter.record(bytes(*second), Duration::from_secs(1)))
    }

    #[test]
    fn a_body_below_the_limit_for_a_period_is_stalled() {
        for (name, bytes, expected) in [
            ("silence", (|_| 0) as fn(u64) -> u64, Some(10)),
            ("a trickle", |_| 999, Some(10)),
            ("at the limit", |_| 1000, None),
            ("fast", |_| 1_000_000, None),
            (
                "bursts",
                |second| if second % 5 == 0 { 5000 } else { 0 },
                None,
            ),
            (
                "a pause of half a period",
                |second| if (11..16).contains(&second) { 0 } else { 2000 },
                None,
            ),
            (
                "fast, then a trickle",
                |second| if second <= 12 { 100_000 } else { 1 },
                Some(25),
            ),
        ] {
            assert_eq!(stalled_after(bytes), expected, "{name}");
        }
    }

    #[test]
    fn time_that_is_not_reported_does_not_count() {
        let mut meter = ThroughputMeter::new(LIMIT, 0);
        for _ in 0..1000 {
            assert!(meter.record(1, Duration::from_millis(1)));
        }
    }

    #[test]
    fn a_single_long_wait_is_checked_in_time() {
        let mut meter = ThroughputMeter::new(LIMIT, 0);
        let mut waited = Duration::ZERO;
        loop {
            let wait = meter.next_check();
            assert!(!wait.is_zero());
            waited += wait;
            if !meter.record(0, wait) {
                break;
            }
        }
        assert_eq!(waited, LIMIT.period);
    }

    #[test]
    fn the_limit_can_be_halved_any_number_of_times() {
        let limits = [0, 1, 3, 10, 64, 99].map(|n| LIMIT.halved(n).bytes_per_second);
        assert_eq!(limits, [1000, 500, 125, 0, 0, 0]);
        let mut meter = ThroughputMeter::new(LIMIT, 99);
        assert!(
            (0..100).all(|_| meter.record(0, LIMIT.period)),
            "no limit is left"
        );
    }

    #[test]
    fn the_average_is_compared_with_the_minimum_before_its_halvings() {
        let second = Duration::from_secs(1);
        let mut meter = ThroughputMeter::new(LIMIT, 3);
        assert!(!meter.is_slow_on_average(), "nothing was measured");
        for (bytes, time, expected) in [
            (999, second, true),
            (20_001, second, false),
            (0, 19 * second, false),
            (0, second, true),
        ] {
            meter.record(bytes, time);
            assert_eq!(meter.is_slow_on_average(), expected, "{bytes} {time:?}");
        }
    }

    #[test]
    fn extreme_values_do_not_overflow() {
        let limit = MinThroughput {
            bytes_per_second: u64::MAX,
            period: Duration::MAX,
        };
        let mut meter = ThroughputMeter::new(limit, 0);
        for _ in 0..3 {
            meter.record(u64::MAX, Duration::MAX);
        }
        assert!(meter.next_check() > Duration::ZERO);
    }
}
