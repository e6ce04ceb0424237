//! [`FutureSet`]: runs a few futures concurrently without spawning tasks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Futures that run concurrently in the task that polls them. Dropping the set drops them. Each
/// wake polls all of them, so it is meant for a few.
pub(crate) struct FutureSet<T>(Vec<Running<T>>);

impl<T> FutureSet<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, future: impl Future<Output = T> + Send + 'static) {
        self.0.push(Box::pin(future));
    }

    /// Returns the output of the first future that completes; `None` if no future is left.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let done = self.0.iter_mut().enumerate().find_map(|(index, future)| {
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => Some((index, value)),
                Poll::Pending => None,
            }
        });
        match done {
            Some((index, value)) => {
                drop(self.0.swap_remove(index));
                Poll::Ready(Some(value))
            }
            None => Poll::Pending,
        }
    }
}
