//! [`Md5Pool`]: MD5s of many inputs, calculated at the same time, on threads that may block.

mod job;
mod pipe;
mod source;
mod writer;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;

use self::job::{Job, step};
pub use self::source::HashSource;
pub use self::writer::Md5Writer;
use crate::lanes::{LANES, Md5Lane};

/// How many bytes of an input are hashed before another one takes its lane, if some are waiting: at
/// full speed some 50 milliseconds' worth.
const TURN: usize = 16 << 20;

/// Calculates MD5s on threads for blocking work of a Tokio runtime.
///
/// The inputs that wait are hashed at the same time, at most [`LANES`] by each thread.
/// An input never waits for others to arrive, nor for the end of a long one: after 16 MiB it is the
/// next input's turn. Threads start when there is work and end without it: one for up to [`LANES`]
/// inputs, and at most one for every two processors, or two on two processors.
///
/// A clone is a handle of the same pool. Use one pool for everything that hashes at the same time,
/// because only inputs of the same pool and of the same runtime are hashed at the same time: no runtime
/// waits at its end for the inputs of another one.
///
/// # Limits
///
/// The number of inputs that wait is not limited, so that the caller decides how much memory they
/// need. A thread needs 32 KiB for each file that it reads, thus at most 1 MiB.
///
/// # Examples
///
/// ```
/// use qingstor_md5::{HashSource, Md5Pool};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), vec![7; 3 << 20])?;
/// # let path = file.path();
/// const PART: u64 = 1 << 20;
/// let pool = Md5Pool::default();
/// // The parts of a file of 3 MiB.
/// let parts = (0..3).map(|part| HashSource::File {
///     path: path.into(),
///     range: part * PART..(part + 1) * PART,
/// });
/// for pending in pool.start_all(parts) {
///     let md5: [u8; 16] = pending.await?.finish();
/// #   let _ = md5;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Md5Pool(Arc<Queues>);

/// A pool without a limit of inputs.
impl Default for Md5Pool {
    fn default() -> Self {
        Self::with_max_inputs(usize::MAX)
    }
}

/// The queue of each runtime that hashes.
struct Queues {
    max_taken: usize,
    by_runtime: Mutex<Vec<(Id, Arc<Mutex<Queue>>)>>,
}

impl Queues {
    /// Returns the queue of a runtime.
    fn of(&self, runtime: Id) -> Arc<Mutex<Queue>> {
        let mut queues = lock(&self.by_runtime);
        // While inputs wait, a thread refers to their queue, too.
        queues.retain(|(id, queue)| *id == runtime || Arc::strong_count(queue) > 1);
        if let Some((_, queue)) = queues.iter().find(|(id, _)| *id == runtime) {
            return Arc::clone(queue);
        }
        let queue = Arc::new(Mutex::new(Queue::new(self.max_taken)));
        queues.push((runtime, Arc::clone(&queue)));
        queue
    }
}

struct Queue {
    waiting: VecDeque<Job>,
    threads: usize,
    /// Number of inputs that threads have taken.
    taken: usize,
    max_taken: usize,
}

impl Queue {
    fn new(max_taken: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            threads: 0,
            taken: 0,
            max_taken: max_taken.max(1),
        }
    }
}

/// Does not show the inputs.
impl fmt::Debug for Md5Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5Pool").finish_non_exhaustive()
    }
}

/// The MD5 of an input that was passed to an [`Md5Pool`]: a future that returns the [`Md5Lane`] with
/// all bytes of the input.
///
/// Dropping it cancels the calculation.
///
/// # Errors
///
/// Returns the error of reading a file; `UnexpectedEof` if it ends before the range does. Returns an
/// error of kind `Other` if the Tokio runtime ended before the MD5 was calculated, or if an
/// [`Md5Writer`] was dropped before its end.
#[derive(Debug)]
#[must_use = "dropping it cancels the calculation"]
pub struct PendingMd5(oneshot::Receiver<io::Result<Md5Lane>>);

impl PendingMd5 {
    /// Returns `true` if there is no need to wait.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Future for PendingMd5 {
    type Output = io::Result<Md5Lane>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = |_| io::Error::other("the runtime ended before the MD5 was calculated");
        let lane = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(lane.map_err(ended)?)
    }
}

impl Md5Pool {
    /// Longest input in memory, in bytes, that is hashed where it is passed to the pool: 16 KiB,
    /// which takes some 25 microseconds.
    pub const SHORT_INPUT: usize = 16 * 1024;

