//! A download from its beginning to its end.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use md5::{Digest as _, Md5};
use tokio::task::{JoinHandle, spawn_blocking};

use super::fetch::{Fetcher, First, Object};
use super::file::{Destination, Fate, PartFile};
use super::ranges::{Ranges, describe, new_state};
use super::sink::Sink;
use super::state::State;
use super::writer::Output;
use super::{Download, DownloadOutput, MIN_PART, Options};
use crate::base::digest::{Digest, hash_file};
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::generated::operations::GetObjectOutput;
use crate::managed::transfer::limit::Limiter;
use crate::managed::transfer::target::Kind;
use crate::managed::transfer::watch::Gauges;
use crate::managed::transfer::{about, check_settings, joined};

impl Download<'_> {
    pub(super) async fn run(self) -> Result<DownloadOutput> {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let result = self.carry_out().await;
        result.map_err(|error| about(error, &bucket, &key, "GetObject"))
    }

    async fn carry_out(mut self) -> Result<DownloadOutput> {
        let options = &mut self.options;
        check_settings(options.concurrency, options.max_bytes_per_second)?;
        if options.part_size < MIN_PART {
            return Err(Error::invalid_input("part_size: must be at least 64 KiB"));
        }
        let fetcher = Fetcher {
            bucket: self.bucket,
            key: self.key,
            version_id: options.version_id.take(),
            customer: std::mem::take(&mut options.customer),
            gauges: Gauges {
                meter: None,
                limiter: options.max_bytes_per_second.map(Limiter::new).map(Arc::new),
            },
            object: Object::default(),
        };
        if let Kind::File(path) = &self.target.0 {
            PartFile::check_target(path)?;
        }
        match self.target.0 {
            Kind::File(path) if options.resumable => resume(fetcher, self.options, path).await,
            Kind::File(path) => {
                let first = fetcher.first(options.part_size).await?;
                let file = PartFile::temporary(&path)?;
                to_file(fetcher, self.options, file, first).await
            }
            Kind::Writer(_) if options.resumable => Err(Error::invalid_input(
                "resumable: only a download to a file can be resumed",
            )),
            Kind::Writer(writer) => Output::new(writer).fill(fetcher, self.options).await,
        }
    }
}

/// A file from its first range on.
async fn to_file(
    fetcher: Fetcher,
    mut options: Options,
    destination: Destination,
    first: First,
) -> Result<DownloadOutput> {
    let state = new_state(&fetcher, &first.object);
    let described = describe(&first.output, &first.object);
    if destination.file.is_resumable() {
        // Else the ranges of an earlier object could be taken for this one's after a further break.
        blocking(&destination.file, PartFile::forget).await?;
    }
    let fetcher = fetcher.pin(first.object, &mut options);
    let begun = Some((0..first.covers, first.output));
    fill(fetcher, options, destination, state, begun, described).await
}

/// A file that an earlier download may have begun.
async fn resume(fetcher: Fetcher, mut options: Options, path: PathBuf) -> Result<DownloadOutput> {
    let destination = take(&path).await?;
    let earlier = earlier_state(&fetcher, &destination.file)?;
    let Some(state) = earlier else {
        let first = fetcher.first(options.part_size).await?;
        return to_file(fetcher, options, destination, first).await;
    };
    let head = fetcher.head().await?;
    if head.etag != state.etag || head.content_length != Some(state.size) {
        let first = fetcher.first(options.part_size).await?;
        return to_file(fetcher, options, destination, first).await;
    }
    let described = DownloadOutput {
        bytes: state.size,
        resumed: state.bytes(),
        etag: state.etag.clone(),
        verified: false,
        request_id: head.request_id().map(str::to_owned),
        version_id: head.version_id,
        content_type: head.content_type,
        last_modified: head.last_modified,
        metadata: head.metadata,
    };
    let object = Object {
        etag: state.etag.clone(),
        size: state.size,
    };
    let fetcher = fetcher.pin(object, &mut options);
    if let Some(meter) = &fetcher.gauges.meter {
        meter.found(state.bytes());
    }
    fill(fetcher, options, destination, state, None, described).await
}

/// The partial file.
async fn take(path: &Path) -> Result<Destination> {
    PartFile::resumable(path).await?.ok_or_else(|| {
        let text = format!("{}: another download writes to it", path.display());
        Error::new(ErrorKind::Io, text)
    })
}

/// The state that belongs to this object and to the file as it is.
fn earlier_state(fetcher: &Fetcher, file: &PartFile) -> Result<Option<State>> {
    let len = file.len().map_err(|error| file.failed(error))?;
    let state = State::read(file.path()).map_err(|error| file.state_failed(error))?;
    let state = state.filter(|state| {
        state.bucket == fetcher.bucket.name()
            && state.key == fetcher.key
            && state.size == len
            && entity_tag::is_strong(&state.etag)
    });
    Ok(state)
}

