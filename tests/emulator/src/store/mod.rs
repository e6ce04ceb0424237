//! Buckets and objects: in memory in the order of their keys, and on disk so that a restart finds
//! them.
//!
//! All methods block; the handlers call those that touch the disk through [`blocking`].

mod disk;
mod listing;
mod records;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tempfile::NamedTempFile;

use crate::error::Result;
use crate::time::Timestamp;
use disk::Disk;
pub(crate) use listing::{ListQuery, Page};
pub(crate) use records::{Attributes, BucketRecord, ObjectRecord, Statistics};

/// Why the store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("bucket {0:?} does not exist")]
    NoBucket(String),
    #[error("object {0:?} does not exist")]
    NoObject(String),
    #[error("bucket {0:?} exists already")]
    BucketExists(String),
    #[error("bucket {0:?} is not empty")]
    BucketNotEmpty(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The address of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectAddress {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// An upload that has arrived completely.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) file: NamedTempFile,
    pub(crate) size: u64,
    pub(crate) etag: String,
}

/// What becomes of the source of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceFate {
    Keep,
    Remove,
}

#[derive(Debug)]
struct BucketState {
    record: Arc<BucketRecord>,
    objects: BTreeMap<String, Arc<ObjectRecord>>,
}

/// All buckets and objects.
#[derive(Debug)]
pub(crate) struct Store {
    disk: Disk,
    /// Held through a change, disk included, so that memory and disk change in the same order.
    changes: Mutex<()>,
    /// Held for moments only: nobody reads while waiting for the disk of somebody else.
    buckets: RwLock<BTreeMap<String, BucketState>>,
}

