//! The bytes of objects, in files of a directory or in memory.
//!
//! A blob is written once under a random name and never changes. Records map objects to
//! blobs. So an object never appears half-written, copies share their blob, and a reader can
//! finish reading an object that was changed or deleted in the meantime.

use std::collections::HashMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use bytes::Bytes;
use qingstor_md5::Md5Pool;

use super::blob_id::BlobId;
use super::records::Segment;
use crate::base::locks::{self, lock};

/// Size in bytes of each block of a blob in memory, except for the last one, which can be shorter:
/// 128 KiB. Larger blobs are also hashed and written to files in such blocks.
pub(super) const BLOCK: usize = 128 << 10;

/// Where blobs are stored.
#[derive(Debug)]
pub(super) enum BlobStorage {
    Directory {
        path: PathBuf,
        /// Whether files must be flushed to disk.
        sync: bool,
    },
    /// The blocks of each blob.
    Memory(Mutex<HashMap<BlobId, Arc<[Bytes]>>>),
}

/// All blobs.
#[derive(Debug)]
pub(crate) struct Blobs {
    storage: BlobStorage,
    /// Hashes new blobs.
    md5_pool: Md5Pool,
    /// Identity of the database whose records name the blobs.
    identity: u64,
    /// Readers of blobs that are being read.
    readers: Mutex<HashMap<BlobId, Readers>>,
    /// Read lock from reading a record until its blobs are pinned; write lock while blobs are
    /// marked for removal.
    gate: RwLock<()>,
}

/// Readers of a blob.
#[derive(Debug, Default)]
struct Readers {
    count: usize,
    /// Whether the blob is removed after its last reader.
    remove_after_last: bool,
}

impl Blobs {
    pub(super) fn in_directory(path: PathBuf, sync: bool, identity: u64) -> Self {
        Self::at(BlobStorage::Directory { path, sync }, identity)
    }

    pub(super) fn in_memory(identity: u64) -> Self {
        Self::at(BlobStorage::Memory(Mutex::default()), identity)
    }

    fn at(storage: BlobStorage, identity: u64) -> Self {
        Self {
            storage,
            md5_pool: Md5Pool::default(),
            identity,
            readers: Mutex::default(),
            gate: RwLock::default(),
        }
    }

    /// Reads a record with `look` and pins its blobs, before another request can remove them.
    pub(super) fn pin<R, E>(
        self: &Arc<Self>,
        look: impl FnOnce() -> Result<R, E>,
        segments: impl FnOnce(&R) -> &[Segment],
    ) -> Result<(R, Pins), E> {
        let _gate = locks::read(&self.gate);
        let record = look()?;
        let ids = segments(&record)
            .iter()
            .map(|segment| segment.blob)
            .collect::<Vec<_>>();
        let mut readers = lock(&self.readers);
        for id in &ids {
            readers.entry(*id).or_default().count += 1;
        }
        let blobs = Arc::clone(self);
        Ok((record, Pins { blobs, ids }))
    }

    /// Removes blobs that are no longer in any record. A blob that is being read is removed
    /// after its last reader.
    pub(super) fn remove(&self, ids: &[BlobId]) {
        let unread = {
            let _gate = locks::write(&self.gate);
            let mut readers = lock(&self.readers);
            let is_unread = |id: &BlobId| match readers.get_mut(id) {
                Some(reader) => {
                    reader.remove_after_last = true;
                    false
                }
                None => true,
            };
            ids.iter().copied().filter(is_unread).collect::<Vec<_>>()
        };
        // The blobs cannot be found any more, so the files are deleted without holding the
        // locks.
        for id in unread {
            self.delete(id);
        }
    }

    fn unpin(&self, ids: &[BlobId]) {
        let mut unused = Vec::new();
        {
            let mut readers = lock(&self.readers);
            for id in ids {
                let Some(reader) = readers.get_mut(id) else {
                    continue;
                };
                reader.count -= 1;
                if reader.count == 0 {
                    if reader.remove_after_last {
                        unused.push(*id);
                    }
                    readers.remove(id);
                }
            }
        }
        for id in unused {
            self.delete(id);
        }
    }

    /// Deletes a blob. Only logs a failure, because the request has succeeded, and the next
    /// start removes the file.
    fn delete(&self, id: BlobId) {
        match &self.storage {
            BlobStorage::Directory { path, .. } => {
                if let Err(error) = fs::remove_file(path.join(id.to_string())) {
                    tracing::warn!(%id, %error, "cannot remove an unused blob");
                }
            }
            BlobStorage::Memory(blobs) => {
                lock(blobs).remove(&id);
            }
        }
    }

