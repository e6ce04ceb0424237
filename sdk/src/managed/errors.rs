//! Error helpers of the managed operations.

use std::io;
use std::path::Path;

use tokio::task::{JoinError, spawn_blocking};

use crate::base::error::{CallContext, Error, ErrorKind, Result};
use crate::base::runtime;
use crate::client::Bucket;
pub(super) use crate::message::response::response_error;

/// Adds the operation and the object to an error that does not have them.
#[inline]
pub(super) fn with_object(
    error: Error,
    bucket: &Bucket,
    key: &str,
    operation: &'static str,
) -> Error {
    error.with_call(object_call(bucket, key, operation))
}

/// Returns the context of an operation on an object.
#[inline]
pub(super) fn object_call(bucket: &Bucket, key: &str, operation: &'static str) -> CallContext {
    CallContext {
        operation,
        bucket: Some(bucket.name().to_owned()),
        key: Some(key.to_owned()),
        ..CallContext::default()
    }
}

/// Returns the error of an operation on a file.
pub(super) fn file_error(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display())).with_source(error)
}

/// Returns the error of an operation on a folder, for example `read`.
#[inline]
pub(super) fn folder_error(verb: &str, folder: &Path, error: io::Error) -> Error {
    let text = format!("cannot {verb} the folder {}: {error}", folder.display());
    Error::new(ErrorKind::Io, text).with_source(error)
}

/// Creates a folder, and those that contain it, if necessary. Blocks.
#[inline]
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| folder_error("create", folder, error))
}

/// Runs work on one of the runtime's threads for blocking work.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    task_result(spawn_blocking(work).await)
}

/// Returns the result of a spawned task. Resumes its panic, which only a user callback can cause.
pub(super) fn task_result<T>(result: Result<T, JoinError>) -> Result<T> {
    runtime::joined(result)
        .map_err(|error| Error::new(ErrorKind::Io, "the runtime ended the task").with_source(error))
}
