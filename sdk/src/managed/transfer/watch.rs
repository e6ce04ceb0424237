//! What is known of a body on its way: its MD5, how much has gone, and when more may go.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::time::Sleep;

use super::limit::Limiter;
use super::progress::Meter;
use crate::base::digest::Digest;
use crate::message::body::{Flow, Tap};

/// The largest piece, in bytes, when nothing limits it.
const LARGEST: usize = 256 * 1024;

/// What all bodies of a transfer share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) meter: Option<Arc<Meter>>,
    pub(crate) limiter: Option<Arc<Limiter>>,
}

impl Gauges {
    /// Waits until `len` bytes may come.
    pub(crate) async fn wait(&self, len: usize) {
        if let Some(limiter) = &self.limiter {
            limiter.wait(len).await;
        }
    }

    /// Bytes have come.
    pub(crate) fn moved(&self, len: usize) {
        if let Some(meter) = &self.meter {
            meter.moved(len as u64);
        }
    }

    /// Bytes stand where they belong.
    pub(crate) fn confirmed(&self, len: u64) {
        if let Some(meter) = &self.meter {
            meter.confirmed(len);
        }
    }
}

/// Watches one body, however often it is sent.
#[derive(Clone)]
pub(crate) struct Watch {
    gauges: Gauges,
    run: Arc<Mutex<Run>>,
}

/// The last time that the body is sent.
#[derive(Default)]
struct Run {
    number: u64,
    md5: Md5,
    sent: u64,
}

impl Watch {
    pub(crate) fn new(gauges: Gauges) -> Self {
        Self {
            gauges,
            run: Arc::default(),
        }
    }

    /// The digest of what was sent last.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.run().md5.clone())
    }

    /// What was sent has arrived.
    pub(crate) fn confirm(&self) {
        if let Some(meter) = &self.gauges.meter {
            meter.confirmed(self.run().sent);
        }
    }

    /// What was sent last does not count.
    pub(crate) fn take_back(&self) {
        self.restart();
    }

    /// Forgets what was sent; gives the number of the next run.
    fn restart(&self) -> u64 {
        let mut run = self.run();
        let number = run.number + 1;
        let earlier = std::mem::replace(
            &mut *run,
            Run {
                number,
                ..Run::default()
            },
        );
        // Counted before anybody else may count: else more could be taken back than was there.
        if let Some(meter) = &self.gauges.meter {
            meter.took_back(earlier.sent);
        }
        drop(run);
        number
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap for Watch {
    fn begin(&self) -> Box<dyn Flow> {
        Box::new(Sending {
            number: self.restart(),
            watch: self.clone(),
            sleep: None,
        })
    }
}

/// One time that a body is sent. A connection that was given up may still ask for bytes when the
/// next run has begun; they don't count.
struct Sending {
    watch: Watch,
    number: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Flow for Sending {
    fn most(&self) -> usize {
        match &self.watch.gauges.limiter {
            Some(limiter) => limiter.piece(),
            None => LARGEST,
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<()> {
        let Some(limiter) = &self.watch.gauges.limiter else {
            return Poll::Ready(());
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(limiter.reserve(len))));
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }

    fn passed(&mut self, bytes: &Bytes) {
        let mut run = self.watch.run();
        if run.number != self.number {
            return;
        }
        run.md5.update(bytes);
        run.sent += bytes.len() as u64;
        if let Some(meter) = &self.watch.gauges.meter {
            meter.moved(bytes.len() as u64);
        }
        drop(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_run_counts() {
        let watch = Watch::new(Gauges::default());
        let mut first = watch.begin();
        first.passed(&Bytes::from_static(b"abc"));
        let mut second = watch.begin();
        first.passed(&Bytes::from_static(b"late"));
        second.passed(&Bytes::from_static(b"ab"));
        second.passed(&Bytes::from_static(b"c"));
        assert_eq!(
            watch.digest().to_string(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
    }
}
