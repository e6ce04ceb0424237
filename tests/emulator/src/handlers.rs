//! The operations of the API.

mod bucket;
mod bucket_acl;
mod bucket_cname;
mod bucket_delete;
mod bucket_list;
mod bucket_settings;
mod bucket_uploads;
mod bucket_versioning;
mod bucket_versions;
mod buckets_and_zones;
mod content;
mod multipart;
mod new_object;
mod object;
mod object_append;
mod object_copy;
mod object_fetch;
mod object_form;
#[cfg(feature = "image")]
mod object_image;
mod object_options;
mod object_put;
mod object_read;
mod store_errors;

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use http::header::REFERER;
use http::request::Parts;
use serde::Serialize;

use crate::auth::account::Account;
use crate::auth::authorization::{self, RequestedAction, Requester, RequiredAccess};
use crate::auth::{Accounts, Caller};
use crate::background::download::Downloader;
use crate::background::notifications::{EventCause, EventObject, Notifier};
use crate::base::api_error::ApiError;
use crate::base::response::ApiResponse;
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::request::host::Host;
use crate::request::request_body::RequestBody;
use crate::request::request_target::{RequestTarget, Resource};
use crate::settings::cors::Cors;
use crate::settings::lifecycle::Lifecycle;
use crate::settings::logging::Logging;
use crate::settings::mirror::Mirror;
use crate::settings::notification::{Event, Notifications};
use crate::settings::policy::{Action, ActionLevel, Policy};
use crate::settings::replication::Replication;
use crate::store::{BucketRecord, NotAVersionId, ObjectAddress, Store, VersionId};
pub(crate) use bucket::create as create_bucket;
use store_errors::bucket_not_exists;

/// A request whose caller and operation are known.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) store: &'a Arc<Store>,
    /// The first zone is the default for requests whose host does not name a zone.
    pub(crate) zones: &'a [String],
    pub(crate) accounts: &'a Accounts,
    pub(crate) downloader: &'a Downloader,
    pub(crate) notifier: &'a Notifier,
    pub(crate) head: &'a Parts,
    pub(crate) host: &'a Host,
    pub(crate) target: &'a RequestTarget,
    pub(crate) caller: &'a Caller,
    /// IP address of the client.
    pub(crate) peer: IpAddr,
    pub(crate) request_id: &'a str,
    pub(crate) operation: Operation,
    pub(crate) body: &'a mut RequestBody,
}

/// Performs the operation of a call.
pub(crate) async fn dispatch(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    // The match is exhaustive, so that a new operation in the specification needs a handler here.
    match call.operation {
        Operation::ListBuckets => buckets_and_zones::list_buckets(call),
        Operation::ListLocations => buckets_and_zones::list_locations(call),
        Operation::PutBucket => bucket::put(call).await,
        Operation::HeadBucket => bucket::head(call),
        Operation::DeleteBucket => bucket::delete(call).await,
        Operation::GetBucketStatistics => bucket::statistics(call).await,
        Operation::ListObjects => bucket_list::list_objects(call),
        Operation::DeleteMultipleObjects => bucket_delete::delete_multiple(call).await,
        Operation::PutBucketAcl => bucket_acl::put(call).await,
        Operation::GetBucketAcl => bucket_acl::get(call),
        Operation::PutObject => object_put::put(call).await,
        Operation::GetObject => object_read::get(call).await,
        Operation::HeadObject => object_read::head(call),
        Operation::DeleteObject => object::delete(call).await,
        Operation::OptionsObject => object_options::options(call),
        Operation::PutBucketCors => bucket_settings::put::<Cors>(call).await,
        Operation::GetBucketCors => bucket_settings::get::<Cors>(call),
        Operation::DeleteBucketCors => bucket_settings::delete::<Cors>(call).await,
        Operation::PutBucketPolicy => bucket_settings::put::<Policy>(call).await,
        Operation::GetBucketPolicy => bucket_settings::get::<Policy>(call),
        Operation::DeleteBucketPolicy => bucket_settings::delete::<Policy>(call).await,
        Operation::PutBucketExternalMirror => bucket_settings::put::<Mirror>(call).await,
        Operation::GetBucketExternalMirror => bucket_settings::get::<Mirror>(call),
        Operation::DeleteBucketExternalMirror => bucket_settings::delete::<Mirror>(call).await,
        Operation::PutBucketLogging => bucket_settings::put::<Logging>(call).await,
        Operation::GetBucketLogging => bucket_settings::get::<Logging>(call),
        Operation::DeleteBucketLogging => bucket_settings::delete::<Logging>(call).await,
        Operation::PutBucketLifecycle => bucket_settings::put::<Lifecycle>(call).await,
        Operation::GetBucketLifecycle => bucket_settings::get::<Lifecycle>(call),
        Operation::DeleteBucketLifecycle => bucket_settings::delete::<Lifecycle>(call).await,
        Operation::PutBucketNotification => bucket_settings::put::<Notifications>(call).await,
        Operation::GetBucketNotification => bucket_settings::get::<Notifications>(call),
        Operation::DeleteBucketNotification => bucket_settings::delete::<Notifications>(call).await,
        Operation::PutBucketReplication => bucket_settings::put::<Replication>(call).await,
        Operation::GetBucketReplication => bucket_settings::get::<Replication>(call),
        Operation::DeleteBucketReplication => bucket_settings::delete::<Replication>(call).await,
        Operation::PutBucketCname => bucket_cname::put(call).await,
        Operation::GetBucketCname => bucket_cname::get(call),
        Operation::DeleteBucketCname => bucket_cname::delete(call).await,
        Operation::PutBucketVersioning => bucket_versioning::put_versioning(call).await,
        Operation::GetBucketVersioning => bucket_versioning::get_versioning(call),
        Operation::PutBucketRetention => bucket_versioning::put_retention(call).await,
        Operation::ListObjectVersions => bucket_versions::list(call),
        Operation::ListMultipartUploads => bucket_uploads::list(call),
        Operation::PostObject => object_form::post(call).await,
        Operation::AppendObject => object_append::append(call).await,
        Operation::InitiateMultipartUpload => multipart::initiate(call).await,
        Operation::UploadMultipart => multipart::upload_part(call).await,
        Operation::ListMultipart => multipart::list_parts(call),
        Operation::CompleteMultipartUpload => multipart::complete(call).await,
        Operation::AbortMultipartUpload => multipart::abort(call).await,
        #[cfg(feature = "image")]
        Operation::ImageProcess => object_image::process(call).await,
        #[cfg(not(feature = "image"))]
        Operation::ImageProcess => Err(ApiError::not_implemented(
            "image processing without the cargo feature `image`",
        )),
    }
}

