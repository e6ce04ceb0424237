//! Locked files: only one transfer at a time uses a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::base::fs::atomic_file;
use crate::base::fs::regular_file::{foreign, have_same_owner, is_at, open_unlinked};

/// Opens the file at `path`, or creates it with the options `new`, and locks it until it is closed.
/// Returns `None` if another transfer, of this process or another one, has locked it.
///
/// Blocks briefly. Does not await after the file is open, so a dropped future leaves no file
/// behind.
///
/// # Errors
///
/// Returns an error if `path` is not a regular file with a single name and the owner of this
/// process. Does not follow symbolic links. In a folder that other users can write to, they could
/// have created such a file or link.
pub(crate) async fn open_locked(path: &Path, new: &OpenOptions) -> io::Result<Option<File>> {
    // A transfer that was just dropped may still hold the lock.
    const TRIES: u32 = 10;
    for _ in 0..TRIES {
        if let Some(file) = try_open_locked(path, new)? {
            return Ok(Some(file));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

/// Returns options that create a file for reading and writing.
pub(crate) fn new_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
}

#[inline]
fn try_open_locked(path: &Path, new: &OpenOptions) -> io::Result<Option<File>> {
    let file = match new.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match open_unlinked(path, OpenOptions::new().read(true).write(true)) {
                // Another transfer has just removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                file => owned(file?, path)?,
            }
        }
        file => file?,
    };
    match file.try_lock() {
        // Another transfer may have moved or removed the file between opening and locking.
        Ok(()) => Ok(is_at(&file.metadata()?, path).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        // On a file system without locks, transfers still work, but are not protected from each
        // other.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            Ok(Some(file))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns an error if another user has created the file, and could read and change its content.
#[inline]
fn owned(file: File, path: &Path) -> io::Result<File> {
    let ours = atomic_file::owner_of_new(path)?;
    match have_same_owner(&file.metadata()?, &ours) {
        true => Ok(file),
        false => Err(foreign()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_one_transfer_at_a_time_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let held = open_locked(&path, &new_file()).await.unwrap().unwrap();
        assert!(open_locked(&path, &new_file()).await.unwrap().is_none());
        let soon = std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        assert!(open_locked(&path, &new_file()).await.unwrap().is_some());
        soon.join().unwrap();
        assert!(
            open_locked(&folder.path().join("no/file"), &new_file())
                .await
                .is_err()
        );
        assert!(open_locked(folder.path(), &new_file()).await.is_err());
    }
}
