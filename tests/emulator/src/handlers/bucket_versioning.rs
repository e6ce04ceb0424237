//! Versioning and retention, which exclude each other.

use http::HeaderName;

use super::{Call, bucket_settings};
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::json::Object;
use crate::settings::retention::{Retention, RetentionBody};
use crate::settings::versioning::VersioningDocument;

const WORM_ID: HeaderName = HeaderName::from_static("x-qs-worm-id");

/// `PUT /<bucket>?versioning`.
pub(super) async fn put_versioning(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let Object(VersioningDocument { status }) = call.body.json(&call.head.headers).await?;
    bucket_settings::update(call, &bucket, move |record, _| {
        status.check(&record.settings)?;
        record.settings.versioning = status;
        Ok(())
    })
    .await?;
    Ok(response::empty(call.success()))
}

/// `GET /<bucket>?versioning`.
pub(super) fn get_versioning(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let document = VersioningDocument {
        status: bucket.settings.versioning,
    };
    response::json(call.success(), &document)
}

/// `PUT /<bucket>?retention`: an empty body removes the policy.
pub(super) async fn put_retention(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let body = call
        .body
        .optional_json::<Object<RetentionBody>>(&call.head.headers)
        .await?;
    let retention = bucket_settings::update(call, &bucket, move |record, _| {
        let retention = body
            .map(|Object(body)| body.accept(&record.settings))
            .transpose()?;
        record.settings.retention.clone_from(&retention);
        Ok(retention)
    })
    .await?;
    let mut response = response::empty(call.success());
    if let Some(Retention { worm_id, .. }) = retention {
        response::set_header(response.headers_mut(), WORM_ID, worm_id)?;
    }
    Ok(response)
}
