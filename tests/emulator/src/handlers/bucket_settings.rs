//! Bucket settings that are read and replaced as one document.

use super::Call;
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::json::Object;
use crate::settings::{Setting, SettingContext};
use crate::store::{BucketRecord, Buckets, StoreError};

/// `PUT`: replaces the whole document.
pub(super) async fn put<T: Setting>(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    let Object(body) = call
        .body
        .json::<Object<T::Body>>(&call.head.headers)
        .await?;
    update(call, &bucket, |record, buckets| {
        let context = SettingContext {
            bucket: &record.name,
            zone: &record.zone,
            settings: &record.settings,
            find_zone: &|name| zone_of_owner(buckets, &record.owner, name),
        };
        let value = T::accept(body, &context)?;
        *T::field(&mut record.settings) = Some(value);
        Ok(())
    })
    .await?;
    Ok(response::empty(call.success()))
}

/// Returns the zone of a bucket if `owner` has it.
fn zone_of_owner(
    buckets: &Buckets<'_, '_>,
    owner: &str,
    name: &str,
) -> Result<Option<String>, ApiError> {
    match buckets.find(name) {
        Ok(found) => Ok((found.owner == owner).then_some(found.zone)),
        Err(StoreError::NoBucket(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `GET`: returns the document.
pub(super) fn get<T: Setting>(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let mut bucket = call.bucket(RequiredAccess::Owner)?;
    match T::field(&mut bucket.settings) {
        Some(value) => response::json(call.success(), value),
        None => response::json(call.success(), &T::empty_document()),
    }
}

/// `DELETE`: removes the document. Succeeds if there is none.
pub(super) async fn delete<T: Setting>(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Owner)?;
    update(call, &bucket, |record, _| {
        *T::field(&mut record.settings) = None;
        Ok(())
    })
    .await?;
    Ok(response::empty(call.success()))
}

/// Changes the record of a bucket.
pub(super) async fn update<T: Send + 'static>(
    call: &Call<'_>,
    bucket: &BucketRecord,
    change: impl FnOnce(&mut BucketRecord, &Buckets<'_, '_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    call.store.update_bucket(&bucket.name, change).await
}
