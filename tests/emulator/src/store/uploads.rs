//! Multipart uploads.

use std::ops::ControlFlow;

use redb::ReadableTable as _;

use super::bucket_lookup;
use super::database::{self, Change, Lookup, PARTS, UPLOADS};
use super::error::{BadParts, StoreError};
use super::listing::{self, ListQuery, Page};
use super::objects::{self, MAX_OBJECT_SIZE};
use super::records::{Attributes, ObjectRecord, PartRecord, UploadRecord};
use super::writer::NewSegment;
use super::{ObjectAddress, Store};
use crate::base::encryption::Encryption;
use crate::base::time::Timestamp;

/// Smallest size of all parts except the last, in bytes.
const MIN_PART_SIZE: u64 = 4 << 20;

/// A part in the list of a completion, with the ETag that the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChosenPart {
    pub(crate) number: u32,
    pub(crate) etag: Option<String>,
}

/// Returns the number that orders the uploads of a key. It is a prefix of the upload ID.
pub(crate) fn upload_order(upload_id: &str) -> Option<u64> {
    u64::from_str_radix(upload_id.get(..16)?, 16).ok()
}

fn new_id(sequence: u64) -> String {
    format!("{sequence:016x}{:016x}", fastrand::u64(..))
}

fn find(
    records: &impl Lookup,
    address: &ObjectAddress,
    upload_id: &str,
) -> Result<(u64, UploadRecord), StoreError> {
    bucket_lookup::find(records, &address.bucket)?;
    let unknown = || StoreError::NoUpload(upload_id.to_owned());
    let order = upload_order(upload_id).ok_or_else(unknown)?;
    let table = records.table(UPLOADS)?;
    let key = (address.bucket.as_str(), address.key.as_str(), order);
    let record = table.get(key)?.ok_or_else(unknown)?;
    let record = serde_json::from_slice::<UploadRecord>(record.value())?;
    if record.upload_id == upload_id {
        Ok((order, record))
    } else {
        Err(unknown())
    }
}

/// Returns the parts with a number greater than `after`, in the order of their numbers.
pub(super) fn parts(
    records: &impl Lookup,
    upload_id: &str,
    after: Option<u32>,
    limit: usize,
) -> Result<Vec<PartRecord>, StoreError> {
    let Some(first) = after.map_or(Some(0), |after| after.checked_add(1)) else {
        return Ok(Vec::new());
    };
    let table = records.table(PARTS)?;
    table
        .range((upload_id, first)..=(upload_id, u32::MAX))?
        .take(limit)
        .map(|entry| Ok(serde_json::from_slice(entry?.1.value())?))
        .collect()
}

