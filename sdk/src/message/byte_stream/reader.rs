//! [`BodyReader`]: reads a response body, checks its length and digest, and resumes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::time::Sleep;

use super::resume::{ResumePoint, ResumeRequest};
use crate::base::deadline::deadline;
use crate::base::digest::Digest;
use crate::base::error::{Error, ErrorKind, Result};
use crate::message::call_info::CallInfo;
use crate::message::content_range::ContentRange;
use crate::message::timed_body::{RawBody, TimedBody};

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
    /// Timer of the idle timeout. It runs only while the caller waits for bytes.
    idle_timer: Pin<Box<Sleep>>,
    is_waiting: bool,
    /// Bytes that an `AsyncRead` caller has not read yet.
    pub(super) unread: Bytes,
    pub(super) call: CallInfo,
    /// State for resuming after a broken connection.
    pub(super) resume: Option<ResumePoint>,
    resume_request: Option<ResumeRequest>,
    /// Running digest, and the expected digest.
    pub(super) verify: Option<(Md5, Digest)>,
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
            idle_timer: incoming.timer,
            is_waiting: false,
            unread: Bytes::new(),
            call,
            resume: None,
            resume_request: None,
            verify: None,
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
        let Poll::Ready(item) = self.body.poll_data(cx) else {
            return self.poll_idle_timer(cx);
        };
        self.is_waiting = false;
        match item {
            Some(Ok(bytes)) => {
                self.received += bytes.len() as u64;
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
                Poll::Ready(Some(Ok(bytes)))
            }
            Some(Err(error)) => {
                let text = format!(
                    "the response body broke off after {} bytes",
                    self.received_of_announced()
                );
                let error = Error::new(ErrorKind::Interrupted, text).with_source(error);
                self.resume_after(cx, error)
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
                self.resume_after(cx, Error::new(kind, text))
            }
            None => self.end(),
        }
    }

    /// Ends the body, and verifies its digest.
    fn end(&mut self) -> Poll<Option<Result<Bytes>>> {
        if let Some((md5, expected)) = self.verify.take() {
            let actual = Digest::of(md5);
            if actual != expected {
                let text =
                    format!("the response body has MD5 {actual}, but its ETag is {expected}");
                return self.fail(Error::new(ErrorKind::Integrity, text));
            }
        }
        self.ended = true;
        Poll::Ready(None)
    }

    /// Starts the idle timer if the caller has just begun to wait, and checks whether it expired.
    fn poll_idle_timer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.is_waiting {
            self.is_waiting = true;
            self.idle_timer.as_mut().reset(deadline(self.idle_timeout));
        }
        ready!(self.idle_timer.as_mut().poll(cx));
        let text = format!(
            "no byte within {} s, after {} bytes",
            self.idle_timeout.as_secs_f32(),
            self.received_of_announced()
        );
        self.resume_after(cx, Error::new(ErrorKind::Timeout, text))
    }

    /// Requests the rest of the body after `error`, or fails with it.
    fn resume_after(&mut self, cx: &mut Context<'_>, error: Error) -> Poll<Option<Result<Bytes>>> {
        let error = error.with_call(self.call.context());
        let (Some(resume), Some(announced)) = (self.resume.take(), self.announced) else {
            return self.fail(error);
        };
        match resume.request_rest(self.received, announced, self.call.clone(), error) {
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
        let (resume, rest) = ready!(request.poll(cx));
        self.resume_request = None;
        let rest = rest?.into_reader();
        self.body = rest.body;
        self.idle_timer = rest.idle_timer;
        self.is_waiting = false;
        self.call.attempts = rest.call.attempts;
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
        Poll::Ready(Some(Err(error.with_call(self.call.context()))))
    }
}
