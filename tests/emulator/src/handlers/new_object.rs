//! Attributes of new objects, and the responses to requests that create one.

use http::HeaderMap;
use http::header::ETAG;

use super::Call;
use super::store_errors::VERSION_ID;
use crate::auth::Caller;
use crate::auth::authorization;
use crate::base::api_error::ApiError;
use crate::base::metadata::{Metadata, StorageClass};
use crate::base::response::{self, ApiResponse};
use crate::settings::versioning::Versioning;
use crate::store::{Attributes, BucketRecord, ObjectRecord, VersionId};

/// Returns the response to a request that has created an object.
pub(super) fn created(
    call: &Call<'_>,
    bucket: &BucketRecord,
    object: &ObjectRecord,
) -> Result<ApiResponse, ApiError> {
    let mut response = response::empty(call.success());
    describe_new(response.headers_mut(), bucket, object)?;
    Ok(response)
}

/// Sets the response headers that describe a new object.
pub(super) fn describe_new(
    headers: &mut HeaderMap,
    bucket: &BucketRecord,
    object: &ObjectRecord,
) -> Result<(), ApiError> {
    response::set_header(headers, ETAG, format!("\"{}\"", object.etag))?;
    if let Some(encryption) = &object.encryption {
        encryption.write_headers(headers)?;
    }
    set_version(headers, bucket, object.version)
}

/// Returns the attributes that the request headers set for a new object.
pub(super) fn attributes(call: &Call<'_>) -> Result<Attributes, ApiError> {
    attributes_of(&call.head.headers, call.caller)
}

/// Returns the attributes that the given headers set, for example those from the fields of a form.
pub(super) fn attributes_of(headers: &HeaderMap, caller: &Caller) -> Result<Attributes, ApiError> {
    let metadata = Metadata::from_headers(headers)?;
    if metadata.has_user_metadata() && caller.is_anonymous() {
        return Err(authorization::denied(caller, "set user metadata"));
    }
    Ok(Attributes {
        storage_class: StorageClass::from_headers(headers)?,
        metadata,
    })
}

/// Sets the version of an object if the bucket has versioning.
pub(super) fn set_version(
    headers: &mut HeaderMap,
    bucket: &BucketRecord,
    version: VersionId,
) -> Result<(), ApiError> {
    if bucket.settings.versioning == Versioning::Disabled {
        return Ok(());
    }
    response::set_header(headers, VERSION_ID, version.to_string())
}
