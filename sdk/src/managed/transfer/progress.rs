//! [`Progress`]: how far a transfer is.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that the connections have taken (upload) or given (download). What has to be sent or
    /// fetched again is taken back first, so the number may fall; it ends at the total.
    pub bytes: u64,
    /// The change of `bytes` since the previous event, for a bar that many transfers share. It is
    /// negative when bytes have to be sent or fetched again; all changes add up to `bytes`.
    pub bytes_delta: i64,
    /// Bytes of parts that are done: the service has confirmed them (upload), or they stand where
    /// they belong (download). It never falls.
    pub confirmed: u64,
    /// Bytes in all, when that is known.
    pub total: Option<u64>,
    /// The rate of the last five seconds or so.
    pub bytes_per_second: f64,
}

/// Who wants to know.
pub(crate) type OnProgress = Box<dyn Fn(Progress) + Send + Sync>;

/// Counts the bytes of all connections and tells the caller.
pub(crate) struct Meter {
    tell: OnProgress,
    state: Mutex<State>,
}

struct State {
    progress: Progress,
    /// Earlier counts, to tell the rate from.
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    pub(crate) fn new(tell: OnProgress, total: Option<u64>) -> Self {
        let progress = Progress {
            total,
            ..Progress::default()
        };
        Self {
            tell,
            state: Mutex::new(State {
                progress,
                samples: VecDeque::from([(Instant::now(), 0)]),
            }),
        }
    }

    pub(crate) fn moved(&self, bytes: u64) {
        self.change(|progress| progress.bytes += bytes);
    }

    pub(crate) fn took_back(&self, bytes: u64) {
        if bytes > 0 {
            self.change(|progress| progress.bytes = progress.bytes.saturating_sub(bytes));
        }
    }

    pub(crate) fn confirmed(&self, bytes: u64) {
        self.change(|progress| progress.confirmed += bytes);
    }

    /// Bytes that need not move: an earlier process has moved them.
    pub(crate) fn found(&self, bytes: u64) {
        let mut state = self.state();
        // They say nothing of the rate.
        for (_, earlier) in &mut state.samples {
            *earlier += bytes;
        }
        drop(state);
        self.change(|progress| {
            progress.bytes += bytes;
            progress.confirmed += bytes;
        });
    }

    /// The caller is told while the count is held, so that it sees the counts in their order.
    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let mut state = self.state();
        let before = state.progress.bytes;
        change(&mut state.progress);
        // An object has at most 50 TB.
        state.progress.bytes_delta = state.progress.bytes.wrapping_sub(before).cast_signed();
        state.sample(Instant::now());
        (self.tell)(state.progress);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sample(&mut self, now: Instant) {
        const WINDOW: Duration = Duration::from_secs(5);
        const APART: Duration = Duration::from_millis(100);
        while self.samples.len() > 1
            && self
                .samples
                .front()
                .is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.samples.pop_front();
        }
        let bytes = self.progress.bytes;
        if let Some((since, before)) = self.samples.front() {
            let seconds = now.duration_since(*since).as_secs_f64();
            if seconds > 0.0 {
                self.progress.bytes_per_second = bytes.saturating_sub(*before) as f64 / seconds;
            }
        }
        let is_due = |(at, _): &(Instant, u64)| now.duration_since(*at) >= APART;
        if self.samples.back().is_none_or(is_due) {
            self.samples.push_back((now, bytes));
        }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_caller_sees_the_counts_in_order() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tell = {
            let seen = Arc::clone(&seen);
            Box::new(move |progress: Progress| seen.lock().unwrap().push(progress))
        };
        let meter = Meter::new(tell, Some(30));
        meter.found(10);
        meter.moved(20);
        meter.took_back(20);
        meter.moved(20);
        meter.confirmed(20);
        let seen = seen.lock().unwrap();
        let bytes: Vec<u64> = seen.iter().map(|progress| progress.bytes).collect();
        assert_eq!(bytes, [10, 30, 10, 30, 30]);
        let deltas: Vec<i64> = seen.iter().map(|progress| progress.bytes_delta).collect();
        assert_eq!(deltas, [10, 20, -20, 20, 0]);
        let last = seen.last().unwrap();
        assert_eq!((last.confirmed, last.total), (30, Some(30)));
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut state = State {
            progress: Progress::default(),
            samples: VecDeque::from([(start, 0)]),
        };
        for second in 1..=20 {
            state.progress.bytes += if second <= 10 { 1000 } else { 100 };
            state.sample(start + Duration::from_secs(second));
        }
        let rate = state.progress.bytes_per_second;
        assert!((99.0..101.0).contains(&rate), "{rate}");
    }
}
