//! [`CopyObject`]: copies of any size.

mod between_zones;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;

use super::complete_upload::{CompleteUploadOutput, etag_of_parts};
use super::multipart_guard::MultipartGuard;
use super::part_sizes::{MAX_PART_SIZE, PartSizes, check_multipart_threshold};
use super::request_setters::request_setters;
use super::request_tasks::{Concurrency, RequestTasks, TaskEvent, send};
use super::transfer_options::check_concurrency;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;
use crate::base::timestamp::Timestamp;
use crate::client::Bucket;
use crate::client::spans::TransferSpan;
use crate::client::transfer_budget::Lane;
use crate::generated::operations::{
    CompleteMultipartUploadInput, HeadObjectInput, HeadObjectOutput, InitiateMultipartUploadInput,
    PutObjectInput, UploadMultipartInput,
};
use crate::generated::types::{ObjectPart, StorageClass};
use crate::message::object_key::{self, KeyPlace};
use crate::message::object_path::ObjectPath;
use crate::message::sse::{CopySourceSseInput, SseInput, SseKey};
use crate::message::transfer_monitor::Progress;
#[cfg(feature = "folders")]
use crate::message::transfer_monitor::TransferMonitor;

impl Bucket {
    /// Copies an object of any size. Within a zone, the service copies the bytes, and the client does
    /// not receive them; see [`CopyObject::source_bucket`] for a source in another zone. The source
    /// is `(bucket, key)`, or an [`ObjectPath`] with a version.
    ///
    /// The copy gets the content type, the other standard headers and the metadata of the source. An
    /// object over 5 GiB is copied in concurrent parts. If the source changes in the meantime, the
    /// copy fails with an error for which
    /// [`is_precondition_failed`](crate::Error::is_precondition_failed) returns `true`, and never
    /// mixes two objects.
    ///
    /// Use [`put_object(..).copy_source(..)`](crate::operations::PutObject) instead for a single
    /// request without reading the properties of the source, which copies up to 5 GiB: for other
    /// headers or metadata (with
    /// [`metadata_directive(MetadataDirective::Replace)`](crate::operations::PutObject::metadata_directive)),
    /// for your own conditions, or for a key with a segment `.` or `..`, which is an `InvalidInput`
    /// here.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let copied = bucket.copy_object(("archive-bucket", "film.mov"), "film.mov").await?;
    /// println!("{} bytes in {} parts", copied.bytes, copied.parts);
    /// # Ok(()) }
    /// ```
    pub fn copy_object(
        &self,
        source: impl Into<ObjectPath>,
        target_key: impl Into<String>,
    ) -> CopyObject {
        CopyObject {
            bucket: self.clone(),
            source: source.into(),
            key: target_key.into(),
            multipart_threshold: CopyObject::DEFAULT_MULTIPART_THRESHOLD,
            part_size: CopyObject::DEFAULT_PART_SIZE,
            concurrency: None,
            storage_class: None,
            sse_key: None,
            source_sse_key: None,
            source_bucket: None,
            max_bytes_per_second: None,
            on_progress: None,
            #[cfg(feature = "folders")]
            shared_monitor: None,
        }
    }
}

/// A copy, created by [`Bucket::copy_object`]. It starts when it is awaited.
///
/// A copy in parts that fails is aborted. So is one whose future is dropped, by a task on the runtime;
/// see [`QingStor::wait_for_aborts`](crate::QingStor::wait_for_aborts).
#[derive(Clone)]
#[must_use = "nothing is copied until it is awaited"]
pub struct CopyObject {
    bucket: Bucket,
    source: ObjectPath,
    key: String,
    multipart_threshold: u64,
    part_size: u64,
    concurrency: Option<usize>,
    storage_class: Option<StorageClass>,
    sse_key: Option<SseKey>,
    source_sse_key: Option<SseKey>,
    source_bucket: Option<Bucket>,
    max_bytes_per_second: Option<u64>,
    on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// Monitor of several transfers, which replaces the one of this copy.
    #[cfg(feature = "folders")]
    shared_monitor: Option<Arc<TransferMonitor>>,
}

