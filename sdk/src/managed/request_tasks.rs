//! [`RequestTasks`]: the concurrent requests of one transfer, within the limits of the client.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::errors::task_result;
use crate::base::error::Result;
use crate::base::runtime::ScopedTask;
use crate::client::Bucket;
use crate::client::spans::in_current_span;
use crate::client::transfer_budget::{AdmittedBucket, Lane, Outcome, Reservation};
use crate::message::operation::Operation;

/// Concurrency if it is automatic, but the retry policy allows no retries: raising the limit could
/// make the service reject a request.
const WITHOUT_RETRIES: usize = 4;
/// Bytes per second that a request of a transfer with a limited rate is expected to reach.
const RATE_OF_REQUEST: u64 = 1 << 20;
/// The highest number of requests of a transfer with a limited rate.
const MAX_LIMITED: usize = 8;

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

    /// Returns the concurrency of a transfer whose caller limits its rate. Its requests last as long as
    /// the limit demands, so they say nothing about the load, and must not occupy the lane.
    pub(super) fn with_rate_limit(self, bytes_per_second: Option<u64>) -> Self {
        match (self, bytes_per_second) {
            (Self::Adaptive(_), Some(rate)) => {
                let requests = rate / RATE_OF_REQUEST;
                let requests = usize::try_from(requests).unwrap_or(usize::MAX);
                Self::Fixed(requests.clamp(1, MAX_LIMITED))
            }
            _ => self,
        }
    }

    /// Waits until a request may start. Must be awaited in a task, see [`in_task`].
    pub(super) async fn admit(self, bucket: &Bucket) -> AdmittedBucket {
        bucket.admit(self.lane()).await
    }

    pub(super) fn lane(self) -> Option<Lane> {
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
    responses: ResponseCounter,
    max_responses: usize,
    /// Whether the transfer has nothing to do until the memory of its next task is reserved.
    is_urgent: Arc<AtomicBool>,
}

/// Counts the tasks that have received their response, but do not end yet: they wait for a digest to
/// compare it with. They do not count towards the concurrency.
#[derive(Clone, Default)]
pub(super) struct ResponseCounter(Arc<Mutex<ResponseCount>>);

#[derive(Default)]
struct ResponseCount {
    tasks: usize,
    /// Whether a task was added since the last poll.
    is_new: bool,
    waker: Option<Waker>,
}

/// A task that is counted by [`ResponseCounter`] until this is dropped.
pub(super) struct ResponseGuard<'a>(&'a ResponseCounter);

impl ResponseCounter {
    /// Adds the current task.
    #[inline]
    pub(super) fn enter(&self) -> ResponseGuard<'_> {
        let mut responses = self.lock();
        responses.tasks += 1;
        responses.is_new = true;
        let waker = responses.waker.take();
        drop(responses);
        if let Some(waker) = waker {
            waker.wake();
        }
        ResponseGuard(self)
    }

    /// Waits until a task was added.
    #[inline]
    fn poll_new(&self, cx: &Context<'_>) -> Poll<()> {
        let mut responses = self.lock();
        if std::mem::take(&mut responses.is_new) {
            return Poll::Ready(());
        }
        responses.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, ResponseCount> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ResponseGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.lock().tasks -= 1;
    }
}

/// Runs requests in a task. A caller need not poll its transfer, for example while it handles the result
/// of another one, so a request that was polled by it could keep its slot of the client forever, and
/// block the other transfers. Dropping the future cancels the task.
pub(super) async fn in_task<T: Send + 'static>(
    requests: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    task_result(ScopedTask::spawn(in_current_span(requests)).await)?
}

/// Sends the request of an operation without a response body [in a task](in_task), when a request of
/// the lane may start.
pub(super) async fn send<I: Operation<Handle = Bucket>>(
    bucket: &Bucket,
    lane: Option<Lane>,
    input: I,
) -> Result<I::Output> {
    let bucket = bucket.clone();
    in_task(async move {
        let admitted = bucket.admit(lane).await;
        in_slot(admitted, async |admitted| admitted.bucket.call(input).await).await
    })
    .await
}

/// Runs a request that has been admitted, and releases its slot.
pub(super) async fn in_slot<T, F: Future<Output = Result<T>>>(
    admitted: AdmittedBucket,
    request: impl FnOnce(AdmittedBucket) -> F,
) -> Result<T> {
    let slot = Arc::clone(&admitted.slot);
    slot.readmit().await;
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
    /// The last spawned task has started its request, or a task has received its response.
    Progress,
}