impl Store {
    /// Opens a data directory, or makes a temporary one that goes away with the store.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self> {
        let disk = match directory {
            Some(directory) => Disk::open(directory)?,
            None => Disk::temporary()?,
        };
        let buckets = disk
            .load()?
            .into_iter()
            .map(|found| {
                let objects = found
                    .objects
                    .into_iter()
                    .map(|(key, object)| (key, Arc::new(object)))
                    .collect();
                let name = found.record.name.clone();
                let record = Arc::new(found.record);
                (name, BucketState { record, objects })
            })
            .collect();
        Ok(Self {
            disk,
            changes: Mutex::new(()),
            buckets: RwLock::new(buckets),
        })
    }

    pub(crate) fn buckets(&self) -> Vec<Arc<BucketRecord>> {
        self.read()
            .values()
            .map(|bucket| Arc::clone(&bucket.record))
            .collect()
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<BucketRecord>, StoreError> {
        self.with_bucket(name, |bucket| Arc::clone(&bucket.record))
    }

    pub(crate) fn create_bucket(&self, record: BucketRecord) -> Result<(), StoreError> {
        let _change = self.begin();
        if self.read().contains_key(&record.name) {
            return Err(StoreError::BucketExists(record.name));
        }
        self.disk.create_bucket(&record)?;
        let bucket = BucketState {
            record: Arc::new(record),
            objects: BTreeMap::new(),
        };
        self.write().insert(bucket.record.name.clone(), bucket);
        Ok(())
    }

    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), StoreError> {
        let _change = self.begin();
        if !self.with_bucket(name, |bucket| bucket.objects.is_empty())? {
            return Err(StoreError::BucketNotEmpty(name.to_owned()));
        }
        self.disk.remove_bucket(name)?;
        self.write().remove(name);
        Ok(())
    }

    /// Changes a bucket's record. `change` sees it while nobody else can change it, and may refuse.
    pub(crate) fn update_bucket<T, E: From<StoreError>>(
        &self,
        name: &str,
        change: impl FnOnce(&mut BucketRecord) -> Result<T, E>,
    ) -> Result<T, E> {
        let _change = self.begin();
        let mut record = BucketRecord::clone(&*self.bucket(name)?);
        let outcome = change(&mut record)?;
        self.disk.write_bucket(&record).map_err(StoreError::from)?;
        if let Some(bucket) = self.write().get_mut(name) {
            bucket.record = Arc::new(record);
        }
        Ok(outcome)
    }

    pub(crate) fn statistics(&self, name: &str) -> Result<Statistics, StoreError> {
        self.with_bucket(name, |bucket| {
            let mut statistics = Statistics::new();
            for object in bucket.objects.values() {
                let usage = statistics.entry(object.storage_class).or_default();
                usage.count += 1;
                usage.size += object.size;
            }
            statistics
        })
    }

    pub(crate) fn list(&self, name: &str, query: &ListQuery) -> Result<Page, StoreError> {
        self.with_bucket(name, |bucket| listing::page(&bucket.objects, query))
    }

    pub(crate) fn object(&self, address: &ObjectAddress) -> Result<Arc<ObjectRecord>, StoreError> {
        self.with_bucket(&address.bucket, |bucket| {
            bucket.objects.get(&address.key).map(Arc::clone)
        })?
        .ok_or_else(|| StoreError::NoObject(address.key.clone()))
    }

    /// Opens an object for reading. What was opened stays readable when it is overwritten or
    /// deleted.
    pub(crate) fn open_object(
        &self,
        address: &ObjectAddress,
    ) -> Result<(Arc<ObjectRecord>, File), StoreError> {
        // A content file goes away only after its record has left the map, and that needs the write
        // lock: under the read lock, the file of a record is there.
        let buckets = self.read();
        let object = buckets
            .get(&address.bucket)
            .ok_or_else(|| StoreError::NoBucket(address.bucket.clone()))?
            .objects
            .get(&address.key)
            .ok_or_else(|| StoreError::NoObject(address.key.clone()))?;
        let file = self
            .disk
            .open_content(&address.bucket, &object.content_id)?;
        Ok((Arc::clone(object), file))
    }

    /// A file to collect an upload in; it disappears unless it is given to [`Store::put_object`].
    pub(crate) fn new_upload(&self) -> Result<NamedTempFile, StoreError> {
        Ok(self.disk.new_upload()?)
    }

    /// Makes an upload an object, in place of the one that has its key.
    pub(crate) fn put_object(
        &self,
        address: ObjectAddress,
        upload: Upload,
        attributes: Attributes,
    ) -> Result<Arc<ObjectRecord>, StoreError> {
        upload.file.as_file().sync_all()?;
        let _change = self.begin();
        self.bucket(&address.bucket)?;
        let content_id = self.disk.keep_content(&address.bucket, upload.file)?;
        let now = Timestamp::now();
        self.insert(
            &address.bucket,
            ObjectRecord {
                key: address.key,
                content_id,
                size: upload.size,
                etag: upload.etag,
                created: now,
                modified: now,
                storage_class: attributes.storage_class,
                metadata: attributes.metadata,
            },
        )
    }

    /// Copies or moves an object. `decide` sees the source while nobody can change it, and gives
    /// the attributes of the target or refuses.
    pub(crate) fn transfer<E: From<StoreError>>(
        &self,
        source: &ObjectAddress,
        target: ObjectAddress,
        fate: SourceFate,
        decide: impl FnOnce(&ObjectRecord) -> Result<Attributes, E>,
    ) -> Result<Arc<ObjectRecord>, E> {
        let _change = self.begin();
        let object = self.object(source)?;
        let attributes = decide(&object)?;
        self.bucket(&target.bucket)?;
        let is_same = *source == target;
        let content_id = self
            .disk
            .link_content((&source.bucket, &object.content_id), &target.bucket)
            .map_err(StoreError::from)?;
        let now = Timestamp::now();
        let copied = self.insert(
            &target.bucket,
            ObjectRecord {
                key: target.key,
                content_id,
                size: object.size,
                etag: object.etag.clone(),
                created: now,
                modified: now,
                storage_class: attributes.storage_class,
                metadata: attributes.metadata,
            },
        )?;
        if fate == SourceFate::Remove && !is_same {
            self.remove(source)?;
        }
        Ok(copied)
    }

    /// Deletes an object. There need not be one.
    pub(crate) fn delete_object(&self, address: &ObjectAddress) -> Result<(), StoreError> {
        let _change = self.begin();
        match self.remove(address) {
            Err(StoreError::NoObject(_)) => Ok(()),
            other => other,
        }
    }

    /// Puts a record whose content stands on disk in place; the caller holds the change lock.
    fn insert(&self, bucket: &str, record: ObjectRecord) -> Result<Arc<ObjectRecord>, StoreError> {
        if let Err(error) = self.disk.write_object(bucket, &record) {
            self.discard_content(bucket, &record.content_id);
            return Err(error.into());
        }
        let record = Arc::new(record);
        let replaced = self.write().get_mut(bucket).and_then(|bucket| {
            bucket
                .objects
                .insert(record.key.clone(), Arc::clone(&record))
        });
        if let Some(replaced) = replaced {
            self.discard_content(bucket, &replaced.content_id);
        }
        Ok(record)
    }

    /// Removes an object; the caller holds the change lock.
    fn remove(&self, address: &ObjectAddress) -> Result<(), StoreError> {
        let object = self.object(address)?;
        self.disk.remove_object(&address.bucket, &address.key)?;
        if let Some(bucket) = self.write().get_mut(&address.bucket) {
            bucket.objects.remove(&address.key);
        }
        self.discard_content(&address.bucket, &object.content_id);
        Ok(())
    }

    /// Removes content that no record names any more. A failure costs space until the next start
    /// sweeps it, and is no reason to fail the request that has been done.
    fn discard_content(&self, bucket: &str, content_id: &str) {
        if let Err(error) = self.disk.remove_content(bucket, content_id) {
            tracing::warn!(bucket, content_id, %error, "content that is not used any more stays");
        }
    }

    fn with_bucket<T>(
        &self,
        name: &str,
        look: impl FnOnce(&BucketState) -> T,
    ) -> Result<T, StoreError> {
        self.read()
            .get(name)
            .map(look)
            .ok_or_else(|| StoreError::NoBucket(name.to_owned()))
    }

    // No lock is held over code that leaves its data half changed, so a poisoned one is as good as
    // new.

    fn begin(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, BucketState>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, BucketState>> {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what waits for the disk where it blocks nobody.
pub(crate) async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Io(io::Error::other(error)).into()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::metadata::{Metadata, StorageClass};

    pub(crate) fn record(key: &str, etag: &str, modified: u64) -> ObjectRecord {
        let modified = Timestamp::from_unix_seconds(modified);
        ObjectRecord {
            key: key.to_owned(),
            content_id: String::new(),
            size: 0,
            etag: etag.to_owned(),
            created: modified,
            modified,
            storage_class: StorageClass::Standard,
            metadata: Metadata::default(),
        }
    }
}
