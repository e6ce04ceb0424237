//! Buckets, objects and uploads: records in an embedded database, contents in files or in memory.
//!
//! Reads see the records of one moment and block for moments only. Changes are asynchronous: they
//! are made by the one writer of the database.

mod buckets;
mod content;
mod database;
mod directory;
mod error;
mod lifecycle;
mod listing;
mod object_lists;
mod objects;
mod reader;
mod records;
mod uploads;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::encryption::CustomerKey;
use crate::error::{Error, Result};
pub(crate) use buckets::Buckets;
use content::Contents;
use database::RecordStore;
use directory::Directory;
pub(crate) use error::{BadParts, StoreError};
pub(crate) use listing::{ListQuery, Marker};
pub(crate) use object_lists::VersionEntry;
pub(crate) use objects::{NewObject, SourceFate};
pub(crate) use reader::{ObjectReader, OpenObject};
pub(crate) use records::{
    Attributes, BucketRecord, NotAVersionId, ObjectRecord, PartRecord, UploadRecord, VersionId,
};
pub(crate) use uploads::{ChosenPart, upload_order};
pub(crate) use writer::{ContentWriter, NewSegment};

/// Where buckets and objects are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Storage {
    /// In a directory that outlives the emulator.
    Directory(PathBuf),
    /// In a directory that goes away with the emulator.
    #[default]
    Temporary,
    /// In memory.
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
    // The order matters: the database is closed before the directory is given up.
    records: RecordStore,
    contents: Arc<Contents>,
    _directory: Option<Directory>,
    _temporary: Option<TempDir>,
}

impl Store {
    /// Opens the storage; a directory of before is swept. Blocks.
    pub(crate) fn open(storage: &Storage) -> Result<Self> {
        match storage {
            Storage::Directory(root) => Self::open_directory(root),
            Storage::Temporary => Self::open_temporary(),
            Storage::Memory => Self::with(None, Contents::in_memory(), &PathBuf::new()),
        }
    }

    fn open_directory(root: &Path) -> Result<Self> {
        let directory = Directory::open(root)?;
        let failed = |source| Error::DataDir {
            path: root.to_owned(),
            source,
        };
        if directory.has_lost_records().map_err(failed)? {
            return Err(Error::Damaged {
                path: directory.records(),
                reason: "the file is missing, but there are contents".to_owned(),
            });
        }
        let contents = Contents::in_directory(directory.content(), true);
        let mut store = Self::with(Some(&directory.records()), contents, root)?;
        directory.sync().map_err(failed)?;
        let damaged = |reason: String| Error::Damaged {
            path: directory.content(),
            reason,
        };
        let used = store
            .records
            .contents()
            .map_err(|error| damaged(error.to_string()))?;
        let missing = store
            .contents
            .sweep(used)
            .map_err(|source| Error::DataDir {
                path: directory.content(),
                source,
            })?;
        if let Some(missing) = missing {
            return Err(damaged(format!("the content {missing} is missing")));
        }
        store._directory = Some(directory);
        Ok(store)
    }

    /// What goes away with the emulator needn't survive its end, so nothing waits for the disk.
    fn open_temporary() -> Result<Self> {
        let failed = |source| Error::DataDir {
            path: std::env::temp_dir(),
            source,
        };
        let temporary = tempfile::Builder::new()
            .prefix("qingstor-emulator-")
            .tempdir()
            .map_err(failed)?;
        let contents = Contents::in_directory(temporary.path().to_owned(), false);
        let mut store = Self::with(None, contents, temporary.path())?;
        store._temporary = Some(temporary);
        Ok(store)
    }

    fn with(records: Option<&Path>, contents: Contents, root: &Path) -> Result<Self> {
        let contents = Arc::new(contents);
        let records =
            RecordStore::open(records, Arc::clone(&contents)).map_err(|error| Error::Damaged {
                path: records.unwrap_or(root).to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            records,
            contents,
            _directory: None,
            _temporary: None,
        })
    }

    /// Writes what is read as a new content.
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

    /// A new content to write to. It goes away unless an object or an upload takes it.
    pub(crate) fn writer(&self, key: Option<&CustomerKey>) -> Result<ContentWriter, StoreError> {
        Ok(ContentWriter::new(&self.contents, key)?)
    }
}

/// Runs what reads much where it blocks nobody.
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
