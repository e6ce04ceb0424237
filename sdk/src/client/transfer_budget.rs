//! [`TransferBudget`]: the requests and the memory that all managed transfers of a client share.

use std::pin::Pin;
use std::sync::Arc;

use http::StatusCode;

use crate::base::error::{Error, ErrorKind};
use crate::client::Bucket;
use crate::config::request_options::Admission;
use crate::message::transfer_monitor::BodyObserver;

mod adaptive_limit;
mod memory;
mod requests;

pub(crate) use adaptive_limit::Outcome;
pub(crate) use memory::{MemoryBudget, Reservation, STALL_TIME};
pub(crate) use requests::{Lane, RequestBudget, RequestSlot};

/// Shared by all managed transfers of a client. A clone shares the same budget.
#[derive(Clone)]
pub(crate) struct TransferBudget {
    pub(crate) requests: Arc<RequestBudget>,
    pub(crate) memory: Arc<MemoryBudget>,
}

impl TransferBudget {
    pub(crate) fn new(requests: usize, memory: u64) -> Self {
        Self {
            requests: Arc::new(RequestBudget::new(requests)),
            memory: Arc::new(MemoryBudget::new(memory)),
        }
    }
}

/// A handle whose requests, one at a time, occupy a slot of the budget until it is dropped.
pub(crate) struct AdmittedBucket {
    pub(crate) bucket: Bucket,
    pub(crate) slot: Arc<RequestSlot>,
}

impl Bucket {
    /// Waits until a request of a transfer may start. `lane`: the adaptive limit that applies.
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
    fn admit(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.readmit())
    }

    fn attempt_failed(&self, error: &Error) {
        self.release(match (error.status(), error.kind()) {
            (Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE), _) => {
                Outcome::Shed
            }
            (_, ErrorKind::Timeout) => Outcome::Timeout,
            _ => Outcome::Other,
        });
    }
}

impl BodyObserver for RequestSlot {
    fn started(&self, len: u64) {
        self.begin_body(len);
    }

    fn transferred(&self, bytes: u64) {
        self.moved(bytes);
    }
}
