//! [`BodyMonitor`]: paces and counts the bytes of a request body while it is sent.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use tokio::time::Sleep;

use super::chunk_size::ChunkSize;
use crate::base::error::Error;
use crate::message::transfer_monitor::{BodyObserver, TransferMonitor};

/// Monitors one body of a transfer, across all attempts to send it.
#[derive(Clone)]
pub(crate) struct BodyMonitor {
    transfer: Arc<TransferMonitor>,
    last_attempt: Arc<Mutex<LastAttempt>>,
    /// Observes the bytes of each attempt, and the length of the body.
    observer: Option<(Arc<dyn BodyObserver>, u64)>,
}

/// The bytes of the last attempt.
#[derive(Default)]
struct LastAttempt {
    number: u64,
    sent: u64,
}

impl BodyMonitor {
    #[inline]
    pub(crate) fn new(transfer: Arc<TransferMonitor>) -> Self {
        Self {
            transfer,
            last_attempt: Arc::default(),
            observer: None,
        }
    }

    /// Reports the bytes of each attempt to send a body of `len` bytes.
    pub(crate) fn observed_by(mut self, observer: Arc<dyn BodyObserver>, len: u64) -> Self {
        self.observer = Some((observer, len));
        self
    }

    /// Reports the bytes of the last attempt as confirmed.
    #[inline]
    pub(crate) fn confirm(&self) {
        self.transfer.add_confirmed(self.last_attempt().sent);
    }

    /// Takes back the bytes of the last attempt. Returns the number of the next attempt.
    pub(crate) fn reset(&self) -> u64 {
        let mut last = self.last_attempt();
        last.number += 1;
        // While the lock is held: otherwise the next attempt could report bytes in between.
        self.transfer.take_back(std::mem::take(&mut last.sent));
        last.number
    }

    fn last_attempt(&self) -> MutexGuard<'_, LastAttempt> {
        self.last_attempt
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Monitors one attempt to send a body. If the next attempt has started, a connection of the
/// previous one may still ask for bytes; those are not counted.
pub(super) struct AttemptMonitor {
    body: BodyMonitor,
    number: u64,
    delay: Option<Pin<Box<Sleep>>>,
    /// Bytes that were read from the source, but not sent yet.
    unsent: Bytes,
    chunk_size: ChunkSize,
}

impl AttemptMonitor {
    pub(super) fn start(body: &BodyMonitor) -> Self {
        if let Some((observer, len)) = &body.observer {
            observer.started(*len);
        }
        Self {
            number: body.reset(),
            body: body.clone(),
            delay: None,
            unsent: Bytes::new(),
            chunk_size: ChunkSize::default(),
        }
    }

    /// Returns the next chunk of `source` as soon as the rate limit allows it.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        source: impl FnOnce(&mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>>,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        if self.unsent.is_empty() {
            match ready!(source(cx)) {
                Some(Ok(bytes)) => self.unsent = bytes,
                end => return Poll::Ready(end),
            }
        }
        let len = match self.body.transfer.rate_limiter() {
            Some(limiter) => {
                let len = self.unsent.len().min(limiter.chunk_len());
                let delay = self.delay.get_or_insert_with(|| {
                    Box::pin(tokio::time::sleep_until(limiter.reserve(len)))
                });
                if delay.as_mut().poll(cx).is_pending() {
                    if let Some((observer, _)) = &self.body.observer {
                        observer.delayed();
                    }
                    return Poll::Pending;
                }
                self.delay = None;
                len
            }
            None => self.chunk_size.next(self.unsent.len(), Instant::now()),
        };
        let chunk = self.unsent.split_to(len);
        self.count(&chunk);
        Poll::Ready(Some(Ok(chunk)))
    }

    fn count(&self, chunk: &Bytes) {
        let mut last = self.body.last_attempt();
        if last.number != self.number {
            return;
        }
        let len = chunk.len() as u64;
        last.sent += len;
        self.body.transfer.add_transferred(len);
        if let Some((observer, _)) = &self.body.observer {
            observer.transferred(len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_attempt_counts() {
        let monitor = BodyMonitor::new(Arc::default());
        let first = AttemptMonitor::start(&monitor);
        first.count(&Bytes::from_static(b"abc"));
        let second = AttemptMonitor::start(&monitor);
        first.count(&Bytes::from_static(b"late"));
        second.count(&Bytes::from_static(b"ab"));
        second.count(&Bytes::from_static(b"c"));
        assert_eq!(monitor.last_attempt().sent, 3);
    }
}
