//! Appending to objects.

use http::HeaderName;

use super::Call;
use super::content::store_body;
use super::new_object::{attributes, created};
use crate::auth::authorization::RequiredAccess;
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::encryption::{CustomerKey, KeyOf};
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::settings::acl::Permission;
use crate::settings::notification::Event;

pub(super) const NEXT_POSITION: HeaderName = HeaderName::from_static("x-qs-next-append-position");

/// `POST /<bucket>/<key>?append&position=N`.
pub(super) async fn append(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Write))?;
    let headers = &call.head.headers;
    let position = call
        .target
        .query
        .get_as::<u64>("position")?
        // The route has checked that it is present.
        .ok_or_else(ApiError::internal)?;
    if CustomerKey::from_headers(headers, KeyOf::Object)?.is_some() {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            "an appendable object cannot be encrypted",
        ));
    }
    let attributes = attributes(call)?;
    let address = call.object_address()?;
    let content = store_body(call.store, call.body, headers, None).await?;
    call.check_is_same(&bucket)?;
    let object = call
        .store
        .append(address, position, content, attributes)
        .await?;
    call.notify(&bucket, Event::CreateObject, EventObject::of(&object));
    let mut response = created(call, &bucket, &object)?;
    let next = object.size.to_string();
    response::set_header(response.headers_mut(), NEXT_POSITION, next)?;
    Ok(response)
}
