//! Buckets, objects and uploads: records in an embedded database, blobs in files or in memory.
//!
//! Reads use a snapshot of the records and block only briefly. Changes are asynchronous, because a
//! single writer thread makes them.

mod apply_lifecycle;
mod blob_id;
mod blob_md5;
mod blobs;
mod bucket_lookup;
mod buckets;
mod database;
mod database_file;
mod directory;
mod error;
mod lifecycle_report;
mod listing;
mod object_lists;
mod objects;
mod reader;
mod record_store;
mod records;
mod sweep;
mod uploads;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use crate::base::encryption::CustomerKey;
use crate::base::error::{Error, Result};
use crate::base::panics;
use blob_id::BlobId;
use blobs::Blobs;
pub(crate) use buckets::Buckets;
use database::{BUCKETS, Lookup as _};
use database_file::DatabaseFile;
use directory::Directory;
pub(crate) use error::{BadParts, StoreError};
pub use lifecycle_report::LifecycleReport;
pub(crate) use listing::{ListQuery, Marker};
pub(crate) use object_lists::VersionEntry;
pub(crate) use objects::{NewObject, TransferKind};
pub(crate) use reader::ObjectReader;
#[cfg(feature = "image")]
pub(crate) use reader::OpenObject;
use record_store::RecordStore;
pub(crate) use records::{
    Attributes, BucketRecord, NotAVersionId, ObjectRecord, PartRecord, UploadRecord, VersionId,
};
pub(crate) use uploads::{ChosenPart, upload_order};
pub(crate) use writer::{BlobWriter, NewSegment};

/// The thread that opens a database. Its panics are returned as errors.
pub const OPENING_THREAD: &str = "qingstor-emulator-opening";

/// Length in bytes of the blob that is written to find out whether blobs can be written.
const PROBE_SIZE: usize = 64 << 10;

/// Where buckets and objects are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Storage {
    /// A directory that remains when the emulator ends.
    Directory(PathBuf),
    /// A temporary directory that is removed when the emulator ends.
    #[default]
    Temporary,
    /// Memory.
    Memory,
}

/// The address of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectAddress {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// All buckets and objects.
#[derive(Debug)]
pub(crate) struct Store {
    // The order of the fields matters: the database must close before the directory is unlocked.
    records: RecordStore,
    blobs: Arc<Blobs>,
    _directory: Option<Directory>,
    _temporary: Option<TempDir>,
}

impl Store {
    /// Opens the storage, and removes the leftovers of a killed emulator. Blocks.
    pub(crate) fn open(storage: &Storage) -> Result<Self> {
        match storage {
            Storage::Directory(root) => Self::open_directory(root),
            Storage::Temporary => Self::open_temporary(),
            Storage::Memory => {
                let file = in_memory(Path::new(""))?;
                let blobs = Blobs::in_memory(fastrand::u64(..));
                Self::with(file, blobs, Path::new(""))
            }
        }
    }

    fn open_directory(root: &Path) -> Result<Self> {
        let directory = Directory::open(root)?;
        let records = directory.records();
        let damaged = |path: PathBuf| move |reason| Error::Damaged { path, reason };
        if directory.has_lost_records()? {
            let reason = "the file is missing, but there are blobs".to_owned();
            return Err(damaged(records)(reason));
        }
        let (file, identity, used) = read_records(&records)?;
        directory.sync()?;
        let folder = directory.blobs();
        sweep::sweep(&folder, identity, used)
            .map_err(|error| damaged(folder.clone())(error.to_string()))?;
        let identity = match file.begin_run() {
            Ok(identity) => identity,
            Err(error) => {
                // On a full disk, objects can still be read.
                tracing::warn!(%error, "cannot record the start of the emulator");
                let reopened = file.reopen();
                reopened.map_err(|error| damaged(records)(error.to_string()))?;
                identity
            }
        };
        let blobs = Blobs::in_directory(folder, true, identity);
        let mut store = Self::with(file, blobs, root)?;
        store._directory = Some(directory);
        Ok(store)
    }

