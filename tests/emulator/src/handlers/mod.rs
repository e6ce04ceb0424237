//! What the emulator does for each operation.

mod bucket;
mod bucket_acl;
mod bucket_delete;
mod bucket_list;
mod object;
mod object_image;
mod object_put;
mod object_read;
mod object_transfer;
mod service;

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::access::{self, Access};
use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::auth::Caller;
use crate::body::RequestBody;
use crate::generated::operations::Operation;
use crate::host::Host;
use crate::store::{BucketRecord, ObjectAddress, Store};
use crate::target::{Resource, Target};

/// A request whose caller and operation are known.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) store: &'a Arc<Store>,
    /// The first one is the zone of requests whose host names none.
    pub(crate) zones: &'a [String],
    pub(crate) head: &'a Parts,
    pub(crate) host: &'a Host,
    pub(crate) target: &'a Target,
    pub(crate) caller: &'a Caller,
    /// The address of the client.
    pub(crate) peer: IpAddr,
    pub(crate) request_id: &'a str,
    pub(crate) operation: Operation,
    pub(crate) body: &'a mut RequestBody,
}

/// Answers a call.
pub(crate) async fn dispatch(call: &mut Call<'_>) -> Result<Answer, ApiError> {
    // Every operation of the spec stands here: a new one does not compile until somebody has
    // decided.
    match call.operation {
        Operation::ListBuckets => service::list_buckets(call),
        Operation::PutBucket => bucket::put(call).await,
        Operation::HeadBucket => bucket::head(call),
        Operation::DeleteBucket => bucket::delete(call).await,
        Operation::GetBucketStatistics => bucket::statistics(call),
        Operation::ListObjects => bucket_list::list_objects(call),
        Operation::DeleteMultipleObjects => bucket_delete::delete_multiple(call).await,
        Operation::PutBucketAcl => bucket_acl::put(call).await,
        Operation::GetBucketAcl => bucket_acl::get(call),
        Operation::PutObject => object_put::put(call).await,
        Operation::GetObject => object_read::get(call).await,
        Operation::HeadObject => object_read::head(call),
        Operation::DeleteObject => object::delete(call).await,
        Operation::OptionsObject => object::options(call),
        Operation::ImageProcess => object_image::process(call).await,
        Operation::ListLocations
        | Operation::ListObjectVersions
        | Operation::PutBucketVersioning
        | Operation::GetBucketVersioning
        | Operation::PutBucketCors
        | Operation::GetBucketCors
        | Operation::DeleteBucketCors
        | Operation::PutBucketPolicy
        | Operation::GetBucketPolicy
        | Operation::DeleteBucketPolicy
        | Operation::PutBucketExternalMirror
        | Operation::GetBucketExternalMirror
        | Operation::DeleteBucketExternalMirror
        | Operation::PutBucketLogging
        | Operation::GetBucketLogging
        | Operation::DeleteBucketLogging
        | Operation::PutBucketCname
        | Operation::GetBucketCname
        | Operation::DeleteBucketCname
        | Operation::PutBucketLifecycle
        | Operation::GetBucketLifecycle
        | Operation::DeleteBucketLifecycle
        | Operation::PutBucketNotification
        | Operation::GetBucketNotification
        | Operation::DeleteBucketNotification
        | Operation::PutBucketReplication
        | Operation::GetBucketReplication
        | Operation::DeleteBucketReplication
        | Operation::PutBucketRetention
        | Operation::ListMultipartUploads
        | Operation::PostObject
        | Operation::AppendObject
        | Operation::InitiateMultipartUpload
        | Operation::UploadMultipart
        | Operation::ListMultipart
        | Operation::CompleteMultipartUpload
        | Operation::AbortMultipartUpload => {
            Err(ApiError::operation_not_implemented(call.operation))
        }
    }
}

impl Call<'_> {
    /// The bucket of the address; the caller must have `access` to it.
    fn bucket(&self, access: Access) -> Result<Arc<BucketRecord>, ApiError> {
        let bucket = self.find_bucket(self.bucket_name()?)?;
        access::authorize(self.caller, &bucket, access)?;
        Ok(bucket)
    }

    /// A bucket as it is seen from the zone of the host.
    fn find_bucket(&self, name: &str) -> Result<Arc<BucketRecord>, ApiError> {
        let bucket = self.store.bucket(name)?;
        match &self.host.zone {
            Some(zone) if *zone != bucket.zone => Err(ApiError::bucket_not_exists(name)),
            _ => Ok(bucket),
        }
    }

    fn bucket_name(&self) -> Result<&str, ApiError> {
        match &self.target.resource {
            Resource::Bucket { bucket } | Resource::Object { bucket, .. } => Ok(bucket),
            // The route of an operation fits the level of its address.
            Resource::Service => Err(ApiError::internal()),
        }
    }

    fn object_address(&self) -> Result<ObjectAddress, ApiError> {
        match &self.target.resource {
            Resource::Object { bucket, key } => Ok(ObjectAddress {
                bucket: bucket.clone(),
                key: key.clone(),
            }),
            Resource::Bucket { .. } | Resource::Service => Err(ApiError::internal()),
        }
    }

    /// The usual status of success.
    fn success(&self) -> StatusCode {
        self.operation
            .facts()
            .success
            .first()
            .and_then(|&status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::OK)
    }

    /// Refuses what this operation can do and the emulator can't, instead of doing something else.
    fn refuse_unimplemented_features(&self) -> Result<(), ApiError> {
        let id = self.operation.facts().id;
        if self.target.query.get("version_id").is_some() {
            return Err(ApiError::not_implemented(format_args!(
                "{id} with version_id"
            )));
        }
        let header = self.head.headers.keys().find(|name| {
            let name = name.as_str();
            name == "x-qs-fetch-source"
                || name.starts_with("x-qs-encryption-customer-")
                || name.starts_with("x-qs-copy-source-encryption-customer-")
        });
        match header {
            None => Ok(()),
            Some(name) => Err(ApiError::not_implemented(format_args!("{id} with {name}"))),
        }
    }
}

/// A user in an answer.
#[derive(Debug, Serialize)]
struct Owner<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> Owner<'a> {
    /// Users of the emulator have no names of their own.
    fn new(user_id: &'a str) -> Self {
        Self {
            id: user_id,
            name: user_id,
        }
    }
}
