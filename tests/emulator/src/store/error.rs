//! Why the store did not do what it was asked for.

use std::io;

use super::records::VersionId;

/// Why the store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("bucket {0:?} does not exist")]
    NoBucket(String),
    #[error("object {0:?} does not exist")]
    NoObject(String),
    #[error("object {key:?} has no version {version}")]
    NoVersion { key: String, version: VersionId },
    /// What was asked for is there, and says that the object is deleted.
    #[error("version {version} of object {key:?} is a delete marker")]
    DeleteMarker {
        key: String,
        version: VersionId,
        /// Whether that very version was asked for.
        is_named: bool,
    },
    #[error("upload {0:?} does not exist")]
    NoUpload(String),
    #[error("bucket {0:?} exists already")]
    BucketExists(String),
    #[error("bucket {0:?} is not empty")]
    BucketNotEmpty(String),
    #[error("object {0:?} is protected by the retention of its bucket")]
    Protected(String),
    #[error("object {0:?} was not made by appending, so nothing can be appended")]
    NotAppendable(String),
    #[error("position {given} is not the end of the object, which is {end}")]
    WrongPosition { given: u64, end: u64 },
    /// A list of parts that does not make an object.
    #[error(transparent)]
    BadParts(#[from] BadParts),
    #[error("an object has at most 50 TB")]
    TooLarge,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Database(#[from] redb::Error),
    /// A record that is not what this emulator writes.
    #[error("a record of the data directory is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// What is wrong with the parts that an upload shall be completed with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadParts {
    #[error("an object has at least one part")]
    None,
    #[error("part numbers ascend, and {1} comes after {0}")]
    Order(u32, u32),
    #[error("part {0} was not uploaded")]
    Missing(u32),
    #[error("part {number} has the ETag {actual}, not {given}")]
    Etag {
        number: u32,
        given: String,
        actual: String,
    },
    #[error("part {number} has {size} bytes; all but the last part have at least {minimum}")]
    TooSmall {
        number: u32,
        size: u64,
        minimum: u64,
    },
}

/// The errors of the database come in one type for each kind of call.
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
