//! Objects and their versions.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::bucket_lookup;
use super::database::{self, Change, Lookup, VERSIONS};
use super::error::StoreError;
use super::reader::OpenObject;
use super::records::{Attributes, BucketRecord, ObjectRecord, Segment, VersionId, etag_of};
use super::writer::NewSegment;
use super::{ObjectAddress, Store};
use crate::base::encryption::Encryption;
use crate::base::metadata::{Metadata, StorageClass};
use crate::base::time::Timestamp;
use crate::settings::versioning::Versioning;

/// Largest size of an object, in bytes.
pub(super) const MAX_OBJECT_SIZE: u64 = 50 << 40;

/// A completely received object.
#[derive(Debug)]
pub(crate) struct NewObject {
    pub(crate) content: NewSegment,
    pub(crate) attributes: Attributes,
    pub(crate) encryption: Option<Encryption>,
}

/// Whether a transfer is a copy or a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferKind {
    Copy,
    Move,
}

/// Result of a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeleteOutcome {
    /// Version that was removed, or delete marker that was created. `None` without versioning.
    pub(crate) version: Option<VersionId>,
    /// Whether the removed or previous version was a delete marker.
    pub(crate) was_delete_marker: bool,
    /// Object that is now deleted. With versioning, its version can still be read.
    pub(crate) object: Option<ObjectRecord>,
}

/// Returns the number of a version in its key. The newest version has the lowest number.
pub(super) fn order(sequence: u64) -> u64 {
    u64::MAX - sequence
}

/// Returns the newest version of a key, which may be a delete marker.
fn newest(
    records: &impl Lookup,
    address: &ObjectAddress,
) -> Result<Option<ObjectRecord>, StoreError> {
    find_version(records, address, |_| true)
}

pub(super) fn version(
    records: &impl Lookup,
    address: &ObjectAddress,
    wanted: VersionId,
) -> Result<Option<ObjectRecord>, StoreError> {
    find_version(records, address, |record| record.version == wanted)
}

