//! MD5s of many contents, calculated side by side on threads that may block.

use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::base::digest::Digest;
use crate::base::fs::positioned;
use crate::base::md5_lanes::{self, Input, LANES, Lane};

/// Most bytes of a content in memory that one step hashes, except for the first step of a long chunk.
const STEP: usize = 64 * 1024;
/// A step hashes at least this many bytes of a content, unless its current chunk ends before.
const SHORTEST_STEP: usize = 4 * 1024;
/// Parts of one slice have the same distance, so their next bytes compete for the same places in the
/// processor's cache. Thus each long chunk starts with a step of another length, a multiple of this
/// one: 16 parts of 8 MiB are hashed at 6.7 instead of 6.1 GB/s.
const SHIFT: usize = 8 * 1024 + 256;
/// Length of a chunk, in bytes, from which the different steps cost less than they save.
const LONG_CHUNK: usize = 1 << 20;
/// How much of a file is read at once, in bytes. With [`LANES`] files it is 512 KiB a thread.
const FILE_STEP: usize = 32 * 1024;

/// Longest content in memory, in bytes, that is hashed where it is passed to the pool: it takes some
/// 25 microseconds.
pub(crate) const SHORT_CONTENT: usize = 16 * 1024;

/// How many bytes of a content are hashed before another one takes its lane, if some are waiting: at
/// full speed some 50 milliseconds' worth.
const TURN: usize = 16 << 20;

/// Calculates the MD5s of all contents of a client.
///
/// The contents that wait at the same time are hashed side by side, at most [`LANES`] by each thread.
/// A content never waits for others to arrive, nor for the end of a long one: after [`TURN`] bytes
/// it is the next content's turn. Threads start when there is work and end without it: one for up to
/// [`LANES`] contents, and at most one for every two processors, or two on two processors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Md5Pool(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Job>,
    threads: usize,
}

/// Content to hash.
#[derive(Clone, Debug)]
pub(crate) enum HashSource {
    Bytes(Arc<[Bytes]>),
    /// A range of the file at a path, which is opened when it is read.
    File {
        path: Arc<Path>,
        range: Range<u64>,
    },
    /// A range of an open file.
    OpenFile {
        file: Arc<File>,
        range: Range<u64>,
    },
}

/// The MD5 of a content that was passed to an [`Md5Pool`]. Dropping it cancels the calculation.
#[derive(Debug)]
pub(crate) struct PendingMd5(oneshot::Receiver<io::Result<Lane>>);

impl PendingMd5 {
    /// Waits for the MD5.
    ///
    /// # Errors
    ///
    /// Returns the error of reading a file; `UnexpectedEof` if it ends before the range does.
    pub(crate) async fn digest(self) -> io::Result<Digest> {
        Ok(self.lane().await?.finish().into())
    }

    /// Waits for the end of the content, and returns the MD5 as it is there.
    ///
    /// # Errors
    ///
    /// Those of [`digest`](Self::digest).
    pub(crate) async fn lane(mut self) -> io::Result<Lane> {
        poll_fn(|cx| self.poll_lane(cx)).await
    }

