//! [`PartFile`]: the file of an unfinished download.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::resume_state::{ResumeState, state_path};
use crate::base::error::{Error, Result};
use crate::base::fs::atomic_file::{self, Durability, PreviousFile};
use crate::base::fs::file_lock::{LockedFile, open_locked};
use crate::base::fs::{positioned, regular_file, temporary_name};
use crate::managed::errors::file_error;

/// Ends the use of the part file when the download ends. Tasks that write a range, and threads, may have
/// the file open for a moment longer.
pub(super) struct PartFileGuard {
    pub(super) file: Arc<PartFile>,
    /// Whether the download saves its state. If not, no thread needs the file any longer when the
    /// download ends.
    pub(super) saves_state: bool,
}

impl Drop for PartFileGuard {
    #[inline]
    fn drop(&mut self) {
        if !self.saves_state {
            self.file.remove();
        }
        if let Place::Resumable(locked) = &self.file.place {
            locked.end_transfer();
        }
    }
}

/// The file that receives the bytes, and replaces the target when it is complete.
#[derive(Debug)]
pub(super) struct PartFile {
    place: Place,
    target: PathBuf,
    file: Arc<File>,
}

/// The name of the part file.
#[derive(Debug)]
enum Place {
    /// The path of a file that only this download uses.
    Temporary(PathBuf),
    /// The lock of a file that a later download can continue.
    Resumable(LockedFile),
}

impl Drop for PartFile {
    #[inline]
    fn drop(&mut self) {
        // Only the last user decides, and before the lock is released: until then, a thread may still
        // save the state, or move the file to its target.
        if self.is_resumable() {
            let is_empty = self.len().is_ok_and(|len| len == 0);
            // After another error than `NotFound`, there may be a state.
            let has_no_state = matches!(state_path(self.path()).try_exists(), Ok(false));
            if is_empty || has_no_state {
                self.remove();
            }
        }
    }
}

