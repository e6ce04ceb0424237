//! Stage 3: what is wrong, or could be better, with a specification that can be read.

mod keys;
mod rules;

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::source::Node;

/// All findings: errors and warnings.
pub fn lint(document: &Document, bundled: &Node) -> Vec<Diagnostic> {
    let mut found = errors(document);
    found.extend(rules::warnings(document));
    found.extend(keys::unknown(bundled));
    found
}

/// The findings that forbid output.
pub fn errors(document: &Document) -> Vec<Diagnostic> {
    rules::errors(document)
}
