//! The records in an embedded key-value store, and the one thread that changes them.
//!
//! Every change is all or nothing and on disk before its caller learns of it. Changes that wait at
//! the same time are committed together: a flush to disk takes as long for fifty as for one.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use redb::backends::InMemoryBackend;
use redb::{
    Builder, Database, Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, Table,
    TableDefinition, Value, WriteTransaction,
};
use serde::Serialize;
use tokio::sync::oneshot;

use super::content::{ContentId, Contents, NewContent};
use super::error::StoreError;
use super::listing::{Entry, Visitor};
use super::records::{PartRecord, Segment};
use crate::time::Timestamp;

/// Bucket, key, and a number that orders what they have several of.
pub(super) type OrderedKey = (&'static str, &'static str, u64);

pub(super) type Records<K> = TableDefinition<'static, K, &'static [u8]>;

pub(super) const BUCKETS: Records<&str> = TableDefinition::new("buckets");
/// The number is the complement of the sequence, so that the newest version comes first.
pub(super) const VERSIONS: Records<OrderedKey> = TableDefinition::new("versions");
/// The number is the sequence: uploads of one key stand in the order of their creation.
pub(super) const UPLOADS: Records<OrderedKey> = TableDefinition::new("uploads");
/// By upload id and part number.
pub(super) const PARTS: Records<(&str, u32)> = TableDefinition::new("parts");
/// How many segments use a content.
const CONTENTS: TableDefinition<'static, u128, u64> = TableDefinition::new("contents");
const COUNTERS: TableDefinition<'static, &str, u64> = TableDefinition::new("counters");
const SEQUENCE: &str = "sequence";

/// So many changes are committed together at most.
const MAX_BATCH: usize = 256;

/// How much of the database may stand in memory; what the library takes by itself is a gigabyte.
const CACHE_SIZE: usize = 64 << 20;

/// Anything that tables can be read from.
pub(super) trait Lookup {
    type Table<'a, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 'a;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError>;
}

/// Visits the entries of a bucket from a key and a number on, until the visitor has seen enough.
pub(super) fn scan(
    records: &impl Lookup,
    table: Records<OrderedKey>,
    bucket: &str,
    key: &str,
    order: u64,
    visit: &mut Visitor<'_>,
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

/// The records at one moment.
pub(super) struct Snapshot(ReadTransaction);

impl Lookup for Snapshot {
    type Table<'a, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.0.open_table(definition)?)
    }
}

/// A change that is being made. Whoever makes it looks before it writes: a change that fails after
/// it has written takes the others of its batch along.
pub(super) struct Change<'a> {
    transaction: &'a WriteTransaction,
    batch: &'a mut Batch,
    is_dirty: Cell<bool>,
}

/// What becomes of contents when the changes are committed.
#[derive(Default)]
struct Batch {
    adopted: Vec<NewContent>,
    released: Vec<ContentId>,
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

    /// Removes parts of an upload, and counts one use less of their contents.
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

    /// A number higher than any before, over restarts too.
    pub(super) fn next_sequence(&self) -> Result<u64, StoreError> {
        self.is_dirty.set(true);
        let mut counters = self.table(COUNTERS)?;
        let last = counters.get(SEQUENCE)?.map_or(0, |value| value.value());
        // Starts with the clock, for ids that look like those of the service.
        let next = Timestamp::now().unix_micros().max(last.saturating_add(1));
        counters.insert(SEQUENCE, next)?;
        Ok(next)
    }

    /// Counts a new content as used once; it stays when the change is committed.
    pub(super) fn adopt(&mut self, content: NewContent) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        self.table(CONTENTS)?.insert(content.id().0, 1)?;
        self.batch.adopted.push(content);
        Ok(())
    }

    /// Counts one more use of the contents of `segments`.
    pub(super) fn share(&self, segments: &[Segment]) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        let mut contents = self.table(CONTENTS)?;
        for segment in segments {
            let id = segment.content.0;
            let uses = contents.get(id)?.map_or(0, |uses| uses.value());
            contents.insert(id, uses + 1)?;
        }
        Ok(())
    }

    /// Counts one use less; contents that nobody uses go away when the change is committed.
    pub(super) fn release<'s>(
        &mut self,
        segments: impl IntoIterator<Item = &'s Segment>,
    ) -> Result<(), StoreError> {
        self.is_dirty.set(true);
        let mut unused = Vec::new();
        {
            let mut contents = self.table(CONTENTS)?;
            for segment in segments {
                let id = segment.content.0;
                let uses = contents.get(id)?.map_or(0, |uses| uses.value());
                if uses > 1 {
                    contents.insert(id, uses - 1)?;
                } else {
                    contents.remove(id)?;
                    unused.push(segment.content);
                }
            }
        }
        self.batch.released.extend(unused);
        Ok(())
    }
}

/// A file that its library was still laying out when it was killed can't be opened ever again, so it
/// gets its name when it is whole.
fn open_file(builder: &Builder, file: &Path) -> Result<Database, StoreError> {
    if !file.try_exists()? {
        let unfinished = file.with_extension("unfinished");
        if let Err(error) = fs::remove_file(&unfinished)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        drop(builder.create(&unfinished)?);
        fs::rename(unfinished, file)?;
    }
    Ok(builder.open(file)?)
}

