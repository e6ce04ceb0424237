//! The packs of this project, which the program contains.

use std::path::Path;

use super::{Manifest, PackError, folder};

/// Paths and contents of the files of the packs, for example `rust/pack.json`.
pub(crate) const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// Returns `pack.json` of the pack `rust`.
///
/// # Errors
///
/// Returns an error if `pack.json` is wrong, which is a bug of the generator.
pub(crate) fn rust_manifest() -> Result<Manifest, PackError> {
    const NAME: &str = "rust/pack.json";
    let path = Path::new(NAME);
    let Some((_, text)) = EMBEDDED.iter().find(|(known, _)| *known == NAME) else {
        let missing = std::io::ErrorKind::NotFound.into();
        return Err(PackError::read(path, missing));
    };
    folder::parse(path, text)
}
