//! Error helpers of the managed operations.

use tokio::task::JoinError;

use crate::base::error::{CallContext, Error, ErrorKind, Result};
use crate::base::runtime;
use crate::client::Bucket;

/// Adds the operation and the object to an error that does not have them.
pub(super) fn with_object(
    error: Error,
    bucket: &Bucket,
    key: &str,
    operation: &'static str,
) -> Error {
    error.with_call(CallContext {
        operation,
        bucket: Some(bucket.name().to_owned()),
        key: Some(key.to_owned()),
        ..CallContext::default()
    })
}

/// Returns the result of a spawned task. Resumes its panic, which only a user callback can cause.
pub(super) fn task_result<T>(result: Result<T, JoinError>) -> Result<T> {
    runtime::joined(result)
        .map_err(|error| Error::new(ErrorKind::Io, "the runtime ended the task").with_source(error))
}
