//! Copies between zones or services, which pass through the client.

#[cfg(feature = "folders")]
use std::sync::Arc;

use super::{CopyObject, CopyObjectOutput};
use crate::base::entity_tag;
use crate::base::error::Result;
use crate::client::Bucket;
use crate::client::transfer_budget::Lane;
use crate::generated::operations::{GetObjectInput, GetObjectOutput};
use crate::managed::Upload;
use crate::managed::file_metadata::PART_SIZE_METADATA;
use crate::managed::object_headers::take_properties;
use crate::managed::part_sizes::{MIN_PART_SIZE, PartSizes};
use crate::managed::request_tasks::{Concurrency, in_task};
use crate::managed::upload::source::UploadSource;
use crate::message::metadata::Metadata;
use crate::message::sse::SseInput;

impl CopyObject {
    /// Copies the object from a bucket in another zone or service. Reads it with one request, whose
    /// body resumes after an interruption, and uploads it while it arrives.
    pub(super) async fn copy_through_client(&self, source: &Bucket) -> Result<CopyObjectOutput> {
        let output = self.request_source(source).await?;
        let Some(size) = output.body.len() else {
            return Err(self.without_size(&output, source, "GetObject"));
        };
        let source_etag = output.etag.clone();
        let upload = self.upload(output, size)?;
        let uploaded = upload.await?;
        Ok(CopyObjectOutput {
            etag: uploaded.etag,
            version_id: uploaded.version_id,
            source_etag,
            parts: uploaded.parts,
            bytes: uploaded.bytes,
            request_id: uploaded.request_id,
        })
    }

    async fn request_source(&self, source: &Bucket) -> Result<GetObjectOutput> {
        let mut input = GetObjectInput::new(&self.source.key);
        input.version_id.clone_from(&self.source.version_id);
        input.set_sse_key(self.source_sse_key.as_ref());
        let (concurrency, source) = (
            Concurrency::new(None, Lane::Downloads, source),
            source.clone(),
        );
        in_task(async move {
            let admitted = concurrency.admit(&source).await;
            let output = admitted.bucket.call(input).send().await?;
            // The upload decides how long the body takes. It must not block other requests.
            admitted.slot.detach();
            Ok(output)
        })
        .await
    }

    /// Returns the upload of a response, with the headers and metadata of the source.
    #[inline]
    fn upload(&self, mut output: GetObjectOutput, size: u64) -> Result<Upload<'static>> {
        let part_size = self.part_size_through_client(&output.metadata, &output.etag, size)?;
        if output.metadata.get(PART_SIZE_METADATA).is_some() {
            let metadata = &mut output.metadata;
            metadata.insert(PART_SIZE_METADATA, part_size.to_string());
        }
        let source = UploadSource::sized_stream(output.body.verified(), size);
        let mut upload = self.bucket.upload(&self.key, source).part_size(part_size);
        take_properties!(upload.object_mut(), output);
        self.replace_properties(upload.object_mut());
        if let Some(parts) = self.concurrency {
            upload = upload.concurrency(parts);
        }
        if let Some(sse_key) = &self.sse_key {
            upload = upload.sse_key(sse_key);
        }
        if let Some(bytes) = self.max_bytes_per_second {
            upload = upload.max_bytes_per_second(bytes);
        }
        if let Some(on_progress) = self.on_progress.clone() {
            upload = upload.on_progress(move |progress| on_progress(progress));
        }
        #[cfg(feature = "folders")]
        if let Some(monitor) = &self.shared_monitor {
            upload = upload.shared_monitor(Arc::clone(monitor));
        }
        Ok(upload)
    }

    /// Returns the size of the parts. If possible, the copy gets the ETag of the source: one
    /// part if the source is small and has one, or else the part size in the metadata of the source.
    #[inline]
    fn part_size_through_client(&self, metadata: &Metadata, etag: &str, size: u64) -> Result<u64> {
        if size <= Upload::DEFAULT_MULTIPART_THRESHOLD && !entity_tag::text(etag).contains('-') {
            return Ok(size.max(MIN_PART_SIZE));
        }
        let recorded = metadata.get(PART_SIZE_METADATA);
        let recorded = recorded.and_then(|bytes| bytes.parse().ok());
        let part_size = recorded
            .filter(|part_size| PartSizes::new(*part_size, Some(size)).is_ok())
            .unwrap_or(Upload::DEFAULT_PART_SIZE);
        Ok(PartSizes::new(part_size, Some(size))?.first())
    }
}