impl<T: Send + 'static> RequestTasks<T> {
    pub(super) fn new(bucket: &Bucket, concurrency: Concurrency) -> Self {
        Self {
            tasks: JoinSet::new(),
            bucket: bucket.clone(),
            concurrency,
            started: None,
            responses: ResponseCounter::default(),
            max_responses: 0,
            is_urgent: Arc::default(),
        }
    }

    /// Allows so many tasks above the concurrency that wait with [`ResponseCounter`].
    pub(super) fn with_responses(mut self, max: usize) -> Self {
        self.max_responses = max;
        self
    }

    /// Sets whether the transfer has nothing to do until the memory of its next task is reserved.
    pub(super) fn set_urgent(&self, is_urgent: bool) {
        self.is_urgent.store(is_urgent, Ordering::Relaxed);
    }

    /// Returns the counter for tasks that wait although they have received their response.
    pub(super) fn response_counter(&self) -> ResponseCounter {
        self.responses.clone()
    }

    /// Returns whether tasks wait although they have received their response.
    pub(super) fn has_responses(&self) -> bool {
        self.responses.lock().tasks > 0
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
        let limit = self.limit();
        let sending = self.len().saturating_sub(self.responses.lock().tasks);
        self.started.is_none()
            && sending < limit
            && self.len() < limit.saturating_add(self.max_responses)
    }

    /// Spawns a task that sends `request` when it is its turn, and there are `memory` bytes for it, or
    /// some of them.
    pub(super) fn spawn<F>(
        &mut self,
        memory: u64,
        request: impl FnOnce(AdmittedBucket, Option<Reservation>) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<T>> + Send,
    {
        let (bucket, concurrency) = (self.bucket.clone(), self.concurrency);
        let is_urgent = Arc::clone(&self.is_urgent);
        let (start, started) = oneshot::channel();
        self.started = Some(started);
        self.tasks.spawn(in_current_span(async move {
            // In this order: a request that has been admitted must not wait for memory.
            let reservation = match memory {
                0 => None,
                _ => {
                    let budget = Arc::clone(&bucket.transfer_budget().memory);
                    Some(budget.reserve_range(memory, is_urgent).await)
                }
            };
            let admitted = concurrency.admit(&bucket).await;
            // The transfer may have ended.
            let _ = start.send(());
            in_slot(admitted, |admitted| request(admitted, reservation)).await
        }));
    }

    /// Spawns a task for a request that has been admitted already. Its slot may be parked.
    pub(super) fn spawn_admitted<F>(
        &mut self,
        admitted: AdmittedBucket,
        request: impl FnOnce(AdmittedBucket) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.tasks
            .spawn(in_current_span(in_slot(admitted, request)));
    }

    /// Polls the next event; `None` if no task is left. Panics of callbacks continue.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<TaskEvent<T>>>> {
        // Before the end of the same task, so that the transfer does not seem to be at its end.
        if let Some(started) = &mut self.started
            && Pin::new(started).poll(cx).is_ready()
        {
            self.started = None;
            return Poll::Ready(Some(Ok(TaskEvent::Progress)));
        }
        if self.max_responses > 0 && self.responses.poll_new(cx).is_ready() {
            return Poll::Ready(Some(Ok(TaskEvent::Progress)));
        }
        let joined = ready!(self.tasks.poll_join_next(cx));
        Poll::Ready(joined.map(|joined| task_result(joined).flatten().map(TaskEvent::Finished)))
    }

    pub(super) async fn next(&mut self) -> Option<Result<TaskEvent<T>>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Cancels all tasks, and waits until they have ended.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::QingStor;
    use crate::config::Config;

    #[tokio::test]
    async fn tasks_with_a_response_do_not_count_towards_the_concurrency() {
        let qingstor = QingStor::new(Config::anonymous()).unwrap();
        let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
        let tasks = RequestTasks::new(&bucket, Concurrency::Fixed(1));
        let mut tasks = tasks.with_responses(1);
        let mut finish = Vec::new();
        for number in 0..2 {
            assert!(tasks.has_room(), "{number}");
            let responses = tasks.response_counter();
            let (sender, finished) = oneshot::channel::<()>();
            finish.push(sender);
            tasks.spawn(0, async move |_, _| {
                let _response = responses.enter();
                let _ = finished.await;
                Ok(number)
            });
            assert!(!tasks.has_room(), "{number}: it has no response yet");
            for _ in ["start", "response"] {
                let event = tasks.next().await.unwrap().unwrap();
                assert!(matches!(event, TaskEvent::Progress), "{number}");
            }
        }
        assert!(!tasks.has_room(), "both wait after their responses");
        finish.remove(0).send(()).unwrap();
        let event = tasks.next().await.unwrap().unwrap();
        assert!(matches!(event, TaskEvent::Finished(0)));
        assert!(tasks.has_room());
        tasks.shutdown().await;
        assert_eq!(tasks.responses.lock().tasks, 0);
    }
}