impl PartFile {
    /// Returns an error if a file cannot replace the target. Called before the first request. Blocks
    /// for a moment.
    #[inline]
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
        let place = Place::Temporary(path);
        Ok(Self::guard(place, target, Arc::new(file)))
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
        Ok(file.map(|locked| {
            let file = Arc::clone(locked.file());
            Self::guard(Place::Resumable(locked), target, file)
        }))
    }

    #[inline]
    fn guard(place: Place, target: &Path, file: Arc<File>) -> PartFileGuard {
        let target = target.to_owned();
        PartFileGuard {
            saves_state: matches!(place, Place::Resumable(_)),
            file: Arc::new(Self {
                place,
                target,
                file,
            }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match &self.place {
            Place::Temporary(path) => path,
            Place::Resumable(locked) => locked.path(),
        }
    }

    /// Removes the file, unless it was moved to its target.
    #[inline]
    fn remove(&self) {
        // An error cannot be reported when the download ends.
        if let Ok(metadata) = self.file.metadata() {
            regular_file::remove_if_at(&metadata, self.path());
        }
    }

    /// Returns the open file, for reads at an offset.
    pub(super) fn open_file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn is_resumable(&self) -> bool {
        matches!(self.place, Place::Resumable(_))
    }

    /// Sets the size of the file. Blocks.
    pub(super) fn resize(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Writes bytes. Several threads can write at once. Blocks.
    #[inline]
    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        positioned::write_all_at(&self.file, bytes, offset)
    }

    /// Writes chunks one after the other, like [`write_at`](Self::write_at). Blocks.
    #[inline]
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
        state.write(self.path())
    }

    /// Sets the modification time, if the file system can store it. Blocks.
    pub(super) fn set_modified(&self, time: SystemTime) {
        // The content is complete and valid without it.
        let _ = self.file.set_modified(time);
    }

    /// Replaces the target with the file. If that fails, a later download can continue the file: it has
    /// the saved state, which is `state` if there is one. Blocks.
    #[inline]
    pub(super) fn publish(
        &self,
        durability: Durability,
        state: Option<&ResumeState>,
    ) -> io::Result<()> {
        let (file, target) = (&self.file, &self.target);
        let replaced = atomic_file::prepare_to_replace(file, self.path(), target, durability)?;
        self.move_to_target(replaced.as_ref(), state)?;
        atomic_file::sync_replaced(file, target, durability)
    }

    /// Moves the file to its target, or restores its permissions and the state.
    #[inline]
    fn move_to_target(
        &self,
        replaced: Option<&PreviousFile>,
        state: Option<&ResumeState>,
    ) -> io::Result<()> {
        let original = self.file.metadata()?;
        // Before the file is moved: a process that is killed in between would leave a state that is
        // never removed.
        let removed = match self.is_resumable() {
            true => self.remove_state(),
            false => Ok(()),
        };
        let (file, target) = (&self.file, &self.target);
        let moved =
            removed.and_then(|()| atomic_file::move_to(file, self.path(), target, replaced));
        if moved.is_err() {
            atomic_file::restore_permissions(file, &original);
            if let Some(state) = state {
                // The first error is more useful.
                let _ = self.save_state(state);
            }
        }
        moved
    }

    /// Removes the list of complete ranges, because they belong to another object. Blocks.
    #[inline]
    pub(super) fn remove_state(&self) -> io::Result<()> {
        ResumeState::remove(self.path())
    }

    /// Discards the bytes, because they are wrong. Blocks.
    #[inline]
    pub(super) fn discard(&self) -> io::Result<()> {
        // No download continues an empty file, even if the state cannot be removed.
        self.resize(0)?;
        self.remove_state()
    }

    pub(super) fn error(&self, error: io::Error) -> Error {
        file_error(&self.target, error)
    }

    #[inline]
    pub(super) fn state_error(&self, error: io::Error) -> Error {
        file_error(&state_path(self.path()), error)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, read, remove_dir, remove_file, write};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    const CONTENT: &[u8] = b"bytes";

    /// Opens the part file of `target`, which another download does not use.
    async fn open(target: &Path) -> PartFileGuard {
        PartFile::resumable(target).await.unwrap().unwrap()
    }

    fn complete() -> ResumeState {
        let size = CONTENT.len() as u64;
        let mut state = ResumeState::new("bucket", "key", "\"etag\"", size);
        state.add(0..size);
        state
    }

    #[tokio::test]
    async fn the_next_download_continues_what_a_dropped_one_still_saves() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let guard = open(&target).await;
        let (file, hashed) = (Arc::clone(&guard.file), guard.file.open_file());
        assert!(PartFile::resumable(&target).await.unwrap().is_none());
        const WRITE_TIME: Duration = Duration::from_secs(1);
        let started = Instant::now();
        file.write_at(0, CONTENT).unwrap();
        let save = thread::spawn(move || {
            thread::sleep(WRITE_TIME);
            file.save_state(&complete()).unwrap();
        });
        drop(guard);
        let next = open(&target).await;
        assert!(started.elapsed() >= WRITE_TIME);
        assert_eq!(
            ResumeState::read(next.file.path()).unwrap(),
            Some(complete())
        );
        assert_eq!(read(next.file.path()).unwrap(), CONTENT);
        save.join().unwrap();
        drop(hashed);
    }

    #[tokio::test]
    async fn the_file_of_a_download_that_is_dropped_at_its_end_reaches_the_target() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let guard = open(&target).await;
        let file = Arc::clone(&guard.file);
        file.write_at(0, CONTENT).unwrap();
        file.save_state(&complete()).unwrap();
        drop(guard);
        assert!(file.path().exists());
        file.publish(Durability::Synced, Some(&complete())).unwrap();
        drop(file);
        assert_eq!(read(&target).unwrap(), CONTENT);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_later_download_continues_a_file_that_could_not_reach_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let guard = open(&target).await;
        guard.file.write_at(0, CONTENT).unwrap();
        guard.file.save_state(&complete()).unwrap();
        create_dir(&target).unwrap();
        let error = guard.file.publish(Durability::Synced, Some(&complete()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::IsADirectory);
        remove_dir(&target).unwrap();
        // A read-only file, which belongs to another user if this one may choose that.
        write(&target, "old").unwrap();
        #[cfg(unix)]
        {
            let _ = std::os::unix::fs::chown(&target, Some(65534), Some(65534));
            let read_only = std::os::unix::fs::PermissionsExt::from_mode(0o444);
            std::fs::set_permissions(&target, read_only).unwrap();
        }
        let file = &guard.file;
        let synced = Durability::Synced;
        let replaced =
            atomic_file::prepare_to_replace(&file.file, file.path(), &target, synced).unwrap();
        // If the process ends during the flush, another one can open the file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let metadata = file.file.metadata().unwrap();
            assert_eq!(metadata.mode() & 0o600, 0o600);
            let owner = std::fs::metadata(folder.path()).unwrap().uid();
            assert_eq!(metadata.uid(), owner);
        }
        // The target becomes a folder after it was checked.
        remove_file(&target).unwrap();
        create_dir(&target).unwrap();
        file.move_to_target(replaced.as_ref(), Some(&complete()))
            .unwrap_err();
        drop(guard);
        remove_dir(&target).unwrap();
        let next = open(&target).await;
        assert_eq!(
            ResumeState::read(next.file.path()).unwrap(),
            Some(complete())
        );
        assert_eq!(read(next.file.path()).unwrap(), CONTENT);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_whose_state_cannot_be_looked_at_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let guard = open(&target).await;
        guard.file.write_at(0, CONTENT).unwrap();
        let path = guard.file.path().to_owned();
        // A link to itself.
        std::os::unix::fs::symlink(state_path(&path), state_path(&path)).unwrap();
        drop(guard);
        assert_eq!(read(path).unwrap(), CONTENT);
    }

    #[tokio::test]
    async fn a_file_that_no_download_can_continue_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let guard = open(&target).await;
        guard.file.write_at(0, CONTENT).unwrap();
        drop(guard);
        let guard = open(&target).await;
        guard.file.write_at(0, CONTENT).unwrap();
        guard.file.save_state(&complete()).unwrap();
        guard.file.discard().unwrap();
        drop(guard);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
