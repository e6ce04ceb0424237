//! [`Job`]: an input that is being hashed.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::PendingMd5;
use super::pipe::Pipe;
use super::source::{HashSource, Reader};
use crate::lanes::{Md5Lane, update_lanes};

/// Most bytes of an input in memory that one step hashes, except for the first step of a long chunk.
pub(super) const STEP: usize = 64 * 1024;
/// A step hashes at least this many bytes of an input, unless its current chunk ends before.
const SHORTEST_STEP: usize = 4 * 1024;
/// Parts of one slice have the same distance, so their next bytes compete for the same places in the
/// processor's cache. Thus each long chunk starts with a step of another length, a multiple of this
/// one: 32 inputs at a distance of 16 MiB are hashed at 7.8 GB/s, and at 10.4 GB/s if it is so much
/// longer.
pub(super) const SHIFT: usize = 8 * 1024 + 256;
/// Length of a chunk, in bytes, from which the different steps cost less than they save.
const LONG_CHUNK: usize = 1 << 20;

/// An input that is being hashed.
pub(super) struct Job {
    pub(super) reader: Reader,
    lane: Md5Lane,
    /// Bytes since it was taken from the queue.
    pub(super) turn: usize,
    done: oneshot::Sender<io::Result<Md5Lane>>,
    /// Where it waits for chunks that have not arrived.
    waiting_place: Option<Arc<WaitingJob>>,
}

/// The place of a job that waits for chunks. Its writer takes it out.
#[derive(Default)]
pub(super) struct WaitingJob(Mutex<Option<Job>>);

impl WaitingJob {
    fn put(&self, job: Job) {
        *self.lock() = Some(job);
    }

    pub(super) fn take(&self) -> Option<Job> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    #[inline]
    pub(super) fn new(lane: Md5Lane, source: HashSource) -> (Self, PendingMd5) {
        Self::of_reader(lane, Reader::new(source))
    }

    /// Creates a job that waits for its first chunk.
    pub(super) fn wait_for_chunks(pipe: &Arc<Pipe>, place: &Arc<WaitingJob>) -> PendingMd5 {
        let reader = Reader::of_pipe(Arc::clone(pipe));
        let (mut job, pending) = Self::of_reader(Md5Lane::default(), reader);
        job.waiting_place = Some(Arc::clone(place));
        place.put(job);
        pending
    }

    #[inline]
    fn of_reader(lane: Md5Lane, reader: Reader) -> (Self, PendingMd5) {
        let (done, pending) = oneshot::channel();
        let job = Self {
            reader,
            lane,
            turn: 0,
            done,
            waiting_place: None,
        };
        (job, PendingMd5(pending))
    }

    /// Ends it with an error.
    pub(super) fn fail(self, error: io::Error) {
        // The receiver may have gone in the meantime.
        let _ = self.done.send(Err(error));
    }

    /// Ends its turn.
    pub(super) fn pause(mut self) -> Self {
        self.turn = 0;
        self.reader.release();
        self
    }
}

/// Hashes the next bytes of all jobs, and ends those that have no more, failed or are no longer
/// wanted.
#[inline]
pub(super) fn step(jobs: &mut Vec<Job>) {
    jobs.retain(|job| !job.done.is_closed());
    let mut failures = Vec::new();
    for (at, job) in jobs.iter_mut().enumerate() {
        failures.extend(job.reader.fill().err().map(|error| (at, error)));
    }
    for (at, error) in failures.into_iter().rev() {
        jobs.swap_remove(at).fail(error);
    }
    keep_waiting(jobs);
    let available = jobs.iter().map(|job| job.reader.available().len());
    let shortest = available.filter(|len| *len > 0).min();
    let most = shortest.unwrap_or(0).clamp(SHORTEST_STEP, STEP);
    let mut updates: Vec<_> = jobs
        .iter_mut()
        .zip(1..)
        .map(|(Job { reader, lane, .. }, number)| {
            let available = reader.available();
            let is_shifted = reader.offset() == 0 && available.len() >= LONG_CHUNK;
            let most = if is_shifted { number * SHIFT } else { most };
            let bytes = available.get(..most).unwrap_or(available);
            (lane, bytes)
        })
        .collect();
    update_lanes(&mut updates);
    let lens: Vec<_> = updates.iter().map(|(_, bytes)| bytes.len()).collect();
    for (job, len) in jobs.iter_mut().zip(lens) {
        job.reader.advance(len);
        job.turn = job.turn.saturating_add(len);
    }
    for job in jobs.extract_if(.., |job| job.reader.is_finished()) {
        let _ = job.done.send(Ok(job.lane));
    }
}

/// Removes the jobs whose next chunk has not arrived. Their writers start them again.
#[inline]
fn keep_waiting(jobs: &mut Vec<Job>) {
    let is_waiting = |job: &mut Job| job.reader.waits_for().is_some();
    let waiting: Vec<_> = jobs.extract_if(.., is_waiting).collect();
    for mut job in waiting {
        job.turn = 0;
        let pipe = job.reader.waits_for().map(Arc::clone);
        let (Some(pipe), Some(place)) = (pipe, job.waiting_place.clone()) else {
            continue;
        };
        place.put(job);
        // A chunk may have arrived before, without finding the job in its place.
        if pipe.is_ready() {
            jobs.extend(place.take());
        }
    }
}
