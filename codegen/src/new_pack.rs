//! Creates a pack: a small one, or a copy of a pack of this project.

use std::fmt;
use std::path::Path;

use crate::output::OutputError;
use crate::pack::{EMBEDDED, TESTS};
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

/// Names of the packs that [`copy`] can write, in alphabetical order.
///
/// ```
/// assert!(qingstor_codegen::new_pack::names().contains(&"rust"));
/// ```
#[must_use]
pub fn names() -> Vec<&'static str> {
    let folders = EMBEDDED
        .iter()
        .filter_map(|(path, _)| path.split('/').next());
    let mut names: Vec<_> = folders.collect();
    names.dedup();
    names
}

/// Reason why no pack was created. `{:?}` writes the text of `Display`, and `{:#?}` all fields.
#[derive(thiserror::Error)]
pub enum NewPackError {
    /// The name is not that of a pack.
    #[error("error[new-pack]: there is no pack `{name}`; use one of {}", names().join(", "))]
    UnknownPack {
        /// The name.
        name: String,
    },
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

impl fmt::Debug for NewPackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{self}");
        }
        match self {
            Self::UnknownPack { name } => {
                f.debug_struct("UnknownPack").field("name", name).finish()
            }
            Self::NotEmpty { path } => f.debug_struct("NotEmpty").field("path", path).finish(),
            Self::Output(error) => f.debug_tuple("Output").field(error).finish(),
            Self::Broken(error) => f.debug_tuple("Broken").field(error).finish(),
        }
    }
}

/// Writes a small pack into a folder that is empty or does not exist: all files, or none. Returns
/// the names of the files.
///
/// # Errors
///
/// Returns an error if the folder is not empty, or if a file cannot be written.
pub fn write(folder: &Path) -> Result<Vec<String>, NewPackError> {
    let mut files: Vec<_> = FILES
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    files.push((
        format!("{TESTS}/{FIRST_TEST}/spec.json"),
        SMALL_SPEC.to_owned(),
    ));
    write_files(folder, files, |staged| {
        PackTests::new(staged).update(FIRST_TEST)?;
        Ok(())
    })
}

/// Writes a copy of one of this project's packs, with its tests, into a folder that is empty or does
/// not exist: all files, or none. Returns the names of the files.
///
/// # Errors
///
/// Returns an error if the name is not one of [`names`], if the folder is not
/// empty, or if a file cannot be written.
pub fn copy(name: &str, folder: &Path) -> Result<Vec<String>, NewPackError> {
    let prefix = format!("{name}/");
    let files: Vec<_> = EMBEDDED
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)))
        // The schema is beside `pack.json` in a copy, and above it in this project.
        .map(|(path, text)| {
            (
                path.to_owned(),
                text.replace("\"../pack.schema", "\"pack.schema"),
            )
        })
        .collect();
    if files.is_empty() {
        let name = name.to_owned();
        return Err(NewPackError::UnknownPack { name });
    }
    write_files(folder, files, |_| Ok(()))
}

/// Writes the files and the schema. `complete` adds files to the folder that it gets.
fn write_files(
    folder: &Path,
    mut files: Vec<(String, String)>,
    complete: impl FnOnce(&Path) -> Result<(), NewPackError>,
) -> Result<Vec<String>, NewPackError> {
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
    files.push((SCHEMA.to_owned(), format!("{:#}\n", schema::manifest())));
    for (name, text) in &files {
        crate::output::write_whole(&staged.join(name), text)?;
    }
    complete(&staged)?;
    let mut names = Vec::new();
    collect_names(&staged, "", &mut names).map_err(failed)?;
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

/// Appends the paths of all files below the folder, relative to it and after `prefix`.
fn collect_names(folder: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect_names(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_the_message() {
        let error = NewPackError::NotEmpty {
            path: "pack".to_owned(),
        };
        assert_eq!(
            format!("{error:?}"),
            "error[new-pack]: pack is not empty; use a folder that is empty or does not exist"
        );
        let error = NewPackError::Broken(crate::Error::NoPack);
        assert_eq!(
            format!("{error:?}"),
            "error[pack]: no pack was given; call `Generator::pack`"
        );
        assert_eq!(format!("{error:#?}"), "Broken(\n    NoPack,\n)");
    }
}
