//! Findings: problems in a specification, an overlay or a pack, with their place and advice.

mod github;
mod report;
pub mod rules;

pub use report::{Finding, Note, Place, Report};
pub(crate) use report::{changes_direction, changes_display, one_line};
pub use rules::Rule;

use crate::span::Span;

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Information only.
    Note,
    /// A possible mistake. Output is still written.
    Warning,
    /// A mistake. No output is written.
    Error,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A finding whose places are byte ranges. [`Report`] turns it into a [`Finding`].
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Severity.
    pub severity: Severity,
    /// Id of the rule. Ids are stable over releases.
    pub rule: &'static str,
    /// Description of the problem in one line.
    pub message: String,
    /// Place of the problem. `None` if the file could not be read.
    pub span: Option<Span>,
    /// Related places with labels.
    pub notes: Vec<(Span, String)>,
    /// Advice in one line.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Creates an error with a place.
    pub fn error(rule: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            ..Self::error_nowhere(rule, message)
        }
    }

    /// Creates an error without a place in a file.
    pub fn error_nowhere(rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            message: message.into(),
            span: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// Creates a warning with a place.
    pub fn warning(rule: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, span, message)
        }
    }

    /// Creates a note with a place.
    pub fn note(rule: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(rule, span, message)
        }
    }

    /// Adds a related place.
    #[must_use]
    pub fn with_note(mut self, span: Span, label: impl Into<String>) -> Self {
        self.notes.push((span, label.into()));
        self
    }

    /// Sets the advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
