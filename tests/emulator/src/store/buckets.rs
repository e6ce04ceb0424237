//! Buckets.

use redb::ReadableTable as _;

use super::Store;
use super::bucket_lookup::{all, find, try_find};
use super::database::{BUCKETS, Change, Lookup, VERSIONS};
use super::error::StoreError;
use super::records::{BucketRecord, ObjectRecord, Statistics};
use super::uploads;

/// All buckets within a change. No other change runs at the same time.
pub(crate) struct Buckets<'c, 't>(&'c Change<'t>);

impl Buckets<'_, '_> {
    pub(crate) fn find(&self, name: &str) -> Result<BucketRecord, StoreError> {
        find(self.0, name)
    }

    pub(crate) fn all(&self) -> Result<Vec<BucketRecord>, StoreError> {
        all(self.0)
    }
}

impl Store {
    /// Returns all buckets, sorted by name.
    pub(crate) fn buckets(&self) -> Result<Vec<BucketRecord>, StoreError> {
        all(&self.records.snapshot()?)
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<BucketRecord, StoreError> {
        find(&self.records.snapshot()?, name)
    }

    pub(crate) async fn create_bucket(&self, record: BucketRecord) -> Result<(), StoreError> {
        self.records
            .change(move |change| {
                if try_find(change, &record.name)?.is_some() {
                    return Err(StoreError::BucketExists(record.name));
                }
                change.put(BUCKETS, record.name.as_str(), &record)
            })
            .await
    }

    /// Deletes a bucket without objects, and aborts its uploads.
    pub(crate) async fn delete_bucket(&self, name: String) -> Result<(), StoreError> {
        self.records
            .change(move |change| {
                find(change, &name)?;
                let has_versions = change
                    .table(VERSIONS)?
                    .range((name.as_str(), "", 0)..)?
                    .next()
                    .transpose()?
                    .is_some_and(|(key, _)| key.value().0 == name);
                if has_versions {
                    return Err(StoreError::BucketNotEmpty(name));
                }
                for (order, upload) in uploads::of_bucket(change, &name)? {
                    uploads::remove(change, &name, order, &upload)?;
                }
                change.remove(BUCKETS, name.as_str())
            })
            .await
    }

    /// Changes the record of a bucket. If `update` returns an error, the record stays unchanged.
    pub(crate) async fn update_bucket<T, E>(
        &self,
        name: &str,
        update: impl FnOnce(&mut BucketRecord, &Buckets<'_, '_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let name = name.to_owned();
        self.records
            .change(move |change| {
                let mut record = find(change, &name)?;
                let outcome = update(&mut record, &Buckets(change))?;
                change.put(BUCKETS, name.as_str(), &record)?;
                Ok(outcome)
            })
            .await
    }

    /// Counts the objects of a bucket, including old versions, which use space. Reads all records.
    pub(crate) fn statistics(&self, name: &str) -> Result<Statistics, StoreError> {
        let snapshot = self.records.snapshot()?;
        find(&snapshot, name)?;
        let mut statistics = Statistics::new();
        for entry in snapshot.table(VERSIONS)?.range((name, "", 0)..)? {
            let (key, record) = entry?;
            if key.value().0 != name {
                break;
            }
            let record = serde_json::from_slice::<ObjectRecord>(record.value())?;
            if !record.is_delete_marker {
                let usage = statistics.entry(record.storage_class).or_default();
                usage.count += 1;
                usage.size += record.size;
            }
        }
        Ok(statistics)
    }
}
