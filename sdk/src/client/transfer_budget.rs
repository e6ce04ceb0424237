//! [`TransferBudget`]: the requests and the memory that all managed transfers of a client share.

use std::pin::Pin;
use std::sync::Arc;

use http::StatusCode;

use crate::base::error::{Error, ErrorKind};
use crate::base::fs::open_files::open_file_limit;
use crate::client::Bucket;
use crate::config::request_options::Admission;
use crate::message::transfer_monitor::BodyObserver;

mod adaptive_limit;
mod memory;
mod requests;

pub(crate) use adaptive_limit::Outcome;
pub(crate) use memory::{MemoryBudget, Reservation};
pub(crate) use requests::{Lane, RequestBudget, RequestSlot};

/// Shared by all managed transfers of a client. A clone shares the same budget.
#[derive(Clone)]
pub(crate) struct TransferBudget {
    pub(crate) requests: Arc<RequestBudget>,
    pub(crate) memory: Arc<MemoryBudget>,
    /// Files and connections that the process may have open. `None` if it is not known.
    #[cfg(feature = "folders")]
    open_files: Option<usize>,
    /// Largest number of files that are hashed at the same time.
    pub(crate) hashed_files: usize,
}

/// Files that a program has open without any transfer.
const OPEN_FILES: usize = 16;
/// Files of one request in flight: its connection, one that opens for the next request, and its body.
const OPEN_FILES_OF_REQUEST: usize = 3;
/// For so many files that the process may have open, one file of a folder may be in progress.
#[cfg(feature = "folders")]
const OPEN_FILES_OF_FILE: usize = 12;

impl TransferBudget {
    pub(crate) fn new(requests: usize, memory: u64) -> Self {
        Self::within(requests, memory, open_file_limit())
    }

    fn within(requests: usize, memory: u64, open_files: Option<usize>) -> Self {
        // Half of the files are for requests, and a quarter is for MD5s. The rest is left for the files of
        // a folder, and for their comparison.
        let quarter = open_files.map_or(usize::MAX, |limit| limit.saturating_sub(OPEN_FILES) / 4);
        let affordable = quarter.saturating_mul(2) / OPEN_FILES_OF_REQUEST;
        Self {
            requests: Arc::new(RequestBudget::new(requests.min(affordable))),
            memory: Arc::new(MemoryBudget::new(memory)),
            #[cfg(feature = "folders")]
            open_files,
            hashed_files: quarter,
        }
    }

    /// Returns how many files of a folder may be in progress at the same time, at most `files`: fewer if the
    /// process may open few files.
    #[cfg(feature = "folders")]
    pub(crate) fn limit_files(&self, files: usize) -> usize {
        let limit = |open_files| open_files / OPEN_FILES_OF_FILE;
        let affordable = self.open_files.map_or(usize::MAX, limit);
        files.min(affordable).max(1)
    }
}

/// A handle whose requests, one at a time, occupy a slot of the budget until it is dropped.
pub(crate) struct AdmittedBucket {
    pub(crate) bucket: Bucket,
    pub(crate) slot: Arc<RequestSlot>,
}

impl Bucket {
    /// Waits until a request of a transfer may start. `lane`: the adaptive limit that applies. Must be
    /// awaited in a task, because no other request can use the slot if the caller does not poll the
    /// transfer.
    pub(crate) async fn admit(&self, lane: Option<Lane>) -> AdmittedBucket {
        let requests = Arc::clone(&self.dispatcher().shared.transfers.requests);
        let slot = Arc::new(requests.acquire(lane).await);
        let mut bucket = self.clone();
        let admission: Arc<dyn Admission> = Arc::<RequestSlot>::clone(&slot);
        bucket.options_mut().admission = Some(admission);
        AdmittedBucket { bucket, slot }
    }

    /// Returns the budget of the client.
    pub(crate) fn transfer_budget(&self) -> &TransferBudget {
        &self.dispatcher().shared.transfers
    }

    /// Returns whether the retry policy allows a second attempt.
    pub(crate) fn has_retries(&self) -> bool {
        let dispatcher = self.dispatcher();
        let policy = dispatcher.options().retry.as_ref();
        policy
            .unwrap_or(&dispatcher.shared.retry)
            .allows_attempt_after(1)
    }
}

impl Admission for RequestSlot {
    #[inline]
    fn admit(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.readmit())
    }

    #[inline]
    fn attempt_failed(&self, error: &Error) {
        self.release(match (error.status(), error.kind()) {
            (Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE), _) => {
                Outcome::Shed
            }
            (_, ErrorKind::Timeout) => Outcome::Timeout,
            _ => Outcome::Other,
        });
    }

    #[inline]
    fn resent(&self) {
        self.release_if_detached();
    }
}

impl BodyObserver for RequestSlot {
    #[inline]
    fn started(&self, len: u64) {
        self.begin_body(len);
    }

    #[inline]
    fn transferred(&self, bytes: u64) {
        self.moved(bytes);
    }

    #[inline]
    fn delayed(&self) {
        // The caller's limit decides how long the request takes. It must not block others.
        self.release(Outcome::Other);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::task::unconstrained;

    use super::*;

    #[tokio::test]
    async fn requests_need_no_more_files_than_the_process_may_open() {
        for (open_files, expected) in [
            (None, 128),
            (Some(1024), 128),
            (Some(256), 40),
            (Some(64), 8),
            (Some(24), 1),
            (Some(3), 1),
        ] {
            let budget = TransferBudget::within(128, 1, open_files);
            let acquire = || Arc::clone(&budget.requests).acquire(None);
            let mut slots = Vec::new();
            while let Some(slot) = unconstrained(acquire()).now_or_never() {
                slots.push(slot);
            }
            assert_eq!(slots.len(), expected, "{open_files:?}");
        }
        let hashed = |open_files| TransferBudget::within(1, 1, Some(open_files)).hashed_files;
        assert_eq!([1024, 64].map(hashed), [252, 12]);
    }

    #[cfg(feature = "folders")]
    #[test]
    fn files_of_a_folder_are_bounded_by_the_limit_of_open_files() {
        for (open_files, files, expected) in [
            (None, 5000, 5000),
            (Some(1024), 32, 32),
            (Some(1024), 5000, 85),
            (Some(64), 32, 5),
            (Some(64), 1, 1),
            (Some(3), 32, 1),
        ] {
            let budget = TransferBudget::within(1, 1, open_files);
            assert_eq!(budget.limit_files(files), expected, "{open_files:?}");
        }
    }
}
