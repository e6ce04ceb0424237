//! Downloads to a file: concurrent ranges, written at their positions.

use std::future::poll_fn;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::file_writer::FileWriter;
use super::object_reader::{FirstBytes, FirstResponse, ObjectIdentity, ObjectReader, RangeTasks};
use super::part_file::{PartFile, PartFileGuard};
use super::range_sink::{RangeBytes, RangeSink};
use super::resume_state::ResumeState;
use super::verifier::FileVerifier;
use super::write_progress::WriteProgress;
use super::{DownloadOptions, DownloadOutput};
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::atomic_file::Durability;
use crate::client::transfer_budget::AdmittedBucket;
use crate::generated::operations::GetObjectOutput;
use crate::managed::errors;
use crate::managed::file_metadata::time_of_file;
use crate::managed::request_tasks::TaskEvent;

/// How often a resumable download records which bytes it has received, in addition to the ends of its
/// ranges: on a slow connection, all ranges in progress end late and at the same time.
const SAVE_INTERVAL: Duration = Duration::from_secs(2);

/// Downloads an object from the beginning.
pub(super) async fn download_to_file(
    reader: ObjectReader,
    mut options: DownloadOptions,
    mut guard: PartFileGuard,
    first: FirstResponse,
) -> Result<DownloadOutput> {
    let state = reader.new_state(&first.object);
    let output = first.download_output();
    if guard.file.is_resumable() {
        // Otherwise, ranges of an older object could be used after another interruption.
        blocking(&guard.file, PartFile::remove_state).await?;
    }
    // Without ranges, or without a tag of these bytes, no later download could continue.
    let has_ranges = first.output.body.part().is_some();
    let can_continue = has_ranges && entity_tag::is_strong(&first.object.etag);
    let reader = reader.pin(first.object, &first.output, &mut options);
    let response = Some((0..first.len, first.output, first.admitted));
    guard.saves_state &= can_continue;
    FileDownload {
        saves_state: guard.saves_state,
        reader,
        options,
        guard,
        state,
        progress: Arc::default(),
        saved_bytes: 0,
    }
    .run(response, output)
    .await
}

/// Continues an earlier download of the same object to `path`, or starts from the beginning.
pub(super) async fn resume_to_file(
    reader: ObjectReader,
    mut options: DownloadOptions,
    path: PathBuf,
) -> Result<DownloadOutput> {
    let guard = open_part_file(&path).await?;
    let Some(state) = load_state(&reader, &guard.file)? else {
        let first = reader
            .request_first(options.transfer.part_size, FirstBytes::InFile)
            .await?;
        return download_to_file(reader, options, guard, first).await;
    };
    let head = reader.head().await?;
    if head.etag != state.etag || head.content_length != Some(state.size) {
        let first = reader
            .request_first(options.transfer.part_size, FirstBytes::InFile)
            .await?;
        return download_to_file(reader, options, guard, first).await;
    }
    let object = ObjectIdentity {
        etag: state.etag.clone(),
        size: state.size,
    };
    let reader = reader.pin(object, &head, &mut options);
    let output = DownloadOutput {
        bytes: state.size,
        resumed: state.completed_bytes(),
        etag: state.etag.clone(),
        verified: false,
        request_id: head.request_id().map(str::to_owned),
        version_id: head.version_id,
        content_type: head.content_type,
        last_modified: head.last_modified,
        metadata: head.metadata,
    };
    reader.monitor.add_resumed(state.completed_bytes());
    FileDownload {
        reader,
        options,
        guard,
        saves_state: true,
        saved_bytes: state.completed_bytes(),
        state,
        progress: Arc::default(),
    }
    .run(None, output)
    .await
}

async fn open_part_file(path: &Path) -> Result<PartFileGuard> {
    PartFile::resumable(path).await?.ok_or_else(|| {
        let text = format!("{}: another download writes to it", path.display());
        Error::new(ErrorKind::Io, text)
    })
}

/// Returns the state of an earlier download if it belongs to this object and to the part file.
#[inline]
fn load_state(reader: &ObjectReader, file: &PartFile) -> Result<Option<ResumeState>> {
    let len = file.len().map_err(|error| file.error(error))?;
    let state = ResumeState::read(file.path()).map_err(|error| file.state_error(error))?;
    let state = state.filter(|state| {
        state.bucket == reader.bucket.name()
            && state.key == reader.key
            && state.size == len
            && entity_tag::is_strong(&state.etag)
    });
    Ok(state)
}

/// A download to a file in progress.
struct FileDownload {
    reader: Arc<ObjectReader>,
    options: DownloadOptions,
    guard: PartFileGuard,
    /// The complete ranges.
    state: ResumeState,
    progress: Arc<WriteProgress>,
    /// Whether a later download could continue, and no state could not be saved.
    saves_state: bool,
    /// Number of complete bytes of the saved state.
    saved_bytes: u64,
}

