//! The store of records, and the one thread that changes them.
//!
//! Every change is atomic, and is on disk before its result is returned. Changes that wait at the
//! same time are committed together, because flushing fifty changes to disk takes as long as
//! flushing one.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use redb::WriteTransaction;
use tokio::sync::oneshot;

use super::blobs::{Blobs, NewBlob};
use super::database::{Batch, COUNTERS, Change, Lookup as _, Snapshot};
use super::database_file::DatabaseFile;
use super::error::StoreError;
use crate::base::locks::lock;
use crate::base::panics;

/// The largest number of changes that are committed together.
const MAX_BATCH: usize = 256;

/// Counter that contains the random number of the last committed batch.
const LAST_BATCH: &str = "batch";

/// Makes one change, and returns the reply to send after the commit.
type Job = Box<dyn FnOnce(&mut Change<'_>) -> Reply + Send>;

/// Error of the last commit, or `None` if it succeeded.
type Failure = Arc<Mutex<Option<String>>>;

struct Reply {
    has_failed: bool,
    send: Box<dyn FnOnce(Result<(), StoreError>)>,
}

/// The records.
#[derive(Debug)]
pub(super) struct RecordStore {
    file: Arc<DatabaseFile>,
    failure: Failure,
    /// `None` only while the store is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl RecordStore {
    /// Starts the thread that changes records.
    pub(super) fn new(file: DatabaseFile, blobs: Arc<Blobs>) -> io::Result<Self> {
        let file = Arc::new(file);
        let failure = Failure::default();
        let (jobs, queue) = mpsc::channel();
        let writer = Writer {
            file: Arc::clone(&file),
            blobs,
            failure: Arc::clone(&failure),
        };
        let writer = std::thread::Builder::new()
            .name("qingstor-emulator-writer".to_owned())
            .spawn(move || writer.run(&queue))?;
        Ok(Self {
            file,
            failure,
            jobs: Some(jobs),
            writer: Some(writer),
        })
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.file.snapshot()
    }

    /// Checks that records can be changed. After a failed commit, commits an empty change to find
    /// out whether the cause is gone.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let has_failed = lock(&self.failure).is_some();
        self.change(move |change| {
            if has_failed {
                change.touch();
            }
            Ok(())
        })
        .await
    }

    /// Makes a change and waits until it is on disk. The change is made even if its caller stops
    /// waiting.
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
                // Sending fails if the caller has stopped waiting.
                send: Box::new(move |committed| {
                    let _ = sender.send(result.and_then(|done| {
                        committed?;
                        Ok(done)
                    }));
                }),
            }
        });
        let failed = |message| E::from(StoreError::Io(io::Error::other(message)));
        let closed = || failed("the store is closed");
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).map_err(|_| closed())?;
        receiver
            .await
            .map_err(|_| failed("the change was not made"))?
    }
}

impl Drop for RecordStore {
    fn drop(&mut self) {
        // The writer ends when the queue is closed. Then the file is unlocked for the next
        // emulator.
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the store has panicked");
        }
    }
}

/// How a batch of changes ended.
enum Outcome {
    Committed,
    /// No change was made.
    Unchanged,
    /// The database contains none of the changes.
    Aborted(StoreError),
    /// The commit failed; the database may contain the batch of this number.
    Unknown(u64, StoreError),
}

/// The thread that changes records.
struct Writer {
    file: Arc<DatabaseFile>,
    blobs: Arc<Blobs>,
    failure: Failure,
}

