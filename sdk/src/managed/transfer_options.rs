//! Options that uploads and downloads have in common.

use std::sync::Arc;

use super::request_tasks::Concurrency;
use crate::base::error::{Error, Result};
use crate::client::Bucket;
use crate::client::transfer_budget::Lane;
use crate::message::sse::SseKey;
use crate::message::transfer_monitor::{OnProgress, TransferMonitor};

pub(super) struct TransferOptions {
    pub(super) part_size: u64,
    /// Requests at the same time; `None` if the client adapts them to the throughput.
    pub(super) concurrency: Option<usize>,
    pub(super) verify: bool,
    pub(super) max_bytes_per_second: Option<u64>,
    pub(super) on_progress: Option<OnProgress>,
    pub(super) sse_key: Option<SseKey>,
    /// Monitor of several transfers, which replaces the one of this transfer.
    pub(super) shared_monitor: Option<Arc<TransferMonitor>>,
}

impl TransferOptions {
    pub(super) fn new(part_size: u64) -> Self {
        Self {
            part_size,
            concurrency: None,
            verify: true,
            max_bytes_per_second: None,
            on_progress: None,
            sse_key: None,
            shared_monitor: None,
        }
    }

    /// Rejects values with which the transfer would never end. Does not check `part_size`, because
    /// its limits differ.
    pub(super) fn check(&self) -> Result<()> {
        check_concurrency(self.concurrency)?;
        check_rate(self.max_bytes_per_second)
    }

    /// Returns the limit on the requests of a transfer.
    #[inline]
    pub(super) fn concurrency(&self, lane: Lane, bucket: &Bucket) -> Concurrency {
        let shared = self.shared_monitor.as_ref();
        let rate = match shared.and_then(|monitor| monitor.rate_limiter()) {
            Some(limiter) => Some(limiter.bytes_per_second()),
            None => self.max_bytes_per_second,
        };
        Concurrency::new(self.concurrency, lane, bucket).with_rate_limit(rate)
    }

    /// Creates the monitor of a transfer of `total` bytes. Takes the progress callback.
    #[inline]
    pub(super) fn monitor(&mut self, total: Option<u64>) -> Arc<TransferMonitor> {
        if let Some(monitor) = &self.shared_monitor {
            return Arc::clone(monitor);
        }
        let on_progress = self.on_progress.take();
        Arc::new(TransferMonitor::new(
            on_progress,
            total,
            self.max_bytes_per_second,
        ))
    }
}

/// Rejects a transfer that would send no bytes.
pub(super) fn check_rate(bytes_per_second: Option<u64>) -> Result<()> {
    match bytes_per_second {
        Some(0) => {
            let text = "max_bytes_per_second: must be at least 1";
            Err(Error::invalid_input(text))
        }
        _ => Ok(()),
    }
}

/// Rejects a transfer without requests.
pub(super) fn check_concurrency(concurrency: Option<usize>) -> Result<()> {
    match concurrency {
        Some(0) => Err(Error::invalid_input("concurrency: must be at least 1")),
        _ => Ok(()),
    }
}
