//! Stage 7: writes rendered files to a folder, or compares them with it.

mod compare;
mod formatter;
mod formatter_process;
mod lock;
mod marked_section;
mod ownership;
mod plan;
mod scratch;
mod tree;
mod write;

use std::io;

pub(crate) use compare::crlf_advice;
pub use compare::{Stale, StaleKind};
pub use formatter::Formatting;
pub(crate) use lock::Inputs;
pub(crate) use plan::Plan;
pub(crate) use tree::refuse_links;
pub(crate) use write::write_whole;

/// Result of writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were created or changed, in order.
    pub written: Vec<String>,
    /// Number of files that did not change.
    pub unchanged: usize,
    /// Files that were removed, in order.
    pub removed: Vec<String>,
    /// Written and removed files that were edited since the last run. The edits are lost.
    pub edited: Vec<String>,
    /// Templates that nothing uses, in order.
    pub unused_templates: Vec<String>,
}

/// Reason why files could not be written or compared.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The lock file is damaged, or from another program.
    #[error("{path}: {message}; restore it from version control, or delete it and generate again")]
    Lock {
        /// The lock file.
        path: String,
        /// Description of the problem.
        message: String,
    },
    /// The formatter could not be started.
    #[error(
        "cannot start the formatter `{command}`: {source}; \
         install it{hint} or put it on the PATH"
    )]
    FormatterMissing {
        /// Command line of the formatter.
        command: String,
        /// Installation command, if known.
        hint: String,
        /// The cause.
        source: io::Error,
    },
    /// The formatter failed, or its output cannot be used.
    #[error("the formatter `{command}` failed on {path}, rendered by {template}: {message}")]
    Formatter {
        /// Command line of the formatter.
        command: String,
        /// Path in the output folder.
        path: String,
        /// Template of the file.
        template: String,
        /// Description of the problem, with advice.
        message: String,
    },
    /// A file is in the way that the generator did not write.
    #[error("{path} is in the way: {message}")]
    InTheWay {
        /// The file.
        path: String,
        /// Reason why the file does not belong to the generator, with advice.
        message: String,
    },
    /// The output folder contains a symbolic link where a file or folder is expected.
    #[error(
        "{path} is a symbolic link; the generator does not write, remove or compare files through \
         links: replace it by a file or folder, or name its target as the output folder"
    )]
    Link {
        /// The link.
        path: String,
    },
    /// The output folder contains a device, a socket or a pipe where a file or folder is expected.
    #[error("{path} is neither a file nor a folder; remove it")]
    NotRegular {
        /// The path.
        path: String,
    },
    /// A section cannot be replaced.
    #[error("{path}: {message}")]
    Section {
        /// The file.
        path: String,
        /// Description of the problem, with advice.
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
