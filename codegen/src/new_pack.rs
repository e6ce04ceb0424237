//! A small working pack to start from.

use std::path::Path;

use crate::output::OutputError;
use crate::pack::TESTS;
use crate::pack_test::{FIRST_TEST, PackTests, SMALL_SPEC};
use crate::schema;
use crate::source::slashes;

/// The files of the pack, but for the schema, which is made when they are written.
const FILES: &[(&str, &str)] = &[
    (
        ".gitattributes",
        include_str!("new_pack/pack/gitattributes"),
    ),
    ("README.md", include_str!("new_pack/pack/README.md")),
    ("pack.json", include_str!("new_pack/pack/pack.json")),
    (
        "index.txt.tera",
        include_str!("new_pack/pack/index.txt.tera"),
    ),
    (
        "resource.txt.tera",
        include_str!("new_pack/pack/resource.txt.tera"),
    ),
    (
        "types.txt.tera",
        include_str!("new_pack/pack/types.txt.tera"),
    ),
    ("parts.tera", include_str!("new_pack/pack/parts.tera")),
];

/// What `pack.json` names as its schema.
const SCHEMA: &str = "pack.schema.json";

/// Why no pack was made.
#[derive(Debug, thiserror::Error)]
pub enum NewPackError {
    /// The folder holds something.
    #[error("error[new-pack]: {path} is not empty; name a folder that is empty or not there")]
    NotEmpty {
        /// The folder.
        path: String,
    },
    /// It could not be written.
    #[error("error[new-pack]: {0}")]
    Output(#[from] OutputError),
    /// The new pack does not work: a mistake of this crate.
    #[error("{0}")]
    Broken(#[from] crate::Error),
}

/// Writes a pack into a folder that is empty or not there: all of it, or nothing. Gives the names
/// of its files.
///
/// # Errors
///
/// The folder holds something, or a file can't be written.
pub fn write(folder: &Path) -> Result<Vec<String>, NewPackError> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error| OutputError::io(folder, error);
    refuse_full(folder)?;
    std::fs::create_dir_all(parent).map_err(failed)?;
    // Made beside its place and renamed as a whole.
    let scratch = tempfile::Builder::new()
        .prefix(".codegen-scratch-")
        .tempdir_in(parent)
        .map_err(failed)?;
    let staged = scratch.path().join("pack");
    for (name, text) in FILES {
        crate::output::write_whole(&staged.join(name), text)?;
    }
    let mut text = format!("{:#}", schema::manifest());
    text.push('\n');
    crate::output::write_whole(&staged.join(SCHEMA), &text)?;
    let test = staged.join(TESTS).join(FIRST_TEST);
    crate::output::write_whole(&test.join("spec.json"), SMALL_SPEC)?;
    let expected = PackTests::new(&staged).update(FIRST_TEST)?;
    let mut names: Vec<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.push(SCHEMA.to_owned());
    names.push(format!("{TESTS}/{FIRST_TEST}/spec.json"));
    let staged_name = format!("{}/", slashes(&staged));
    names.extend(
        expected
            .iter()
            .filter_map(|path| path.strip_prefix(&staged_name).map(str::to_owned)),
    );
    // An empty folder is replaced; one that was filled meanwhile is not.
    match std::fs::remove_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(error).into());
        }
        _ => {}
    }
    std::fs::rename(&staged, folder).map_err(failed)?;
    names.sort();
    Ok(names)
}

fn refuse_full(folder: &Path) -> Result<(), NewPackError> {
    let path = slashes(folder);
    match std::fs::read_dir(folder) {
        Ok(entries) => match entries.count() {
            0 => Ok(()),
            _ => Err(NewPackError::NotEmpty { path }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(OutputError::io(folder, error).into()),
    }
}
