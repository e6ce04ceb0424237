//! [`CopyObject`]: copies of any size.

mod in_parts;
mod through_client;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;

use super::errors::{object_call, response_error, with_object};
use super::file_metadata::{MODIFIED_METADATA, PART_SIZE_METADATA};
use super::object_headers::{put_input, take_properties};
use super::part_sizes::{MAX_PART_SIZE, PartSizes, check_multipart_threshold};
use super::request_setters::request_setters;
use super::request_tasks::{Concurrency, send};
use super::transfer_options::{check_concurrency, check_rate};
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;
use crate::base::timestamp::Timestamp;
use crate::client::Bucket;
use crate::client::spans::TransferSpan;
use crate::client::transfer_budget::Lane;
use crate::generated::operations::{
    HeadObjectInput, HeadObjectOutput, InitiateMultipartUploadInput, PutObjectInput,
};
use crate::generated::types::{MetadataDirective, StorageClass};
use crate::message::metadata::Metadata;
use crate::message::object_key::{self, KeyPlace};
use crate::message::object_path::ObjectPath;
use crate::message::response_meta::ResponseMeta;
use crate::message::sse::{CopySourceSseInput, SseInput, SseKey};
use crate::message::transfer_monitor::Progress;
#[cfg(feature = "folders")]
use crate::message::transfer_monitor::TransferMonitor;

impl Bucket {
    /// Copies an object of any size. Within a zone, the service copies the bytes, and the client does
    /// not receive them; see [`CopyObject::source_bucket`] for a source in another zone or
    /// service. The source is `(bucket, key)`, or an [`ObjectPath`] with a version.
    ///
    /// The copy gets the content type, the other standard headers, the metadata and the storage class
    /// of the source, unless you set others. An object over 5 GiB is copied in concurrent parts. If the
    /// source changes in the meantime, the copy fails with an error for which
    /// [`is_precondition_failed`](crate::Error::is_precondition_failed) returns `true`, and never
    /// mixes two objects.
    ///
    /// Use [`put_object(..).copy_source(..)`](crate::operations::PutObject) instead for a single
    /// request without reading the properties of the source, which copies up to 5 GiB: for other
    /// caching headers (with
    /// [`metadata_directive(MetadataDirective::Replace)`](crate::operations::PutObject::metadata_directive)),
    /// for your own conditions, or for a key with a segment `.` or `..`, which is an `InvalidInput`
    /// here. Its storage class is `STANDARD` unless you set another.
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
            content_type: None,
            metadata: None,
            storage_class: None,
            sse_key: None,
            source_sse_key: None,
            source_bucket: None,
            max_bytes_per_second: None,
            on_progress: None,
            known_source: None,
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
    content_type: Option<String>,
    metadata: Option<Metadata>,
    storage_class: Option<StorageClass>,
    sse_key: Option<SseKey>,
    source_sse_key: Option<SseKey>,
    source_bucket: Option<Bucket>,
    max_bytes_per_second: Option<u64>,
    on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// The source as a list describes it, which spares the request for its properties.
    known_source: Option<SourceVersion>,
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

    /// Sets the media type of the copy. Default: the one of the source.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets the user metadata of the copy, instead of that of the source. The entries `mtime` and
    /// `part-size` of the source, in which uploads of folders record the time of the file and the size
    /// of its parts, are kept unless `metadata` contains them.
    pub fn metadata(
        mut self,
        metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.metadata = Some(metadata.into_iter().collect());
        self
    }

