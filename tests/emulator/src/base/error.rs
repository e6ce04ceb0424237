//! Why an emulator does not start, or does not go on.

use std::io;
use std::path::PathBuf;

/// Why an emulator does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address can't be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address, as it was given.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory can't be used.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another emulator uses the data directory.
    #[error("the data directory {} is in use by another emulator", path.display())]
    DataDirInUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the data directory does not hold what it should.
    #[error("the data directory is damaged at {}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The store of a running emulator can't be read or written.
    #[error("the store failed: {0}")]
    Store(String),
    /// A fault rule makes no sense.
    #[error(transparent)]
    Fault(#[from] FaultRuleError),
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
}

/// An invalid fault rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault rule {rule:?}: {problem}")]
pub struct FaultRuleError {
    /// The rule, as text.
    pub(crate) rule: String,
    /// The invalid part, and what is valid.
    pub(crate) problem: String,
}

/// What an emulator gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;
