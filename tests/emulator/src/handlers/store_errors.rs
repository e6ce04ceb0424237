//! Conversion of store errors to API errors.

use http::{HeaderName, HeaderValue};

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::store::{BadParts, StoreError, VersionId};

pub(super) const VERSION_ID: HeaderName = HeaderName::from_static("x-qs-version-id");
pub(super) const DELETE_MARKER: HeaderName = HeaderName::from_static("x-qs-delete-marker");

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NoBucket(_) => ErrorCode::BucketNotExists,
            StoreError::NoObject(_) | StoreError::NoVersion { .. } => ErrorCode::ObjectNotExists,
            StoreError::DeleteMarker {
                version, is_named, ..
            } => return delete_marker(error.to_string(), *version, *is_named),
            StoreError::NoUpload(_) => ErrorCode::UploadNotExists,
            StoreError::BucketExists(_) => ErrorCode::BucketAlreadyExists,
            StoreError::BucketNotEmpty(_) => ErrorCode::BucketNotEmpty,
            StoreError::Protected(_) => ErrorCode::PermissionDenied,
            StoreError::NotAppendable(_) => ErrorCode::InvalidObjectState,
            StoreError::WrongPosition { .. } => ErrorCode::InvalidArgument,
            StoreError::BadParts(BadParts::TooSmall { .. }) => ErrorCode::EntityTooSmall,
            StoreError::BadParts(BadParts::None | BadParts::Order(..)) => ErrorCode::InvalidRequest,
            StoreError::BadParts(BadParts::Missing(_) | BadParts::Etag { .. }) => {
                ErrorCode::InvalidArgument
            }
            StoreError::TooLarge => ErrorCode::EntityTooLarge,
            // The cause contains local paths, so it is logged and not sent to the client.
            StoreError::Io(_) | StoreError::Database(_) | StoreError::Damaged(_) => {
                tracing::error!(%error, "the store failed");
                return Self::internal();
            }
        };
        Self::new(code, error.to_string())
    }
}

/// Returns the error for a bucket that does not exist, or not in the zone of the request.
pub(super) fn bucket_not_exists(bucket: &str) -> ApiError {
    StoreError::NoBucket(bucket.to_owned()).into()
}

/// Returns the error for reading a delete marker.
fn delete_marker(message: String, version: VersionId, is_named: bool) -> ApiError {
    let code = if is_named {
        ErrorCode::MethodNotAllowed
    } else {
        ErrorCode::ObjectNotExists
    };
    let error =
        ApiError::new(code, message).with_header(DELETE_MARKER, HeaderValue::from_static("true"));
    match HeaderValue::try_from(version.to_string()) {
        Ok(version) => error.with_header(VERSION_ID, version),
        // A version ID is Base64 text.
        Err(_) => error,
    }
}
