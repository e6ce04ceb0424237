//! [`Entry`]: a file, folder or object on one side of a transfer, and streams of them.

use std::vec;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::action::SkipReason;
use super::compare::Version;
use crate::base::error::{Error, ErrorKind, Result};
use crate::client::spans::in_current_span;

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

/// A batch, or `None` at the end. A channel that is closed without it has lost its producer.
type Message = Result<Option<Vec<Entry>>>;

/// Entries in the byte order of their paths, or of their paths in lower case.
pub(super) struct EntryStream {
    receiver: mpsc::Receiver<Message>,
    batch: vec::IntoIter<Entry>,
    is_at_end: bool,
    /// Aborts the producer if the stream is dropped.
    _producer: JoinSet<()>,
}

impl EntryStream {
    /// Starts a task that produces entries. A blocking producer ends when it cannot send.
    pub(super) fn start<F: Future<Output = Result<()>> + Send + 'static>(
        produce: impl FnOnce(EntrySender) -> F,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_BATCHES);
        let mut producer = JoinSet::new();
        let produced = produce(EntrySender {
            batch: Vec::with_capacity(BATCH),
            sender: sender.clone(),
        });
        producer.spawn(in_current_span(async move {
            let end = produced.await.map(|()| None);
            // The consumer may have ended.
            let _ = sender.send(end).await;
        }));
        Self {
            receiver,
            batch: Vec::new().into_iter(),
            is_at_end: false,
            _producer: producer,
        }
    }

    /// Returns a stream without entries.
    pub(super) fn empty() -> Self {
        let (_, receiver) = mpsc::channel(1);
        Self {
            receiver,
            batch: Vec::new().into_iter(),
            is_at_end: true,
            _producer: JoinSet::new(),
        }
    }

    /// Returns the next entry without taking it.
    pub(super) async fn peek(&mut self) -> Result<Option<&Entry>> {
        while self.batch.as_slice().is_empty() && !self.is_at_end {
            match self.receiver.recv().await {
                Some(message) => match message? {
                    Some(batch) => self.batch = batch.into_iter(),
                    None => self.is_at_end = true,
                },
                None => {
                    let text = "the list of files ended early";
                    return Err(Error::new(ErrorKind::Io, text));
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
/// busy, so it must not occupy one of the runtime's threads for blocking work.
///
/// # Errors
///
/// Returns `Io` if the system has no thread, or if `work` panics.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("qingstor-folder".to_owned());
    let spawned = thread.spawn(move || {
        // The consumer may have ended.
        let _ = sender.send(work());
    });
    spawned.map_err(|error| {
        let text = format!("cannot start a thread: {error}");
        Error::new(ErrorKind::Io, text).with_source(error)
    })?;
    let ended = |_| Error::new(ErrorKind::Io, "the thread that lists files has panicked");
    receiver.await.map_err(ended)
}

/// Sends the entries of a producer in batches.
pub(super) struct EntrySender {
    batch: Vec<Entry>,
    sender: mpsc::Sender<Message>,
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
        let sent = self.sender.blocking_send(Ok(Some(batch)));
        sent.map_err(|_| ConsumerEnded)
    }
}
