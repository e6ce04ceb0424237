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
    /// The formatter failed, or what it printed can't be used.
    #[error("the formatter `{command}` failed on {path}, rendered by {template}: {message}")]
    Formatter {
        /// The whole command.
        command: String,
        /// The file in the output folder.
        path: String,
        /// The template that made it.
        template: String,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A file is in the way that the generator did not write.
    #[error("{path} is in the way: {message}")]
    InTheWay {
        /// The file.
        path: String,
        /// Why it is not the generator's, and what to do.
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
