//! Creates a small working pack.

use std::path::Path;

use crate::output::OutputError;
use crate::pack::TESTS;
use crate::pack_test::{FIRST_TEST, PackTests, SMALL_SPEC};
use crate::schema;
use crate::source::slashes;

/// Files of the pack, without the schema, which is generated.
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

/// File name of the schema in `pack.json`.
const SCHEMA: &str = "pack.schema.json";

/// Reason why no pack was created.
#[derive(Debug, thiserror::Error)]
pub enum NewPackError {
    /// The folder is not empty.
    #[error("error[new-pack]: {path} is not empty; use a folder that is empty or does not exist")]
    NotEmpty {
        /// The folder.
        path: String,
    },
    /// The files could not be written.
    #[error("error[new-pack]: {0}")]
    Output(#[from] OutputError),
    /// The new pack does not work. This is a bug of the generator.
    #[error("{0}")]
    Broken(#[from] crate::Error),
}

/// Writes a pack into a folder that is empty or does not exist: all files, or none. Returns the
/// names of the files.
///
/// # Errors
///
/// Returns an error if the folder is not empty, or if a file cannot be written.
pub fn write(folder: &Path) -> Result<Vec<String>, NewPackError> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error| OutputError::io(folder, error);
    check_empty(folder)?;
    std::fs::create_dir_all(parent).map_err(failed)?;
    // Write to a temporary folder next to the target, and rename it as a whole.
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
    // Replaces an empty folder. Fails if the folder was filled in the meantime.
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

fn check_empty(folder: &Path) -> Result<(), NewPackError> {
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
