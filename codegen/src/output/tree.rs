//! Reads the output folder without following symbolic links in it.

use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::Path;

use super::OutputError;
use crate::source::slashes;

/// What the output folder has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// Nothing.
    Missing,
    /// A regular file with these bytes.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// Nothing, because this part of the path is a file.
    BelowFile(String),
}

impl Entry {
    /// The bytes, if it is a file.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::File(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Reads what the output folder has at a path.
///
/// # Errors
///
/// A part of the path is a symbolic link or a device, or the file can't be read.
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

/// Refuses a path in a folder that leads through a symbolic link or to a device.
///
/// # Errors
///
/// As [`read`].
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

/// Returns the paths of all files below a folder of the output folder.
///
/// # Errors
///
/// There is a symbolic link or a device, or a folder can't be read.
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

/// Removes a folder in which there are only folders.
pub(super) fn remove_empty_folders_below(place: &Path) {
    let folders = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in folders {
        remove_empty_folders_below(&entry.path());
    }
    // Fails for a file and for a folder that is not empty: both stay.
    let _ = fs::remove_dir(place);
}

/// Returns what is at a place: a folder or a regular file.
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
