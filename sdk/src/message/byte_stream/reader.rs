//! [`BodyReader`]: reads a response body, checks its length and digest, and resumes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::time::{Instant, Sleep};

use super::end_notice::EndNotice;
use super::resume::{Interruption, ResumePoint, ResumeRequest};
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::message::call_info::CallInfo;
use crate::message::content_range::ContentRange;
use crate::message::throughput::ThroughputMeter;
use crate::message::timed_body::{self, AttemptTimeLeft, RawBody, TimedBody};

/// Longest time between two measurements of a wait. If the caller is polled later than at the next
/// one, it has done something else, or its runtime is busy. Only the time up to that measurement counts:
/// little of an absence, but enough that a wait ends in a runtime that is always late.
const MEASURING_INTERVAL: Duration = Duration::from_millis(100);

/// State of a response body that is being read.
pub(super) struct BodyReader {
    pub(super) body: RawBody,
    /// Number of bytes that the response announced.
    pub(super) announced: Option<u64>,
    pub(super) received: u64,
    pub(super) ended: bool,
    /// The part of the object in the response; `None` if it is the whole object.
    pub(super) part: Option<ContentRange>,
    idle_timeout: Duration,
    pub(super) slow_timeout: Duration,
    pub(super) attempt_time_left: Option<AttemptTimeLeft>,
    /// Timer of the idle timeout and of the throughput. It runs only while the caller waits for
    /// bytes.
    timer: Pin<Box<Sleep>>,
    /// The wait for the next bytes, if it has begun.
    wait: Option<Wait>,
    /// Number of waits.
    waits: u32,
    throughput: Option<ThroughputMeter>,
    /// Whether the throughput has been too low.
    is_stalled: bool,
    /// Bytes that an `AsyncRead` caller has not read yet.
    pub(super) unread: Bytes,
    pub(super) call: CallInfo,
    /// State for resuming after a broken connection.
    pub(super) resume: Option<ResumePoint>,
    resume_request: Option<ResumeRequest>,
    /// Running digest, and the expected digest.
    pub(super) verify: Option<(Md5, Digest)>,
    /// Notifies a listener of the end.
    pub(super) end_notice: Option<Box<EndNotice>>,
}

/// A wait for bytes.
#[derive(Clone, Copy, Default)]
struct Wait {
    /// How long the caller has waited, up to the last measurement.
    time: Duration,
    /// Start of the next measurement; `None` while the caller does something else.
    start: Option<Instant>,
}

impl Wait {
    /// Ends a measurement, whose last moment is `end`, and returns the time that it adds.
    fn measure(&mut self, end: Instant) -> Duration {
        let Some(start) = self.start.take() else {
            return Duration::ZERO;
        };
        let time = Instant::now().min(end).saturating_duration_since(start);
        self.time = self.time.saturating_add(time);
        time
    }
}

impl BodyReader {
    pub(super) fn new(
        incoming: TimedBody,
        announced: Option<u64>,
        part: Option<ContentRange>,
        call: CallInfo,
    ) -> Self {
        Self {
            body: incoming.body,
            announced,
            received: 0,
            ended: false,
            part,
            idle_timeout: incoming.idle_timeout,
            slow_timeout: incoming.slow_timeout,
            attempt_time_left: incoming.attempt_time_left,
            timer: incoming.timer,
            wait: None,
            waits: 0,
            throughput: incoming.throughput,
            is_stalled: false,
            unread: Bytes::new(),
            call,
            resume: None,
            resume_request: None,
            verify: None,
            end_notice: None,
        }
    }