/// Returns the newest version of a key that matches `is_wanted`.
fn find_version(
    records: &impl Lookup,
    address: &ObjectAddress,
    is_wanted: impl Fn(&ObjectRecord) -> bool,
) -> Result<Option<ObjectRecord>, StoreError> {
    let mut found = None;
    let (bucket, key) = (&address.bucket, &address.key);
    database::scan(records, VERSIONS, bucket, key, 0, &mut |entry| {
        if entry.key != *key {
            return Ok(ControlFlow::Break(()));
        }
        let record = serde_json::from_slice(&entry.record)?;
        if !is_wanted(&record) {
            return Ok(ControlFlow::Continue(()));
        }
        found = Some(record);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Returns the object that a read request returns.
fn readable(
    records: &impl Lookup,
    address: &ObjectAddress,
    wanted: Option<VersionId>,
) -> Result<ObjectRecord, StoreError> {
    let key = || address.key.clone();
    let record = match wanted {
        Some(wanted) => {
            version(records, address, wanted)?.ok_or_else(|| StoreError::NoVersion {
                key: key(),
                version: wanted,
            })?
        }
        None => newest(records, address)?.ok_or_else(|| StoreError::NoObject(key()))?,
    };
    if record.is_delete_marker {
        return Err(StoreError::DeleteMarker {
            key: key(),
            version: record.version,
            is_named: wanted.is_some(),
        });
    }
    Ok(record)
}

pub(super) fn put_version(
    change: &Change<'_>,
    bucket: &str,
    record: &ObjectRecord,
) -> Result<(), StoreError> {
    let key = (bucket, record.key.as_str(), order(record.sequence));
    change.put(VERSIONS, key, record)
}

/// Removes a version with its content. The caller has checked the retention.
pub(super) fn remove_version(
    change: &mut Change<'_>,
    bucket: &str,
    record: &ObjectRecord,
) -> Result<(), StoreError> {
    change.release(&record.segments)?;
    let key = (bucket, record.key.as_str(), order(record.sequence));
    change.remove(VERSIONS, key)
}

/// Returns a new version, which does not have an ID and a sequence number yet.
pub(super) fn draft(key: String, segments: Vec<Segment>, attributes: Attributes) -> ObjectRecord {
    let now = Timestamp::now();
    ObjectRecord {
        key,
        version: VersionId::Null,
        sequence: 0,
        is_delete_marker: false,
        is_appendable: false,
        size: segments.iter().map(|segment| segment.size).sum(),
        etag: etag_of(&segments),
        segments,
        created: now,
        modified: now,
        storage_class: attributes.storage_class,
        metadata: attributes.metadata,
        encryption: None,
    }
}

/// Returns the version that a new one replaces.
///
/// # Errors
///
/// Returns an error if the retention protects that version.
pub(super) fn replaced(
    change: &Change<'_>,
    bucket: &BucketRecord,
    key: &str,
) -> Result<Option<ObjectRecord>, StoreError> {
    replaced_at(change, bucket, key, Timestamp::now())
}

fn replaced_at(
    change: &Change<'_>,
    bucket: &BucketRecord,
    key: &str,
    now: Timestamp,
) -> Result<Option<ObjectRecord>, StoreError> {
    if bucket.settings.versioning == Versioning::Enabled {
        return Ok(None);
    }
    let address = ObjectAddress {
        bucket: bucket.name.clone(),
        key: key.to_owned(),
    };
    let replaced = version(change, &address, VersionId::Null)?;
    check_retention(bucket, replaced.as_ref(), now)?;
    Ok(replaced)
}

/// Returns an error if the retention of the bucket protects a version.
pub(super) fn check_retention(
    bucket: &BucketRecord,
    record: Option<&ObjectRecord>,
    now: Timestamp,
) -> Result<(), StoreError> {
    match record {
        Some(record)
            if bucket
                .settings
                .retention
                .as_ref()
                .is_some_and(|policy| policy.protects(record.modified, now)) =>
        {
            Err(StoreError::Protected(record.key.clone()))
        }
        _ => Ok(()),
    }
}

/// Inserts a draft as the newest version, and removes `replaced`.
pub(super) fn insert(
    change: &mut Change<'_>,
    bucket: &BucketRecord,
    mut record: ObjectRecord,
    replaced: Option<ObjectRecord>,
) -> Result<ObjectRecord, StoreError> {
    record.sequence = change.next_sequence()?;
    if bucket.settings.versioning == Versioning::Enabled {
        record.version = VersionId::Numbered(record.sequence);
    }
    if let Some(replaced) = replaced {
        remove_version(change, &bucket.name, &replaced)?;
    }
    put_version(change, &bucket.name, &record)?;
    Ok(record)
}

fn put(
    change: &mut Change<'_>,
    address: ObjectAddress,
    new: NewObject,
) -> Result<ObjectRecord, StoreError> {
    let bucket = bucket_lookup::find(change, &address.bucket)?;
    let replaced = replaced(change, &bucket, &address.key)?;
    let NewSegment { segment, blob, .. } = new.content;
    let record = ObjectRecord {
        encryption: new.encryption,
        ..draft(address.key, vec![segment], new.attributes)
    };
    change.adopt(blob)?;
    insert(change, &bucket, record, replaced)
}

/// Deletes an object. `now` decides on the retention and may be in the future.
pub(super) fn delete_newest(
    change: &mut Change<'_>,
    bucket: &BucketRecord,
    address: &ObjectAddress,
    now: Timestamp,
) -> Result<DeleteOutcome, StoreError> {
    let newest = newest(change, address)?;
    let replaced = replaced_at(change, bucket, &address.key, now)?;
    if bucket.settings.versioning == Versioning::Disabled {
        if let Some(replaced) = &replaced {
            remove_version(change, &bucket.name, replaced)?;
        }
        return Ok(DeleteOutcome {
            object: replaced,
            ..DeleteOutcome::default()
        });
    }
    let attributes = Attributes {
        storage_class: StorageClass::default(),
        metadata: Metadata::default(),
    };
    let marker = ObjectRecord {
        is_delete_marker: true,
        etag: String::new(),
        ..draft(address.key.clone(), Vec::new(), attributes)
    };
    let marker = insert(change, bucket, marker, replaced)?;
    Ok(DeleteOutcome {
        version: Some(marker.version),
        was_delete_marker: newest
            .as_ref()
            .is_some_and(|newest| newest.is_delete_marker),
        object: newest.filter(|newest| !newest.is_delete_marker),
    })
}

fn delete_version(
    change: &mut Change<'_>,
    bucket: &BucketRecord,
    address: &ObjectAddress,
    wanted: VersionId,
) -> Result<DeleteOutcome, StoreError> {
    let record = version(change, address, wanted)?;
    check_retention(bucket, record.as_ref(), Timestamp::now())?;
    if let Some(record) = &record {
        remove_version(change, &bucket.name, record)?;
    }
    Ok(DeleteOutcome {
        version: Some(wanted),
        was_delete_marker: record
            .as_ref()
            .is_some_and(|record| record.is_delete_marker),
        object: record.filter(|record| !record.is_delete_marker),
    })
}

impl Store {
    /// Returns a version of an object. By default, returns the newest one.
    pub(crate) fn object(
        &self,
        address: &ObjectAddress,
        version: Option<VersionId>,
    ) -> Result<ObjectRecord, StoreError> {
        let snapshot = self.records.snapshot()?;
        bucket_lookup::find(&snapshot, &address.bucket)?;
        readable(&snapshot, address, version)
    }

    /// Opens an object for reading.
    pub(crate) fn open_object(
        &self,
        address: &ObjectAddress,
        version: Option<VersionId>,
    ) -> Result<OpenObject, StoreError> {
        let (record, pins) = self.blobs.pin(
            || self.object(address, version),
            |record| record.segments.as_slice(),
        )?;
        Ok(OpenObject {
            record,
            blobs: Arc::clone(&self.blobs),
            pins,
        })
    }

    /// Stores a received object as its newest version.
    pub(crate) async fn put_object(
        &self,
        address: ObjectAddress,
        new: NewObject,
    ) -> Result<ObjectRecord, StoreError> {
        self.records
            .change(move |change| put(change, address, new))
            .await
    }

    /// Stores a received object unless the object already exists. Returns `None` if it does.
    pub(crate) async fn put_if_absent(
        &self,
        address: ObjectAddress,
        new: NewObject,
    ) -> Result<Option<ObjectRecord>, StoreError> {
        self.records
            .change(move |change| match newest(change, &address)? {
                Some(object) if !object.is_delete_marker => Ok(None),
                _ => put(change, address, new).map(Some),
            })
            .await
    }

    /// Appends to an object, or creates it. Returns the resulting object.
    pub(crate) async fn append(
        &self,
        address: ObjectAddress,
        position: u64,
        new: NewSegment,
        attributes: Attributes,
    ) -> Result<ObjectRecord, StoreError> {
        self.records
            .change(move |change| {
                let bucket = bucket_lookup::find(change, &address.bucket)?;
                let NewSegment { segment, blob, .. } = new;
                let object = newest(change, &address)?.filter(|object| !object.is_delete_marker);
                let end = object.as_ref().map_or(0, |object| object.size);
                if object.as_ref().is_some_and(|object| !object.is_appendable) {
                    return Err(StoreError::NotAppendable(address.key));
                }
                if position != end {
                    let given = position;
                    return Err(StoreError::WrongPosition { given, end });
                }
                if end + segment.size > MAX_OBJECT_SIZE {
                    return Err(StoreError::TooLarge);
                }
                let Some(mut object) = object else {
                    let replaced = replaced(change, &bucket, &address.key)?;
                    let object = ObjectRecord {
                        is_appendable: true,
                        ..draft(address.key, vec![segment], attributes)
                    };
                    change.adopt(blob)?;
                    return insert(change, &bucket, object, replaced);
                };
                object.size += segment.size;
                object.segments.push(segment);
                object.etag = etag_of(&object.segments);
                object.modified = Timestamp::now();
                change.adopt(blob)?;
                put_version(change, &bucket.name, &object)?;
                Ok(object)
            })
            .await
    }

    /// Copies or moves an object without copying its content. `decide` returns the attributes of
    /// the target, or an error. No other change can happen between `decide` and the transfer.
    pub(crate) async fn transfer<E: From<StoreError> + Send + 'static>(
        &self,
        source: (ObjectAddress, Option<VersionId>),
        target: ObjectAddress,
        kind: TransferKind,
        decide: impl FnOnce(&ObjectRecord) -> Result<Attributes, E> + Send + 'static,
    ) -> Result<ObjectRecord, E> {
        self.records
            .change(move |change| {
                let (source, version) = source;
                let source_bucket = bucket_lookup::find(change, &source.bucket)?;
                let object = readable(change, &source, version)?;
                let attributes = decide(&object)?;
                let bucket = bucket_lookup::find(change, &target.bucket)?;
                let is_same = source == target;
                let replaced = replaced(change, &bucket, &target.key)?;
                if kind == TransferKind::Move {
                    check_retention(&source_bucket, Some(&object), Timestamp::now())?;
                }
                change.share(&object.segments)?;
                let record = ObjectRecord {
                    etag: object.etag,
                    is_appendable: object.is_appendable && kind == TransferKind::Move,
                    encryption: object.encryption,
                    ..draft(target.key, object.segments, attributes)
                };
                let record = insert(change, &bucket, record, replaced)?;
                if kind == TransferKind::Move && !is_same {
                    delete_newest(change, &source_bucket, &source, Timestamp::now())?;
                }
                Ok(record)
            })
            .await
    }

    /// Deletes an object, or permanently one version of it. Succeeds if it does not exist.
    pub(crate) async fn delete_object(
        &self,
        address: ObjectAddress,
        version: Option<VersionId>,
    ) -> Result<DeleteOutcome, StoreError> {
        self.records
            .change(move |change| {
                let bucket = bucket_lookup::find(change, &address.bucket)?;
                match version {
                    None => delete_newest(change, &bucket, &address, Timestamp::now()),
                    Some(version) => delete_version(change, &bucket, &address, version),
                }
            })
            .await
    }
}
