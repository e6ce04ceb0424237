//! A file that is being filled, and takes its place when it is complete.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::state::{State, state_path};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::atomic_file;
use crate::base::fs::file_lock::claim;

/// The download's hold on its file, which is removed on drop unless it is to stay. Ranges that are
/// just being written may hold the file open for a moment longer.
pub(super) struct Destination {
    pub(super) file: Arc<PartFile>,
    pub(super) fate: Fate,
}

/// What becomes of a file when nobody holds it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Removed,
    /// It stays, unless there is nothing in it.
    Kept,
    /// It has another name by now.
    Published,
}

impl Drop for Destination {
    fn drop(&mut self) {
        let goes = match self.fate {
            Fate::Removed => true,
            Fate::Kept => self.file.len().is_ok_and(|len| len == 0),
            Fate::Published => false,
        };
        if goes {
            // There is nobody left to tell.
            let _ = std::fs::remove_file(&self.file.path);
        }
    }
}

/// The file that the bytes are written to.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    target: PathBuf,
    /// One writer at a time: the place of a file handle is shared.
    file: Mutex<File>,
    resumable: bool,
}

impl PartFile {
    /// Refuses what a file can't replace, before anything is sent. Blocks, but for a moment only.
    pub(super) fn check_target(target: &Path) -> Result<()> {
        atomic_file::check_target(target).map_err(|error| failed(target, error))?;
        Ok(())
    }

    /// A new file beside `target`. Blocks, but for a moment only; a future that is dropped leaves
    /// nothing behind.
    pub(super) fn temporary(target: &Path) -> Result<Destination> {
        let (path, file) = atomic_file::create(target).map_err(|error| failed(target, error))?;
        Ok(Self::destined(path, target, file, false))
    }

    /// `<name>.part`, new or as an earlier download left it; `None` when another download has it.
    ///
    /// # Errors
    ///
    /// Returns `Io` if `<name>.part` is anything but a regular file with a single name that belongs to
    /// this process's user.
    pub(super) async fn resumable(target: &Path) -> Result<Option<Destination>> {
        let options = atomic_file::options(target).map_err(|error| failed(target, error))?;
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = target.with_file_name(name);
        let file = claim(&path, &options).await;
        let file = file.map_err(|error| failed(&path, error))?;
        Ok(file.map(|file| Self::destined(path, target, file, true)))
    }

    fn destined(path: PathBuf, target: &Path, file: File, resumable: bool) -> Destination {
        Destination {
            file: Arc::new(Self {
                path,
                target: target.to_owned(),
                file: Mutex::new(file),
                resumable,
            }),
            fate: match resumable {
                true => Fate::Kept,
                false => Fate::Removed,
            },
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_resumable(&self) -> bool {
        self.resumable
    }

    /// Makes room for `size` bytes. What an earlier download left beyond is cut off. Blocks.
    pub(super) fn resize(&self, size: u64) -> io::Result<()> {
        self.file().set_len(size)
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file().metadata()?.len())
    }

    /// Blocks.
    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file();
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    /// Remembers which ranges are done, once they are on the disk. Blocks.
    pub(super) fn save(&self, state: &State) -> io::Result<()> {
        self.file().sync_data()?;
        state.write(&self.path)
    }

    /// Puts the file in the target's place. Blocks.
    pub(super) fn publish(&self) -> io::Result<()> {
        let file = self.file();
        file.sync_all()?;
        if self.resumable {
            // Before the file has its name: a process that is killed in between leaves a part that
            // is fetched again, and not a state that nobody looks for.
            State::remove(&self.path)?;
        }
        atomic_file::put_in_place(&file, &self.path, &self.target)
    }

    /// Forgets which ranges are done: their bytes are wrong, or another object's. Blocks.
    pub(super) fn forget(&self) -> io::Result<()> {
        State::remove(&self.path)
    }

    pub(super) fn failed(&self, error: io::Error) -> Error {
        failed(&self.target, error)
    }

    pub(super) fn state_failed(&self, error: io::Error) -> Error {
        failed(&state_path(&self.path), error)
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {error}", path.display())).with_source(error)
}
