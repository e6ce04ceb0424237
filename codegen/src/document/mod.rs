//! Stage 2: JSON in, a typed specification out: files put together, overlay applied, `$ref`s checked.

mod bundle;
pub(crate) mod grammar;
mod overlay;
mod read;
mod types;

use std::path::{Path, PathBuf};

pub use types::*;

use crate::diagnostic::Diagnostic;
use crate::source::{Node, Sources};

/// A specification, and the JSON that it was read from.
#[derive(Debug)]
pub struct Loaded {
    /// The typed specification.
    pub document: Document,
    /// All files as one tree, with the overlays applied.
    pub bundled: Node,
}

/// Reads a specification and all files that belong to it; overlays apply in order.
///
/// # Errors
///
/// All that is wrong with it, as far as it could be read.
pub fn load(
    spec: &Path,
    overlays: &[PathBuf],
    sources: &mut Sources,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut bundled = bundle::bundle(spec, sources)?;
    for overlay in overlays {
        overlay::apply(&mut bundled, overlay, sources)?;
    }
    let document = read::read(&bundled)?;
    Ok(Loaded { document, bundled })
}