    /// Returns the number of blobs.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        match &self.storage {
            BlobStorage::Directory { path, .. } => fs::read_dir(path).unwrap().count(),
            BlobStorage::Memory(blobs) => lock(blobs).len(),
        }
    }

    /// Returns whether reading a blob blocks.
    pub(super) fn is_blocking(&self) -> bool {
        matches!(self.storage, BlobStorage::Directory { .. })
    }

    pub(super) fn md5_pool(&self) -> &Md5Pool {
        &self.md5_pool
    }

    pub(super) fn storage(&self) -> &BlobStorage {
        &self.storage
    }

    /// Creates a blob in memory from blocks.
    pub(super) fn keep_in_memory(self: &Arc<Self>, blocks: Vec<Bytes>) -> io::Result<NewBlob> {
        let BlobStorage::Memory(blobs) = &self.storage else {
            return Err(incomplete());
        };
        let id = BlobId::random(self.identity);
        lock(blobs).insert(id, blocks.into());
        Ok(NewBlob::new(Arc::clone(self), id))
    }

    /// Creates the file of a new blob, with the first bytes `start`. If the returned future is
    /// dropped, the file is removed.
    pub(super) async fn create(
        self: &Arc<Self>,
        start: Bytes,
        sync: bool,
    ) -> io::Result<(NewBlob, File)> {
        let blobs = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let BlobStorage::Directory { path, .. } = &blobs.storage else {
                return Err(incomplete());
            };
            let id = BlobId::random(blobs.identity);
            let mut file = File::create_new(path.join(id.to_string()))?;
            let blob = NewBlob::new(blobs, id);
            file.write_all(&start)?;
            if sync {
                file.sync_all()?;
            }
            Ok((blob, file))
        })
        .await?
    }

    /// Flushes the names of new files to disk if the storage requires it.
    pub(super) fn sync(&self) -> io::Result<()> {
        match &self.storage {
            BlobStorage::Directory { path, sync: true } => sync_directory(path),
            _ => Ok(()),
        }
    }

    /// Checks that the file of a blob exists, is complete, and is not a link. Blocks.
    pub(super) fn check(&self, segment: &Segment) -> io::Result<()> {
        let BlobStorage::Directory { path, .. } = &self.storage else {
            return Ok(());
        };
        let file = path.join(segment.blob.to_string());
        let damaged = |reason: String| {
            let message = format!("blob {}: {reason}", file.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let metadata = fs::symlink_metadata(&file).map_err(|error| damaged(error.to_string()))?;
        if !metadata.is_file() {
            return Err(damaged("not a regular file".to_owned()));
        }
        let (actual, expected) = (metadata.len(), segment.size);
        if actual != expected {
            return Err(damaged(format!(
                "the file has {actual} bytes instead of {expected}"
            )));
        }
        Ok(())
    }

    /// Opens a pinned blob.
    pub(super) fn open(&self, id: BlobId) -> io::Result<OpenBlob> {
        match &self.storage {
            BlobStorage::Directory { path, .. } => {
                File::open(path.join(id.to_string())).map(OpenBlob::File)
            }
            BlobStorage::Memory(blobs) => lock(blobs)
                .get(&id)
                .map(|pieces| OpenBlob::Memory(Arc::clone(pieces)))
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }
}

/// A blob that is open for reading.
#[derive(Debug)]
pub(super) enum OpenBlob {
    File(File),
    Memory(Arc<[Bytes]>),
}

/// Prevents the removal of blobs while they are read.
#[derive(Debug)]
pub(super) struct Pins {
    blobs: Arc<Blobs>,
    ids: Vec<BlobId>,
}

impl Drop for Pins {
    fn drop(&mut self) {
        self.blobs.unpin(&self.ids);
    }
}

/// A blob that is not yet in any record. It is removed when dropped, unless it is kept.
#[derive(Debug)]
pub(super) struct NewBlob {
    blobs: Arc<Blobs>,
    id: BlobId,
    is_kept: bool,
}

impl NewBlob {
    fn new(blobs: Arc<Blobs>, id: BlobId) -> Self {
        Self {
            blobs,
            id,
            is_kept: false,
        }
    }

    pub(super) fn id(&self) -> BlobId {
        self.id
    }

    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for NewBlob {
    fn drop(&mut self) {
        if !self.is_kept {
            self.blobs.delete(self.id);
        }
    }
}

/// Flushes the names in a directory to disk, on systems that support it.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

/// Returns whether an entry is the folder that some file systems have in their root directory.
pub(super) fn is_lost_and_found(entry: &DirEntry) -> bool {
    entry.file_name() == "lost+found" && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Returns the error for a blob that was not written completely.
pub(super) fn incomplete() -> io::Error {
    io::Error::other("the blob was not written completely")
}

#[cfg(test)]
mod tests {
    use super::super::writer::{BlobWriter, NewSegment};
    use super::*;

    const IDENTITY: u64 = 7;

    async fn new(blobs: &Arc<Blobs>) -> NewSegment {
        let mut writer = BlobWriter::new(blobs, None).unwrap();
        writer.write(Bytes::from_static(b"abc")).await.unwrap();
        writer.finish().await.unwrap()
    }

    fn in_directory(directory: &tempfile::TempDir) -> Arc<Blobs> {
        let path = directory.path().to_owned();
        Arc::new(Blobs::in_directory(path, true, IDENTITY))
    }

    fn files(directory: &tempfile::TempDir) -> usize {
        fs::read_dir(directory.path()).unwrap().count()
    }

    #[tokio::test]
    async fn removes_blobs_that_are_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = in_directory(&directory);
        let segment = new(&blobs).await;
        assert_eq!(segment.segment.size, 3);
        assert_eq!(segment.segment.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(files(&directory), 1);
        drop(segment);
        assert_eq!(files(&directory), 0);
    }

    #[tokio::test]
    async fn keeps_a_removed_blob_until_its_last_reader_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = in_directory(&directory);
        let new = new(&blobs).await;
        let (segment, blob) = (new.segment, new.blob);
        blob.keep();
        let id = segment.blob;
        let pin = || {
            blobs
                .pin(|| Ok::<_, ()>(vec![segment.clone()]), |segments| segments)
                .unwrap()
                .1
        };
        let (first, second) = (pin(), pin());
        blobs.remove(&[id]);
        drop(first);
        assert!(blobs.open(id).is_ok());
        drop(second);
        assert!(blobs.open(id).is_err());
    }
}
