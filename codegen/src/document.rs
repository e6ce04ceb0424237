//! Stage 2: JSON in, a typed specification out: files put together, overlays applied, `$ref`s
//! checked.

mod bundle;
mod dialect;
pub(crate) mod grammar;
mod overlay;
mod read;
mod schema_ids;
mod types;

use std::path::{Path, PathBuf};

pub(crate) use dialect::Dialect;
pub(crate) use overlay::{idle_parts, parse_target};
pub(crate) use types::*;

use crate::diagnostic::Diagnostic;
use crate::source::{Node, Sources};

/// A specification, and the JSON that it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The typed specification.
    pub document: Document,
    /// All files as one tree, with the overlays applied.
    pub bundled: Node,
    /// What the tree is written in.
    pub dialect: Dialect,
    /// Warnings and notes of those who read it.
    pub notes: Vec<Diagnostic>,
}

/// Reads a specification and all files that belong to it; overlays apply in order.
///
/// # Errors
///
/// All that is wrong with it, as far as it could be read.
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
