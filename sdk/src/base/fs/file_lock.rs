//! Locked files: only one transfer at a time uses a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::fs::atomic_file;
use crate::base::fs::regular_file::{foreign, have_same_owner, is_at, open_unlinked};

/// A file that is locked until this is dropped.
#[derive(Debug)]
pub(crate) struct LockedFile {
    file: Arc<File>,
    path: PathBuf,
    /// Dropped after the lock is released.
    released: watch::Sender<()>,
}

/// The locked files whose transfers have ended, although a thread still uses the file. A receiver fails
/// when the lock is released.
static ENDED_TRANSFERS: Mutex<Vec<(PathBuf, watch::Receiver<()>)>> = Mutex::new(Vec::new());

/// How long a transfer that has ended may keep its file: its thread may hang, and its runtime may not run.
const END_TIME: Duration = Duration::from_secs(30);

fn ended_transfers() -> MutexGuard<'static, Vec<(PathBuf, watch::Receiver<()>)>> {
    ENDED_TRANSFERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl LockedFile {
    #[inline]
    fn new(file: File, path: &Path) -> Self {
        Self {
            file: Arc::new(file),
            path: path.to_owned(),
            released: watch::Sender::new(()),
        }
    }

    /// Returns the file, for reads. It may stay open longer than it is locked.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Returns the path at which the file was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records that the transfer has ended. The next one waits until the threads that still use the
    /// file have dropped it.
    #[inline]
    pub(crate) fn end_transfer(&self) {
        let mut ended = ended_transfers();
        ended.retain(|(_, released)| released.has_changed().is_ok());
        ended.push((self.path.clone(), self.released.subscribe()));
    }
}

impl Deref for LockedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Without locks, this fails.
        let _ = self.file.unlock();
    }
}

/// Opens the file at `path`, or creates it with the options `new`, and locks it. Returns `None` if
/// another transfer, of this process or another one, has locked it. If that transfer has ended in this
/// process, waits up to 30 s until its threads do not use the file any more.
///
/// Blocks briefly. Does not await after the file is open, so a dropped future leaves no file
/// behind.
///
/// # Errors
///
/// Returns an error if `path` is not a regular file with a single name and the owner of this
/// process. Does not follow symbolic links. In a folder that other users can write to, they could
/// have created such a file or link.
pub(crate) async fn open_locked(path: &Path, new: &OpenOptions) -> io::Result<Option<LockedFile>> {
    // A transfer that is being dropped, or another process that is ending, may still hold the lock.
    const TRIES: u32 = 10;
    let released = async {
        while let Some(mut released) = lock_of_ended(path) {
            // Fails when the lock is released.
            let _ = released.changed().await;
        }
    };
    // Afterwards, the file counts as in use.
    let _ = tokio::time::timeout(END_TIME, released).await;
    for _ in 0..TRIES {
        if let Some(file) = try_open_locked(path, new)? {
            return Ok(Some(LockedFile::new(file, path)));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

/// Returns a receiver that is closed when the ended transfer at `path` releases its lock; `None` if
/// there is none.
#[inline]
fn lock_of_ended(path: &Path) -> Option<watch::Receiver<()>> {
    let ended = ended_transfers();
    let mut at_path = ended.iter().filter(|(locked, _)| locked == path);
    let is_locked =
        |(_, released): &&(PathBuf, watch::Receiver<()>)| released.has_changed().is_ok();
    at_path
        .find(is_locked)
        .map(|(_, released)| released.clone())
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
                file => check_owner(file?, path)?,
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

/// Returns the file, or an error if another user has created it, because that user could read and
/// change its content.
#[inline]
fn check_owner(file: File, path: &Path) -> io::Result<File> {
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
        let locked = open_locked(&path, &new_file()).await.unwrap().unwrap();
        assert!(open_locked(&path, &new_file()).await.unwrap().is_none());
        let soon = std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            drop(locked);
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

    #[tokio::test]
    async fn the_next_transfer_waits_for_the_threads_of_one_that_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let first = open_locked(&path, &new_file()).await.unwrap().unwrap();
        first.end_transfer();
        let read = Arc::clone(first.file());
        let write = std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(1));
            drop(first);
        });
        let second = open_locked(&path, &new_file()).await.unwrap().unwrap();
        write.join().unwrap();
        assert!(open_locked(&path, &new_file()).await.unwrap().is_none());
        drop((second, read));
    }
}
