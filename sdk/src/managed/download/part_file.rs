//! [`PartFile`]: the file of an unfinished download.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::resume_state::{ResumeState, state_path};
use crate::base::error::{Error, Result};
use crate::base::fs::atomic_file::{self, Durability};
use crate::base::fs::file_lock::{LockedFile, open_locked};
use crate::base::fs::{positioned, regular_file, temporary_name};
use crate::managed::errors::file_error;

/// Removes or keeps the part file when the download ends. Tasks that write a range may have the file
/// open for a moment longer.
pub(super) struct PartFileGuard {
    pub(super) file: Arc<PartFile>,
    pub(super) on_drop: OnDrop,
}

/// Treatment of the part file when its guard is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDrop {
    Remove,
    /// Keeps the file if a later download can continue it.
    RemoveWithoutState,
    /// The file was moved to its target.
    Nothing,
}

impl Drop for PartFileGuard {
    #[inline]
    fn drop(&mut self) {
        let remove = match self.on_drop {
            OnDrop::Remove => true,
            OnDrop::RemoveWithoutState => {
                let is_empty = self.file.len().is_ok_and(|len| len == 0);
                is_empty || !state_path(&self.file.path).exists()
            }
            OnDrop::Nothing => false,
        };
        // An error cannot be reported from here.
        if remove && let Ok(metadata) = self.file.file.metadata() {
            regular_file::remove_if_at(&metadata, &self.file.path);
        }
        if let Some(locked) = &self.file.lock {
            locked.end_transfer();
        }
    }
}

/// The file that receives the bytes, and replaces the target when it is complete.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    target: PathBuf,
    file: Arc<File>,
    /// The lock of a file that a later download can continue.
    lock: Option<LockedFile>,
}

impl PartFile {
    /// Returns an error if a file cannot replace the target. Called before the first request. Blocks
    /// for a moment.
    pub(super) fn check_target(target: &Path) -> Result<()> {
        atomic_file::check_target(target).map_err(|error| file_error(target, error))?;
        Ok(())
    }

    /// Creates a temporary file next to `target`. Blocks for a moment instead of using a task, because
    /// a dropped future could then leave the file behind.
    #[inline]
    pub(super) fn temporary(target: &Path) -> Result<PartFileGuard> {
        let (path, file) =
            atomic_file::create(target).map_err(|error| file_error(target, error))?;
        Ok(Self::guard(path, target, Arc::new(file), None))
    }

    /// Opens or creates `.<name>.qingstor-resume.part`. Returns `None` if another download uses it.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the file is not a regular file, has several names (hard links), or belongs to
    /// another user.
    pub(super) async fn resumable(target: &Path) -> Result<Option<PartFileGuard>> {
        let options = atomic_file::options(target).map_err(|error| file_error(target, error))?;
        let path = temporary_name::resumable(target);
        let file = open_locked(&path, &options).await;
        let file = file.map_err(|error| file_error(&path, error))?;
        Ok(file.map(|lock| Self::guard(path, target, Arc::clone(lock.file()), Some(lock))))
    }

    fn guard(
        path: PathBuf,
        target: &Path,
        file: Arc<File>,
        lock: Option<LockedFile>,
    ) -> PartFileGuard {
        PartFileGuard {
            on_drop: match lock {
                Some(_) => OnDrop::RemoveWithoutState,
                None => OnDrop::Remove,
            },
            file: Arc::new(Self {
                path,
                target: target.to_owned(),
                file,
                lock,
            }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file, for reads at an offset.
    pub(super) fn open_file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn is_resumable(&self) -> bool {
        self.lock.is_some()
    }

    /// Sets the size of the file. Blocks.
    pub(super) fn resize(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Writes bytes. Several threads can write at once. Blocks.
    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        positioned::write_all_at(&self.file, bytes, offset)
    }

    /// Writes chunks one after the other, like [`write_at`](Self::write_at). Blocks.
    pub(super) fn write_chunks_at(&self, offset: u64, chunks: &[Bytes]) -> io::Result<()> {
        let mut offset = offset;
        for chunk in chunks {
            self.write_at(offset, chunk)?;
            offset += chunk.len() as u64;
        }
        Ok(())
    }

    /// Flushes the bytes to the disk, then saves which ranges are complete. Blocks.
    #[inline]
    pub(super) fn save_state(&self, state: &ResumeState) -> io::Result<()> {
        self.file.sync_data()?;
        state.write(&self.path)
    }

    /// Replaces the target with the file. Blocks.
    #[inline]
    pub(super) fn publish(&self, durability: Durability) -> io::Result<()> {
        if self.is_resumable() {
            // First the state: if the process is killed in between, the part file is downloaded
            // again. The other order would leave a state that is never removed.
            ResumeState::remove(&self.path)?;
        }
        atomic_file::put_in_place(&self.file, &self.path, &self.target, durability)
    }

    /// Removes the list of complete ranges, because their bytes are wrong or belong to another object.
    /// Blocks.
    pub(super) fn remove_state(&self) -> io::Result<()> {
        ResumeState::remove(&self.path)
    }

    pub(super) fn error(&self, error: io::Error) -> Error {
        file_error(&self.target, error)
    }

    pub(super) fn state_error(&self, error: io::Error) -> Error {
        file_error(&state_path(&self.path), error)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn the_next_download_waits_for_the_writes_of_one_that_was_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let guard = PartFile::resumable(&target).await.unwrap().unwrap();
        let (file, hashed) = (Arc::clone(&guard.file), guard.file.open_file());
        assert!(PartFile::resumable(&target).await.unwrap().is_none());
        drop(guard);
        const WRITE_TIME: Duration = Duration::from_secs(1);
        let started = Instant::now();
        let write = thread::spawn(move || {
            thread::sleep(WRITE_TIME);
            file.write_at(0, b"bytes").unwrap();
        });
        let next = PartFile::resumable(&target).await.unwrap();
        assert!(next.is_some());
        assert!(started.elapsed() >= WRITE_TIME);
        write.join().unwrap();
        drop(hashed);
    }
}
