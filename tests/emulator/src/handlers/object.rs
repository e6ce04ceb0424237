//! Deleting objects.

use super::Call;
use super::new_object::set_version;
use super::store_errors::DELETE_MARKER;
use crate::auth::authorization::RequiredAccess;
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::acl::Permission;
use crate::settings::notification::Event;

/// `DELETE /<bucket>/<key>`: succeeds if the object does not exist.
pub(super) async fn delete(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::SignedInPermission(Permission::Write))?;
    let deleted = call
        .store
        .delete_object(call.object_address()?, call.version()?)
        .await?;
    if let Some(object) = &deleted.object {
        call.notify(&bucket, Event::DeleteObject, EventObject::of(object));
    }
    let mut response = response::empty(call.success());
    if let Some(version) = deleted.version {
        set_version(response.headers_mut(), &bucket, version)?;
    }
    if deleted.was_delete_marker {
        response::set_header(response.headers_mut(), DELETE_MARKER, "true")?;
    }
    Ok(response)
}