impl FileDownload {
    /// Downloads the missing ranges, verifies the content, and moves the file to its target.
    /// `response` is the first range and its response, if the request was sent already.
    async fn run(
        mut self,
        response: Option<(Range<u64>, GetObjectOutput, AdmittedBucket)>,
        mut output: DownloadOutput,
    ) -> Result<DownloadOutput> {
        let file = Arc::clone(&self.guard.file);
        let size = self.state.size;
        blocking(&file, move |file| file.resize(size)).await?;
        let expected = self.reader.expected_digest(&self.options);
        let pool = self.reader.bucket.md5_pool();
        let mut verifier = expected.map(|_| FileVerifier::new(Arc::clone(&file), pool.clone()));
        let mut tasks = self.reader.tasks();
        let result = self
            .download_ranges(&mut tasks, response, &mut verifier)
            .await;
        // No further write is queued; one that has started may still end.
        tasks.shutdown().await;
        if result.is_err() {
            // An error does not replace the first one.
            let _ = self.save_state().await;
        }
        result?;
        if let (Some(expected), Some(verifier)) = (expected, verifier) {
            let actual = verifier.finish(size).await?;
            if let Err(error) = self.reader.check_digest(expected, actual) {
                // The first error is more useful.
                let _ = blocking(&file, PartFile::discard).await;
                return Err(error);
            }
            output.verified = true;
        }
        if self.options.file_metadata
            && let Some(time) = time_of_file(&output.metadata, output.last_modified)
        {
            blocking(&file, move |file| {
                file.set_modified(time.into());
                Ok(())
            })
            .await?;
        }
        let durability = match self.options.sync_to_disk {
            true => Durability::Synced,
            false => Durability::Unsynced,
        };
        let state = self.saves_state.then_some(self.state);
        blocking(&file, move |file| file.publish(durability, state.as_ref())).await?;
        Ok(output)
    }

    async fn download_ranges(
        &mut self,
        tasks: &mut RangeTasks,
        response: Option<(Range<u64>, GetObjectOutput, AdmittedBucket)>,
        verifier: &mut Option<FileVerifier>,
    ) -> Result<()> {
        let writer = Arc::new(FileWriter::new(Arc::clone(&self.guard.file)));
        let progress = self.saves_state.then(|| Arc::clone(&self.progress));
        let mut save_times = self.saves_state.then(|| {
            let mut times = interval(SAVE_INTERVAL);
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            times
        });
        let mut planned = self.state.clone();
        if let Some((range, output, admitted)) = response {
            planned.add(range.clone());
            let sink = RangeSink::file(&writer, range.start, progress.as_ref());
            let reader = Arc::clone(&self.reader);
            tasks.spawn_admitted(admitted, |admitted| {
                reader.download(admitted, range, Some(output), sink)
            });
        }
        let mut missing = planned.missing(self.options.transfer.part_size);
        loop {
            while tasks.has_room()
                && tasks.len() < max_ranges(tasks, verifier)
                && let Some(range) = missing.next()
            {
                let sink = RangeSink::file(&writer, range.start, progress.as_ref());
                let reader = Arc::clone(&self.reader);
                tasks.spawn(0, |admitted, _| {
                    reader.download(admitted, range, None, sink)
                });
            }
            let event = poll_fn(|cx| poll_event(cx, tasks, verifier, &mut save_times));
            let range = match event.await? {
                Event::Task(TaskEvent::Finished((range, _))) => range,
                Event::Task(TaskEvent::Progress) | Event::Hashed => continue,
                Event::SaveTime => {
                    self.save_state().await?;
                    continue;
                }
                Event::Idle => return Ok(()),
            };
            self.progress.remove(range.start);
            self.state.add(range);
            self.save_state().await?;
            if let Some(verifier) = verifier {
                verifier.advance(self.state.prefix_len(), self.state.completed_bytes());
            }
        }
    }

    /// Saves which bytes are in the file, if there are more than at the last time.
    async fn save_state(&mut self) -> Result<()> {
        if !self.saves_state {
            return Ok(());
        }
        let mut state = self.state.clone();
        let received = self.progress.ranges();
        received.into_iter().for_each(|range| state.add(range));
        if state.completed_bytes() > self.saved_bytes {
            let bytes = state.completed_bytes();
            // The system reports once that written bytes were lost. The next save would record them.
            self.saves_state = false;
            blocking(&self.guard.file, move |file| file.save_state(&state)).await?;
            (self.saves_state, self.saved_bytes) = (true, bytes);
        }
        Ok(())
    }
}

/// Returns the highest number of ranges that may be requested at the same time.
#[inline]
fn max_ranges(tasks: &RangeTasks, verifier: &Option<FileVerifier>) -> usize {
    let concurrency = tasks.limit();
    verifier
        .as_ref()
        .map_or(concurrency, |verifier| verifier.max_ranges(concurrency))
}

/// The next event of a download in progress.
enum Event {
    Task(TaskEvent<(Range<u64>, RangeBytes)>),
    /// More bytes were hashed.
    Hashed,
    /// The received bytes should be recorded.
    SaveTime,
    /// No task is left, and the download does not wait for the verifier.
    Idle,
}

/// Returns the next event of the tasks or of the verifier, or the first error of either. `save_times`:
/// when the received bytes are recorded, if they are.
#[inline]
fn poll_event(
    cx: &mut Context<'_>,
    tasks: &mut RangeTasks,
    verifier: &mut Option<FileVerifier>,
    save_times: &mut Option<Interval>,
) -> Poll<Result<Event>> {
    if let Some(verifier) = verifier
        && let Poll::Ready(hashed) = verifier.poll_hashed(cx)
    {
        return Poll::Ready(hashed.map(|()| Event::Hashed));
    }
    match tasks.poll_next(cx) {
        Poll::Ready(Some(event)) => return Poll::Ready(event.map(Event::Task)),
        // Further ranges are requested when the verifier has caught up.
        Poll::Ready(None) if max_ranges(tasks, verifier) > 0 => {
            return Poll::Ready(Ok(Event::Idle));
        }
        Poll::Ready(None) | Poll::Pending => {}
    }
    match save_times {
        Some(times) => times.poll_tick(cx).map(|_| Ok(Event::SaveTime)),
        None => Poll::Pending,
    }
}

/// Runs a blocking operation on the file in a thread for blocking work.
async fn blocking(
    file: &Arc<PartFile>,
    operation: impl FnOnce(&PartFile) -> std::io::Result<()> + Send + 'static,
) -> Result<()> {
    let shared = Arc::clone(file);
    let result = errors::blocking(move || operation(&shared)).await?;
    result.map_err(|error| file.error(error))
}
