//! [`FolderPlan`]: the actions of a transfer as a stream.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::FolderTransfer;
use super::action::FolderAction;
use super::context::Context;
use super::plan_event::PlanEvent;
use super::planner::{PlanError, Planner};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;
use crate::client::spans::in_current_span;

/// The actions of a [`FolderTransfer`] as a stream, created by [`FolderTransfer::plan`]. Nothing is
/// transferred or deleted: the plan only lists, and reads files to compare them.
///
/// The stream starts when it is polled. An error ends it. Dropping it ends the requests.
#[must_use = "a plan does nothing until it is polled"]
pub struct FolderPlan {
    transfer: Option<FolderTransfer>,
    actions: Option<ActionStream>,
}

impl FolderPlan {
    pub(super) fn new(transfer: FolderTransfer) -> Self {
        Self {
            transfer: Some(transfer),
            actions: None,
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
        let planned = ready!(actions.receiver.poll_recv(cx));
        Poll::Ready(match planned {
            Some(Ok(PlanEvent::Action(planned))) => Some(Ok(planned.action)),
            Some(Ok(PlanEvent::End)) => {
                self.actions = None;
                None
            }
            Some(Err(error)) => {
                self.actions = None;
                Some(Err(error))
            }
            None => {
                self.actions = None;
                Some(Err(planner_ended()))
            }
        })
    }
}

impl fmt::Debug for FolderPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderPlan")
            .field("transfer", &self.transfer)
            .finish_non_exhaustive()
    }
}

pub(super) fn planner_ended() -> Error {
    Error::new(ErrorKind::Io, "the runtime ended the plan")
}

/// The actions of a task that plans.
pub(super) struct ActionStream {
    pub(super) receiver: mpsc::Receiver<Result<PlanEvent>>,
    /// Aborts the planner if the stream is dropped.
    _planner: JoinSet<()>,
}

/// Number of actions that wait to be taken.
pub(super) const QUEUED_ACTIONS: usize = 512;

impl ActionStream {
    pub(super) fn start(
        context: impl Future<Output = Result<Arc<Context>>> + Send + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_ACTIONS);
        let mut planner = JoinSet::new();
        planner.spawn(in_current_span(async move {
            let planned = match context.await {
                Ok(context) => Planner::new(context, sender.clone()).run().await,
                Err(error) => Err(error.into()),
            };
            let end = match planned {
                Ok(()) => Ok(PlanEvent::End),
                // Nothing can be sent.
                Err(PlanError::ConsumerEnded) => return,
                Err(PlanError::Failed(error)) => Err(error),
            };
            // The consumer may have ended.
            let _ = sender.send(end).await;
        }));
        Self {
            receiver,
            _planner: planner,
        }
    }
}
