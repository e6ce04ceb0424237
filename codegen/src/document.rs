//! Stage 2: reads the typed specification from JSON, with `$ref`s resolved and overlays applied.

mod bundle;
mod dialect;
pub(crate) mod grammar;
mod integer_type;
mod overlay;
mod read;
mod schema_ids;
mod types;

use std::path::{Path, PathBuf};

pub(crate) use dialect::Dialect;
pub(crate) use integer_type::IntegerType;
pub(crate) use overlay::{idle_parts, parse_target};
pub use types::Retry;
pub(crate) use types::*;

use crate::diagnostic::Diagnostic;
use crate::source::{Node, Sources};

/// A specification, and the JSON that it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The typed specification.
    pub document: Document,
    /// All files as one JSON tree, with the overlays applied.
    pub bundled: Node,
    /// Version of the specification language.
    pub dialect: Dialect,
    /// Warnings and notes that were found while reading.
    pub notes: Vec<Diagnostic>,
}

/// Reads a specification with all of its files, and applies overlays in order.
///
/// # Errors
///
/// Returns all errors, as far as the specification could be read.
pub(crate) fn load(
    spec: &Path,
    overlays: &[PathBuf],
    sources: &mut Sources,
) -> Result<Loaded, Vec<Diagnostic>> {
    let (mut bundled, dialect) = bundle::bundle(spec, sources)?;
    let mut notes = Vec::new();
    for overlay in overlays {
        notes.extend(overlay::apply(&mut bundled, spec, overlay, sources)?);
    }
    let (document, more) = read::read(&bundled, dialect)?;
    notes.extend(more);
    Ok(Loaded {
        document,
        bundled,
        dialect,
        notes,
    })
}
