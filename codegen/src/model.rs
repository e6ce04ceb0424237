//! Stage 4: a typed specification in, the model that templates see out.
//!
//! This is the only place where a name or a type is decided; a template formats.

mod imports;
mod location;
mod lower;
mod property;
mod type_graph;
mod type_name;
mod types;

pub use imports::Imports;
pub use location::Source;
pub use property::*;
pub use types::*;

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::source::Sources;
use crate::target_language::TargetLanguage;

/// Lowers a specification for a language.
///
/// # Errors
///
/// What can't be named or typed.
pub fn lower(
    document: &Document,
    language: &TargetLanguage,
    sources: &Sources,
    root: &str,
) -> Result<Model, Vec<Diagnostic>> {
    lower::lower(document, language, sources, root)
}
