//! [`TransferMonitor`]: progress and rate limit of an upload or a download.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::rate_limiter::RateLimiter;

/// Progress of an upload or a download.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that were sent (upload) or received (download), on all connections. Bytes that have to
    /// be transferred again are subtracted first, so the number may fall. At the end it is the
    /// total.
    pub bytes: u64,
    /// Change of `bytes` since the previous event, for a progress bar that several transfers share.
    /// Negative if bytes have to be transferred again. The sum of all changes is `bytes`.
    pub bytes_delta: i64,
    /// Bytes of finished parts: confirmed by the service (upload), or written to the target
    /// (download). Never falls.
    pub confirmed: u64,
    /// Total number of bytes, if it is known.
    pub total: Option<u64>,
    /// Average rate of the last five seconds.
    pub bytes_per_second: f64,
}

/// Progress callback.
pub(crate) type OnProgress = Box<dyn Fn(Progress) + Send + Sync>;

/// Observes the bytes of one request of a transfer.
pub(crate) trait BodyObserver: Send + Sync {
    /// Records that a request body of this length is sent, from its first byte.
    fn started(&self, len: u64);

    /// Records that bytes of the request body or of the response body were transferred.
    fn transferred(&self, bytes: u64);

    /// Records that the limit of the rate delays the body.
    fn delayed(&self);
}

/// Counts the bytes of all connections of a transfer, and limits their rate.
#[derive(Default)]
pub(crate) struct TransferMonitor {
    reporter: Option<ProgressReporter>,
    rate_limiter: Option<RateLimiter>,
    resumed: AtomicU64,
}

impl TransferMonitor {
    #[inline]
    pub(crate) fn new(
        on_progress: Option<OnProgress>,
        total: Option<u64>,
        max_bytes_per_second: Option<u64>,
    ) -> Self {
        Self {
            reporter: on_progress.map(|on_progress| ProgressReporter::new(on_progress, total)),
            rate_limiter: max_bytes_per_second.map(RateLimiter::new),
            resumed: AtomicU64::new(0),
        }
    }

    pub(crate) fn rate_limiter(&self) -> Option<&RateLimiter> {
        self.rate_limiter.as_ref()
    }

    /// Waits until the rate limit allows `len` bytes.
    pub(crate) async fn wait(&self, len: usize) {
        if let Some(limiter) = &self.rate_limiter {
            limiter.wait(len).await;
        }
    }

    /// Adds bytes that were sent or received.
    pub(crate) fn add_transferred(&self, bytes: u64) {
        self.report(|progress| progress.bytes += bytes);
    }

    /// Subtracts bytes that have to be transferred again.
    pub(crate) fn take_back(&self, bytes: u64) {
        if bytes > 0 {
            self.report(|progress| progress.bytes = progress.bytes.saturating_sub(bytes));
        }
    }

    /// Adds bytes of finished parts.
    #[inline]
    pub(crate) fn add_confirmed(&self, bytes: u64) {
        self.report(|progress| progress.confirmed += bytes);
    }

    /// Adds bytes that an earlier, interrupted transfer has finished.
    #[inline]
    pub(crate) fn add_resumed(&self, bytes: u64) {
        self.resumed.fetch_add(bytes, Ordering::Relaxed);
        if let Some(reporter) = &self.reporter {
            reporter.add_resumed(bytes);
        }
    }

    /// Returns the number of bytes that an earlier, interrupted transfer has finished.
    pub(crate) fn resumed(&self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }

    fn report(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(reporter) = &self.reporter {
            reporter.report(change);
        }
    }
}

/// Counts bytes, and calls the progress callback.
struct ProgressReporter {
    on_progress: OnProgress,
    state: Mutex<ProgressState>,
}

struct ProgressState {
    progress: Progress,
    /// Times and values of `bytes` in the last seconds, from which the rate is computed.
    samples: VecDeque<(Instant, u64)>,
}

impl ProgressReporter {
    fn new(on_progress: OnProgress, total: Option<u64>) -> Self {
        let progress = Progress {
            total,
            ..Progress::default()
        };
        Self {
            on_progress,
            state: Mutex::new(ProgressState {
                progress,
                samples: VecDeque::from([(Instant::now(), 0)]),
            }),
        }
    }

    #[inline]
    fn add_resumed(&self, bytes: u64) {
        // Resumed bytes do not count for the rate.
        for (_, sample) in &mut self.state().samples {
            *sample += bytes;
        }
        self.report(|progress| {
            progress.bytes += bytes;
            progress.confirmed += bytes;
        });
    }

    /// Changes the progress and calls the callback. The lock is held during the call, so that the
    /// callback receives the events in order.
    fn report(&self, change: impl FnOnce(&mut Progress)) {
        let mut state = self.state();
        let before = state.progress.bytes;
        change(&mut state.progress);
        // Does not overflow, because an object has at most 50 TB.
        state.progress.bytes_delta = state.progress.bytes.wrapping_sub(before).cast_signed();
        state.update_rate(Instant::now());
        (self.on_progress)(state.progress);
    }

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProgressState {
    fn update_rate(&mut self, now: Instant) {
        const WINDOW: Duration = Duration::from_secs(5);
        const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
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
        let is_due = |(at, _): &(Instant, u64)| now.duration_since(*at) >= SAMPLE_INTERVAL;
        if self.samples.back().is_none_or(is_due) {
            self.samples.push_back((now, bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_callback_receives_the_events_in_order() {
        let events = Arc::new(Mutex::new(Vec::new()));
        let on_progress = {
            let events = Arc::clone(&events);
            Box::new(move |progress: Progress| events.lock().unwrap().push(progress))
        };
        let monitor = TransferMonitor::new(Some(on_progress), Some(30), None);
        monitor.add_resumed(10);
        monitor.add_transferred(20);
        monitor.take_back(20);
        monitor.add_transferred(20);
        monitor.add_confirmed(20);
        let events = events.lock().unwrap();
        let bytes: Vec<u64> = events.iter().map(|progress| progress.bytes).collect();
        assert_eq!(bytes, [10, 30, 10, 30, 30]);
        let deltas: Vec<i64> = events.iter().map(|progress| progress.bytes_delta).collect();
        assert_eq!(deltas, [10, 20, -20, 20, 0]);
        let last = events.last().unwrap();
        assert_eq!((last.confirmed, last.total), (30, Some(30)));
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut state = ProgressState {
            progress: Progress::default(),
            samples: VecDeque::from([(start, 0)]),
        };
        for second in 1..=20 {
            state.progress.bytes += if second <= 10 { 1000 } else { 100 };
            state.update_rate(start + Duration::from_secs(second));
        }
        let rate = state.progress.bytes_per_second;
        assert!((99.0..101.0).contains(&rate), "{rate}");
    }
}
