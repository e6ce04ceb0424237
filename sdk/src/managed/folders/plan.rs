//! [`FolderPlan`]: the actions of a transfer as a stream.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use tokio::sync::mpsc;

use super::FolderTransfer;
use super::action::FolderAction;
use super::context::Context;
use super::planned_action::PlannedAction;
use super::planner::{PlanError, Planner};
use crate::base::error::{Error, Result};
use crate::base::runtime::{self, ScopedTask};
use crate::client::spans::in_current_span;
use crate::managed::errors::task_result;

/// The actions of a [`FolderTransfer`] as a stream, created by [`FolderTransfer::plan`]. Nothing is
/// transferred or deleted: the plan only lists, and reads files to compare them.
///
/// The stream starts when it is polled. An error ends it. Dropping it ends the requests.
#[must_use = "a plan does nothing until it is polled"]
pub struct FolderPlan {
    transfer: Option<FolderTransfer>,
    actions: Option<ActionStream>,
    error: Option<Error>,
}

impl FolderPlan {
    pub(super) fn new(transfer: FolderTransfer) -> Self {
        Self {
            transfer: Some(transfer),
            actions: None,
            error: None,
        }
    }

    /// Returns the next action; `None` after the last one and after an error.
    ///
    /// # Errors
    ///
    /// As [`FolderTransfer`].
    pub async fn next(&mut self) -> Option<Result<FolderAction>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns the error of the last action if it is skipped because of
    /// [`SkipReason::NotCompared`](crate::SkipReason::NotCompared), for example for its
    /// [request ID](Error::request_id).
    #[must_use]
    pub fn comparison_error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl Stream for FolderPlan {
    type Item = Result<FolderAction>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if let Some(transfer) = self.transfer.take() {
            if let Err(error) = runtime::current() {
                return Poll::Ready(Some(Err(error)));
            }
            self.actions = Some(ActionStream::start(async move {
                Context::new(transfer, false).await
            }));
        }
        let Some(actions) = &mut self.actions else {
            return Poll::Ready(None);
        };
        let next = ready!(actions.poll_next(cx));
        if !matches!(next, Some(Ok(_))) {
            self.actions = None;
        }
        self.error = None;
        Poll::Ready(next.map(|planned| {
            let planned = planned?;
            self.error = planned.error;
            Ok(planned.action)
        }))
    }
}

impl fmt::Debug for FolderPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderPlan")
            .field("transfer", &self.transfer)
            .finish_non_exhaustive()
    }
}

/// The actions of a task that plans.
pub(super) struct ActionStream {
    receiver: mpsc::Receiver<PlannedAction>,
    planner: ScopedTask<Result<()>>,
}

/// Number of actions that wait to be taken.
pub(super) const QUEUED_ACTIONS: usize = 512;

impl ActionStream {
    pub(super) fn start(
        context: impl Future<Output = Result<Arc<Context>>> + Send + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_ACTIONS);
        let planner = ScopedTask::spawn(in_current_span(async move {
            match Planner::new(context.await?, sender).run().await {
                // Nothing can be sent.
                Ok(()) | Err(PlanError::ConsumerEnded) => Ok(()),
                Err(PlanError::Failed(error)) => Err(error),
            }
        }));
        Self { receiver, planner }
    }

    /// Polls the next action; `None` after the last one. Must not be polled after the end or an error.
    /// Resumes a panic of the planner, which only a callback can cause.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<PlannedAction>>> {
        match ready!(self.receiver.poll_recv(cx)) {
            Some(planned) => Poll::Ready(Some(Ok(planned))),
            None => self.poll_end(cx).map(|ended| ended.err().map(Err)),
        }
    }

    /// Like [`poll_next`](Self::poll_next), but adds all actions that are ready to `planned`; none at
    /// the end.
    pub(super) fn poll_many(
        &mut self,
        cx: &mut TaskContext<'_>,
        planned: &mut Vec<PlannedAction>,
    ) -> Poll<Result<()>> {
        let received = self.receiver.poll_recv_many(cx, planned, QUEUED_ACTIONS);
        match ready!(received) {
            0 => self.poll_end(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<()>> {
        let planner = Pin::new(&mut self.planner);
        planner.poll(cx).map(|ended| task_result(ended).flatten())
    }
}
