//! The Tokio runtime of the caller.

use tokio::runtime::Handle;

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
