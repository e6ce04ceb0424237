//! [`RequestTasks`]: the concurrent requests of one transfer, within the limits of the client.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::errors::task_result;
use crate::base::error::Result;
use crate::client::Bucket;
use crate::client::transfer_budget::{AdmittedBucket, Lane, Outcome, Reservation};

/// Concurrency if it is automatic, but the retry policy allows no retries: raising the limit could
/// make the service reject a request.
const WITHOUT_RETRIES: usize = 4;

/// Limits the requests of one transfer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Concurrency {
    Fixed(usize),
    /// As many as the adaptive limit of the lane allows.
    Adaptive(Lane),
}

impl Concurrency {
    /// `fixed`: the caller's choice, if there is one.
    pub(super) fn new(fixed: Option<usize>, lane: Lane, bucket: &Bucket) -> Self {
        match fixed {
            Some(requests) => Self::Fixed(requests),
            None if bucket.has_retries() => Self::Adaptive(lane),
            None => Self::Fixed(WITHOUT_RETRIES),
        }
    }

    /// Waits until a request may start.
    pub(super) async fn admit(self, bucket: &Bucket) -> AdmittedBucket {
        bucket.admit(self.lane()).await
    }

    fn lane(self) -> Option<Lane> {
        match self {
            Self::Fixed(_) => None,
            Self::Adaptive(lane) => Some(lane),
        }
    }
}

/// Tasks that send the requests of one transfer.
///
/// At most one task waits for its turn, so that a transfer with many parts does not delay the other
/// transfers of the client.
pub(super) struct RequestTasks<T> {
    tasks: JoinSet<Result<T>>,
    bucket: Bucket,
    concurrency: Concurrency,
    /// Completes when the last task has started its request.
    started: Option<oneshot::Receiver<()>>,
}

/// Runs a request, and releases its slot.
async fn run<T, F: Future<Output = Result<T>>>(
    admitted: AdmittedBucket,
    request: impl FnOnce(AdmittedBucket) -> F,
) -> Result<T> {
    let slot = Arc::clone(&admitted.slot);
    let result = request(admitted).await;
    slot.release(match result {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Other,
    });
    result
}

/// The next event of [`RequestTasks`].
pub(super) enum TaskEvent<T> {
    Finished(T),
    /// The last spawned task has started its request.
    Started,
}

impl<T: Send + 'static> RequestTasks<T> {
    pub(super) fn new(bucket: &Bucket, concurrency: Concurrency) -> Self {
        Self {
            tasks: JoinSet::new(),
            bucket: bucket.clone(),
            concurrency,
            started: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Returns the highest number of tasks that can run at the moment.
    pub(super) fn limit(&self) -> usize {
        match self.concurrency {
            Concurrency::Fixed(requests) => requests,
            // Includes the task that waits for its turn.
            Concurrency::Adaptive(lane) => {
                let requests = &self.bucket.transfer_budget().requests;
                requests.limit(lane).saturating_add(1)
            }
        }
    }

    /// Returns whether another task may be spawned.
    pub(super) fn has_room(&self) -> bool {
        self.started.is_none() && self.len() < self.limit()
    }

    /// Spawns a task that sends `request` when it is its turn, and there are `memory` bytes for it.
    pub(super) fn spawn<F>(
        &mut self,
        memory: u64,
        request: impl FnOnce(AdmittedBucket, Option<Reservation>) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<T>> + Send,
    {
        let (bucket, concurrency) = (self.bucket.clone(), self.concurrency);
        let (start, started) = oneshot::channel();
        self.started = Some(started);
        self.tasks.spawn(async move {
            // In this order: a request that has been admitted must not wait for memory.
            let reservation = match memory {
                0 => None,
                _ => {
                    let budget = Arc::clone(&bucket.transfer_budget().memory);
                    Some(budget.reserve(memory).await)
                }
            };
            let admitted = concurrency.admit(&bucket).await;
            // The transfer may have ended.
            let _ = start.send(());
            run(admitted, |admitted| request(admitted, reservation)).await
        });
    }

    /// Spawns a task for a request that has been admitted already.
    pub(super) fn spawn_admitted<F>(
        &mut self,
        admitted: AdmittedBucket,
        request: impl FnOnce(AdmittedBucket) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.tasks.spawn(run(admitted, request));
    }

    /// Polls the next event; `None` if no task is left. Panics of callbacks continue.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<TaskEvent<T>>>> {
        // Before the end of the same task, so that the transfer does not seem to be at its end.
        if let Some(started) = &mut self.started
            && Pin::new(started).poll(cx).is_ready()
        {
            self.started = None;
            return Poll::Ready(Some(Ok(TaskEvent::Started)));
        }
        let joined = ready!(self.tasks.poll_join_next(cx));
        Poll::Ready(joined.map(|joined| {
            let result = task_result(joined).and_then(|result| result);
            result.map(TaskEvent::Finished)
        }))
    }

    pub(super) async fn next(&mut self) -> Option<Result<TaskEvent<T>>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Cancels all tasks, and waits until they have ended.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}
