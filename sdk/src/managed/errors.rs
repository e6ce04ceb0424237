//! Error helpers of the managed operations.

use tokio::task::JoinError;

use crate::base::error::{CallContext, Error, ErrorKind, Result};
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
    match result {
        Ok(value) => Ok(value),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => {
                let text = "the runtime ended the task";
                Err(Error::new(ErrorKind::Io, text).with_source(error))
            }
        },
    }
}
