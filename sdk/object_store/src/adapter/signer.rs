//! Presigned URLs.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use qingstor_sdk::{Bucket, Presigned};
use url::Url;

use super::error::{generic, not_implemented, of_object};
use super::object_store::Result;
use super::object_store::path::Path;
use super::object_store::signer::Signer;
use super::store::QingStorStore;

#[async_trait]
impl Signer for QingStorStore {
    /// Supports the methods GET, PUT, HEAD and DELETE.
    async fn signed_url(&self, method: Method, path: &Path, expires_in: Duration) -> Result<Url> {
        let bucket = self.bucket_for(path).await?;
        let failed = |error| of_object(path, error);
        // Presigning itself does not call a provider of credentials.
        bucket.fetch_credentials_if_due().await.map_err(failed)?;
        let Some(presigned) = presign(bucket, &method, &self.key(path), expires_in) else {
            return Err(not_implemented(format!("signed_url for {method}")));
        };
        let presigned = presigned.map_err(failed)?;
        presigned.to_string().parse().map_err(generic)
    }
}

/// Presigns a request without headers; `None` if the method is not supported.
fn presign(
    bucket: &Bucket,
    method: &Method,
    key: &str,
    expires_in: Duration,
) -> Option<qingstor_sdk::Result<Presigned>> {
    match *method {
        Method::GET => Some(bucket.get_object(key).presign(expires_in)),
        Method::HEAD => Some(bucket.head_object(key).presign(expires_in)),
        Method::PUT => Some(bucket.put_object(key).presign(expires_in)),
        Method::DELETE => Some(bucket.delete_object(key).presign(expires_in)),
        _ => None,
    }
}