impl Writer {
    fn run(&self, queue: &mpsc::Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let jobs = std::iter::once(first).chain(queue.try_iter().take(MAX_BATCH - 1));
            let mut batch = Batch::default();
            let mut replies = Vec::new();
            let number = fastrand::u64(1..);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                self.commit(number, jobs, &mut batch, &mut replies)
            }));
            // The library panics if a page of the database is damaged.
            let outcome = outcome.unwrap_or_else(|panic| {
                let error = io::Error::other(panics::message(panic.as_ref()));
                Outcome::Unknown(number, error.into())
            });
            let failure = match outcome {
                Outcome::Committed => {
                    batch.adopted.into_iter().for_each(NewBlob::keep);
                    self.blobs.remove(&batch.released);
                    *lock(&self.failure) = None;
                    None
                }
                Outcome::Unchanged => None,
                Outcome::Aborted(error) => {
                    drop(batch.adopted);
                    Some(error.to_string())
                }
                Outcome::Unknown(number, error) => {
                    self.recover(number, batch.adopted);
                    Some(error.to_string())
                }
            };
            if let Some(error) = &failure {
                tracing::error!(%error, "lost the changes of {} requests", replies.len());
                *lock(&self.failure) = Some(error.clone());
            }
            for reply in replies {
                let outcome = match &failure {
                    None => Ok(()),
                    Some(error) => Err(StoreError::Io(io::Error::other(error.clone()))),
                };
                (reply.send)(outcome);
            }
        }
    }

    fn commit(
        &self,
        number: u64,
        jobs: impl Iterator<Item = Job>,
        batch: &mut Batch,
        replies: &mut Vec<Reply>,
    ) -> Outcome {
        let transaction = match self.begin() {
            Ok(transaction) => transaction,
            Err(error) => {
                // Dropping a job reports to its caller that the change was not made.
                jobs.for_each(drop);
                return Outcome::Aborted(error);
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
            return self.abort(
                transaction,
                io::Error::other("a change failed after a write"),
            );
        }
        // The blob is already on disk, but the name of its file may not be.
        if !batch.adopted.is_empty()
            && let Err(error) = self.blobs.sync()
        {
            return self.abort(transaction, error);
        }
        if !is_dirty {
            drop(transaction);
            return Outcome::Unchanged;
        }
        let committed = mark(&transaction, number).and_then(|()| Ok(transaction.commit()?));
        match committed {
            Ok(()) => Outcome::Committed,
            Err(error) => Outcome::Unknown(number, error),
        }
    }

    /// Begins a transaction; reopens the database if an earlier failure prevents that.
    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        self.file.begin_write().or_else(|error| {
            tracing::warn!(%error, "the database is reopened");
            self.file.reopen()?;
            self.file.begin_write()
        })
    }

    fn abort(&self, transaction: WriteTransaction, reason: io::Error) -> Outcome {
        let aborted = transaction.abort();
        // After a disk error, aborting fails too, and only reopening helps.
        if let Err(error) = aborted {
            tracing::warn!(%error, "the database is reopened");
            self.reopen();
        }
        Outcome::Aborted(reason.into())
    }

    /// Reopens the database after a failed commit, and removes the new blobs of the batch if the
    /// database does not contain it.
    fn recover(&self, number: u64, adopted: Vec<NewBlob>) {
        let is_lost = self.reopen() && matches!(self.last_batch(), Ok(last) if last != number);
        if is_lost {
            drop(adopted);
        } else {
            // Blobs without records are removed at the next start.
            adopted.into_iter().for_each(NewBlob::keep);
        }
    }

    fn reopen(&self) -> bool {
        let reopened = catch_unwind(AssertUnwindSafe(|| self.file.reopen()));
        match reopened {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, "the database cannot be reopened");
                false
            }
            Err(panic) => {
                let error = panics::message(panic.as_ref());
                tracing::error!(%error, "the database cannot be reopened");
                false
            }
        }
    }

    fn last_batch(&self) -> Result<u64, StoreError> {
        let counters = self.file.snapshot()?.table(COUNTERS)?;
        Ok(counters.get(LAST_BATCH)?.map_or(0, |number| number.value()))
    }
}

/// Records the number of the batch, which shows after reopening whether the batch was committed.
fn mark(transaction: &WriteTransaction, number: u64) -> Result<(), StoreError> {
    transaction
        .open_table(COUNTERS)?
        .insert(LAST_BATCH, number)?;
    Ok(())
}