    /// Sets the storage class of the copy. Default: the one of the source.
    #[inline]
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.storage_class = Some(class);
        self
    }

    /// Sets the key to encrypt the copy with. Without a key, the copy is not encrypted, even if the
    /// source is.
    #[inline]
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.sse_key = Some(key.clone());
        self
    }

    /// Sets the key that the source is encrypted with.
    #[inline]
    pub fn copy_source_sse_key(mut self, key: &SseKey) -> Self {
        self.source_sse_key = Some(key.clone());
        self
    }

    /// Sets the bucket of the source, which may be in another zone, or belong to another service. Its
    /// name replaces that of the source.
    ///
    /// The service does not copy between zones, or from another service. If the zones, or the hosts
    /// or ports of the endpoints differ, the bytes pass through the client: it reads the source
    /// with one request of `bucket`, and uploads it while it arrives, as [`Bucket::upload`] does.
    /// Otherwise, all requests are signed with the credentials of the target's client. The MD5 of
    /// the source is verified if its ETag is one, unless the source is encrypted with a
    /// customer-provided key. [`part_size`](Self::part_size) and
    /// [`multipart_threshold`](Self::multipart_threshold) have no effect.
    ///
    /// ```no_run
    /// # async fn example(near: qingstor_sdk::Bucket, far: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// near.copy_object((far.name(), "film.mov"), "film.mov").source_bucket(&far).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
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

    /// Sets the version of the source, so that it need not be requested. Its ETag must be strong.
    #[cfg(feature = "folders")]
    pub(super) fn known_source(mut self, source: SourceVersion) -> Self {
        self.known_source = Some(source);
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
        let copied = span.run(pin!(self.copy())).await;
        copied.map_err(|error| with_object(error, &self.bucket, &self.key, "PutObject"))
    }

    async fn copy(&self) -> Result<CopyObjectOutput> {
        runtime::current()?;
        // Before the request for the source, so that an invalid copy does not cause a request.
        check_concurrency(self.concurrency)?;
        check_rate(self.max_bytes_per_second)?;
        check_multipart_threshold(self.multipart_threshold)?;
        PartSizes::new(self.part_size, None)?;
        object_key::check("target key", &self.key, KeyPlace::Path)?;
        if let Some(source) = &self.source_bucket
            && needs_client(source, &self.bucket)
        {
            return self.copy_through_client(source).await;
        }
        if let Some(known) = &self.known_source
            && known.size <= self.multipart_threshold
            && !self.replaces_properties()
        {
            return self.copy_whole(known, None).await;
        }
        let (head, size) = self.head().await?;
        let source = SourceVersion {
            etag: head.etag.clone(),
            size,
            last_modified: head.last_modified,
            storage_class: head.storage_class.clone(),
        };
        if size > self.multipart_threshold {
            self.copy_parts(source, self.object(head)).await
        } else if self.replaces_properties() {
            self.copy_whole(&source, Some(self.object(head))).await
        } else {
            self.copy_whole(&source, None).await
        }
    }

    /// Requests the properties of the source, and its size.
    async fn head(&self) -> Result<(HeadObjectOutput, u64)> {
        let bucket = self.bucket.sibling_bucket(&self.source.bucket)?;
        let mut input = HeadObjectInput::new(&self.source.key);
        input.version_id.clone_from(&self.source.version_id);
        input.set_sse_key(self.source_sse_key.as_ref());
        let head = send(&bucket, None, input).await?;
        match head.content_length {
            Some(size) => Ok((head, size)),
            None => Err(self.without_size(&head, &bucket, "HeadObject")),
        }
    }

    /// Returns the error of a response without the size of the source.
    #[inline]
    fn without_size(
        &self,
        response: &ResponseMeta,
        source: &Bucket,
        operation: &'static str,
    ) -> Error {
        let text = "the response does not contain the size of the object";
        let call = object_call(source, &self.source.key, operation);
        response_error(ErrorKind::Decode, text, response, call)
    }

    /// Copies the source with one request. `replaced`: the properties of the copy, if it does not have
    /// those of the source.
    async fn copy_whole(
        &self,
        source: &SourceVersion,
        replaced: Option<InitiateMultipartUploadInput>,
    ) -> Result<CopyObjectOutput> {
        let mut input = match replaced {
            Some(object) => PutObjectInput {
                metadata_directive: Some(MetadataDirective::Replace),
                ..put_input(object)
            },
            None => PutObjectInput::new(&self.key),
        };
        input.storage_class = self.class_of_copy(source.storage_class.as_ref());
        input.copy_source = Some(self.source.clone());
        (
            input.copy_source_if_match,
            input.copy_source_if_unmodified_since,
        ) = source.unchanged_condition();
        input.set_sse_key(self.sse_key.as_ref());
        input.set_copy_source_sse_key(self.source_sse_key.as_ref());
        // The number of parts at the same time does not matter.
        let limit = Concurrency::new(None, Lane::Copies, &self.bucket);
        let output = send(&self.bucket, limit.lane(), input).await?;
        Ok(CopyObjectOutput {
            request_id: output.request_id().map(str::to_owned),
            etag: output.etag,
            version_id: output.version_id,
            source_etag: source.etag.clone(),
            parts: 1,
            bytes: source.size,
        })
    }

    /// Returns whether the copy has other headers or metadata than its source.
    fn replaces_properties(&self) -> bool {
        self.content_type.is_some() || self.metadata.is_some()
    }

    /// Returns the copy as a multipart upload creates it: with the headers, the metadata and the
    /// storage class of the source, unless the caller has set others.
    #[inline]
    fn object(&self, source: HeadObjectOutput) -> InitiateMultipartUploadInput {
        let mut object = InitiateMultipartUploadInput::new(&self.key);
        take_properties!(&mut object, source);
        self.replace_properties(&mut object);
        object.set_sse_key(self.sse_key.as_ref());
        object
    }

    /// Replaces the properties that the caller has set.
    #[inline]
    fn replace_properties(&self, object: &mut InitiateMultipartUploadInput) {
        if self.content_type.is_some() {
            object.content_type.clone_from(&self.content_type);
        }
        object.metadata = self.metadata_of_copy(std::mem::take(&mut object.metadata));
        object.storage_class = self.class_of_copy(object.storage_class.as_ref());
    }

    /// Returns the metadata of a copy. What uploads of folders record about the content also applies
    /// to the copy.
    #[inline]
    fn metadata_of_copy(&self, source: Metadata) -> Metadata {
        let Some(mut metadata) = self.metadata.clone() else {
            return source;
        };
        for name in [MODIFIED_METADATA, PART_SIZE_METADATA] {
            if let Some(value) = source.get(name)
                && metadata.get(name).is_none()
            {
                metadata.insert(name, value);
            }
        }
        metadata
    }

    fn class_of_copy(&self, source: Option<&StorageClass>) -> Option<StorageClass> {
        self.storage_class.as_ref().or(source).cloned()
    }
}

/// Returns whether the bytes of a copy pass through the client, because the service cannot copy them:
/// the buckets are in different zones, or in different services.
#[inline]
pub(super) fn needs_client(source: &Bucket, target: &Bucket) -> bool {
    source.zone() != target.zone() || !source.is_of_same_service(target)
}

/// The version of the source that is copied.
#[derive(Clone, Debug)]
pub(super) struct SourceVersion {
    pub(super) etag: String,
    /// Size in bytes.
    pub(super) size: u64,
    pub(super) last_modified: Option<Timestamp>,
    /// `None` if the service has not reported it.
    pub(super) storage_class: Option<StorageClass>,
}

impl SourceVersion {
    /// Returns the values of `If-Match` and `If-Unmodified-Since` that restrict a request to this
    /// version: its ETag if that identifies the bytes, or else its modification time.
    fn unchanged_condition(&self) -> (Option<String>, Option<Timestamp>) {
        match entity_tag::is_strong(&self.etag) {
            true => (Some(self.etag.clone()), None),
            false => (None, self.last_modified),
        }
    }
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyObject")
            .field("source", &self.source)
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