/// Output of [`CopyObject`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CopyObjectOutput {
    /// ETag of the copy, in double quotes. Empty if the service did not return one.
    pub etag: String,
    /// ID of the new version, in a bucket with versioning.
    pub version_id: Option<String>,
    /// ETag of the source at the time of the copy, in double quotes. Empty if it has none.
    pub source_etag: String,
    /// Number of parts; 1 if the object was copied with one request.
    pub parts: u32,
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Request ID of the request that created the copy.
    pub request_id: Option<String>,
}

impl CopyObject {
    /// Default of [`multipart_threshold`](Self::multipart_threshold) in bytes: 5 GiB, the maximum.
    pub const DEFAULT_MULTIPART_THRESHOLD: u64 = MAX_PART_SIZE;

    /// Default of [`part_size`](Self::part_size) in bytes: 512 MiB.
    pub const DEFAULT_PART_SIZE: u64 = 512 << 20;

    /// Sets up to which size an object is copied with one request: at most 5 GiB. Default:
    /// [`DEFAULT_MULTIPART_THRESHOLD`](Self::DEFAULT_MULTIPART_THRESHOLD).
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes;
        self
    }

    /// Sets the size of a part: 4 MiB to 5 GiB. If the copy would have more than 10,000 parts, the
    /// parts are larger. Default: [`DEFAULT_PART_SIZE`](Self::DEFAULT_PART_SIZE).
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes;
        self
    }

    /// Sets how many parts are copied at the same time: at least 1.
    ///
    /// By default, the client adapts the number to the throughput, see
    /// [the guide](crate::guide::transport#concurrency).
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.concurrency = Some(parts);
        self
    }

    /// Sets the storage class of the copy. Default: `STANDARD`.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.storage_class = Some(class);
        self
    }

    /// Sets the key to encrypt the copy with. Without a key, the copy is not encrypted, even if the
    /// source is.
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.sse_key = Some(key.clone());
        self
    }

    /// Sets the key that the source is encrypted with.
    pub fn copy_source_sse_key(mut self, key: &SseKey) -> Self {
        self.source_sse_key = Some(key.clone());
        self
    }

    /// Sets the bucket of the source, which may be in another zone. Its name replaces that of the
    /// source.
    ///
    /// The service does not copy between zones. If the zones differ, the bytes pass through the
    /// client: it reads the source with one request, and uploads it while it arrives, as
    /// [`Bucket::upload`] does. The MD5 of the source is verified if its ETag is one, unless the
    /// source is encrypted with a customer-provided key. The copy gets the content type, the caching
    /// headers and the metadata of the source.
    /// [`part_size`](Self::part_size) and [`multipart_threshold`](Self::multipart_threshold) have no
    /// effect.
    ///
    /// ```no_run
    /// # async fn example(near: qingstor_sdk::Bucket, far: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// near.copy_object((far.name(), "film.mov"), "film.mov").source_bucket(&far).await?;
    /// # Ok(()) }
    /// ```
    pub fn source_bucket(mut self, bucket: &Bucket) -> Self {
        bucket.name().clone_into(&mut self.source.bucket);
        self.source_bucket = Some(bucket.clone());
        self
    }

    /// Calls `on_progress` as [`Upload::on_progress`](crate::Upload::on_progress) does, if the bytes
    /// pass through the client.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Limits the bytes per second that all connections of this copy send together, if the bytes pass
    /// through the client.
    pub fn max_bytes_per_second(mut self, bytes: u64) -> Self {
        self.max_bytes_per_second = Some(bytes);
        self
    }

    /// Counts the bytes with a monitor that several transfers share.
    #[cfg(feature = "folders")]
    pub(super) fn shared_monitor(mut self, monitor: Arc<TransferMonitor>) -> Self {
        self.shared_monitor = Some(monitor);
        self
    }

    async fn run(self) -> Result<CopyObjectOutput> {
        let address = &self.bucket.dispatcher().address;
        let span = TransferSpan::start("CopyObject", address, Some(&self.key));
        span.run(pin!(self.copy())).await
    }

    async fn copy(&self) -> Result<CopyObjectOutput> {
        runtime::current()?;
        // Before the request for the source, so that an invalid copy does not cause a request.
        check_concurrency(self.concurrency)?;
        check_multipart_threshold(self.multipart_threshold)?;
        PartSizes::new(self.part_size, None)?;
        object_key::check("target key", &self.key, KeyPlace::Path)?;
        if let Some(source) = &self.source_bucket
            && source.zone() != self.bucket.zone()
        {
            return self.copy_between_zones(source).await;
        }
        let source = self.head().await?;
        let Some(size) = source.content_length else {
            let text = format!("the response does not contain the size of {}", self.source);
            return Err(Error::new(ErrorKind::Decode, text));
        };
        if size <= self.multipart_threshold {
            self.copy_whole(source, size).await
        } else {
            self.copy_parts(source, size).await
        }
    }

    async fn head(&self) -> Result<HeadObjectOutput> {
        let bucket = self.bucket.sibling_bucket(&self.source.bucket)?;
        let mut input = HeadObjectInput::new(&self.source.key);
        input.version_id.clone_from(&self.source.version_id);
        input.set_sse_key(self.source_sse_key.as_ref());
        send(&bucket, None, input).await
    }

    async fn copy_whole(&self, source: HeadObjectOutput, size: u64) -> Result<CopyObjectOutput> {
        let mut input = PutObjectInput::new(&self.key);
        input.storage_class.clone_from(&self.storage_class);
        input.copy_source = Some(self.source.clone());
        (
            input.copy_source_if_match,
            input.copy_source_if_unmodified_since,
        ) = unchanged_condition(&source);
        input.set_sse_key(self.sse_key.as_ref());
        input.set_copy_source_sse_key(self.source_sse_key.as_ref());
        let output = send(&self.bucket, self.task_limit().lane(), input).await?;
        Ok(CopyObjectOutput {
            request_id: output.request_id().map(str::to_owned),
            etag: output.etag,
            version_id: output.version_id,
            source_etag: source.etag,
            parts: 1,
            bytes: size,
        })
    }

    fn task_limit(&self) -> Concurrency {
        Concurrency::new(self.concurrency, Lane::Copies, &self.bucket)
    }

    async fn copy_parts(&self, source: HeadObjectOutput, size: u64) -> Result<CopyObjectOutput> {
        let input = self.initiate_input(&source);
        let mut guard = MultipartGuard::initiate(&self.bucket, input).await?;
        match self.copy_with(&mut guard, &source, size).await {
            Ok((parts, copy)) => Ok(CopyObjectOutput {
                etag: copy.etag,
                version_id: copy.version_id,
                source_etag: source.etag,
                parts,
                bytes: size,
                request_id: copy.request_id,
            }),
            Err(error) => {
                guard.abort_failed().await;
                Err(error)
            }
        }
    }

    /// Returns the input that initiates an upload with the headers and metadata of the source.
    #[inline]
    fn initiate_input(&self, source: &HeadObjectOutput) -> InitiateMultipartUploadInput {
        let mut input = InitiateMultipartUploadInput::new(&self.key);
        input.content_type.clone_from(&source.content_type);
        input.cache_control.clone_from(&source.cache_control);
        input.content_encoding.clone_from(&source.content_encoding);
        input
            .content_disposition
            .clone_from(&source.content_disposition);
        input.expires.clone_from(&source.expires);
        input.metadata.clone_from(&source.metadata);
        input.storage_class.clone_from(&self.storage_class);
        input.set_sse_key(self.sse_key.as_ref());
        input
    }

    /// Copies all parts and completes the upload. Returns the number of parts, and the copy.
    async fn copy_with(
        &self,
        guard: &mut MultipartGuard,
        source: &HeadObjectOutput,
        size: u64,
    ) -> Result<(u32, CompleteUploadOutput)> {
        let part_size = PartSizes::new(self.part_size, Some(size))?.first();
        let mut ranges = numbered_ranges(size, part_size);
        // Dropping the tasks cancels them.
        let mut tasks = RequestTasks::new(&self.bucket, self.task_limit());
        let mut done = Vec::new();
        loop {
            while tasks.has_room()
                && let Some((number, range)) = ranges.next()
            {
                let input = self.part_input(source, guard.upload_id(), number, range);
                tasks.spawn(0, move |admitted, _| async move {
                    let etag = admitted.bucket.call(input).send().await?.etag;
                    admitted.slot.moved(part_size);
                    let mut part = ObjectPart::new(number);
                    part.etag = etag.map(|etag| etag.trim_matches('"').to_owned());
                    Ok(part)
                });
            }
            match tasks.next().await.transpose()? {
                Some(TaskEvent::Finished(part)) => done.push(part),
                Some(TaskEvent::Progress) => {}
                None => break,
            }
        }
        done.sort_unstable_by_key(|part| part.part_number);
        let parts = u32::try_from(done.len()).unwrap_or(u32::MAX);
        let etag = self.etag_of_copy(source, &done);
        let mut input = CompleteMultipartUploadInput::new(&self.key, guard.upload_id(), done);
        input.etag.clone_from(&etag);
        let mut head = HeadObjectInput::new(&self.key);
        head.set_sse_key(self.sse_key.as_ref());
        let is_expected = |copy: &HeadObjectOutput| {
            etag.as_ref() == Some(&copy.etag) && copy.content_length == Some(size)
        };
        let completion = guard.complete(input, head, is_expected).await?;
        Ok((parts, completion.into_output(etag)))
    }

    /// Returns the ETag for a copy with these parts; `None` if the service chooses it.
    ///
    /// The copy has the same bytes as the source, so it gets the same tag. The tag of an encrypted
    /// source may depend on its key, so the copy gets the tag of its own parts.
    #[inline]
    fn etag_of_copy(&self, source: &HeadObjectOutput, parts: &[ObjectPart]) -> Option<String> {
        match (&self.source_sse_key, &self.sse_key) {
            (None, _) => entity_tag::is_strong(&source.etag).then(|| source.etag.clone()),
            (Some(_), None) => etag_of_parts(parts),
            (Some(_), Some(_)) => None,
        }
    }

    #[inline]
    fn part_input(
        &self,
        source: &HeadObjectOutput,
        upload_id: &str,
        number: u32,
        range: String,
    ) -> UploadMultipartInput {
        let mut input = UploadMultipartInput::new(&self.key, upload_id, number);
        input.copy_source = Some(self.source.clone());
        input.copy_range = Some(range);
        (
            input.copy_source_if_match,
            input.copy_source_if_unmodified_since,
        ) = unchanged_condition(source);
        input.set_sse_key(self.sse_key.as_ref());
        input.set_copy_source_sse_key(self.source_sse_key.as_ref());
        input
    }
}

