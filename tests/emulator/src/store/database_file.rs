//! Opens the database, and reopens it after a failed write.
//!
//! The database library fails every operation after an I/O error until its file is opened again. So
//! that the emulator continues after a full disk, the database is closed and opened again. This
//! loses no committed change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableHandle, WriteTransaction};

use super::blob_id::{BlobId, MAX_RUN};
use super::database::{BLOBS, BUCKETS, COUNTERS, Lookup as _, PARTS, Snapshot, UPLOADS, VERSIONS};
use super::error::StoreError;
use crate::base::locks;

/// Limit of the database's cache in bytes. The default of the library is a gigabyte.
const CACHE_SIZE: usize = 64 << 20;

/// Longest time that reopening waits for snapshots to be dropped.
const MAX_READ: Duration = Duration::from_secs(5);

/// Counter that contains a random number, chosen when the database was created.
const IDENTITY: &str = "identity";

/// Counter of the runs of emulators with the database.
const RUN: &str = "run";

/// A database that can be reopened.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    /// `None` for a database in memory.
    path: Option<PathBuf>,
    /// `None` while the file could not be reopened.
    database: RwLock<Option<Database>>,
    /// Reference count that is one more than the number of snapshots.
    readers: Arc<()>,
}

impl DatabaseFile {
    /// Opens the file and checks every page. Creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged or is not a database of an emulator.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.try_exists()? {
            create(path)?;
        }
        let mut database = builder().open(path)?;
        if !database.check_integrity()? {
            tracing::warn!(path = %path.display(), "the database was repaired");
        }
        prepare(&database)?;
        Ok(Self {
            path: Some(path.to_owned()),
            database: RwLock::new(Some(database)),
            readers: Arc::default(),
        })
    }

    /// Creates a database in memory.
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let database = builder().create_with_backend(InMemoryBackend::new())?;
        prepare(&database)?;
        Ok(Self {
            path: None,
            database: RwLock::new(Some(database)),
            readers: Arc::default(),
        })
    }

    /// Closes the database and opens its file again. Snapshots that are still in use after
    /// [`MAX_READ`] fail.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, the database stays closed until the next call succeeds.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let mut current = locks::write(&self.database);
        let Some(path) = &self.path else {
            // A database in memory does not have I/O errors.
            return Ok(());
        };
        let started = Instant::now();
        while Arc::strong_count(&self.readers) > 1 && started.elapsed() < MAX_READ {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Close first, because the library locks the file.
        *current = None;
        *current = Some(builder().open(path)?);
        Ok(())
    }

    /// Begins to read the last committed state.
    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.with(|database| {
            let reader = Arc::clone(&self.readers);
            Ok(Snapshot::new(database.begin_read()?, reader))
        })
    }

    /// Begins a transaction that changes records.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        self.with(|database| Ok(database.begin_write()?))
    }

    /// Returns the identity of the last run: the random number that was chosen when the database
    /// was created, with the number of the run in the bits of `MAX_RUN`.
    pub(super) fn identity(&self) -> Result<u64, StoreError> {
        let counters = self.snapshot()?.table(COUNTERS)?;
        let identity = counters.get(IDENTITY)?.map_or(0, |value| value.value());
        let run = counters.get(RUN)?.map_or(0, |value| value.value());
        Ok(identity & !MAX_RUN | run.min(MAX_RUN))
    }

    /// Begins a run, and returns its identity.
    pub(super) fn begin_run(&self) -> Result<u64, StoreError> {
        let identity = self.identity()?;
        let run = identity & MAX_RUN;
        if run == MAX_RUN {
            return Ok(identity);
        }
        let transaction = self.begin_write()?;
        transaction.open_table(COUNTERS)?.insert(RUN, run + 1)?;
        transaction.commit()?;
        Ok(identity + 1)
    }

    /// Returns the IDs of all blobs that records refer to.
    pub(super) fn blobs(&self) -> Result<Vec<BlobId>, StoreError> {
        let blobs = self.snapshot()?.table(BLOBS)?;
        blobs
            .iter()?
            .map(|entry| Ok(BlobId(entry?.0.value())))
            .collect()
    }

    fn with<T>(
        &self,
        action: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(database) = &*self.current() {
            return action(database);
        }
        self.reopen()?;
        match &*self.current() {
            Some(database) => action(database),
            None => Err(io::Error::other("the database is closed").into()),
        }
    }

    fn current(&self) -> RwLockReadGuard<'_, Option<Database>> {
        locks::read(&self.database)
    }
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_SIZE);
    builder
}

/// Creates the file under another name: a database that was killed while the library laid it out
/// can never be opened.
fn create(path: &Path) -> Result<(), StoreError> {
    let unfinished = path.with_extension("unfinished");
    if let Err(error) = fs::remove_file(&unfinished)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    drop(builder().create(&unfinished)?);
    fs::rename(unfinished, path)?;
    Ok(())
}

/// Creates the tables of a new database: a table that was never opened for writing cannot be opened
/// for reading.
///
/// # Errors
///
/// Fails without a change if the database has tables, but not those of an emulator.
fn prepare(database: &Database) -> Result<(), StoreError> {
    let tables = database
        .begin_read()?
        .list_tables()?
        .map(|table| table.name().to_owned())
        .collect::<Vec<_>>();
    if !tables.is_empty() && !tables.iter().any(|name| name == BUCKETS.name()) {
        return Err(io::Error::other("the database belongs to another program").into());
    }
    let names = [
        BUCKETS.name(),
        VERSIONS.name(),
        UPLOADS.name(),
        PARTS.name(),
        BLOBS.name(),
        COUNTERS.name(),
    ];
    // A complete database can be opened on a full disk.
    if names
        .iter()
        .all(|name| tables.iter().any(|table| table == name))
    {
        let snapshot = database.begin_read()?;
        if snapshot.open_table(COUNTERS)?.get(IDENTITY)?.is_some() {
            return Ok(());
        }
    }
    let transaction = database.begin_write()?;
    transaction.open_table(BUCKETS)?;
    transaction.open_table(VERSIONS)?;
    transaction.open_table(UPLOADS)?;
    transaction.open_table(PARTS)?;
    transaction.open_table(BLOBS)?;
    {
        let mut counters = transaction.open_table(COUNTERS)?;
        if counters.get(IDENTITY)?.is_none() {
            counters.insert(IDENTITY, fastrand::u64(..))?;
        }
    }
    transaction.commit()?;
    Ok(())
}
