//! [`ObjectReader`]: requests ranges of one object, and checks the responses.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::range_sink::{RangeBytes, RangeSink};
use super::resume_state::ResumeState;
use super::{DownloadOptions, DownloadOutput};
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{ContentPart, Error, ErrorKind, Result};
use crate::client::Bucket;
use crate::client::transfer_budget::{AdmittedBucket, Lane, RequestSlot, Reservation};
use crate::generated::operations::{
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
};
use crate::managed::errors::{object_call, response_error};
use crate::managed::request_tasks::{Concurrency, RequestTasks, in_task, send};
use crate::message::response_meta::ResponseMeta;
use crate::message::sse::{SseInput, SseKey};
use crate::message::transfer_monitor::TransferMonitor;

/// Downloads of ranges in progress. Each returns its range, and the bytes if they are in memory.
pub(super) type RangeTasks = RequestTasks<(Range<u64>, RangeBytes)>;

/// Requests ranges of one object.
#[derive(Clone)]
pub(super) struct ObjectReader {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    version_id: Option<String>,
    sse_key: Option<SseKey>,
    pub(super) monitor: Arc<TransferMonitor>,
    pub(super) concurrency: Concurrency,
    /// The object that all ranges must belong to. Empty before [`pin`](Self::pin).
    object: ObjectIdentity,
    /// The response that describes the object. Empty before [`pin`](Self::pin).
    response: ResponseMeta,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ObjectIdentity {
    pub(super) etag: String,
    pub(super) size: u64,
}

/// The response to the first request.
pub(super) struct FirstResponse {
    pub(super) object: ObjectIdentity,
    /// Length of the body, which starts at the first byte of the object.
    pub(super) len: u64,
    pub(super) output: GetObjectOutput,
    pub(super) admitted: AdmittedBucket,
    /// The memory of the body; `None` if it is not kept in memory.
    pub(super) memory: Option<Reservation>,
}

/// Where the first bytes of an object are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstBytes {
    InFile,
    InMemory,
}

impl ObjectReader {
    /// Creates a reader. Takes the options that only the reader needs.
    #[inline]
    pub(super) fn new(bucket: Bucket, key: String, options: &mut DownloadOptions) -> Self {
        Self {
            concurrency: options.transfer.concurrency(Lane::Downloads, &bucket),
            bucket,
            key,
            version_id: options.version_id.take(),
            sse_key: options.transfer.sse_key.take(),
            monitor: Arc::default(),
            object: ObjectIdentity::default(),
            response: ResponseMeta::default(),
        }
    }

    /// Restricts all further requests to this object, which `response` describes.
    #[inline]
    pub(super) fn pin(
        mut self,
        object: ObjectIdentity,
        response: &ResponseMeta,
        options: &mut DownloadOptions,
    ) -> Arc<Self> {
        self.monitor = options.transfer.monitor(Some(object.size));
        self.object = object;
        self.response = response.clone();
        Arc::new(self)
    }

    /// Returns the state of a download of `object` without complete ranges.
    #[inline]
    pub(super) fn new_state(&self, object: &ObjectIdentity) -> ResumeState {
        ResumeState::new(self.bucket.name(), &self.key, &object.etag, object.size)
    }

    #[inline]
    fn input(&self) -> GetObjectInput {
        let mut input = GetObjectInput::new(&self.key);
        input.version_id.clone_from(&self.version_id);
        input.set_sse_key(self.sse_key.as_ref());
        input
    }

    /// Requests the properties of the object.
    pub(super) async fn head(&self) -> Result<HeadObjectOutput> {
        let mut input = HeadObjectInput::new(&self.key);
        input.version_id.clone_from(&self.version_id);
        input.set_sse_key(self.sse_key.as_ref());
        send(&self.bucket, None, input).await
    }

    /// Returns the tasks of this download.
    #[inline]
    pub(super) fn tasks(&self) -> RangeTasks {
        RangeTasks::new(&self.bucket, self.concurrency)
    }

    /// Requests the first `len` bytes, or the whole object if it is smaller or cannot be downloaded
    /// in ranges. The slot of the response is parked. If there is little memory for the bytes, requests
    /// fewer.
    pub(super) async fn request_first(
        &self,
        mut len: u64,
        target: FirstBytes,
    ) -> Result<FirstResponse> {
        let reader = self.clone();
        in_task(async move {
            // Before the request, because an admitted request must not wait for memory.
            let memory = match target {
                FirstBytes::InFile => None,
                FirstBytes::InMemory => {
                    let budget = Arc::clone(&reader.bucket.transfer_budget().memory);
                    let may_exceed = Arc::new(AtomicBool::new(true));
                    let memory = budget.reserve_range(len, may_exceed).await;
                    len = memory.len();
                    Some(memory)
                }
            };
            let admitted = reader.concurrency.admit(&reader.bucket).await;
            let requested = len;
            let (object, len, output) = reader.send_first(&admitted.bucket, len).await?;
            admitted.slot.park();
            let memory = memory.filter(|_| len <= requested);
            if let Some(memory) = &memory {
                memory.shrink(len);
                memory.wait_for_caller();
            }
            Ok(FirstResponse {
                object,
                len,
                output,
                admitted,
                memory,
            })
        })
        .await
    }

