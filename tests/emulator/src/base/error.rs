//! Errors of an emulator.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Errors of an emulator.
///
/// `{:?}`, which `unwrap` and a failed `main` print, writes one line: the text of `Display` and the
/// error of the system. `{:#?}` writes all fields.
#[derive(thiserror::Error)]
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

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.write_fields(f);
        }
        write!(f, "{self}")?;
        match self.source() {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error {
    fn write_fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } => f
                .debug_struct("Listen")
                .field("address", address)
                .field("source", source)
                .finish(),
            Self::DataDir { path, source } => f
                .debug_struct("DataDir")
                .field("path", path)
                .field("source", source)
                .finish(),
            Self::DataDirInUse { path } => {
                f.debug_struct("DataDirInUse").field("path", path).finish()
            }
            Self::Damaged { path, reason } => f
                .debug_struct("Damaged")
                .field("path", path)
                .field("reason", reason)
                .finish(),
            Self::Store(reason) => f.debug_tuple("Store").field(reason).finish(),
            Self::Fault(error) => f.debug_tuple("Fault").field(error).finish(),
            Self::Setting(reason) => f.debug_tuple("Setting").field(reason).finish(),
        }
    }
}

/// An invalid fault rule. `{:?}` writes the text of `Display`, and `{:#?}` all fields.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault rule {rule:?}: {problem}")]
pub struct FaultRuleError {
    /// The rule, as text.
    pub(crate) rule: String,
    /// The invalid part, and what is valid.
    pub(crate) problem: String,
}

impl fmt::Debug for FaultRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{self}");
        }
        f.debug_struct("FaultRuleError")
            .field("rule", &self.rule)
            .field("problem", &self.problem)
            .finish()
    }
}

/// Result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_one_line_with_the_error_of_the_system() {
        let error = Error::Listen {
            address: "127.0.0.1:80".to_owned(),
            source: io::Error::other("permission denied"),
        };
        assert_eq!(
            format!("{error:?}"),
            "cannot listen on 127.0.0.1:80: permission denied"
        );
        let shown = format!("{error:#?}");
        assert!(
            shown.starts_with("Listen {\n    address: \"127.0.0.1:80\","),
            "{shown}"
        );
        let error = Error::DataDirInUse {
            path: PathBuf::from("data"),
        };
        assert_eq!(
            format!("{error:?}"),
            "the data directory data is in use by another emulator"
        );
    }

    #[test]
    fn debug_of_a_wrong_fault_rule_is_its_message() {
        let error = FaultRuleError {
            rule: "a=\"b\"".to_owned(),
            problem: "unknown part `a`".to_owned(),
        };
        let expected = r#"fault rule "a=\"b\"": unknown part `a`"#;
        assert_eq!(format!("{error:?}"), expected);
        assert_eq!(format!("{:?}", Error::from(error.clone())), expected);
        let shown = format!("{error:#?}");
        assert!(shown.contains("problem: \"unknown part `a`\","), "{shown}");
    }
}
