//! [`with_idle_timeout`]: waits for a response while the request body makes progress.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::base::deadline::deadline;
use crate::base::error::{Error, ErrorKind, Result};
use crate::message::body::SendProgress;
use crate::message::throughput::ThroughputMeter;

/// A request body that is being sent.
pub(super) struct SendWatch<'a> {
    /// `None` if the body is sent at once.
    progress: Option<&'a SendProgress>,
    len: u64,
    /// `None` without a limit.
    throughput: Option<ThroughputMeter>,
}

impl<'a> SendWatch<'a> {
    /// `progress`: `None` if the body is sent at once. `len`: length of the body, in bytes.
    /// `throughput`: `None` without a limit.
    pub(super) fn new(
        progress: Option<&'a SendProgress>,
        len: u64,
        throughput: Option<ThroughputMeter>,
    ) -> Self {
        Self {
            progress,
            len,
            throughput,
        }
    }

    fn taken(&self) -> u64 {
        self.progress.map_or(0, SendProgress::taken)
    }

    fn ready_polls(&self) -> u64 {
        self.progress.map_or(0, SendProgress::ready_polls)
    }

    fn waits_for_source(&self) -> bool {
        self.progress.is_some_and(SendProgress::waits_for_source)
    }

    /// Returns the state of sending, from which the throughput is computed.
    fn sample(&self, now: Instant) -> SendSample {
        let time = |progress: &SendProgress| progress.time_of_source(now);
        SendSample {
            at: now,
            taken: self.taken(),
            time_of_source: self.progress.map(time).unwrap_or_default(),
        }
    }

    /// Returns the time of the next check of the throughput; `None` if there is nothing to check.
    fn next_check(&self, last: &SendSample) -> Option<Instant> {
        self.progress?;
        last.at.checked_add(self.throughput.as_ref()?.next_check())
    }

    /// Fails if the connection has taken too few bytes since the last checks. Time in which the
    /// source of the body has nothing to send does not count.
    fn check(&mut self, last: &mut SendSample, now: Instant) -> Result<()> {
        let sample = self.sample(now);
        let previous = std::mem::replace(last, sample);
        if sample.taken >= self.len {
            // The rest is the time of the service.
            self.throughput = None;
        }
        // Before the first poll, the connection is not established yet.
        let is_sending = self.ready_polls() > 0;
        let Some(throughput) = self.throughput.as_mut().filter(|_| is_sending) else {
            return Ok(());
        };
        let time_of_source = sample.time_of_source - previous.time_of_source;
        let time = (now - previous.at).saturating_sub(time_of_source);
        if throughput.record(sample.taken - previous.taken, time) {
            return Ok(());
        }
        let (limit, taken) = (throughput.limit(), sample.taken);
        let text = format!(
            "the service received less than {limit} (sent {taken} bytes of the request body)"
        );
        Err(Error::new(ErrorKind::Timeout, text))
    }
}

#[derive(Clone, Copy)]
struct SendSample {
    at: Instant,
    taken: u64,
    /// Time in which the connection has waited for the source.
    time_of_source: Duration,
}

/// Waits for a response. Fails with `Timeout` if, for the duration of `timeout`, no response
/// arrives and the service takes no bytes of the request body, or if it takes them too slowly. Time
/// in which the source of the body has nothing to send does not count.
pub(super) async fn with_idle_timeout<F: Future + Unpin>(
    mut response: F,
    timer: &mut Pin<Box<Sleep>>,
    timeout: Duration,
    body: &mut SendWatch<'_>,
) -> Result<F::Output> {
    let mut ready_polls = 0;
    let mut idle_deadline = timer.deadline();
    let mut last = body.sample(idle_deadline.checked_sub(timeout).unwrap_or(idle_deadline));
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
                let now_ready_polls = body.ready_polls();
                if now_ready_polls == ready_polls && !body.waits_for_source() {
                    return Poll::Ready(Err(no_response(timeout, body.taken())));
                }
                // The connection has taken bytes, or waits for the source of the body.
                ready_polls = now_ready_polls;
                idle_deadline = deadline(timeout);
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

fn no_response(timeout: Duration, sent: u64) -> Error {
    let seconds = timeout.as_secs_f32();
    let text = format!("no response within {seconds} s (sent {sent} bytes of the request body)");
    Error::new(ErrorKind::Timeout, text)
}