/// Returns all uploads of a bucket with their order numbers.
pub(super) fn of_bucket(
    records: &impl Lookup,
    bucket: &str,
) -> Result<Vec<(u64, UploadRecord)>, StoreError> {
    let mut found = Vec::new();
    database::scan(records, UPLOADS, bucket, "", 0, &mut |entry| {
        let record = serde_json::from_slice(&entry.record)?;
        found.push((entry.order, record));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Removes an upload and its parts.
pub(super) fn remove(
    change: &mut Change<'_>,
    bucket: &str,
    order: u64,
    upload: &UploadRecord,
) -> Result<(), StoreError> {
    let id = upload.upload_id.as_str();
    let parts = parts(change, id, None, usize::MAX)?;
    change.remove_parts(id, &parts)?;
    change.remove(UPLOADS, (bucket, upload.key.as_str(), order))
}

/// Returns the parts of an object, or the error in their list.
fn choose(available: &[PartRecord], chosen: &[ChosenPart]) -> Result<Vec<PartRecord>, BadParts> {
    let mut parts = Vec::<PartRecord>::with_capacity(chosen.len());
    for ChosenPart { number, etag } in chosen {
        if let Some(last) = parts.last()
            && last.number >= *number
        {
            return Err(BadParts::Order(last.number, *number));
        }
        let index = available
            .binary_search_by_key(number, |part| part.number)
            .map_err(|_| BadParts::Missing(*number))?;
        let part = available.get(index).ok_or(BadParts::Missing(*number))?;
        if let Some(etag) = etag
            && etag != part.etag()
        {
            return Err(BadParts::Etag {
                number: *number,
                given: etag.clone(),
                actual: part.etag().to_owned(),
            });
        }
        parts.push(part.clone());
    }
    let Some((_, all_but_last)) = parts.split_last() else {
        return Err(BadParts::None);
    };
    match all_but_last.iter().find(|part| part.size() < MIN_PART_SIZE) {
        Some(part) => Err(BadParts::TooSmall {
            number: part.number,
            size: part.size(),
            minimum: MIN_PART_SIZE,
        }),
        None => Ok(parts),
    }
}

impl Store {
    /// Starts an upload.
    pub(crate) async fn create_upload(
        &self,
        address: ObjectAddress,
        attributes: Attributes,
        encryption: Option<Encryption>,
    ) -> Result<UploadRecord, StoreError> {
        self.records
            .change(move |change| {
                bucket_lookup::find(change, &address.bucket)?;
                let sequence = change.next_sequence()?;
                let record = UploadRecord {
                    upload_id: new_id(sequence),
                    created: Timestamp::now(),
                    attributes,
                    encryption,
                    key: address.key,
                };
                let key = (address.bucket.as_str(), record.key.as_str(), sequence);
                change.put(UPLOADS, key, &record)?;
                Ok(record)
            })
            .await
    }

    pub(crate) fn upload(
        &self,
        address: &ObjectAddress,
        upload_id: &str,
    ) -> Result<UploadRecord, StoreError> {
        let (_, upload) = find(&self.records.snapshot()?, address, upload_id)?;
        Ok(upload)
    }

    /// Adds a part to an upload. Replaces a part with the same number.
    pub(crate) async fn put_part(
        &self,
        address: ObjectAddress,
        upload_id: String,
        number: u32,
        new: NewSegment,
    ) -> Result<PartRecord, StoreError> {
        self.records
            .change(move |change| {
                find(change, &address, &upload_id)?;
                let key = (upload_id.as_str(), number);
                let replaced = change
                    .table(PARTS)?
                    .get(key)?
                    .map(|part| serde_json::from_slice::<PartRecord>(part.value()))
                    .transpose()?;
                let part = PartRecord {
                    number,
                    created: Timestamp::now(),
                    segment: new.segment,
                };
                change.adopt(new.blob)?;
                if let Some(replaced) = replaced {
                    change.release(&[replaced.segment])?;
                }
                change.put(PARTS, key, &part)?;
                Ok(part)
            })
            .await
    }

    /// Lists the parts of an upload after a number.
    pub(crate) fn list_parts(
        &self,
        address: &ObjectAddress,
        upload_id: &str,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<PartRecord>, StoreError> {
        let snapshot = self.records.snapshot()?;
        find(&snapshot, address, upload_id)?;
        parts(&snapshot, upload_id, after, limit)
    }

    /// Creates an object from parts, and removes all other parts. `etag` is the ETag that the
    /// client requests for the object.
    pub(crate) async fn complete_upload(
        &self,
        address: ObjectAddress,
        upload_id: String,
        chosen: Vec<ChosenPart>,
        etag: Option<String>,
    ) -> Result<ObjectRecord, StoreError> {
        self.records
            .change(move |change| {
                let bucket = bucket_lookup::find(change, &address.bucket)?;
                let (order, upload) = find(change, &address, &upload_id)?;
                let available = parts(change, &upload_id, None, usize::MAX)?;
                let parts = choose(&available, &chosen)?;
                if parts.iter().map(PartRecord::size).sum::<u64>() > MAX_OBJECT_SIZE {
                    return Err(StoreError::TooLarge);
                }
                let replaced = objects::replaced(change, &bucket, &address.key)?;
                let segments = parts
                    .into_iter()
                    .map(|part| part.segment)
                    .collect::<Vec<_>>();
                // Removing the upload releases all parts, so the object adds a use of each of its
                // parts.
                change.share(&segments)?;
                change.remove_parts(&upload_id, &available)?;
                change.remove(
                    UPLOADS,
                    (address.bucket.as_str(), address.key.as_str(), order),
                )?;
                let mut record = ObjectRecord {
                    encryption: upload.encryption,
                    ..objects::draft(address.key, segments, upload.attributes)
                };
                if let Some(etag) = etag {
                    record.etag = etag;
                }
                objects::insert(change, &bucket, record, replaced)
            })
            .await
    }

    /// Aborts an upload. Succeeds if it does not exist.
    pub(crate) async fn abort_upload(
        &self,
        address: ObjectAddress,
        upload_id: String,
    ) -> Result<bool, StoreError> {
        self.records
            .change(move |change| {
                let (order, upload) = match find(change, &address, &upload_id) {
                    Ok(found) => found,
                    Err(StoreError::NoUpload(_)) => return Ok(false),
                    Err(error) => return Err(error),
                };
                remove(change, &address.bucket, order, &upload)?;
                Ok(true)
            })
            .await
    }

    /// Lists the uploads of a bucket, ordered by key and creation.
    pub(crate) fn list_uploads(
        &self,
        bucket: &str,
        query: &ListQuery,
    ) -> Result<Page<UploadRecord>, StoreError> {
        let snapshot = self.records.snapshot()?;
        bucket_lookup::find(&snapshot, bucket)?;
        listing::page(
            query,
            |key, order, visit| database::scan(&snapshot, UPLOADS, bucket, key, order, visit),
            |entry| Ok(Some(serde_json::from_slice(&entry.record)?)),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::tests::{at, attributes, everywhere};
    use super::*;

    #[tokio::test]
    async fn completes_and_deletes_an_object_of_a_thousand_parts() {
        let numbers = || 0..=1_000;
        // A storage that flushes to disk would take long.
        for fixture in everywhere().await.into_iter().skip(1) {
            let store = &fixture.store;
            let upload = store.create_upload(at("film"), attributes(), None);
            let id = upload.await.unwrap().upload_id;
            let put = async |number| {
                let mut segment = fixture.segment(b"x").await;
                // The test does not read the content.
                segment.segment.size = MIN_PART_SIZE;
                let part = store.put_part(at("film"), id.clone(), number, segment);
                part.await.unwrap();
            };
            let all = numbers().collect::<Vec<_>>();
            for some in all.chunks(200) {
                futures_util::future::join_all(some.iter().map(|number| put(*number))).await;
            }
            let chosen = numbers().map(|number| ChosenPart { number, etag: None });
            let started = Instant::now();
            let complete = store.complete_upload(at("film"), id.clone(), chosen.collect(), None);
            let object = complete.await.unwrap();
            println!("completed in {:?}", started.elapsed());
            assert_eq!(object.size, 1_001 * MIN_PART_SIZE);
            assert!(object.etag.ends_with("-1001"), "{}", object.etag);
            assert_eq!(fixture.blobs(), 1_001);
            let started = Instant::now();
            fixture.delete("film", None).await;
            println!("deleted in {:?}", started.elapsed());
            assert_eq!(fixture.blobs(), 0);
        }
    }
}