    /// Like [`lane`](Self::lane). Must not be polled after it was ready.
    pub(crate) fn poll_lane(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Lane>> {
        let ended = |_| io::Error::other("the runtime ended before the MD5 was calculated");
        let lane = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(lane.map_err(ended)?)
    }

    /// Returns `true` if there is no need to wait.
    pub(crate) fn is_ready(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Md5Pool {
    /// Starts to hash a content. Hashes it before it returns if it is short, or if there is no Tokio
    /// runtime.
    #[inline]
    pub(crate) fn start(&self, source: HashSource) -> PendingMd5 {
        self.resume(Lane::default(), source)
    }

    /// Starts to hash a content that follows the one of `lane`, in the same way as
    /// [`start`](Self::start).
    #[inline]
    pub(crate) fn resume(&self, lane: Lane, source: HashSource) -> PendingMd5 {
        let (job, pending) = Job::new(lane, source);
        self.run([job]);
        pending
    }

    /// Starts to hash contents, in the same way as [`start`](Self::start).
    pub(crate) fn start_all(
        &self,
        sources: impl IntoIterator<Item = HashSource>,
    ) -> Vec<PendingMd5> {
        let (jobs, pending): (Vec<_>, _) = sources
            .into_iter()
            .map(|source| Job::new(Lane::default(), source))
            .unzip();
        self.run(jobs);
        pending
    }

    #[inline]
    fn run(&self, jobs: impl IntoIterator<Item = Job>) {
        let runtime = Handle::try_current().ok();
        let is_now = |job: &Job| runtime.is_none() || job.reader.is_short();
        let (mut now, later): (Vec<_>, Vec<_>) = jobs.into_iter().partition(is_now);
        while !now.is_empty() {
            step(&mut now);
        }
        let Some(runtime) = runtime.filter(|_| !later.is_empty()) else {
            return;
        };
        let mut queue = lock(&self.0);
        queue.waiting.extend(later);
        let (mut unassigned, mut workers) = (queue.waiting.len(), Vec::new());
        while unassigned > 0
            && (queue.threads == 0 || unassigned >= LANES)
            && queue.threads < max_threads()
        {
            queue.threads += 1;
            unassigned = unassigned.saturating_sub(LANES);
            let worker = Worker {
                queue: Arc::clone(&self.0),
                is_counted: true,
            };
            // If the runtime drops it at once, `Worker::drop` locks the queue.
            workers.push(worker);
        }
        drop(queue);
        for worker in workers {
            runtime.spawn_blocking(move || worker.run());
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the largest number of threads: half of the processors, so that others can send. On two
/// processors, a single thread would get a third of the time beside those that send, and would end
/// long after them: with two, a verified upload of a file reaches 0.70 to 0.72 of the throughput of
/// bare `reqwest`, with one 0.60 to 0.68.
fn max_threads() -> usize {
    // The standard library reads it from files each time.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    let processors =
        *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
    processors.div_ceil(2).max(processors.min(2))
}

/// A thread that hashes until nothing waits. A runtime that shuts down may drop it without running
/// it.
struct Worker {
    queue: Arc<Mutex<Queue>>,
    is_counted: bool,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        let mut queue = lock(&self.queue);
        queue.threads = queue.threads.saturating_sub(1);
        if queue.threads == 0 {
            // No thread would hash them. Their receivers get an error.
            queue.waiting.clear();
        }
    }
}

impl Worker {
    #[inline]
    fn run(mut self) {
        let mut jobs = Vec::new();
        while self.take_jobs(&mut jobs) {
            step(&mut jobs);
        }
    }

    /// Fills `jobs` up with waiting ones. Returns `false` if there are none at all: the thread ends.
    fn take_jobs(&mut self, jobs: &mut Vec<Job>) -> bool {
        let mut queue = lock(&self.queue);
        if !queue.waiting.is_empty() {
            let ended = jobs.extract_if(.., |job| job.turn >= TURN);
            queue.waiting.extend(ended.map(Job::pause));
        }
        while jobs.len() < LANES
            && let Some(job) = queue.waiting.pop_front()
        {
            jobs.push(job);
        }
        if jobs.is_empty() {
            // Within the same lock, so that no job arrives in between and waits for this thread.
            queue.threads = queue.threads.saturating_sub(1);
            self.is_counted = false;
        }
        !jobs.is_empty()
    }
}

/// A content that is being hashed.
#[derive(Debug)]
struct Job {
    reader: Reader,
    lane: Lane,
    /// Bytes since it was taken from the queue.
    turn: usize,
    done: oneshot::Sender<io::Result<Lane>>,
}

/// A content and the position in it.
#[derive(Debug)]
struct Reader {
    content: Content,
    /// Position in the current chunk.
    offset: usize,
}

#[derive(Debug)]
enum Content {
    Bytes {
        chunks: Arc<[Bytes]>,
        current: usize,
    },
    File {
        /// `None` if the file remains open.
        path: Option<Arc<Path>>,
        file: Option<Arc<File>>,
        /// Unread range of the file.
        range: Range<u64>,
        current: Vec<u8>,
    },
}

impl Job {
    #[inline]
    fn new(lane: Lane, source: HashSource) -> (Self, PendingMd5) {
        let (done, pending) = oneshot::channel();
        let content = match source {
            HashSource::Bytes(chunks) => Content::Bytes { chunks, current: 0 },
            HashSource::File { path, range } => Content::File {
                path: Some(path),
                file: None,
                range,
                current: Vec::new(),
            },
            HashSource::OpenFile { file, range } => Content::File {
                path: None,
                file: Some(file),
                range,
                current: Vec::new(),
            },
        };
        let reader = Reader { content, offset: 0 };
        let job = Self {
            reader,
            lane,
            turn: 0,
            done,
        };
        (job, PendingMd5(pending))
    }

    /// Ends its turn.
    fn pause(mut self) -> Self {
        self.turn = 0;
        self.reader.release();
        self
    }
}

/// Hashes the next bytes of all jobs, and ends those that have no more, failed or are no longer
/// wanted.
#[inline]
fn step(jobs: &mut Vec<Job>) {
    jobs.retain(|job| !job.done.is_closed());
    let mut failures = Vec::new();
    for (at, job) in jobs.iter_mut().enumerate() {
        failures.extend(job.reader.fill().err().map(|error| (at, error)));
    }
    for (at, error) in failures.into_iter().rev() {
        // The receiver may have gone in the meantime.
        let _ = jobs.swap_remove(at).done.send(Err(error));
    }
    let available = jobs.iter().map(|job| job.reader.available().len());
    let shortest = available.filter(|len| *len > 0).min();
    let most = shortest.unwrap_or(0).clamp(SHORTEST_STEP, STEP);
    let mut inputs: Vec<_> = jobs
        .iter_mut()
        .zip(1..)
        .map(|(Job { reader, lane, .. }, number)| {
            let available = reader.available();
            let is_shifted = reader.offset == 0 && available.len() >= LONG_CHUNK;
            let most = if is_shifted { number * SHIFT } else { most };
            let bytes = available.get(..most).unwrap_or(available);
            Input { lane, bytes }
        })
        .collect();
    md5_lanes::update(&mut inputs);
    let lens: Vec<_> = inputs.iter().map(|input| input.bytes.len()).collect();
    for (job, len) in jobs.iter_mut().zip(lens) {
        job.reader.offset += len;
        job.turn += len;
    }
    for job in jobs.extract_if(.., |job| job.reader.is_finished()) {
        let _ = job.done.send(Ok(job.lane));
    }
}

impl Reader {
    /// Releases the buffer and the open file, for which a waiting content has no use.
    fn release(&mut self) {
        let unread = self.available().len() as u64;
        if let Content::File {
            path,
            file,
            range,
            current,
        } = &mut self.content
        {
            range.start -= unread;
            (*current, self.offset) = (Vec::new(), 0);
            if path.is_some() {
                *file = None;
            }
        }
    }

    /// Makes the next chunk available once the current one was hashed.
    fn fill(&mut self) -> io::Result<()> {
        while self.available().is_empty() && !self.is_finished() {
            self.offset = 0;
            match &mut self.content {
                Content::Bytes { current, .. } => *current += 1,
                Content::File {
                    path,
                    file,
                    range,
                    current,
                } => {
                    let left = usize::try_from(range.end - range.start).unwrap_or(FILE_STEP);
                    current.resize(left.min(FILE_STEP), 0);
                    read(path.as_deref(), file, current, range.start)?;
                    range.start += current.len() as u64;
                }
            }
        }
        Ok(())
    }

    /// Returns the rest of the current chunk.
    fn available(&self) -> &[u8] {
        let current = match &self.content {
            Content::Bytes { chunks, current } => {
                chunks.get(*current).map_or(&[][..], Bytes::as_ref)
            }
            Content::File { current, .. } => current,
        };
        current.get(self.offset..).unwrap_or_default()
    }

    /// Returns `true` if hashing takes less time than to start a thread would.
    fn is_short(&self) -> bool {
        match &self.content {
            Content::Bytes { chunks, .. } => {
                chunks.iter().map(Bytes::len).sum::<usize>() <= SHORT_CONTENT
            }
            Content::File { range, .. } => range.is_empty(),
        }
    }

    /// Whether all chunks were hashed.
    fn is_finished(&self) -> bool {
        let is_last = match &self.content {
            Content::Bytes { chunks, current } => *current + 1 >= chunks.len(),
            Content::File { range, .. } => range.is_empty(),
        };
        is_last && self.available().is_empty()
    }
}

/// Reads a chunk of a file, which is opened the first time. Adds the path to an error.
fn read(
    path: Option<&Path>,
    file: &mut Option<Arc<File>>,
    chunk: &mut [u8],
    offset: u64,
) -> io::Result<()> {
    let result = match (&file, path) {
        (Some(file), _) => positioned::read_exact_at(file, chunk, offset),
        (None, Some(path)) => File::open(path).and_then(|opened| {
            let opened = file.insert(Arc::new(opened));
            positioned::read_exact_at(opened, chunk, offset)
        }),
        (None, None) => Err(io::ErrorKind::NotFound.into()),
    };
    result.map_err(|error| match path {
        Some(path) => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
        None => error,
    })
}

#[cfg(test)]
mod tests;
