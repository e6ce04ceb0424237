//! Stage 4: a typed specification in, the model that templates see out.
//!
//! This is the only place where a name or a type is decided; a template formats.

mod graph;
mod lower;
mod property;
mod type_name;
mod types;
mod uses;

pub use property::*;
pub use types::*;
pub use uses::Uses;

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::language::Language;
use crate::source::Sources;

/// Lowers a specification for a language.
///
/// # Errors
///
/// What can't be named or typed.
pub fn lower(
    document: &Document,
    language: &Language,
    sources: &Sources,
    root: &str,
) -> Result<Model, Vec<Diagnostic>> {
    lower::lower(document, language, sources, root)
}