/// Fetches what is missing, verifies, and puts the file in its place.
async fn fill(
    fetcher: Arc<Fetcher>,
    options: Options,
    mut destination: Destination,
    mut state: State,
    begun: Option<(Range<u64>, GetObjectOutput)>,
    mut described: DownloadOutput,
) -> Result<DownloadOutput> {
    let file = Arc::clone(&destination.file);
    let size = state.size;
    blocking(&file, move |file| file.resize(size)).await?;
    let expected = fetcher.expected(&options);
    let mut verifier = expected.map(|_| Verifier::new(Arc::clone(&file)));
    let mut tasks = Ranges::new();
    let fetched = fetch_all(
        &mut tasks,
        &fetcher,
        &options,
        &file,
        &mut state,
        begun,
        &mut verifier,
    );
    let fetched = fetched.await;
    // Nothing is written any more when the error is told.
    tasks.shutdown().await;
    fetched?;
    if let (Some(expected), Some(verifier)) = (expected, verifier) {
        let actual = verifier.finish(size).await?;
        if let Err(error) = fetcher.compare(expected, actual) {
            destination.fate = Fate::Removed;
            blocking(&file, PartFile::forget).await?;
            return Err(error);
        }
        described.verified = true;
    }
    blocking(&file, PartFile::publish).await?;
    destination.fate = Fate::Published;
    Ok(described)
}

/// Fetches what is missing, several ranges at a time.
async fn fetch_all(
    tasks: &mut Ranges,
    fetcher: &Arc<Fetcher>,
    options: &Options,
    file: &Arc<PartFile>,
    state: &mut State,
    begun: Option<(Range<u64>, GetObjectOutput)>,
    verifier: &mut Option<Verifier>,
) -> Result<()> {
    let mut planned = state.clone();
    if let Some((range, output)) = begun {
        planned.add(range.clone());
        let sink = Sink::file(Arc::clone(file), range.start);
        tasks.spawn(Arc::clone(fetcher).fetch(range, Some(output), sink));
    }
    let mut missing = planned.missing(options.part_size);
    loop {
        while tasks.len() < options.concurrency
            && let Some(range) = missing.next()
        {
            let sink = Sink::file(Arc::clone(file), range.start);
            tasks.spawn(Arc::clone(fetcher).fetch(range, None, sink));
        }
        let Some(done) = tasks.join_next().await else {
            return Ok(());
        };
        let (range, _) = joined(done)??;
        state.add(range);
        if file.is_resumable() {
            let state = state.clone();
            blocking(file, move |file| file.save(&state)).await?;
        }
        if let Some(verifier) = verifier {
            verifier.advance(state.prefix()).await?;
        }
    }
}

/// Works on the file where that holds up nobody.
async fn blocking(
    file: &Arc<PartFile>,
    work: impl FnOnce(&PartFile) -> std::io::Result<()> + Send + 'static,
) -> Result<()> {
    let shared = Arc::clone(file);
    let result = joined(spawn_blocking(move || work(&shared)).await)?;
    result.map_err(|error| file.failed(error))
}

/// Reads the bytes back in their order, as far as they are there without a gap. They are still in
/// the system's cache.
struct Verifier {
    file: Arc<PartFile>,
    /// Absent while `job` has it.
    md5: Option<Md5>,
    read: u64,
    job: Option<JoinHandle<std::io::Result<Md5>>>,
}

impl Verifier {
    fn new(file: Arc<PartFile>) -> Self {
        Self {
            file,
            md5: Some(Md5::new()),
            read: 0,
            job: None,
        }
    }

    /// Goes on up to `end`, unless it is still busy.
    async fn advance(&mut self, end: u64) -> Result<()> {
        if self.job.as_ref().is_some_and(|job| !job.is_finished()) {
            return Ok(());
        }
        self.settle().await?;
        if end > self.read
            && let Some(mut md5) = self.md5.take()
        {
            let range = self.read..end;
            self.read = end;
            let file = Arc::clone(&self.file);
            self.job = Some(spawn_blocking(move || {
                hash_file(file.path(), &mut md5, range)?;
                Ok(md5)
            }));
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        if let Some(job) = self.job.take() {
            let md5 = joined(job.await)?.map_err(|error| self.file.failed(error))?;
            self.md5 = Some(md5);
        }
        Ok(())
    }

    async fn finish(mut self, size: u64) -> Result<Digest> {
        self.settle().await?;
        self.advance(size).await?;
        self.settle().await?;
        Ok(Digest::of(self.md5.unwrap_or_default()))
    }
}
