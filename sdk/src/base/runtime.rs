//! The Tokio runtime of the caller, and its tasks.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};

use crate::base::error::{Error, Result};

/// Returns the runtime in which the future is polled. Tokio's functions panic without one.
///
/// # Errors
///
/// Returns `Config` outside of a runtime.
pub(crate) fn current() -> Result<Handle> {
    Handle::try_current().map_err(|error| {
        Error::config("calls must be awaited inside a Tokio runtime").with_source(error)
    })
}

/// A task that is aborted if this is dropped. Awaiting it returns its result.
#[must_use = "the task is aborted on drop"]
pub(crate) struct ScopedTask<T>(JoinHandle<T>);

impl<T: Send + 'static> ScopedTask<T> {
    /// Spawns the task on the current runtime. Panics outside of a runtime.
    pub(crate) fn spawn(task: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Returns whether the task has ended.
    #[cfg(feature = "folders")]
    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> Future for ScopedTask<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for ScopedTask<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs the future of a task in the span that is current now.
#[cfg(feature = "tracing")]
pub(crate) fn in_current_span<F: Future>(future: F) -> impl Future<Output = F::Output> {
    tracing::Instrument::in_current_span(future)
}

/// Without the feature `tracing`, there are no spans.
#[cfg(not(feature = "tracing"))]
pub(crate) fn in_current_span<F: Future>(future: F) -> F {
    future
}

/// Returns the result of a spawned task. Resumes its panic, which only a user callback can cause.
///
/// # Errors
///
/// Returns the error if the runtime ended the task.
pub(crate) fn joined<T>(result: Result<T, JoinError>) -> Result<T, JoinError> {
    result.map_err(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_scoped_task_ends_with_its_owner() {
        assert_eq!(ScopedTask::spawn(async { 5 }).await.unwrap(), 5);
        let owned = Arc::new(());
        let weak = Arc::downgrade(&owned);
        let task = ScopedTask::spawn(async move {
            std::future::pending::<()>().await;
            drop(owned);
        });
        tokio::task::yield_now().await;
        assert_eq!(weak.strong_count(), 1);
        drop(task);
        tokio::task::yield_now().await;
        assert_eq!(weak.strong_count(), 0);
    }
}