    /// Opens a temporary directory. Its files are not flushed to disk, because they do not outlive
    /// the emulator.
    fn open_temporary() -> Result<Self> {
        let temporary = tempfile::Builder::new()
            .prefix("qingstor-emulator-")
            .tempdir()
            .map_err(|source| Error::DataDir {
                path: std::env::temp_dir(),
                source,
            })?;
        let path = temporary.path();
        let blobs = Blobs::in_directory(path.to_owned(), false, fastrand::u64(..));
        let mut store = Self::with(in_memory(path)?, blobs, path)?;
        store._temporary = Some(temporary);
        Ok(store)
    }

    fn with(file: DatabaseFile, blobs: Blobs, root: &Path) -> Result<Self> {
        let blobs = Arc::new(blobs);
        let records = RecordStore::new(file, Arc::clone(&blobs)).map_err(|source| {
            let path = root.to_owned();
            Error::DataDir { path, source }
        })?;
        Ok(Self {
            records,
            blobs,
            _directory: None,
            _temporary: None,
        })
    }

    /// Checks that the store can be read and written. Writes and removes a blob, because only a
    /// write shows whether the disk is full.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        drop(self.records.snapshot()?.table(BUCKETS)?);
        let mut probe = self.writer(None)?;
        probe.write(Bytes::from_static(&[0; PROBE_SIZE])).await?;
        drop(probe.finish().await?);
        self.records.check().await
    }

    /// Copies the bytes of a reader to a new blob.
    pub(crate) async fn copy_content(
        &self,
        mut reader: ObjectReader,
        key: Option<&CustomerKey>,
    ) -> Result<NewSegment, StoreError> {
        let mut writer = self.writer(key)?;
        while let Some(piece) = reader.next().await? {
            writer.write(piece).await?;
        }
        Ok(writer.finish().await?)
    }

    /// Creates a blob. It is removed when dropped, unless an object or an upload takes it.
    pub(crate) fn writer(&self, key: Option<&CustomerKey>) -> Result<BlobWriter, StoreError> {
        Ok(BlobWriter::new(&self.blobs, key)?)
    }
}

fn in_memory(root: &Path) -> Result<DatabaseFile> {
    DatabaseFile::in_memory().map_err(|error| Error::Damaged {
        path: root.to_owned(),
        reason: error.to_string(),
    })
}

/// Opens the database, and returns it with its identity and the blobs that its records refer to.
///
/// Runs on a separate thread, because the database library panics at some kinds of damage.
fn read_records(path: &Path) -> Result<(DatabaseFile, u64, Vec<BlobId>)> {
    let failed = |source| {
        let path = path.to_owned();
        Error::DataDir { path, source }
    };
    let damaged = |reason| {
        let path = path.to_owned();
        Error::Damaged { path, reason }
    };
    let records = path.to_owned();
    let read = move || {
        let file = DatabaseFile::open(&records)?;
        let (identity, used) = (file.identity()?, file.blobs()?);
        Ok((file, identity, used))
    };
    let opening = std::thread::Builder::new()
        .name(OPENING_THREAD.to_owned())
        .spawn(read)
        .map_err(failed)?;
    let read = opening
        .join()
        .map_err(|panic| damaged(panics::message(panic.as_ref())))?;
    read.map_err(|error| match error {
        StoreError::Io(source) | StoreError::Database(redb::Error::Io(source))
            if !is_damage(source.kind()) =>
        {
            failed(source)
        }
        error => damaged(error.to_string()),
    })
}

/// Returns whether a read error is caused by the content of the file, not by the disk or by missing
/// permissions.
fn is_damage(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other
    )
}

/// Runs work that reads many records or files on a blocking thread.
pub(crate) async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Io(std::io::Error::other(error)).into()))
}

#[cfg(test)]
pub(crate) mod tests;
