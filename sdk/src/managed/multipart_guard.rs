//! [`MultipartGuard`]: aborts a multipart upload on drop.

use tokio::runtime::Handle;

use super::errors::{object_call, response_error, task_result};
use super::request_tasks::{in_slot, in_task, send};
use crate::base::error::{Error, ErrorCode, ErrorKind, Result};
use crate::base::runtime;
use crate::client::Bucket;
use crate::client::spans::in_current_span;
use crate::client::transfer_budget::AdmittedBucket;
use crate::client::unfinished_uploads::{UnfinishedUpload, UnfinishedUploads};
use crate::generated::operations::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, HeadObjectInput, HeadObjectOutput,
    InitiateMultipartUploadInput, ListMultipartInput,
};
use crate::message::operation::Operation;

/// A multipart upload that the service has not completed yet. Dropping the guard aborts the upload
/// in the background, unless [`keep_on_drop`](Self::keep_on_drop) was called.
pub(super) struct MultipartGuard {
    bucket: Bucket,
    key: String,
    upload_id: String,
    runtime: Handle,
    /// `None` if the upload is complete, aborted, or to be kept.
    unfinished: Option<UnfinishedUpload>,
}

/// Evidence that a multipart upload is complete.
pub(super) enum Completion {
    /// The service confirmed it.
    Confirmed(CompleteMultipartUploadOutput),
    /// The response was lost, but the upload is gone and the object has the expected properties.
    Inferred(Box<HeadObjectOutput>),
}

impl MultipartGuard {
    /// Initiates an upload. If the future is dropped before it ends, the upload is aborted, or not
    /// initiated at all if its request has not started.
    pub(super) async fn initiate(
        bucket: &Bucket,
        input: InitiateMultipartUploadInput,
    ) -> Result<Self> {
        let runtime = runtime::current()?;
        let bucket = bucket.clone();
        let unfinished = unfinished_uploads(&bucket).add();
        in_task(async move {
            let admitted = bucket.admit(None).await;
            let handle = runtime.clone();
            // Not a scoped task: without the upload ID, the upload could not be aborted. If nothing
            // awaits the task any more, its result is dropped, which aborts the upload.
            let initiated = runtime.spawn(in_current_span(async move {
                let _unfinished = unfinished;
                let key = input.key.clone();
                let call = async |admitted: AdmittedBucket| admitted.bucket.call(input).await;
                let output = in_slot(admitted, call).await?;
                if output.upload_id.is_empty() {
                    let text = "the response does not contain an upload ID";
                    let call = object_call(&bucket, &key, InitiateMultipartUploadInput::INFO.id);
                    return Err(response_error(ErrorKind::Decode, text, &output, call));
                }
                Ok(Self::existing(bucket, key, output.upload_id, handle))
            }));
            task_result(initiated.await)?
        })
        .await
    }

    /// Guards an upload that was initiated earlier.
    #[inline]
    pub(super) fn existing(
        bucket: Bucket,
        key: String,
        upload_id: String,
        runtime: Handle,
    ) -> Self {
        Self {
            unfinished: Some(unfinished_uploads(&bucket).add()),
            bucket,
            key,
            upload_id,
            runtime,
        }
    }

    pub(super) fn upload_id(&self) -> &str {
        &self.upload_id
    }

    #[inline]
    pub(super) fn keep_on_drop(&mut self) {
        self.unfinished = None;
    }

    /// Completes the upload. If the response is lost, `is_expected` decides whether the object that
    /// `head` finds consists of the uploaded parts.
    pub(super) async fn complete(
        &mut self,
        input: CompleteMultipartUploadInput,
        head: HeadObjectInput,
        is_expected: impl FnOnce(&HeadObjectOutput) -> bool,
    ) -> Result<Completion> {
        // A retry after an unseen success finds no upload, which is handled below.
        let mut bucket = self.bucket.clone();
        bucket.options_mut().repeat = true;
        let error = match send(&bucket, None, input).await {
            Ok(output) => {
                self.unfinished = None;
                return Ok(Completion::Confirmed(output));
            }
            Err(error) => error,
        };
        // The object alone proves nothing: it may be an older one with the same content.
        let is_unknown =
            error.is_retryable() || error.may_have_been_executed() || error.is_not_found();
        let is_gone = is_upload_gone(&error) || (is_unknown && self.is_gone().await);
        if !is_gone {
            return Err(error);
        }
        match send(&self.bucket, None, head).await {
            Ok(object) if is_expected(&object) => {
                self.unfinished = None;
                Ok(Completion::Inferred(Box::new(object)))
            }
            Err(head_error) if !head_error.is_not_found() => Err(head_error),
            _ => Err(error),
        }
    }

    /// Returns `true` if the service reports that the upload does not exist.
    async fn is_gone(&self) -> bool {
        let mut input = ListMultipartInput::new(&self.key, &self.upload_id);
        input.limit = Some(1);
        let parts = send(&self.bucket, None, input).await;
        parts.is_err_and(|error| is_upload_gone(&error))
    }

    /// Aborts the upload of a failed transfer unless it is to be kept. Returns whether no upload is
    /// left. [`wait_for_aborts`](crate::QingStor::wait_for_aborts) returns the error of the abort,
    /// because the transfer returns its own.
    pub(super) async fn abort_failed(&mut self) -> bool {
        let Err(error) = self.abort().await else {
            return true;
        };
        if let Some(unfinished) = self.unfinished.take() {
            unfinished.fail(error);
        }
        false
    }

    /// Aborts the upload unless it is to be kept.
    pub(super) async fn abort(&mut self) -> Result<()> {
        if self.unfinished.is_some() {
            abort(&self.bucket, &self.key, &self.upload_id).await?;
            self.unfinished = None;
        }
        Ok(())
    }
}

impl Drop for MultipartGuard {
    #[inline]
    fn drop(&mut self) {
        if let Some(unfinished) = self.unfinished.take() {
            let (bucket, key) = (self.bucket.clone(), std::mem::take(&mut self.key));
            let id = std::mem::take(&mut self.upload_id);
            self.runtime.spawn(in_current_span(async move {
                if let Err(error) = abort(&bucket, &key, &id).await {
                    unfinished.fail(error);
                }
            }));
        }
    }
}

fn unfinished_uploads(bucket: &Bucket) -> &UnfinishedUploads {
    &bucket.dispatcher().shared.unfinished_uploads
}

/// Aborts an upload. Succeeds if the upload does not exist.
async fn abort(bucket: &Bucket, key: &str, upload_id: &str) -> Result<()> {
    match bucket.abort_multipart_upload(key, upload_id).await {
        Err(error) if !is_upload_gone(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Returns `true` if the error says that the upload does not exist: it was completed or aborted, or
/// never initiated. Another 404 proves nothing: the request may have reached the wrong zone or host.
pub(super) fn is_upload_gone(error: &Error) -> bool {
    match error.code() {
        Some(ErrorCode::UploadNotExists) => true,
        Some(ErrorCode::ObjectNotExists) => error.is_not_found(),
        _ => false,
    }
}
