//! Files that one transfer at a time works on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::base::fs::atomic_file;
use crate::base::fs::regular_file::{foreign, have_same_owner, is_at, open_unlinked};

/// Opens the file at `path`, or creates it with the options `new`, and locks it for as long as it
/// is open. Returns `None` if another transfer has locked it, of this process or of another.
///
/// Blocks, but for a moment only. Nothing is awaited once it is open: a future that is dropped
/// leaves no file behind.
///
/// # Errors
///
/// Returns an error if `path` is anything but a regular file with a single name and this process's
/// owner. Symbolic links are not followed. In a folder that others may write to, they could have
/// planted any of these.
pub(crate) async fn claim(path: &Path, new: &OpenOptions) -> io::Result<Option<File>> {
    // A transfer that was just dropped may hold it for a moment longer.
    const TRIES: u32 = 10;
    for _ in 0..TRIES {
        if let Some(file) = try_claim(path, new)? {
            return Ok(Some(file));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

/// The options that create a file for reading and writing.
pub(crate) fn new_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
}

fn try_claim(path: &Path, new: &OpenOptions) -> io::Result<Option<File>> {
    let file = match new.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match open_unlinked(path, OpenOptions::new().read(true).write(true)) {
                // Another transfer has just finished with it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                file => owned(file?, path)?,
            }
        }
        file => file?,
    };
    match file.try_lock() {
        // The other transfer may have moved or removed its file between opening and locking.
        Ok(()) => Ok(is_at(&file.metadata()?, path).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        // A file system without locks can't separate transfers, but it can store files.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            Ok(Some(file))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Refuses a file that another user has prepared, who could read and change what is written to it.
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
    async fn one_transfer_at_a_time_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let held = claim(&path, &new_file()).await.unwrap().unwrap();
        assert!(claim(&path, &new_file()).await.unwrap().is_none());
        let soon = std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        assert!(claim(&path, &new_file()).await.unwrap().is_some());
        soon.join().unwrap();
        assert!(
            claim(&folder.path().join("no/file"), &new_file())
                .await
                .is_err()
        );
        assert!(claim(folder.path(), &new_file()).await.is_err());
    }
}
