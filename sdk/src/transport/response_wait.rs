//! [`in_time`]: waits for a response while the request body makes progress.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::CaptureConnection;
use tokio::time::{Instant, Sleep};

use super::meter::{BEFORE_RESPONSE, is_connecting, send_progress};
use crate::base::deadline::deadline_after;
use crate::base::error::{Error, ErrorKind, Result};
use crate::message::body::SendProgress;
use crate::message::throughput::ThroughputMeter;
use crate::message::timed_body::{AttemptTimeLeft, attempt_timeout_error};

/// Least time between two checks of the time of an attempt whose connection waits for the source of
/// its body. That time does not count, so the rest of the attempt's time may be short for hours.
const MIN_CHECK: Duration = Duration::from_millis(50);

/// A request that is being sent.
pub(super) struct SendWatch {
    /// Start of the attempt.
    pub(super) start: Instant,
    /// `None` if the body is sent at once.
    pub(super) progress: Option<Arc<SendProgress>>,
    /// Length of the body, in bytes.
    pub(super) len: u64,
    /// `None` without a limit.
    pub(super) throughput: Option<ThroughputMeter>,
    /// `None` without a limit.
    pub(super) attempt_timeout: Option<Duration>,
    /// Contains the connection as soon as the request has one; `None` if that is not known.
    pub(super) connection: Option<CaptureConnection>,
}

impl SendWatch {
    fn bytes_taken(&self) -> u64 {
        let progress = self.progress.as_ref();
        progress.map_or(0, |progress| progress.bytes_taken())
    }

    /// Returns when the connection has last asked for bytes of the body; `None` if it has not.
    fn last_ready_poll(&self) -> Option<Instant> {
        self.progress.as_ref()?.last_ready_poll()
    }

    fn waits_for_source(&self) -> bool {
        let progress = self.progress.as_ref();
        progress.is_some_and(|progress| progress.waits_for_source())
    }

    /// Returns how far the request has come, for an error; `None` if only the response is missing.
    fn send_progress(&self) -> Option<String> {
        send_progress(self.connection.as_ref(), self.progress.as_deref(), self.len)
    }

    /// Marks an error as that of an unsent request if the request has no connection.
    fn without_response(&self, error: Error) -> Error {
        if is_connecting(self.connection.as_ref()) {
            error.unsent()
        } else {
            error
        }
    }

    /// Returns the error of an attempt that takes longer than `timeout`.
    fn attempt_took_longer(&self, timeout: Duration) -> Error {
        let progress = self.send_progress();
        let progress = progress.as_deref().unwrap_or(BEFORE_RESPONSE);
        self.without_response(attempt_timeout_error(timeout, progress))
    }

    /// Returns the error of a request without progress for the duration of `timeout`.
    fn no_response(&self, timeout: Duration) -> Error {
        let mut text = format!("no response within {} s", timeout.as_secs_f32());
        if let Some(progress) = self.send_progress() {
            text = format!("{text} ({progress})");
        }
        self.without_response(Error::new(ErrorKind::Timeout, text))
    }

    /// Returns the state of sending, from which the throughput is computed.
    fn sample(&self, now: Instant) -> SendSample {
        let time = |progress: &Arc<SendProgress>| progress.time_of_source(now);
        SendSample {
            at: now,
            bytes_taken: self.bytes_taken(),
            time_of_source: self.progress.as_ref().map(time).unwrap_or_default(),
        }
    }

    /// Returns what is left of the time of the attempt; `None` without a limit. Time in which the
    /// source of the body has nothing to send does not count.
    fn time_left(&self, sample: &SendSample) -> Option<Duration> {
        let spent = (sample.at - self.start).saturating_sub(sample.time_of_source);
        Some(self.attempt_timeout?.saturating_sub(spent))
    }

    /// Returns what is left of the time of the attempt now; `None` without a limit.
    pub(super) fn attempt_time_left(&self) -> Option<AttemptTimeLeft> {
        let limit = self.attempt_timeout?;
        let left = self.time_left(&self.sample(Instant::now()))?;
        Some(AttemptTimeLeft { limit, left })
    }

