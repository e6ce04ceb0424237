//! [`Entry`]: a file, folder or object on one side of a transfer, and streams of them.

use std::panic::resume_unwind;
use std::vec;

use tokio::sync::{mpsc, oneshot};

use super::action::SkipReason;
use super::compare::Version;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime::ScopedTask;
use crate::client::spans::in_current_span;
use crate::managed::errors::task_result;

/// A path on one side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Path relative to the folder or the prefix, with `/` between folders. Folders end in `/`.
    pub(super) path: String,
    pub(super) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    File(Version),
    /// A local folder, or a marker object.
    Folder {
        /// Whether a local folder has no entries.
        is_empty: bool,
    },
    /// Something that is not transferred. The path and all paths below it are outside of the
    /// transfer, so that they are not deleted in the target.
    Outside {
        /// `None` if it is not reported.
        reason: Option<SkipReason>,
    },
}

impl Entry {
    pub(super) fn new(path: impl Into<String>, kind: EntryKind) -> Self {
        let path = path.into();
        Self { path, kind }
    }

    pub(super) fn outside(path: impl Into<String>, reason: SkipReason) -> Self {
        let reason = Some(reason);
        Self::new(path, EntryKind::Outside { reason })
    }
}

/// Number of entries that a producer sends at once.
const BATCH: usize = 128;
/// Number of batches that wait for the consumer.
const QUEUED_BATCHES: usize = 4;

/// Entries in the byte order of their paths, or of their paths in lower case.
pub(super) struct EntryStream {
    receiver: mpsc::Receiver<Vec<Entry>>,
    batch: vec::IntoIter<Entry>,
    /// `None` after its end.
    producer: Option<ScopedTask<Result<()>>>,
}

impl EntryStream {
    /// Starts a task that produces entries. A blocking producer ends when it cannot send.
    pub(super) fn start<F: Future<Output = Result<()>> + Send + 'static>(
        produce: impl FnOnce(EntrySender) -> F,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_BATCHES);
        let batch = Vec::with_capacity(BATCH);
        let produced = produce(EntrySender { batch, sender });
        Self {
            receiver,
            batch: Vec::new().into_iter(),
            producer: Some(ScopedTask::spawn(in_current_span(produced))),
        }
    }

    /// Returns a stream without entries.
    pub(super) fn empty() -> Self {
        let (_, receiver) = mpsc::channel(1);
        Self {
            receiver,
            batch: Vec::new().into_iter(),
            producer: None,
        }
    }

    /// Returns the next entry without taking it. Resumes a panic of the producer, which only a
    /// callback can cause.
    pub(super) async fn peek(&mut self) -> Result<Option<&Entry>> {
        while self.batch.as_slice().is_empty()
            && let Some(producer) = &mut self.producer
        {
            match self.receiver.recv().await {
                Some(batch) => self.batch = batch.into_iter(),
                None => {
                    let produced = task_result(producer.await);
                    self.producer = None;
                    produced??;
                }
            }
        }
        Ok(self.batch.as_slice().first())
    }

    /// Takes the entry that [`peek`](Self::peek) has returned.
    pub(super) fn take(&mut self) -> Option<Entry> {
        self.batch.next()
    }
}

/// Runs `work`, which produces entries, on a separate thread. It blocks as long as the consumer is
/// busy, so it must not occupy one of the runtime's threads for blocking work. Resumes its panic.
///
/// # Errors
///
/// Returns `Io` if the system has no thread.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (is_running, ended) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new().name("qingstor-folder".to_owned());
    let spawned = thread.spawn(move || {
        let _is_running = is_running;
        work()
    });
    let thread = spawned.map_err(|error| {
        let text = format!("cannot start a thread: {error}");
        Error::new(ErrorKind::Io, text).with_source(error)
    })?;
    // Nothing is sent: the sender is dropped when the thread ends, so `join` does not block.
    let _ = ended.await;
    thread.join().or_else(|panic| resume_unwind(panic))
}

/// Sends the entries of a producer in batches.
pub(super) struct EntrySender {
    batch: Vec<Entry>,
    sender: mpsc::Sender<Vec<Entry>>,
}

/// The consumer of the entries has ended.
#[derive(Debug)]
pub(super) struct ConsumerEnded;

impl EntrySender {
    /// Sends an entry. Blocks.
    pub(super) fn send(&mut self, entry: Entry) -> Result<(), ConsumerEnded> {
        self.batch.push(entry);
        match self.batch.len() >= BATCH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Sends the entries that were not sent yet. Blocks.
    pub(super) fn flush(&mut self) -> Result<(), ConsumerEnded> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let sent = self.sender.blocking_send(batch);
        sent.map_err(|_| ConsumerEnded)
    }

    /// Returns an error if nothing can be sent any more.
    pub(super) fn check_open(&self) -> Result<(), ConsumerEnded> {
        match self.sender.is_closed() {
            true => Err(ConsumerEnded),
            false => Ok(()),
        }
    }
}
