//! Putting objects. A copy, a move and a fetch are the same operation with another header.

use super::Call;
use super::content::store_body;
use super::new_object::{attributes, created};
use super::object_copy::{self, Transfer};
use super::object_fetch::{self, Fetch};
use crate::auth::authorization::RequiredAccess;
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::encryption::{CustomerKey, KeyOf};
use crate::base::response::ApiResponse;
use crate::settings::acl::Permission;
use crate::settings::notification::Event;
use crate::store::NewObject;

/// `PUT /<bucket>/<key>`.
pub(super) async fn put(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::Permission(Permission::Write))?;
    let attributes = attributes(call)?;
    let key = CustomerKey::from_headers(&call.head.headers, KeyOf::Object)?;
    let address = call.object_address()?;
    let headers = &call.head.headers;
    let object = if let Some(fetch) = Fetch::from_headers(headers)? {
        object_fetch::fetch(call, &bucket, fetch, address, attributes, key).await?
    } else if let Some(transfer) = Transfer::from_headers(headers)? {
        object_copy::transfer(call, &bucket, transfer, address, attributes, key).await?
    } else {
        let new = NewObject {
            content: store_body(call.store, call.body, headers, key.as_ref()).await?,
            attributes,
            encryption: key.as_ref().map(CustomerKey::encryption),
        };
        call.check_is_same(&bucket)?;
        call.store.put_object(address, new).await?
    };
    call.notify(&bucket, Event::CreateObject, EventObject::of(&object));
    created(call, &bucket, &object)
}
