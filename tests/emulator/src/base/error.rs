//! Errors of an emulator.

use std::io;
use std::path::PathBuf;

/// Errors of an emulator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The emulator cannot listen on the address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The configured address.
        address: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The emulator cannot use the data directory.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The directory, or a file in it.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another emulator uses the data directory.
    #[error("the data directory {} is in use by another emulator", path.display())]
    DataDirInUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the data directory is damaged.
    #[error("the data directory is damaged at {}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Description of the damage.
        reason: String,
    },
    /// Reading or writing the store of a running emulator failed.
    #[error("the store failed: {0}")]
    Store(String),
    /// A fault rule is not valid.
    #[error(transparent)]
    Fault(#[from] FaultRuleError),
    /// A setting is not valid.
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

/// Result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