impl Call<'_> {
    /// Returns the addressed bucket. The caller must have `access` to it.
    fn bucket(&self, access: RequiredAccess) -> Result<BucketRecord, ApiError> {
        let bucket = self.find_bucket(self.bucket_name()?)?;
        authorization::authorize(&self.requester(), &bucket, access, self.requested_action())?;
        Ok(bucket)
    }

    /// Checks that the caller may do `action` to an object that the path does not name: the source
    /// of a copy, or an object in a list.
    fn authorize_on(
        &self,
        bucket: &BucketRecord,
        access: RequiredAccess,
        action: Action,
        key: &str,
    ) -> Result<(), ApiError> {
        let requested = Some(RequestedAction { action, key });
        authorization::authorize(&self.requester(), bucket, access, requested)
    }

    /// Checks after a long request body that the bucket is still the one that was authorized. In
    /// the meantime, it may have been deleted and created by another request.
    fn check_is_same(&self, bucket: &BucketRecord) -> Result<(), ApiError> {
        let now = self.store.bucket(&bucket.name)?;
        if (&now.owner, now.created) == (&bucket.owner, bucket.created) {
            Ok(())
        } else {
            Err(bucket_not_exists(&bucket.name))
        }
    }

    /// Sends the notifications for an event that this call has caused.
    fn notify(&self, bucket: &BucketRecord, event: Event, object: EventObject<'_>) {
        self.notify_for(self.caller, bucket, event, object);
    }

    /// Sends the notifications for an event that another caller has caused.
    fn notify_for(
        &self,
        caller: &Caller,
        bucket: &BucketRecord,
        event: Event,
        object: EventObject<'_>,
    ) {
        let cause = EventCause {
            user_id: caller.account().map(Account::user_id),
            request_id: self.request_id,
        };
        self.notifier.notify(bucket, cause, event, object);
    }

    fn requester(&self) -> Requester<'_> {
        let referer = self.head.headers.get(REFERER);
        Requester {
            caller: self.caller,
            referer: referer
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default(),
            source_ip: self.peer,
        }
    }

    /// Returns the action and the key that a policy decides on, or `None` if the key is only known
    /// from the body.
    fn requested_action(&self) -> Option<RequestedAction<'_>> {
        let action = authorization::action(self.operation)?;
        let key = match (&self.target.resource, action.level()) {
            (Resource::Object { key, .. }, _) => key,
            (Resource::Bucket { .. }, ActionLevel::Bucket) => "",
            (Resource::Bucket { .. }, ActionLevel::Prefix) => {
                self.target.query.get("prefix").unwrap_or_default()
            }
            (Resource::Bucket { .. }, ActionLevel::Object) | (Resource::Service, _) => return None,
        };
        Some(RequestedAction { action, key })
    }

    /// Returns a bucket if it exists in the zone of the host.
    fn find_bucket(&self, name: &str) -> Result<BucketRecord, ApiError> {
        let bucket = self.store.bucket(name)?;
        match &self.host.zone {
            Some(zone) if *zone != bucket.zone => Err(bucket_not_exists(name)),
            _ => Ok(bucket),
        }
    }

    fn bucket_name(&self) -> Result<&str, ApiError> {
        match &self.target.resource {
            Resource::Bucket { bucket } | Resource::Object { bucket, .. } => Ok(bucket),
            // The route guarantees that the address names a bucket.
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

    /// Returns the usual status code of success.
    fn success(&self) -> StatusCode {
        self.operation
            .facts()
            .success
            .first()
            .and_then(|&status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::OK)
    }

    /// Returns the version in the query.
    fn version(&self) -> Result<Option<VersionId>, ApiError> {
        match self.target.query.get("version_id") {
            None | Some("") => Ok(None),
            Some(text) => parse_version(text).map(Some),
        }
    }
}

fn parse_version(text: &str) -> Result<VersionId, ApiError> {
    text.parse().map_err(|error: NotAVersionId| {
        ApiError::new(ErrorCode::InvalidArgument, error.to_string())
    })
}

/// A user, as JSON documents describe it.
#[derive(Debug, Serialize)]
struct Owner<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> Owner<'a> {
    /// Users of the emulator do not have a display name.
    fn new(user_id: &'a str) -> Self {
        Self {
            id: user_id,
            name: user_id,
        }
    }
}
