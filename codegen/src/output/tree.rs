//! Reads the output folder without following symbolic links in it.

use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::Path;

use super::OutputError;
use crate::source::slashes;

/// Kind of the output folder's entry at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The path does not exist.
    Missing,
    /// A regular file with its bytes.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// The path does not exist, because its ancestor is a file.
    BelowFile(String),
}

impl Entry {
    /// Returns the bytes of a file.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::File(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Reads the entry at a path in the output folder.
///
/// # Errors
///
/// Returns an error if a part of the path is a symbolic link or a device, or if the file cannot be
/// read.
pub(super) fn read(folder: &Path, path: &str) -> Result<Entry, OutputError> {
    let mut place = folder.to_owned();
    let mut parts = path.split('/').peekable();
    let mut name = String::new();
    while let Some(part) = parts.next() {
        place.push(part);
        name.push_str(part);
        let Some(kind) = kind(&place)? else {
            return Ok(Entry::Missing);
        };
        match (kind.is_dir(), parts.peek()) {
            (true, None) => return Ok(Entry::Folder),
            (true, Some(_)) => name.push('/'),
            (false, Some(_)) => return Ok(Entry::BelowFile(name)),
            (false, None) => {}
        }
    }
    let bytes = fs::read(&place).map_err(|error| OutputError::io(&place, error))?;
    Ok(Entry::File(bytes))
}

/// Returns an error if a path leads through a symbolic link or to a device.
///
/// # Errors
///
/// Returns the same errors as [`read`].
pub(crate) fn refuse_links(folder: &Path, path: &str) -> Result<(), OutputError> {
    let mut place = folder.to_owned();
    for part in path.split('/') {
        place.push(part);
        if kind(&place)?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Returns the paths of all files below a folder.
///
/// # Errors
///
/// Returns an error if there is a symbolic link or a device, or if a folder cannot be read.
pub(super) fn files_below(folder: &Path, path: &str) -> Result<Vec<String>, OutputError> {
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(path) = folders.pop() {
        let place = folder.join(&path);
        let failed = |error| OutputError::io(&place, error);
        for entry in fs::read_dir(&place).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let path = format!("{path}/{}", name.to_string_lossy());
            match kind(&place.join(name))? {
                Some(kind) if kind.is_dir() => folders.push(path),
                Some(_) => files.push(path),
                None => {}
            }
        }
    }
    Ok(files)
}

/// Removes a folder that contains only folders.
pub(super) fn remove_empty_folders_below(place: &Path) {
    let folders = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in folders {
        remove_empty_folders_below(&entry.path());
    }
    // Fails for files and for folders that are not empty, which stay.
    let _ = fs::remove_dir(place);
}

/// Returns the kind of a regular file or folder.
fn kind(place: &Path) -> Result<Option<FileType>, OutputError> {
    let kind = match fs::symlink_metadata(place) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OutputError::io(place, error)),
    };
    let path = slashes(place);
    if kind.is_symlink() {
        return Err(OutputError::Link { path });
    }
    if !kind.is_dir() && !kind.is_file() {
        return Err(OutputError::NotRegular { path });
    }
    Ok(Some(kind))
}
