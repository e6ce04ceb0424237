//! [`ignores_case`]: finds out whether a file system ignores the case of names.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use crate::base::fs::atomic_file;

/// Number of names of a folder that are examined.
const MAX_NAMES: usize = 100;
/// Name for which a temporary file is created.
const PROBE: &str = "case";

/// Returns whether names in a folder that differ only in case are one file. `None` if that is not
/// known. The folder need not exist: it will have the file system of the first folder above it that
/// does.
///
/// Looks for an existing name in the other case. If there is none and `may_write` is set, creates the
/// folder, and a temporary file in it for a moment. Blocks.
pub(super) fn ignores_case(folder: &Path, may_write: bool) -> Option<bool> {
    let folder = std::path::absolute(folder).ok()?;
    let existing = folder.ancestors().find(|folder| folder.is_dir())?;
    by_names_in(existing)
        .or_else(|| by_name_of(existing))
        .or_else(|| may_write.then(|| by_writing(&folder).ok())?)
}

/// Tries the names in a folder.
fn by_names_in(folder: &Path) -> Option<bool> {
    let mut entries = std::fs::read_dir(folder).ok()?.take(MAX_NAMES).flatten();
    entries.find_map(|entry| by_name(folder, &entry.file_name()))
}

/// Tries the name of a folder, unless another file system is mounted there.
fn by_name_of(folder: &Path) -> Option<bool> {
    let (parent, name) = (folder.parent()?, folder.file_name()?);
    match is_mount_point(folder, parent) {
        Ok(false) => by_name(parent, name),
        Ok(true) | Err(_) => None,
    }
}

#[cfg(unix)]
fn is_mount_point(folder: &Path, parent: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(folder)?.dev() != std::fs::metadata(parent)?.dev())
}

/// Nothing is known about devices, so the name of a folder is not tried.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "has the type of the function for Unix"
)]
fn is_mount_point(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(true)
}

fn by_writing(folder: &Path) -> io::Result<bool> {
    std::fs::create_dir_all(folder)?;
    let (path, file) = atomic_file::create(&folder.join(PROBE))?;
    let found = path.file_name().and_then(|name| by_name(folder, name));
    drop(file);
    std::fs::remove_file(&path)?;
    found.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Tries a name that exists in a folder. `None` if it has no letters, or cannot be looked up.
fn by_name(folder: &Path, name: &OsStr) -> Option<bool> {
    let other = other_case(name.to_str()?)?;
    match std::fs::symlink_metadata(folder.join(&other)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
        Err(_) => None,
        // Either the same file, or another one.
        Ok(_) => {
            let mut entries = std::fs::read_dir(folder).ok()?.flatten();
            Some(!entries.any(|entry| entry.file_name() == *other))
        }
    }
}

/// Returns a name with its letters in the other case. `None` if there are no ASCII letters, because file
/// systems do not agree about the others.
fn other_case(name: &str) -> Option<String> {
    let swapped = name.chars().map(|c| match c.is_ascii_lowercase() {
        true => c.to_ascii_uppercase(),
        false => c.to_ascii_lowercase(),
    });
    Some(swapped.collect::<String>()).filter(|swapped| swapped != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_letters_are_not_tried() {
        assert_eq!(other_case("aB.c1é"), Some("Ab.C1é".to_owned()));
        for name in ["", "123", "文件", "É-1"] {
            assert_eq!(other_case(name), None, "{name}");
        }
    }

    /// The answer does not depend on the way in which it is found.
    #[test]
    fn existing_and_temporary_names_lead_to_the_same_answer() {
        let folder = tempfile::tempdir().unwrap();
        let written = by_writing(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(by_names_in(folder.path()), None, "no names");
        std::fs::write(folder.path().join("123"), "").unwrap();
        assert_eq!(by_names_in(folder.path()), None, "no letters");
        std::fs::write(folder.path().join("Name"), "").unwrap();
        for name in ["", "new", "new/folder"] {
            let found = ignores_case(&folder.path().join(name), false);
            assert_eq!(found, Some(written), "{name}");
        }
        assert!(!folder.path().join("new").exists());
    }

    #[test]
    fn two_names_in_one_folder_are_two_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["name", "NAME"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let count = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(by_names_in(folder.path()), Some(count == 1));
    }

    #[test]
    fn a_folder_is_created_only_for_a_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("1/2");
        by_writing(&new).unwrap();
        assert!(new.is_dir());
        assert_eq!(std::fs::read_dir(new).unwrap().count(), 0);
    }
}