    /// Returns the next bytes; `None` at the end.
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.unread.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.unread))));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        if self.resume_request.is_some()
            && let Err(error) = ready!(self.poll_resume_request(cx))
        {
            return self.fail(error);
        }
        if std::mem::take(&mut self.is_stalled) && self.announced != Some(self.received) {
            return self.fail_stalled(cx);
        }
        let Poll::Ready(item) = self.body.poll_data(cx) else {
            return self.poll_timer(cx);
        };
        let wait = self.wait.take();
        match item {
            Some(Ok(bytes)) => {
                self.received += bytes.len() as u64;
                self.measure(bytes.len() as u64, wait);
                if let Some(notice) = &mut self.end_notice {
                    notice.received = self.received;
                }
                if let Some(announced) = self.announced
                    && self.received > announced
                {
                    let text =
                        format!("the response body is longer than the announced {announced} bytes");
                    return self.fail(Error::new(ErrorKind::Integrity, text));
                }
                if let Some((md5, _)) = &mut self.verify {
                    md5.update(&bytes);
                }
                // Before the last bytes are returned: a caller that knows the length reads no
                // further.
                if self.announced == Some(self.received)
                    && let Err(error) = self.verify_digest()
                {
                    return self.fail(error);
                }
                Poll::Ready(Some(Ok(bytes)))
            }
            Some(Err(error)) => {
                let text = format!(
                    "the response body broke off after {} bytes",
                    self.received_of_announced()
                );
                let kind = match timed_body::is_timeout(&*error) {
                    true => ErrorKind::Timeout,
                    false => ErrorKind::Interrupted,
                };
                let error = Error::new(kind, text).with_source(error);
                self.resume_after(cx, error, Interruption::Broken)
            }
            None if self
                .announced
                .is_some_and(|announced| announced != self.received) =>
            {
                // The connection did not break: the service claims that these are all bytes of the
                // part.
                let kind = match self.part {
                    Some(_) => ErrorKind::Integrity,
                    None => ErrorKind::Interrupted,
                };
                let text = format!(
                    "the response body ended after {} bytes",
                    self.received_of_announced()
                );
                self.resume_after(cx, Error::new(kind, text), Interruption::Broken)
            }
            None => self.end(),
        }
    }

    /// Verifies the digest of the whole body, unless that was done before.
    fn verify_digest(&mut self) -> Result<()> {
        let Some((md5, expected)) = self.verify.take() else {
            return Ok(());
        };
        let actual = Digest::of(md5);
        if actual == expected {
            return Ok(());
        }
        let text = format!("the response body has MD5 {actual}, but its ETag is {expected}");
        Err(Error::new(ErrorKind::Integrity, text))
    }

    /// Ends the body. A body of unknown length is verified here.
    fn end(&mut self) -> Poll<Option<Result<Bytes>>> {
        if let Err(error) = self.verify_digest() {
            return self.fail(error);
        }
        self.ended = true;
        if let Some(notice) = &mut self.end_notice {
            notice.complete();
        }
        Poll::Ready(None)
    }

    /// Measures how long the caller waits, and checks the idle timeout and the throughput.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let mut wait = self.wait.unwrap_or_else(|| {
            self.waits = self.waits.saturating_add(1);
            Wait::default()
        });
        if wait.start.is_none() {
            self.start_measurement(&mut wait);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let time = wait.measure(self.timer.deadline());
            if wait.time >= self.idle_timeout {
                let text = format!(
                    "no byte within {} s, after {} bytes",
                    self.idle_timeout.as_secs_f32(),
                    self.received_of_announced()
                );
                let error = Error::new(ErrorKind::Timeout, text);
                // A `pause` during the next request must not measure it again.
                self.wait = None;
                return self.resume_after(cx, error, Interruption::Broken);
            }
            if let Some(throughput) = &mut self.throughput
                && !throughput.record(0, time)
            {
                self.wait = None;
                return self.fail_stalled(cx);
            }
            self.start_measurement(&mut wait);
        }
        self.wait = Some(wait);
        Poll::Pending
    }

    /// Starts a measurement of a wait, and sets the timer to its end.
    fn start_measurement(&mut self, wait: &mut Wait) {
        let until_idle = self.idle_timeout.saturating_sub(wait.time);
        let mut longest = until_idle.min(MEASURING_INTERVAL);
        if let Some(throughput) = &self.throughput {
            longest = longest.min(throughput.next_check());
        }
        let now = Instant::now();
        wait.start = Some(now);
        self.timer.as_mut().reset(now + longest);
    }

    /// Stops the measurement of the wait until the caller polls again.
    pub(super) fn pause(&mut self) {
        let Some(wait) = &mut self.wait else {
            return;
        };
        let time = wait.measure(self.timer.deadline());
        if let Some(throughput) = &mut self.throughput {
            self.is_stalled |= !throughput.record(0, time);
        }
    }

    /// Adds bytes to the throughput, with the time that the caller has waited for them.
    fn measure(&mut self, bytes: u64, wait: Option<Wait>) {
        /// The last 100 ms of the first waits are not measured: a small response needs no more of them.
        const UNMEASURED_WAITS: u32 = 2;
        let Some(throughput) = &mut self.throughput else {
            return;
        };
        let time = match wait {
            Some(mut wait) if self.waits > UNMEASURED_WAITS => wait.measure(self.timer.deadline()),
            _ => Duration::ZERO,
        };
        self.is_stalled = !throughput.record(bytes, time);
    }

    fn fail_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let throughput = self.throughput.as_ref();
        let is_network_slow = throughput.is_some_and(ThroughputMeter::is_slow_on_average);
        let limit = throughput.map(|throughput| throughput.limit().to_string());
        let limit = limit.unwrap_or_default();
        let text = format!(
            "the response body arrived with less than {limit}, after {} bytes",
            self.received_of_announced()
        );
        let error = Error::new(ErrorKind::Timeout, text);
        self.resume_after(cx, error, Interruption::Stalled { is_network_slow })
    }

    /// Requests the rest of the body after `error`, or fails with it.
    fn resume_after(
        &mut self,
        cx: &mut Context<'_>,
        error: Error,
        interruption: Interruption,
    ) -> Poll<Option<Result<Bytes>>> {
        let error = error.with_call(self.call.context());
        let (Some(resume), Some(announced)) = (self.resume.take(), self.announced) else {
            return self.fail(error);
        };
        let (received, call) = (self.received, self.call.clone());
        match resume.request_rest(received, announced, call, error, interruption) {
            Ok(request) => {
                self.resume_request = Some(request);
                self.poll_chunk(cx)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Waits for the response with the rest of the body, and continues with its body.
    fn poll_resume_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(request) = &mut self.resume_request else {
            return Poll::Ready(Ok(()));
        };
        let resumed = ready!(request.poll(cx));
        self.resume_request = None;
        let (resume, rest) = resumed?;
        let rest = rest.into_reader();
        self.body = rest.body;
        self.timer = rest.timer;
        self.wait = None;
        self.is_stalled = false;
        self.throughput = rest.throughput;
        self.call = rest.call;
        self.resume = Some(resume);
        Poll::Ready(Ok(()))
    }

    /// Returns how much has arrived, such as `7 of 10`.
    pub(super) fn received_of_announced(&self) -> String {
        match self.announced {
            Some(announced) => format!("{} of {announced}", self.received),
            None => self.received.to_string(),
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Bytes>>> {
        self.ended = true;
        let error = error.with_call(self.call.context());
        if let Some(notice) = &mut self.end_notice {
            notice.failed(&error);
        }
        Poll::Ready(Some(Err(error)))
    }
}
