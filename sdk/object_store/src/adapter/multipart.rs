//! Multipart uploads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qingstor_sdk::operations::{InitiateMultipartUploadInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectPart;

use super::attributes::{ObjectAttributes, set_attributes};
use super::error::{generic, of_object};
use super::object_store::multipart::PartId;
use super::object_store::path::Path;
use super::object_store::{
    MultipartId, MultipartUpload, PutMultipartOptions, PutPayload, PutResult, Result, UploadPart,
};
use super::results::put_result;
use super::store::{QingStorStore, body, quoted};

impl QingStorStore {
    pub(super) async fn start_upload(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let id = self.initiate_upload(location, options).await?;
        Ok(Box::new(StoreUpload {
            store: self.clone(),
            location: location.clone(),
            id,
            part_count: 0,
            uploaded: Arc::default(),
        }))
    }

    pub(super) async fn initiate_upload(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<MultipartId> {
        let attributes = ObjectAttributes::new(&options.attributes)?;
        let bucket = self.bucket_for(location).await?;
        let mut input = InitiateMultipartUploadInput::new(self.key(location));
        set_attributes!(input, attributes);
        let output = bucket.call(input).await;
        let output = output.map_err(|error| of_object(location, error))?;
        Ok(output.upload_id)
    }

    pub(super) async fn upload_part(
        &self,
        location: &Path,
        id: &str,
        index: usize,
        payload: PutPayload,
    ) -> Result<PartId> {
        let bucket = self.bucket_for(location).await?;
        let mut input = UploadMultipartInput::new(self.key(location), id, part_number(index)?);
        input.body = Some(body(&payload));
        let output = self.with_content_md5(bucket.call(input)).await;
        let output = output.map_err(|error| of_object(location, error))?;
        let content_id = output.etag;
        Ok(PartId { content_id })
    }

    /// Completes an upload. An upload without parts becomes an empty object.
    pub(super) async fn complete_upload(
        &self,
        location: &Path,
        id: &str,
        mut parts: Vec<PartId>,
    ) -> Result<PutResult> {
        if parts.is_empty() {
            let empty = PutPayload::default();
            parts.push(self.upload_part(location, id, 0, empty).await?);
        }
        let parts = parts.into_iter().enumerate().map(|(index, part)| {
            let mut object_part = ObjectPart::new(part_number(index)?);
            object_part.etag = Some(part.content_id).filter(|etag| !etag.is_empty());
            Ok(object_part)
        });
        let parts: Vec<ObjectPart> = parts.collect::<Result<_>>()?;
        let bucket = self.bucket_for(location).await?;
        let object = bucket.complete_upload(self.key(location), id, parts).await;
        let object = object.map_err(|error| of_object(location, error))?;
        Ok(put_result(quoted(object.etag), object.version_id))
    }

    pub(super) async fn abort_upload(&self, location: &Path, id: &str) -> Result<()> {
        let bucket = self.bucket_for(location).await?;
        let aborted = bucket.abort_multipart_upload(self.key(location), id).await;
        aborted.map_err(|error| of_object(location, error))?;
        Ok(())
    }
}

/// Returns the number of a part. The service numbers the parts of an object in their order; other
/// programs start with 1.
fn part_number(index: usize) -> Result<u32> {
    let number = u32::try_from(index)
        .ok()
        .and_then(|index| index.checked_add(1));
    number.ok_or_else(|| generic(format!("part {index} is out of range")))
}

/// An upload in progress.
struct StoreUpload {
    store: QingStorStore,
    location: Path,
    id: MultipartId,
    /// Number of parts that were passed to `put_part`.
    part_count: usize,
    /// The parts that the service has, by their index.
    uploaded: Arc<Mutex<BTreeMap<usize, PartId>>>,
}

#[async_trait]
impl MultipartUpload for StoreUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let index = self.part_count;
        self.part_count += 1;
        let (store, location, id) = (self.store.clone(), self.location.clone(), self.id.clone());
        let uploaded = Arc::clone(&self.uploaded);
        Box::pin(async move {
            let part = store.upload_part(&location, &id, index, payload).await?;
            let mut uploaded = uploaded.lock().unwrap_or_else(PoisonError::into_inner);
            uploaded.insert(index, part);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts: Vec<PartId> = {
            let uploaded = self.uploaded.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(missing) = (0..self.part_count).find(|index| !uploaded.contains_key(index))
            {
                let text = format!("part {missing} of {} was not uploaded", self.part_count);
                return Err(generic(text));
            }
            uploaded.values().cloned().collect()
        };
        self.store
            .complete_upload(&self.location, &self.id, parts)
            .await
    }

    async fn abort(&mut self) -> Result<()> {
        self.store.abort_upload(&self.location, &self.id).await
    }
}

impl fmt::Debug for StoreUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreUpload")
            .field("store", &self.store)
            .field("location", &self.location.as_ref())
            .field("id", &self.id)
            .field("part_count", &self.part_count)
            .finish_non_exhaustive()
    }
}