    /// Returns the time of the next check of the throughput and of the attempt's time; `None` if there
    /// is nothing to check.
    fn next_check(&self, last: &SendSample) -> Option<Instant> {
        let throughput = self.throughput.as_ref();
        let throughput = throughput.filter(|_| self.progress.is_some());
        let of_throughput = throughput.map(ThroughputMeter::next_check);
        let of_attempt = self.time_left(last).map(|left| {
            if self.waits_for_source() {
                left.max(MIN_CHECK)
            } else {
                left
            }
        });
        let wait = match (of_throughput, of_attempt) {
            (Some(throughput), Some(attempt)) => throughput.min(attempt),
            (throughput, attempt) => throughput.or(attempt)?,
        };
        last.at.checked_add(wait)
    }

    /// Fails if the attempt takes too long, or if the connection has taken too few bytes since the last
    /// checks. Time in which the source of the body has nothing to send does not count.
    fn check(&mut self, last: &mut SendSample, now: Instant) -> Result<()> {
        let sample = self.sample(now);
        if let Some(timeout) = self.attempt_timeout
            && self.time_left(&sample) == Some(Duration::ZERO)
        {
            return Err(self.attempt_took_longer(timeout));
        }
        let previous = std::mem::replace(last, sample);
        if sample.bytes_taken >= self.len {
            // The rest is the time of the service.
            self.throughput = None;
        }
        // Before the first poll, the connection is not established yet.
        let is_sending = self.last_ready_poll().is_some();
        let Some(throughput) = self.throughput.as_mut().filter(|_| is_sending) else {
            return Ok(());
        };
        let time_of_source = sample.time_of_source - previous.time_of_source;
        let time = (now - previous.at).saturating_sub(time_of_source);
        if throughput.record(sample.bytes_taken - previous.bytes_taken, time) {
            return Ok(());
        }
        let (limit, taken, len) = (throughput.limit(), sample.bytes_taken, self.len);
        let text = format!(
            "the service received less than {limit} (after {taken} of {len} bytes of the request body)"
        );
        Err(Error::new(ErrorKind::Timeout, text))
    }
}

#[derive(Clone, Copy)]
struct SendSample {
    at: Instant,
    bytes_taken: u64,
    /// Time in which the connection has waited for the source.
    time_of_source: Duration,
}

/// Waits for a response. Fails with `Timeout` if, for the duration of `idle_timeout`, no
/// response arrives and the service takes no bytes of the request body, if it takes them too slowly, or
/// if the attempt takes too long. Time in which the source of the body has nothing to send does not
/// count. `timer`: set to the end of `idle_timeout`.
pub(super) async fn in_time<F: Future + Unpin>(
    mut response: F,
    timer: &mut Pin<Box<Sleep>>,
    idle_timeout: Duration,
    body: &mut SendWatch,
) -> Result<F::Output> {
    let mut idle_deadline = timer.deadline();
    let mut last = body.sample(body.start);
    if let Some(check) = body.next_check(&last) {
        timer.as_mut().reset(check.min(idle_deadline));
    }
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(response) = Pin::new(&mut response).poll(cx) {
                return Poll::Ready(Ok(response));
            }
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if now >= idle_deadline {
                let last_progress = match body.waits_for_source() {
                    true => now,
                    false => body.last_ready_poll().unwrap_or(body.start),
                };
                idle_deadline = deadline_after(last_progress, idle_timeout);
                if now >= idle_deadline {
                    return Poll::Ready(Err(body.no_response(idle_timeout)));
                }
            }
            if let Err(error) = body.check(&mut last, now) {
                return Poll::Ready(Err(error));
            }
            let check = body.next_check(&last);
            let next = check.map_or(idle_deadline, |check| check.min(idle_deadline));
            timer.as_mut().reset(next);
        }
    })
    .await
}
