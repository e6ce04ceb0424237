//! Conditional writes by an append at position 0.

use std::hash::{BuildHasher, RandomState};

use qingstor_sdk::operations::{AppendObjectInput, GetObjectInput};
use qingstor_sdk::{Body, Bucket};

use super::attributes::{CREATE_TOKEN, ObjectAttributes, take_attributes};
use super::error::{not_implemented, of_object};
use super::object_store::path::Path;
use super::object_store::{Error, PutPayload, PutResult, Result};
use super::results::put_result;
use super::store::{QingStorStore, body, quoted};

impl QingStorStore {
    /// Creates an object unless the key exists.
    pub(super) async fn create(
        &self,
        location: &Path,
        payload: &PutPayload,
        attributes: ObjectAttributes,
    ) -> Result<PutResult> {
        let bucket = self.bucket_for(location).await?;
        self.append(bucket, location, body(payload), attributes)
            .await
    }

    /// Copies an object unless the target exists. The content passes through the client.
    pub(super) async fn create_copy(&self, from: &Path, to: &Path) -> Result<()> {
        let bucket = self.bucket_for(from).await?;
        let source = bucket.call(GetObjectInput::new(self.key(from)));
        let mut source = source.await.map_err(|error| of_object(from, error))?;
        let attributes = take_attributes!(source);
        self.append(bucket, to, source.body.into(), attributes)
            .await?;
        Ok(())
    }

    async fn append(
        &self,
        bucket: &Bucket,
        location: &Path,
        body: Body,
        attributes: ObjectAttributes,
    ) -> Result<PutResult> {
        if body.is_empty() {
            let operation = "conditional write of empty content with ConditionalPut::Append";
            return Err(not_implemented(operation));
        }
        if !attributes.fits_append() {
            let operation = "conditional write with attributes other than ContentType and \
                             StorageClass with ConditionalPut::Append";
            return Err(not_implemented(operation));
        }
        let size = body.len();
        let mut input = AppendObjectInput::new(self.key(location), 0);
        input.content_type = attributes.content_type;
        input.storage_class = attributes.storage_class;
        input.body = Some(body);
        let token = random_token();
        let header = format!("x-qs-meta-{CREATE_TOKEN}");
        let call = bucket.call(input).header(header, &token);
        match call.await {
            Ok(output) => {
                let header = |name: &str| {
                    let value = output.headers().get(name)?.to_str().ok()?;
                    Some(value.to_owned())
                };
                let etag = header("etag").unwrap_or_default();
                if !etag.is_empty() {
                    return Ok(put_result(quoted(etag), header("x-qs-version-id")));
                }
                // The documents do not say that the response to an append has an ETag.
                let head = bucket.head_object(self.key(location)).await;
                let head = head.map_err(|error| of_object(location, error))?;
                Ok(put_result(quoted(head.etag), head.version_id))
            }
            Err(error) => {
                self.explain_failure(bucket, location, (size, &token), error)
                    .await
            }
        }
    }

    /// Finds out what a failed append means: the object exists, or the response was lost. If it was
    /// certainly not executed, for example without a connection, no request is needed.
    async fn explain_failure(
        &self,
        bucket: &Bucket,
        location: &Path,
        (size, token): (u64, &str),
        error: qingstor_sdk::Error,
    ) -> Result<PutResult> {
        let is_refused = error.status().is_some_and(|status| {
            // The API names `invalid_argument` for a wrong position, and no code for other objects.
            matches!(status.as_u16(), 400 | 409 | 412)
        });
        if !is_refused && !error.may_have_been_executed() {
            return Err(of_object(location, error));
        }
        let Ok(object) = bucket.head_object(self.key(location)).await else {
            return Err(of_object(location, error));
        };
        let already_exists = |error: qingstor_sdk::Error| {
            Err(Error::AlreadyExists {
                path: location.to_string(),
                source: Box::new(error),
            })
        };
        match object.metadata.get(CREATE_TOKEN) {
            Some(found) if found == token => Ok(put_result(quoted(object.etag), object.version_id)),
            Some(_) => already_exists(error),
            None if is_refused || object.content_length != Some(size) => already_exists(error),
            // It may be this object, if the service does not keep the token.
            None => Err(of_object(location, error)),
        }
    }
}

/// Returns 128 random bits, in hexadecimal. The standard library seeds its hashers randomly.
fn random_token() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}
