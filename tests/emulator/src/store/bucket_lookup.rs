//! Lookup of bucket records.

use redb::ReadableTable as _;

use super::database::{BUCKETS, Lookup};
use super::error::StoreError;
use super::records::BucketRecord;

/// Returns a bucket.
pub(super) fn find(records: &impl Lookup, name: &str) -> Result<BucketRecord, StoreError> {
    try_find(records, name)?.ok_or_else(|| StoreError::NoBucket(name.to_owned()))
}

/// Returns a bucket, or `None` if it does not exist.
pub(super) fn try_find(
    records: &impl Lookup,
    name: &str,
) -> Result<Option<BucketRecord>, StoreError> {
    let table = records.table(BUCKETS)?;
    let record = table.get(name)?;
    Ok(record
        .map(|record| serde_json::from_slice(record.value()))
        .transpose()?)
}

/// Returns all buckets, sorted by name.
pub(super) fn all(records: &impl Lookup) -> Result<Vec<BucketRecord>, StoreError> {
    let table = records.table(BUCKETS)?;
    table
        .iter()?
        .map(|entry| Ok(serde_json::from_slice(entry?.1.value())?))
        .collect()
}
