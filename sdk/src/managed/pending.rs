//! [`Pending`]: a multipart upload that the service holds until it is completed or given up.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::transfer::joined;
use crate::base::error::{Error, ErrorCode, Result};
use crate::call::Call;
use crate::client::Bucket;
use crate::generated::operations::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, HeadObjectInput, HeadObjectOutput,
    InitiateMultipartUploadInput, InitiateMultipartUploadOutput,
};

/// A multipart upload. It is given up when this is dropped, unless it is kept or at its end.
pub(super) struct Pending {
    bucket: Bucket,
    key: String,
    upload_id: String,
    runtime: Handle,
    armed: bool,
}

/// How an upload was completed.
pub(super) enum Completed {
    /// The service says so.
    Told(CompleteMultipartUploadOutput),
    /// The service's answer got lost, but the upload is gone and the object stands.
    Found(Box<HeadObjectOutput>),
}

impl Pending {
    /// Begins an upload. Whoever drops the future meanwhile leaves none behind.
    pub(super) async fn begin(
        bucket: &Bucket,
        mut call: Call<InitiateMultipartUploadInput>,
    ) -> Result<Self> {
        // Where the answer got lost, an upload is left over with or without a repeat.
        call.handle.options_mut().repeat = true;
        let mut beginning = Beginning {
            bucket: bucket.clone(),
            key: call.input.key.clone(),
            runtime: Handle::current(),
            task: Some(tokio::spawn(call.send())),
        };
        beginning.wait().await
    }

    /// An upload that was begun before.
    pub(super) fn new(bucket: Bucket, key: String, upload_id: String, runtime: Handle) -> Self {
        Self {
            bucket,
            key,
            upload_id,
            runtime,
            armed: true,
        }
    }

    pub(super) fn upload_id(&self) -> &str {
        &self.upload_id
    }

    /// From now on it stays when this is dropped.
    pub(super) fn keep(&mut self) {
        self.armed = false;
    }

    /// Makes the object of its parts. `is_it`: whether an object with these properties is made of
    /// them, asked when the service's answer got lost.
    pub(super) async fn complete(
        &mut self,
        mut call: Call<CompleteMultipartUploadInput>,
        object: Call<HeadObjectInput>,
        is_it: impl FnOnce(&HeadObjectOutput) -> bool,
    ) -> Result<Completed> {
        // A repeat of what was carried out finds no upload, and that tells something.
        call.handle.options_mut().repeat = true;
        let error = match call.send().await {
            Ok(output) => {
                self.armed = false;
                return Ok(Completed::Told(output));
            }
            Err(error) => error,
        };
        // The object alone proves nothing: it may be an older one of the same content.
        let is_gone = is_gone(&error) || (error.is_retryable() && self.is_gone().await);
        if !is_gone {
            return Err(error);
        }
        match object.send().await {
            Ok(head) if is_it(&head) => {
                self.armed = false;
                Ok(Completed::Found(Box::new(head)))
            }
            Err(unseen) if !unseen.is_not_found() => Err(unseen),
            _ => Err(error),
        }
    }

    /// Whether the service certainly has no such upload any more.
    async fn is_gone(&self) -> bool {
        let parts = self.bucket.list_multipart(&self.key, &self.upload_id);
        parts
            .limit(1)
            .send()
            .await
            .is_err_and(|error| is_gone(&error))
    }

    /// Gives up what is armed.
    pub(super) async fn give_up(&mut self) -> Result<()> {
        if self.armed {
            abort(&self.bucket, &self.key, &self.upload_id).await?;
            self.armed = false;
        }
        Ok(())
    }
}

impl Drop for Pending {
    #[inline]
    fn drop(&mut self) {
        if self.armed {
            let (bucket, key) = (self.bucket.clone(), std::mem::take(&mut self.key));
            let id = std::mem::take(&mut self.upload_id);
            // Nobody is left who could be told of a failure.
            self.runtime
                .spawn(async move { abort(&bucket, &key, &id).await.ok() });
        }
    }
}

/// That there is nothing to give up is as good.
async fn abort(bucket: &Bucket, key: &str, upload_id: &str) -> Result<()> {
    match bucket.abort_multipart_upload(key, upload_id).await {
        Err(error) if !is_gone(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether there is no such upload: completed, given up, or never begun.
pub(super) fn is_gone(error: &Error) -> bool {
    error.code() == Some(&ErrorCode::UploadNotExists) || error.is_not_found()
}

/// An upload that is being begun. Its call is not broken off, since an upload whose id got lost
/// could not be given up.
struct Beginning {
    bucket: Bucket,
    key: String,
    runtime: Handle,
    task: Option<JoinHandle<Result<InitiateMultipartUploadOutput>>>,
}

impl Beginning {
    async fn wait(&mut self) -> Result<Pending> {
        let Some(task) = &mut self.task else {
            return Err(Error::invalid_input("the upload was already started"));
        };
        let output = joined(task.await);
        self.task = None;
        Ok(Pending::new(
            self.bucket.clone(),
            self.key.clone(),
            output??.upload_id,
            self.runtime.clone(),
        ))
    }
}

impl Drop for Beginning {
    #[inline]
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            let (bucket, key) = (self.bucket.clone(), std::mem::take(&mut self.key));
            let runtime = self.runtime.clone();
            self.runtime.spawn(async move {
                if let Ok(Ok(output)) = task.await {
                    drop(Pending::new(bucket, key, output.upload_id, runtime));
                }
            });
        }
    }
}
