//! Putting objects. Copy, move and fetch are the same operation with another header.

use http::HeaderMap;
use http::header::ETAG;

use super::Call;
use super::object_copy::{self, Transfer};
use super::object_fetch::{self, Fetch};
use crate::access::{self, Access};
use crate::acl::Permission;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::auth::Caller;
use crate::encryption::{CustomerKey, KeyOf};
use crate::metadata::{Metadata, StorageClass};
use crate::notify::Subject;
use crate::settings::notification::Event;
use crate::store::{Attributes, BucketRecord, NewObject, ObjectRecord};

/// `PUT /<bucket>/<key>`.
pub(super) async fn put(call: &mut Call<'_>) -> Result<Answer, ApiError> {
    let bucket = call.bucket(Access::Permission(Permission::Write))?;
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
            content: call.body.upload(call.store, headers, key.as_ref()).await?,
            attributes,
            encryption: key.as_ref().map(CustomerKey::encryption),
        };
        call.check_is_same(&bucket)?;
        call.store.put_object(address, new).await?
    };
    call.tell(&bucket, Event::CreateObject, Subject::of(&object));
    created(call, &bucket, &object)
}

/// The answer to everything that makes an object.
pub(super) fn created(
    call: &Call<'_>,
    bucket: &BucketRecord,
    object: &ObjectRecord,
) -> Result<Answer, ApiError> {
    let mut answer = answer::empty(call.success());
    describe_new(answer.headers_mut(), bucket, object)?;
    Ok(answer)
}

/// The headers that tell about an object that was just made.
pub(super) fn describe_new(
    headers: &mut HeaderMap,
    bucket: &BucketRecord,
    object: &ObjectRecord,
) -> Result<(), ApiError> {
    answer::set_header(headers, ETAG, format!("\"{}\"", object.etag))?;
    if let Some(encryption) = &object.encryption {
        encryption.write_headers(headers)?;
    }
    answer::set_version(headers, bucket, object.version)
}

/// What the headers say about a new object.
pub(super) fn attributes(call: &Call<'_>) -> Result<Attributes, ApiError> {
    attributes_of(&call.head.headers, call.caller)
}

/// The same for headers that come as the fields of a form.
pub(super) fn attributes_of(headers: &HeaderMap, caller: &Caller) -> Result<Attributes, ApiError> {
    let metadata = Metadata::from_headers(headers)?;
    if metadata.has_user_metadata() && caller.is_anonymous() {
        return Err(access::denied(caller, "set user metadata"));
    }
    Ok(Attributes {
        storage_class: StorageClass::from_headers(headers)?,
        metadata,
    })
}
