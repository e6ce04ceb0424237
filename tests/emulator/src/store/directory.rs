//! The data directory.
//!
//! ```text
//! qingstor-emulator.json     marks the directory; locked while in use
//! records.redb               buckets, objects, uploads
//! records.unfinished         the database while it is created
//! content/<random ID>        one blob, which never changes
//! ```
//!
//! A blob is written before its record, and removed after it. So a killed emulator
//! leaves at most files without records, which the next start removes.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::blobs::{is_lost_and_found, sync_directory};
use crate::base::error::{Error, Result};

const MARKER: &str = "qingstor-emulator.json";
const RECORDS: &str = "records.redb";
/// Name of the database while it is created.
const UNFINISHED: &str = "records.unfinished";
const BLOBS: &str = "content";
const MARKER_TEXT: &str = "{\"format\":2}\n";

/// A data directory that is in use by this emulator.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    /// Holds the lock.
    marker: File,
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process has a copy of it until it executes its
        // program. A failure does not matter, because the lock ends with that process.
        let _ = self.marker.unlock();
    }
}

impl Directory {
    /// Locks the data directory `root`, and creates missing files and folders.
    ///
    /// # Errors
    ///
    /// Fails if the directory contains files of other programs, if it is in use, or if one of its
    /// files is a link, which may lead to files of other programs.
    pub(super) fn open(root: &Path) -> Result<Self> {
        let marker = prepare(root)?;
        match marker.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                marker,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::DataDirInUse {
                path: root.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(root)(source)),
        }
    }

    /// Returns whether there are blobs without a database. The database is on disk before the
    /// first blob.
    pub(super) fn has_lost_records(&self) -> Result<bool> {
        let (records, blobs) = (self.records(), self.blobs());
        Ok(!exists(&records, Kind::File)? && first_entry(&blobs)?.is_some())
    }

    /// Flushes the names of new files to disk.
    pub(super) fn sync(&self) -> Result<()> {
        sync_directory(&self.root).map_err(failed(&self.root))
    }

    pub(super) fn records(&self) -> PathBuf {
        self.root.join(RECORDS)
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join(BLOBS)
    }
}

/// Creates the directories and opens the marker.
fn prepare(root: &Path) -> Result<File> {
    let (path, blobs) = (root.join(MARKER), root.join(BLOBS));
    fs::create_dir_all(root).map_err(failed(root))?;
    if exists(&path, Kind::File)? {
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        if text.is_empty() {
            // The emulator was killed during its first start.
            write_marker(&path)?;
        } else if text != MARKER_TEXT {
            return Err(refused(
                root,
                io::ErrorKind::InvalidData,
                "the directory belongs to another version of the emulator",
            ));
        }
    } else if let Some(name) = first_entry(root)? {
        // Files in a folder `content` must not be removed because of a wrong --data-dir.
        return Err(refused(
            root,
            io::ErrorKind::AlreadyExists,
            &format!(
                "the directory contains {}, which does not belong to the emulator",
                name.display()
            ),
        ));
    } else {
        write_marker(&path)?;
    }
    for name in [RECORDS, UNFINISHED] {
        exists(&root.join(name), Kind::File)?;
    }
    if !exists(&blobs, Kind::Directory)? {
        fs::create_dir(&blobs).map_err(failed(&blobs))?;
    }
    File::open(&path).map_err(failed(&path))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
}

/// Returns whether `path` exists.
///
/// # Errors
///
/// Fails if `path` is of another kind, such as a link.
fn exists(path: &Path, kind: Kind) -> Result<bool> {
    let found = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(path)(error)),
    };
    let (is_right, right) = match kind {
        Kind::File => (found.is_file(), "a regular file"),
        Kind::Directory => (found.is_dir(), "a directory"),
    };
    if is_right {
        return Ok(true);
    }
    let reason = if found.is_symlink() {
        "symbolic links are not followed".to_owned()
    } else {
        format!("the file is not {right}")
    };
    Err(refused(path, io::ErrorKind::InvalidInput, &reason))
}

/// Returns the name of a file or folder in `directory`, except `lost+found`.
fn first_entry(directory: &Path) -> Result<Option<OsString>> {
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let entry = entry.map_err(failed(directory))?;
        if !is_lost_and_found(&entry) {
            return Ok(Some(entry.file_name()));
        }
    }
    Ok(None)
}

/// Writes the marker to disk. It must exist before all other files, because only the marker shows
/// that the directory belongs to an emulator.
fn write_marker(marker: &Path) -> Result<()> {
    let write = || {
        let mut file = File::create(marker)?;
        file.write_all(MARKER_TEXT.as_bytes())?;
        file.sync_all()
    };
    write().map_err(failed(marker))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::DataDir { path, source }
}

fn refused(path: &Path, kind: io::ErrorKind, reason: &str) -> Error {
    failed(path)(io::Error::new(kind, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_the_marker_of_a_first_start_that_was_killed() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(MARKER), "").unwrap();
        drop(Directory::open(directory.path()).unwrap());
        let marker = fs::read_to_string(directory.path().join(MARKER)).unwrap();
        assert_eq!(marker, MARKER_TEXT);
    }

    #[test]
    fn the_lock_ends_although_a_child_process_has_a_copy_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let opened = Directory::open(directory.path()).unwrap();
        let copy = opened.marker.try_clone().unwrap();
        assert!(matches!(
            Directory::open(directory.path()),
            Err(Error::DataDirInUse { .. })
        ));
        drop(opened);
        drop(Directory::open(directory.path()).unwrap());
        drop(copy);
    }

    fn refusal(directory: &Path) -> String {
        let error = Directory::open(directory).unwrap_err();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        format!("{error}: {reason}")
    }

    #[test]
    fn refuses_a_directory_with_other_files_and_names_one() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("letter.txt"), "dear").unwrap();
        let refusal = refusal(directory.path());
        let expected = "contains letter.txt, which does not belong to the emulator";
        assert!(refusal.contains(expected), "{refusal}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn accepts_the_root_directory_of_a_file_system() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("lost+found")).unwrap();
        let opened = Directory::open(root).unwrap();
        fs::create_dir(root.join("content/lost+found")).unwrap();
        assert!(!opened.has_lost_records().unwrap());
        assert!(root.join("lost+found").exists());
    }

    #[cfg(unix)]
    #[test]
    fn does_not_follow_links() {
        for name in [MARKER, RECORDS, UNFINISHED, BLOBS] {
            let (directory, elsewhere) =
                (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (root, target) = (directory.path(), elsewhere.path().join(name));
            drop(Directory::open(root).unwrap());
            let path = root.join(name);
            match name {
                BLOBS => fs::rename(&path, &target).unwrap(),
                MARKER => {
                    fs::remove_file(&path).unwrap();
                    fs::write(&target, "").unwrap();
                }
                // The target of the link does not exist.
                _ => {}
            }
            std::os::unix::fs::symlink(&target, &path).unwrap();
            let refusal = refusal(root);
            let expected = format!("{}: symbolic links are not followed", path.display());
            assert!(refusal.contains(&expected), "{refusal}");
            assert!(
                fs::read_to_string(&target).is_ok_and(|text| text.is_empty()) || name != MARKER
            );
        }
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