    /// Creates a pool that hashes at most `max` inputs of a runtime at the same time, at least 1.
    /// Others wait.
    ///
    /// It limits how many files are open, for processes that may open few files.
    #[must_use]
    pub fn with_max_inputs(max: usize) -> Self {
        Self(Arc::new(Queues {
            max_taken: max,
            by_runtime: Mutex::default(),
        }))
    }

    /// Starts to hash an input.
    ///
    /// The method hashes the input before it returns if the input is in memory and has at most
    /// [`SHORT_INPUT`](Self::SHORT_INPUT) bytes, or if the caller is outside of a Tokio runtime.
    /// Errors are returned by [`PendingMd5`].
    #[inline]
    pub fn start(&self, source: HashSource) -> PendingMd5 {
        self.resume(Md5Lane::default(), source)
    }

    /// Starts to hash an input that follows the bytes of `lane`, in the same way as
    /// [`start`](Self::start).
    #[inline]
    pub fn resume(&self, lane: Md5Lane, source: HashSource) -> PendingMd5 {
        let (job, pending) = Job::new(lane, source);
        self.run([job]);
        pending
    }

    /// Starts to hash inputs at the same time, in the same way as [`start`](Self::start). Returns
    /// their MD5s in the order of the inputs.
    #[inline]
    pub fn start_all(&self, sources: impl IntoIterator<Item = HashSource>) -> Vec<PendingMd5> {
        let (jobs, pending): (Vec<_>, _) = sources
            .into_iter()
            .map(|source| Job::new(Md5Lane::default(), source))
            .unzip();
        self.run(jobs);
        pending
    }

    /// Starts to hash an input that arrives in chunks, which are pushed to the [`Md5Writer`].
    ///
    /// Without chunks, the input needs no thread and no lane. Outside of a Tokio runtime, the chunks
    /// are hashed where they are pushed.
    ///
    /// # Examples
    ///
    /// ```
    /// use qingstor_md5::Md5Pool;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let (mut writer, pending) = Md5Pool::default().start_writer();
    /// for chunk in [vec![1; 300_000], vec![2; 100_000]] {
    ///     writer.push(chunk.into());
    /// }
    /// writer.finish();
    /// let md5: [u8; 16] = pending.await?.finish();
    /// # let _ = md5;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn start_writer(&self) -> (Md5Writer, PendingMd5) {
        Md5Writer::new(self.clone())
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
        let shared_queue = self.0.of(runtime.id());
        let mut queue = lock(&shared_queue);
        queue.waiting.extend(later);
        let (mut unassigned, mut workers) = (queue.waiting.len(), Vec::new());
        while unassigned > 0
            && (queue.threads == 0 || unassigned >= LANES)
            && queue.threads < max_threads()
            && queue.taken < queue.max_taken
        {
            queue.threads += 1;
            unassigned = unassigned.saturating_sub(LANES);
            let worker = Worker::of(&shared_queue);
            // If the runtime drops it at once, `Worker::drop` locks the queue.
            workers.push(worker);
        }
        drop(queue);
        for worker in workers {
            runtime.spawn_blocking(move || worker.run());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Number of jobs that count as taken.
    taken: usize,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        let mut queue = lock(&self.queue);
        queue.taken = queue.taken.saturating_sub(self.taken);
        queue.threads = queue.threads.saturating_sub(1);
        if queue.threads == 0 {
            // No thread would hash them. Their receivers get an error.
            queue.waiting.clear();
        }
    }
}

impl Worker {
    /// Creates a thread of this queue, which counts it already.
    fn of(queue: &Arc<Mutex<Queue>>) -> Self {
        Self {
            queue: Arc::clone(queue),
            is_counted: true,
            taken: 0,
        }
    }

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
        let others = queue.taken.saturating_sub(self.taken);
        let most = LANES.min(queue.max_taken.saturating_sub(others));
        while jobs.len() < most
            && let Some(job) = queue.waiting.pop_front()
        {
            jobs.push(job);
        }
        self.taken = jobs.len();
        queue.taken = others + self.taken;
        if jobs.is_empty() {
            // Within the same lock, so that no job arrives in between and waits for this thread.
            queue.threads = queue.threads.saturating_sub(1);
            self.is_counted = false;
        }
        !jobs.is_empty()
    }
}

#[cfg(test)]
mod tests;
