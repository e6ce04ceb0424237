//! Scratch folders, where files are staged and formatted before they are moved to their place.
//!
//! They are in the output folder, because files can only be renamed within a file system, and
//! because formatters look for their configuration in the ancestors of a file. A locked file in the
//! folder shows that its process still runs, so that the next run can remove the folders of killed
//! ones.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::OutputError;

/// Prefix of scratch folders, followed by six letters or digits.
const PREFIX: &str = ".codegen-scratch-";
/// Number of characters after the prefix.
const RANDOM: usize = 6;
/// File that the running process locks.
const OWNER: &str = "owner";
/// Age after which a folder is abandoned, on systems without file locks.
const LONGEST_RUN: Duration = Duration::from_secs(600);
/// Age after which a folder without the locked file is left from a run that was killed before it
/// could create the file.
const LONGEST_START: Duration = Duration::from_secs(5);

/// A scratch folder. Removed on drop.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: Option<TempDir>,
    owner: Option<File>,
    path: PathBuf,
    /// The output folder and its ancestors, if they were created for this folder.
    created: Vec<PathBuf>,
}

impl Scratch {
    /// Creates a scratch folder, and the output folder if it does not exist.
    pub(super) fn new(output_folder: &Path) -> Result<Self, OutputError> {
        let failed = |error| OutputError::io(output_folder, error);
        let is_missing = |place: &&Path| !place.as_os_str().is_empty() && !place.exists();
        let missing = output_folder.ancestors().take_while(is_missing);
        let created = missing.map(Path::to_owned).collect();
        fs::create_dir_all(output_folder).map_err(failed)?;
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM)
            .tempdir_in(output_folder)
            .map_err(failed)?;
        let mut scratch = Self {
            path: folder.path().to_owned(),
            folder: Some(folder),
            owner: None,
            created,
        };
        let owner = File::create(scratch.path.join(OWNER)).map_err(failed)?;
        // On systems without locks, the age of the folder decides.
        let _ = owner.try_lock();
        scratch.owner = Some(owner);
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The locked file is removed last, so that only empty folders are without it.
        remove_files(&self.path);
        // Some systems cannot remove a folder while a file in it is open.
        self.owner = None;
        self.folder = None;
        for folder in &self.created {
            // Fails for folders with files, which stay.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// Removes an abandoned folder. If this fails, the next run tries again.
pub(super) fn remove(folder: &Path) {
    remove_files(folder);
    let _ = fs::remove_dir_all(folder);
}

/// Removes all files of a scratch folder except the locked one. A failure does not matter, because
/// the folder is removed next.
fn remove_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() == OWNER {
            continue;
        }
        let path = entry.path();
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(path),
            _ => fs::remove_file(path),
        };
    }
}

/// Returns the scratch folders with files of processes that no longer run, sorted.
pub(super) fn abandoned(output_folder: &Path) -> Vec<PathBuf> {
    let mut abandoned: Vec<_> = folders(output_folder)
        .filter(|folder| is_abandoned(folder))
        .collect();
    abandoned.sort();
    abandoned
}

/// Removes the empty scratch folders of processes that were killed before they created a file.
///
/// [`abandoned`] does not contain them: a process may be about to create its file, so the result
/// would depend on the time.
pub(super) fn remove_empty(output_folder: &Path) {
    let empty = folders(output_folder)
        .filter(|folder| !folder.join(OWNER).exists() && is_older(folder, LONGEST_START));
    for folder in empty {
        // Fails if the folder is not empty. If it fails otherwise, the next run tries again.
        let _ = fs::remove_dir(folder);
    }
}

/// Returns all scratch folders.
fn folders(output_folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(output_folder).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_random = |end: &str| end.len() == RANDOM && end.chars().all(char::is_alphanumeric);
        // Ignore symbolic links to folders.
        random.is_some_and(is_random) && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    ours.map(|entry| entry.path())
}

fn is_abandoned(folder: &Path) -> bool {
    let Ok(owner) = File::open(folder.join(OWNER)) else {
        return false;
    };
    match owner.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => is_older(folder, LONGEST_RUN),
    }
}

fn is_older(folder: &Path, limit: Duration) -> bool {
    let modified = fs::metadata(folder).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_exited_processes_are_abandoned() {
        let output = tempfile::tempdir().unwrap();
        let running = Scratch::new(output.path()).unwrap();
        let killed = output.path().join(".codegen-scratch-a1B2c3");
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join(OWNER), "").unwrap();
        for other in [".codegen-scratch-notes-of-mine", ".codegen-abcdef"] {
            fs::create_dir(output.path().join(other)).unwrap();
        }
        assert_eq!(abandoned(output.path()), [killed]);
        let path = running.path().to_owned();
        drop(running);
        assert!(!path.exists());
    }

    /// A run can be killed between the creation of the folder and that of the locked file.
    #[cfg(unix)]
    #[test]
    fn empty_folders_are_removed_when_no_process_can_be_about_to_use_them() {
        let output = tempfile::tempdir().unwrap();
        let at = |name: &str| output.path().join(format!(".codegen-scratch-{name}"));
        for name in ["young1", "aged01", "filled"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at("filled").join("file"), "").unwrap();
        let long_ago = std::time::SystemTime::now() - LONGEST_START * 2;
        for name in ["aged01", "filled"] {
            let folder = File::open(at(name)).unwrap();
            folder.set_modified(long_ago).unwrap();
        }
        assert!(abandoned(output.path()).is_empty());
        remove_empty(output.path());
        assert!(at("young1").exists() && at("filled").exists());
        assert!(!at("aged01").exists());
    }

    #[test]
    fn the_locked_file_is_removed_last() {
        let output = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(output.path()).unwrap();
        fs::create_dir(scratch.path().join("folder")).unwrap();
        for file in ["0", "folder/1"] {
            fs::write(scratch.path().join(file), "").unwrap();
        }
        remove_files(scratch.path());
        let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].as_ref().unwrap().file_name(), OWNER);
    }

    #[test]
    fn unused_created_folders_are_removed() {
        let output = tempfile::tempdir().unwrap();
        drop(Scratch::new(&output.path().join("a/b/c")).unwrap());
        assert!(!output.path().join("a").exists());
        let scratch = Scratch::new(&output.path().join("a/b")).unwrap();
        fs::write(output.path().join("a/kept"), "").unwrap();
        drop(scratch);
        assert!(output.path().join("a/kept").exists());
        assert!(!output.path().join("a/b").exists());
    }
}