/// Makes one change, and gives what tells its caller about it once it is committed, or not.
type Job = Box<dyn FnOnce(&mut Change<'_>) -> Reply + Send>;

struct Reply {
    has_failed: bool,
    tell: Box<dyn FnOnce(Result<(), StoreError>)>,
}

/// The database.
#[derive(Debug)]
pub(super) struct RecordStore {
    database: Arc<Database>,
    /// `None` only while the store is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl RecordStore {
    /// Opens the file, or keeps the records in memory.
    pub(super) fn open(file: Option<&Path>, contents: Arc<Contents>) -> Result<Self, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_SIZE);
        let database = match file {
            Some(file) => open_file(&builder, file)?,
            None => builder.create_with_backend(InMemoryBackend::new())?,
        };
        let transaction = database.begin_write()?;
        // A table that was never opened for writing can't be opened for reading.
        transaction.open_table(BUCKETS)?;
        transaction.open_table(VERSIONS)?;
        transaction.open_table(UPLOADS)?;
        transaction.open_table(PARTS)?;
        transaction.open_table(CONTENTS)?;
        transaction.open_table(COUNTERS)?;
        transaction.commit()?;
        let database = Arc::new(database);
        let (jobs, queue) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("qingstor-emulator-writer".to_owned())
            .spawn({
                let database = Arc::clone(&database);
                move || write(&database, &contents, &queue)
            })?;
        Ok(Self {
            database,
            jobs: Some(jobs),
            writer: Some(writer),
        })
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot(self.database.begin_read()?))
    }

    /// All contents that are in use.
    pub(super) fn contents(&self) -> Result<Vec<ContentId>, StoreError> {
        let snapshot = self.snapshot()?;
        let contents = snapshot.table(CONTENTS)?;
        contents
            .iter()?
            .map(|entry| Ok(ContentId(entry?.0.value())))
            .collect()
    }

    /// Makes a change and waits until it is on disk. It is made even if its caller goes away
    /// meanwhile.
    pub(super) async fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |context| {
            let result = change(context);
            Reply {
                has_failed: result.is_err(),
                // A caller that is gone needs no answer.
                tell: Box::new(move |committed| {
                    let _ = sender.send(result.and_then(|done| {
                        committed?;
                        Ok(done)
                    }));
                }),
            }
        });
        let gone = || E::from(StoreError::Io(io::Error::other("the store is closed")));
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

impl Drop for RecordStore {
    fn drop(&mut self) {
        // The writer ends with its queue, and only then is the file free for the next emulator.
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the store has panicked");
        }
    }
}

/// How a batch of changes has ended.
enum Outcome {
    Committed,
    /// Nothing of it is in the database.
    Aborted(StoreError),
    /// The disk failed in the middle, so that only the next start will see what there is.
    Unknown(StoreError),
}

fn write(database: &Database, contents: &Contents, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let jobs = std::iter::once(first).chain(queue.try_iter().take(MAX_BATCH - 1));
        let mut batch = Batch::default();
        let mut replies = Vec::new();
        let outcome = commit(database, contents, jobs, &mut batch, &mut replies);
        let failure = match outcome {
            Outcome::Committed => {
                batch.adopted.into_iter().for_each(NewContent::keep);
                contents.remove(&batch.released);
                None
            }
            Outcome::Aborted(error) => {
                drop(batch.adopted);
                Some(error.to_string())
            }
            Outcome::Unknown(error) => {
                batch.adopted.into_iter().for_each(NewContent::keep);
                Some(error.to_string())
            }
        };
        if let Some(error) = &failure {
            tracing::error!(%error, "the changes of {} requests were lost", replies.len());
        }
        for reply in replies {
            let outcome = match &failure {
                None => Ok(()),
                Some(error) => Err(StoreError::Io(io::Error::other(error.clone()))),
            };
            (reply.tell)(outcome);
        }
    }
}

fn commit(
    database: &Database,
    contents: &Contents,
    jobs: impl Iterator<Item = Job>,
    batch: &mut Batch,
    replies: &mut Vec<Reply>,
) -> Outcome {
    let transaction = match database.begin_write() {
        Ok(transaction) => transaction,
        Err(error) => {
            // Jobs that can't be made are dropped, and their callers see that.
            jobs.for_each(drop);
            return Outcome::Aborted(error.into());
        }
    };
    let (mut is_dirty, mut is_broken) = (false, false);
    for job in jobs {
        let mut change = Change {
            transaction: &transaction,
            batch,
            is_dirty: Cell::new(false),
        };
        let reply = job(&mut change);
        is_dirty |= change.is_dirty.get();
        is_broken |= reply.has_failed && change.is_dirty.get();
        replies.push(reply);
    }
    if is_broken {
        return abort(transaction, io::Error::other("a change failed half-way"));
    }
    // A content's file is on disk already, but maybe not its name.
    if !batch.adopted.is_empty()
        && let Err(error) = contents.sync()
    {
        return abort(transaction, error);
    }
    if !is_dirty {
        // There is nothing that the disk should be asked to keep.
        drop(transaction);
        return Outcome::Committed;
    }
    match transaction.commit() {
        Ok(()) => Outcome::Committed,
        Err(error) => Outcome::Unknown(error.into()),
    }
}

fn abort(transaction: WriteTransaction, reason: std::io::Error) -> Outcome {
    Outcome::Aborted(match transaction.abort() {
        Ok(()) => reason.into(),
        Err(error) => error.into(),
    })
}