/// Returns the values of `If-Match` and `If-Unmodified-Since` that restrict a request to the source
/// as it is: its ETag if that identifies the bytes, or else its modification time.
fn unchanged_condition(source: &HeadObjectOutput) -> (Option<String>, Option<Timestamp>) {
    match entity_tag::is_strong(&source.etag) {
        true => (Some(source.etag.clone()), None),
        false => (None, source.last_modified),
    }
}

/// Returns the numbers and the ranges of the parts of an object.
fn numbered_ranges(size: u64, part_size: u64) -> impl Iterator<Item = (u32, String)> {
    let start = move |number: u32| u64::from(number - 1).checked_mul(part_size);
    (1..).map_while(move |number| {
        let start = start(number).filter(|start| *start < size)?;
        let last = size.min(start.saturating_add(part_size)) - 1;
        Some((number, format!("bytes={start}-{last}")))
    })
}

request_setters!(CopyObject);

impl IntoFuture for CopyObject {
    type Output = Result<CopyObjectOutput>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<CopyObjectOutput>> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for CopyObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyObject")
            .field("source", &self.source)
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_the_object() {
        let texts = |size, part_size| -> Vec<_> { numbered_ranges(size, part_size).collect() };
        assert_eq!(texts(0, 4), []);
        assert_eq!(texts(4, 4), [(1, "bytes=0-3".into())]);
        assert_eq!(
            texts(5, 4),
            [(1, "bytes=0-3".into()), (2, "bytes=4-4".into())]
        );
        // Offsets above 32 bits.
        let (_, second) = numbered_ranges(8 << 30, MAX_PART_SIZE).nth(1).unwrap();
        assert_eq!(second, "bytes=5368709120-8589934591");
        assert_eq!(
            numbered_ranges(50_000_000_000_000, MAX_PART_SIZE).count(),
            9314
        );
    }
}
