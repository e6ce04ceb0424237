//! Stage 7: files in memory in, a folder out: written as a whole, or compared.

mod compare;
mod format;
mod lock;
mod plan;
mod section;
mod write;

use std::io;

pub use compare::{Stale, StaleKind};
pub use lock::{Inputs, Lock};
pub use plan::Plan;
pub(crate) use write::write_whole;

/// What writing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that are new or changed, in order.
    pub written: Vec<String>,
    /// Files that were already as they should be.
    pub unchanged: usize,
    /// Files that are no longer made, in order.
    pub removed: Vec<String>,
    /// Templates that are no part of anything, in order.
    pub unused_templates: Vec<String>,
}

/// Why nothing could be written or compared.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The lock file is not ours, or damaged.
    #[error("{path}: {message}; restore it from version control, or delete it and generate again")]
    Lock {
        /// The lock file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The formatter is not installed.
    #[error(
        "the formatter `{command}` can't be started: {source}; \
         install it{hint} or put it on the PATH"
    )]
    FormatterMissing {
        /// The whole command.
        command: String,
        /// How to install it, if known.
        hint: String,
        /// Why.
        source: io::Error,
    },
    /// The formatter refused what was rendered.
    #[error("`{command}` failed on {path}, rendered by {template}:\n{message}")]
    Formatter {
        /// The whole command.
        command: String,
        /// The file in the output folder.
        path: String,
        /// The template that made it.
        template: String,
        /// What it printed.
        message: String,
    },
    /// A file is in the way that was not generated.
    #[error(
        "{path} is in the way: it was not generated (no `@generated` line, not in the lock file); \
         move it or change `to` in pack.json"
    )]
    InTheWay {
        /// The file.
        path: String,
    },
    /// A section can't be put in place.
    #[error("{path}: {message}")]
    Section {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl OutputError {
    pub(crate) fn io(path: &std::path::Path, source: io::Error) -> Self {
        Self::Io {
            path: crate::source::slashes(path),
            source,
        }
    }
}
