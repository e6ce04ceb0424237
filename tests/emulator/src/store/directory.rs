//! The data directory.
//!
//! ```text
//! qingstor-emulator.json     marks the directory; locked while in use
//! records.redb               buckets, objects, uploads
//! records.unfinished         what becomes that file at the first start
//! content/<random id>        never changed once a record names it
//! ```
//!
//! A content is on disk before the record that names it, and goes away after it: a killed emulator
//! leaves at most files that no record names, which are swept at the next start.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::content::sync_directory;
use crate::error::{Error, Result};

const MARKER: &str = "qingstor-emulator.json";
const MARKER_TEXT: &str = "{\"format\":2}\n";

/// A data directory that is in use by this emulator.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    /// Holds the lock.
    _marker: File,
}

impl Directory {
    /// Uses `root`, which must be empty, absent, or a data directory of before.
    pub(super) fn open(root: &Path) -> Result<Self> {
        let failed = |source| Error::DataDir {
            path: root.to_owned(),
            source,
        };
        let marker = prepare(root).map_err(failed)?;
        match marker.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _marker: marker,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::DataDirInUse {
                path: root.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Whether there are contents, but no records that would tell what they are. Records are on disk
    /// before the first content.
    pub(super) fn has_lost_records(&self) -> io::Result<bool> {
        Ok(!self.records().try_exists()? && fs::read_dir(self.content())?.next().is_some())
    }

    /// Has the names of what was just made on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        sync_directory(&self.root)
    }

    pub(super) fn records(&self) -> PathBuf {
        self.root.join("records.redb")
    }

    pub(super) fn content(&self) -> PathBuf {
        content(&self.root)
    }
}

/// Where the contents are in a directory.
pub(super) fn content(root: &Path) -> PathBuf {
    root.join("content")
}

/// Makes the directories and opens the marker.
fn prepare(root: &Path) -> io::Result<File> {
    fs::create_dir_all(root)?;
    let marker = root.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(text) if text == MARKER_TEXT => {}
        // Its emulator was killed before it had written anything.
        Ok(text) if text.is_empty() => write_marker(&marker)?,
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the directory is of another version of the emulator",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A wrong --data-dir must not cost anybody the files in its `content`.
            if fs::read_dir(root)?.next().is_some() {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "the directory holds files that are not the emulator's",
                ));
            }
            write_marker(&marker)?;
        }
        Err(error) => return Err(error),
    }
    fs::create_dir_all(content(root))?;
    File::open(marker)
}

/// Nothing else is made before the marker is on disk, since nothing else tells whose it is.
fn write_marker(marker: &Path) -> io::Result<()> {
    let mut file = File::create(marker)?;
    file.write_all(MARKER_TEXT.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_start_that_was_killed_is_made_up_for() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(MARKER), "").unwrap();
        drop(Directory::open(directory.path()).unwrap());
        let marker = fs::read_to_string(directory.path().join(MARKER)).unwrap();
        assert_eq!(marker, MARKER_TEXT);
    }

    #[test]
    fn a_directory_of_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("letter.txt"), "dear").unwrap();
        let error = Directory::open(directory.path()).unwrap_err();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.contains("not the emulator's"), "{error}: {reason}");
    }

    #[test]
    fn a_directory_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = Directory::open(directory.path()).unwrap();
        assert!(matches!(
            Directory::open(directory.path()),
            Err(Error::DataDirInUse { .. })
        ));
        drop(first);
        assert!(Directory::open(directory.path()).is_ok());
    }
}