    async fn send_first(
        &self,
        bucket: &Bucket,
        len: u64,
    ) -> Result<(ObjectIdentity, u64, GetObjectOutput)> {
        let mut input = self.input();
        input.range = Some(format!("bytes=0-{}", len.saturating_sub(1)));
        let output = match bucket.call(input).await {
            Ok(output) => output,
            // The range of an empty object cannot be satisfied.
            Err(error) if error.status().is_some_and(|status| status.as_u16() == 416) => {
                return self.request_whole(bucket).await;
            }
            Err(error) => return Err(error),
        };
        // A service may send the whole object instead of a range (200).
        let Some(part) = output.body.part() else {
            return self.whole_object(output);
        };
        if !entity_tag::is_strong(&output.etag) && part.len() < part.size {
            // Without a strong ETag, the ranges could belong to two objects.
            return self.request_whole(bucket).await;
        }
        let object = ObjectIdentity {
            etag: output.etag.clone(),
            size: part.size,
        };
        Ok((object, part.len(), output))
    }

    async fn request_whole(
        &self,
        bucket: &Bucket,
    ) -> Result<(ObjectIdentity, u64, GetObjectOutput)> {
        self.whole_object(bucket.call(self.input()).await?)
    }

    #[inline]
    fn whole_object(
        &self,
        output: GetObjectOutput,
    ) -> Result<(ObjectIdentity, u64, GetObjectOutput)> {
        let Some(size) = output.body.len() else {
            let text = "the response does not contain the size of the object";
            return Err(self.error(ErrorKind::Decode, text, &output));
        };
        let etag = output.etag.clone();
        Ok((ObjectIdentity { etag, size }, size, output))
    }

    /// Downloads a range to `sink`. `response` is the response to its request, if the request was
    /// sent already.
    pub(super) async fn download(
        self: Arc<Self>,
        admitted: AdmittedBucket,
        range: Range<u64>,
        response: Option<GetObjectOutput>,
        sink: RangeSink,
    ) -> Result<(Range<u64>, RangeBytes)> {
        let part = ContentPart::Bytes(range.clone());
        let is_whole = range == (0..self.object.size);
        let result = self.download_range(&admitted, range, response, sink).await;
        result.map_err(|error| match is_whole {
            true => error,
            false => error.with_part(part),
        })
    }

    async fn download_range(
        &self,
        admitted: &AdmittedBucket,
        range: Range<u64>,
        response: Option<GetObjectOutput>,
        mut sink: RangeSink,
    ) -> Result<(Range<u64>, RangeBytes)> {
        // The body resumes by itself after an interruption, according to the retry policy.
        if !range.is_empty() {
            if self.monitor.rate_limiter().is_some() {
                // The caller's limit decides how long the request takes. It must not block others.
                admitted.slot.detach();
            }
            let output = match response {
                Some(output) => output,
                None => self.request(&admitted.bucket, range.clone()).await?,
            };
            self.copy_body(output, &admitted.slot, &mut sink).await?;
        }
        sink.flush().await?;
        self.monitor.add_confirmed(range.end - range.start);
        Ok((range, sink.into_bytes()))
    }

    /// Requests a range of the pinned object.
    async fn request(&self, bucket: &Bucket, range: Range<u64>) -> Result<GetObjectOutput> {
        let mut input = self.input();
        input.range = Some(format!(
            "bytes={}-{}",
            range.start,
            range.end.saturating_sub(1)
        ));
        input.if_match = Some(self.object.etag.clone());
        let output = bucket.call(input).await?;
        // The response decoder has already rejected any other range than the requested one.
        if output.body.part().map(|part| part.size) != Some(self.object.size) {
            let text = match output.body.part() {
                Some(part) => format!("the object now has {} bytes", part.size),
                None => "the response is the whole object instead of a range of it".into(),
            };
            return Err(self.error(ErrorKind::Integrity, text, &output));
        }
        if output.etag != self.object.etag {
            let text = match entity_tag::is_set(&output.etag) {
                true => format!(
                    "the response has another ETag than the request: {}",
                    output.etag
                ),
                false => "the response has no ETag".into(),
            };
            return Err(self.error(ErrorKind::Integrity, text, &output));
        }
        Ok(output)
    }

    async fn copy_body(
        &self,
        output: GetObjectOutput,
        slot: &RequestSlot,
        sink: &mut RangeSink,
    ) -> Result<()> {
        let mut body = output.body;
        // The body returns an error if it is shorter or longer than announced.
        while let Some(chunk) = body.chunk().await? {
            let len = chunk.len();
            slot.moved(len as u64);
            self.monitor.wait(len).await;
            sink.write(chunk).await?;
            self.monitor.add_transferred(len as u64);
        }
        Ok(())
    }

    /// Returns the expected MD5 of the content if it is known and verification is on.
    #[inline]
    pub(super) fn expected_digest(&self, options: &DownloadOptions) -> Option<Digest> {
        let verify = options.transfer.verify && self.sse_key.is_none();
        Digest::from_etag(&self.object.etag).filter(|_| verify)
    }

    #[inline]
    pub(super) fn check_digest(&self, expected: Digest, actual: Digest) -> Result<()> {
        if expected == actual {
            return Ok(());
        }
        let text = format!("the content has MD5 {actual}, but its ETag is {expected}");
        Err(self.error(ErrorKind::Integrity, text, &self.response))
    }

    /// Returns an error about a successful response.
    fn error(&self, kind: ErrorKind, text: impl Into<String>, response: &ResponseMeta) -> Error {
        let call = object_call(&self.bucket, &self.key, "GetObject");
        response_error(kind, text, response, call)
    }
}

impl FirstResponse {
    /// Returns the output of the download, before its content is verified.
    #[inline]
    pub(super) fn download_output(&self) -> DownloadOutput {
        DownloadOutput {
            bytes: self.object.size,
            resumed: 0,
            etag: self.object.etag.clone(),
            verified: false,
            version_id: self.output.version_id.clone(),
            content_type: self.output.content_type.clone(),
            last_modified: self.output.last_modified,
            metadata: self.output.metadata.clone(),
            request_id: self.output.request_id().map(str::to_owned),
        }
    }
}
