//! The Tokio runtime of the caller, and its tasks.

use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tokio::task::JoinError;

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
