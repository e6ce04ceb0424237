//! [`FileWriter`]: writes ranges of a file, one after the other.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::part_file::PartFile;
use crate::base::error::{Error, ErrorKind, Result};

/// Writes ranges of a file on a thread that may block.
///
/// All ranges of a file share one thread: operating systems let one thread write to a file at a time,
/// and others would spin in the meantime. The thread ends when nothing waits.
pub(super) struct FileWriter {
    file: Arc<PartFile>,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Write>,
    has_thread: bool,
}

struct Write {
    offset: u64,
    chunks: Vec<Bytes>,
    done: oneshot::Sender<io::Result<()>>,
}

impl FileWriter {
    #[inline]
    pub(super) fn new(file: Arc<PartFile>) -> Self {
        Self {
            file,
            queue: Arc::default(),
        }
    }

    /// Writes the chunks, starting at this offset of the file. If the future is dropped, they may or
    /// may not be written.
    pub(super) async fn write(&self, offset: u64, chunks: Vec<Bytes>) -> Result<()> {
        let (done, written) = oneshot::channel();
        let write = Write {
            offset,
            chunks,
            done,
        };
        if let Some(worker) = self.push(write) {
            spawn_blocking(move || worker.run());
        }
        match written.await {
            Ok(written) => written.map_err(|error| self.file.error(error)),
            Err(_) => {
                let text = "the runtime ended before the bytes were written";
                Err(Error::new(ErrorKind::Io, text))
            }
        }
    }

    /// Adds a write. Returns the thread to start, if there is none.
    #[inline]
    fn push(&self, write: Write) -> Option<Worker> {
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(write);
        let has_thread = std::mem::replace(&mut queue.has_thread, true);
        (!has_thread).then(|| Worker {
            file: Arc::clone(&self.file),
            queue: Arc::clone(&self.queue),
            has_ended: false,
        })
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that writes. A runtime that shuts down may drop it without running it.
struct Worker {
    file: Arc<PartFile>,
    queue: Arc<Mutex<Queue>>,
    has_ended: bool,
}

impl Worker {
    #[inline]
    fn run(mut self) {
        while let Some(write) = self.next() {
            // A write that was canceled is skipped.
            if !write.done.is_closed() {
                let written = self.file.write_chunks_at(write.offset, &write.chunks);
                // The memory is free before the next bytes are requested.
                drop(write.chunks);
                let _ = write.done.send(written);
            }
        }
    }

    /// Returns the next write; `None` if there is none: the thread ends.
    #[inline]
    fn next(&mut self) -> Option<Write> {
        let mut queue = lock(&self.queue);
        let write = queue.waiting.pop_front();
        if write.is_none() {
            // Within the same lock, so that no write arrives in between and waits for this thread.
            queue.has_thread = false;
            self.has_ended = true;
        }
        write
    }
}

impl Drop for Worker {
    #[inline]
    fn drop(&mut self) {
        if !self.has_ended {
            let mut queue = lock(&self.queue);
            queue.has_thread = false;
            // Their receivers get an error.
            queue.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_at_their_offsets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("target");
        let guard = PartFile::temporary(&path).unwrap();
        let writer = Arc::new(FileWriter::new(Arc::clone(&guard.file)));
        let content: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut writes = tokio::task::JoinSet::new();
            for (number, range) in content.chunks(1000).enumerate() {
                let chunks = range.chunks(300).map(Bytes::copy_from_slice).collect();
                let writer = Arc::clone(&writer);
                writes.spawn(async move { writer.write(number as u64 * 1000, chunks).await });
            }
            for written in writes.join_all().await {
                written.unwrap();
            }
        });
        assert!(std::fs::read(guard.file.path()).unwrap() == content);
    }

    #[test]
    fn a_runtime_that_ends_fails_the_writes() {
        let folder = tempfile::tempdir().unwrap();
        let guard = PartFile::temporary(&folder.path().join("target")).unwrap();
        let writer = FileWriter::new(Arc::clone(&guard.file));
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        let write = || writer.write(0, vec![Bytes::from_static(b"abc")]);
        for _ in 0..2 {
            let error = futures_util::FutureExt::now_or_never(write()).unwrap();
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Io);
        }
    }
}
