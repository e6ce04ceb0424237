//! The tables of the database, and the types that read and change them.

use std::cell::Cell;
use std::sync::Arc;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, Value,
    WriteTransaction,
};
use serde::Serialize;

use super::blob_id::BlobId;
use super::blobs::NewBlob;
use super::error::StoreError;
use super::listing::{Entry, EntryVisitor};
use super::records::{PartRecord, Segment};
use crate::base::time::Timestamp;

/// Bucket, key, and a number that orders the versions or uploads of the key.
pub(super) type OrderedKey = (&'static str, &'static str, u64);

pub(super) type Records<K> = TableDefinition<'static, K, &'static [u8]>;

pub(super) const BUCKETS: Records<&str> = TableDefinition::new("buckets");
/// The number is the complement of the sequence number, so that the newest version is first.
pub(super) const VERSIONS: Records<OrderedKey> = TableDefinition::new("versions");
/// The number is the sequence number, so that the uploads of a key are ordered by creation.
pub(super) const UPLOADS: Records<OrderedKey> = TableDefinition::new("uploads");
/// Parts by upload ID and part number.
pub(super) const PARTS: Records<(&str, u32)> = TableDefinition::new("parts");
/// Number of segments that use a blob.
pub(super) const BLOBS: TableDefinition<'static, u128, u64> = TableDefinition::new("contents");
pub(super) const COUNTERS: TableDefinition<'static, &str, u64> = TableDefinition::new("counters");
const SEQUENCE: &str = "sequence";

/// A source of tables for reading.
pub(super) trait Lookup {
    type Table<'a, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 'a;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError>;
}

/// Visits the entries of a bucket, starting at a key and a number, until the visitor stops.
pub(super) fn scan(
    records: &impl Lookup,
    table: Records<OrderedKey>,
    bucket: &str,
    key: &str,
    order: u64,
    visit: &mut EntryVisitor<'_>,
) -> Result<(), StoreError> {
    let table = records.table(table)?;
    for entry in table.range((bucket, key, order)..)? {
        let (place, record) = entry?;
        let (found, key, order) = place.value();
        let entry = Entry {
            key: key.to_owned(),
            order,
            record: record.value().to_vec(),
        };
        if found != bucket || visit(entry)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// A consistent view of the records.
pub(super) struct Snapshot {
    transaction: ReadTransaction,
    /// Prevents that the database is reopened.
    _reader: Arc<()>,
}

impl Snapshot {
    pub(super) fn new(transaction: ReadTransaction, reader: Arc<()>) -> Self {
        Self {
            transaction,
            _reader: reader,
        }
    }
}

impl Lookup for Snapshot {
    type Table<'a, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.transaction.open_table(definition)?)
    }
}

/// A change in progress. It must finish its checks before it writes: a change that fails after a
/// write aborts its whole batch.
pub(super) struct Change<'a> {
    pub(super) transaction: &'a WriteTransaction,
    pub(super) batch: &'a mut Batch,
    pub(super) is_dirty: Cell<bool>,
}

/// Blobs to keep or remove when the changes are committed.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) adopted: Vec<NewBlob>,
    pub(super) released: Vec<BlobId>,
}

impl Lookup for Change<'_> {
    type Table<'a, K: Key + 'static, V: Value + 'static>
        = Table<'a, K, V>
    where
        Self: 'a;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.transaction.open_table(definition)?)
    }
}

impl Change<'_> {
    /// Commits the transaction even if no record changes.
    pub(super) fn touch(&self) {
        self.is_dirty.set(true);
    }

    pub(super) fn put<'k, K: Key + 'static>(
        &self,
        table: Records<K>,
        key: K::SelfType<'k>,
        record: &impl Serialize,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_vec(record)?;
        self.is_dirty.set(true);
        self.table(table)?.insert(key, text.as_slice())?;
        Ok(())
    }

    pub(super) fn remove<'k, K: Key + 'static>(
        &self,
        table: Records<K>,
        key: K::SelfType<'k>,
    ) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        self.table(table)?.remove(key)?;
        Ok(())
    }

    /// Removes parts of an upload, and decrements the use counts of their blobs.
    pub(super) fn remove_parts(
        &mut self,
        upload_id: &str,
        parts: &[PartRecord],
    ) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        {
            let mut table = self.table(PARTS)?;
            for part in parts {
                table.remove((upload_id, part.number))?;
            }
        }
        self.release(parts.iter().map(|part| &part.segment))
    }

    /// Returns a number higher than all previous ones, including those before a restart.
    pub(super) fn next_sequence(&self) -> Result<u64, StoreError> {
        self.is_dirty.set(true);
        let mut counters = self.table(COUNTERS)?;
        let last = counters.get(SEQUENCE)?.map_or(0, |value| value.value());
        // The clock gives IDs that look like those of the service.
        let next = Timestamp::now().unix_micros().max(last.saturating_add(1));
        counters.insert(SEQUENCE, next)?;
        Ok(next)
    }

    /// Records the first use of a new blob, which is kept when the change is committed.
    pub(super) fn adopt(&mut self, blob: NewBlob) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        self.table(BLOBS)?.insert(blob.id().0, 1)?;
        self.batch.adopted.push(blob);
        Ok(())
    }

    /// Increments the use counts of the blobs of `segments`.
    pub(super) fn share(&self, segments: &[Segment]) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        let mut blobs = self.table(BLOBS)?;
        for segment in segments {
            let id = segment.blob.0;
            let uses = blobs.get(id)?.map_or(0, |uses| uses.value());
            blobs.insert(id, uses + 1)?;
        }
        Ok(())
    }

    /// Decrements the use counts of the blobs of `segments`. Unused blobs are removed when
    /// the change is committed.
    pub(super) fn release<'s>(
        &mut self,
        segments: impl IntoIterator<Item = &'s Segment>,
    ) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        let mut unused = Vec::new();
        {
            let mut blobs = self.table(BLOBS)?;
            for segment in segments {
                let id = segment.blob.0;
                let uses = blobs.get(id)?.map_or(0, |uses| uses.value());
                if uses > 1 {
                    blobs.insert(id, uses - 1)?;
                } else {
                    blobs.remove(id)?;
                    unused.push(segment.blob);
                }
            }
        }
        self.batch.released.extend(unused);
        Ok(())
    }
}
