//! Stage 4: lowers the typed specification to the model that templates see.
//!
//! All decisions about names and types are made here. Templates only format.

mod imports;
mod lower;
mod property;
mod source_location;
mod type_graph;
mod type_name;
mod types;

pub use crate::document::Retry;
pub use imports::Imports;
pub use property::*;
pub use source_location::SourceLocation;
pub use types::*;

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::source::Sources;
use crate::target_language::TargetLanguage;

/// Lowers a specification for a target language. Appends warnings about the names.
///
/// # Errors
///
/// Returns all names and types that the target language cannot represent.
pub fn lower(
    document: &Document,
    language: &TargetLanguage,
    sources: &Sources,
    root: &str,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Model, Vec<Diagnostic>> {
    lower::lower(document, language, sources, root, warnings)
}
