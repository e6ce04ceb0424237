//! Errors of the store.

use std::io;

use super::records::VersionId;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("bucket {0:?} does not exist")]
    NoBucket(String),
    #[error("object {0:?} does not exist")]
    NoObject(String),
    #[error("object {key:?} has no version {version}")]
    NoVersion { key: String, version: VersionId },
    /// The requested version is a delete marker.
    #[error("version {version} of object {key:?} is a delete marker")]
    DeleteMarker {
        key: String,
        version: VersionId,
        /// Whether the request named the version.
        is_named: bool,
    },
    #[error("upload {0:?} does not exist")]
    NoUpload(String),
    #[error("bucket {0:?} already exists")]
    BucketExists(String),
    #[error("bucket {0:?} is not empty")]
    BucketNotEmpty(String),
    #[error("object {0:?} is protected by the retention of its bucket")]
    Protected(String),
    #[error("object {0:?} was not created by an append, so it cannot be appended to")]
    NotAppendable(String),
    #[error("position {given} is not the end of the object, which is at {end}")]
    WrongPosition { given: u64, end: u64 },
    /// The list of parts of a completion is invalid.
    #[error(transparent)]
    BadParts(#[from] BadParts),
    #[error("the object would be larger than 50 TB")]
    TooLarge,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Database(#[from] redb::Error),
    /// A record cannot be parsed.
    #[error("a record of the data directory is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// Error in the list of parts of a completion.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadParts {
    #[error("the list of parts is empty")]
    None,
    #[error("part numbers must ascend, but {1} follows {0}")]
    Order(u32, u32),
    #[error("part {0} was not uploaded")]
    Missing(u32),
    #[error("part {number} has the ETag {actual}, not {given}")]
    Etag {
        number: u32,
        given: String,
        actual: String,
    },
    #[error("part {number} has {size} bytes; all parts except the last need at least {minimum}")]
    TooSmall {
        number: u32,
        size: u64,
        minimum: u64,
    },
}

/// Converts the error types of the database, of which it has one per kind of call.
macro_rules! database_errors {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

database_errors!(
    DatabaseError,
    TransactionError,
    TableError,
    StorageError,
    CommitError
);
