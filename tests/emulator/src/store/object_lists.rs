//! Lists of objects and of their versions.

use super::database::{self, VERSIONS};
use super::error::StoreError;
use super::listing::{self, ListQuery, Marker, Page};
use super::objects::{order, version};
use super::records::{ObjectRecord, VersionId};
use super::{ObjectAddress, Store, bucket_lookup};

/// A version in a list.
#[derive(Clone, Debug)]
pub(crate) struct VersionEntry {
    pub(crate) record: ObjectRecord,
    pub(crate) is_latest: bool,
}

impl Store {
    /// Lists the newest versions of the objects of a bucket.
    pub(crate) fn list_objects(
        &self,
        bucket: &str,
        query: &ListQuery,
    ) -> Result<Page<ObjectRecord>, StoreError> {
        let mut last = None;
        self.list(bucket, query, |record, is_latest| {
            // Older versions follow the newest one.
            let is_newest = is_latest && last.as_ref() != Some(&record.key);
            last = Some(record.key.clone());
            (is_newest && !record.is_delete_marker).then_some(record)
        })
    }

    /// Returns the marker after a version, or after all versions of the key if the version does not
    /// exist.
    pub(crate) fn marker_of_version(
        &self,
        bucket: &str,
        key: &str,
        wanted: VersionId,
    ) -> Result<Marker, StoreError> {
        let address = ObjectAddress {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        };
        let record = version(&self.records.snapshot()?, &address, wanted)?;
        Ok(Marker {
            key: address.key,
            order: record.map(|record| order(record.sequence)),
        })
    }

    /// Lists all versions of the objects of a bucket, the newest version of each key first.
    pub(crate) fn list_versions(
        &self,
        bucket: &str,
        query: &ListQuery,
    ) -> Result<Page<VersionEntry>, StoreError> {
        self.list(bucket, query, |record, is_latest| {
            Some(VersionEntry { record, is_latest })
        })
    }

    fn list<T>(
        &self,
        bucket: &str,
        query: &ListQuery,
        mut choose: impl FnMut(ObjectRecord, bool) -> Option<T>,
    ) -> Result<Page<T>, StoreError> {
        let snapshot = self.records.snapshot()?;
        bucket_lookup::find(&snapshot, bucket)?;
        // A page may start in the middle of a key.
        let mut last = query.marker.order.map(|_| query.marker.key.clone());
        listing::page(
            query,
            |key, order, visit| database::scan(&snapshot, VERSIONS, bucket, key, order, visit),
            |entry| {
                let record = serde_json::from_slice::<ObjectRecord>(&entry.record)?;
                let is_latest = last.as_ref() != Some(&entry.key);
                last = Some(entry.key.clone());
                Ok(choose(record, is_latest))
            },
        )
    }
}
