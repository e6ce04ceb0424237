//! Putting objects. Copy, move and fetch are the same operation with another header.

use std::sync::Arc;

use http::header::ETAG;

use super::Call;
use super::object_transfer::{self, Transfer};
use crate::access::{self, Access};
use crate::acl::Permission;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::metadata::{Metadata, StorageClass};
use crate::store::{Attributes, ObjectRecord, blocking};

/// `PUT /<bucket>/<key>`.
pub(super) async fn put(call: &mut Call<'_>) -> Result<Answer, ApiError> {
    call.bucket(Access::Permission(Permission::Write))?;
    call.refuse_unimplemented_features()?;
    let attributes = attributes(call)?;
    let address = call.object_address()?;
    if let Some(transfer) = Transfer::from_headers(&call.head.headers)? {
        return object_transfer::transfer(call, transfer, address, attributes).await;
    }
    let upload = call.body.upload(call.store, &call.head.headers).await?;
    let store = Arc::clone(call.store);
    let object = blocking(move || store.put_object(address, upload, attributes)).await?;
    created(call, &object)
}

/// The answer to every kind of put.
pub(super) fn created(call: &Call<'_>, object: &ObjectRecord) -> Result<Answer, ApiError> {
    let mut answer = answer::empty(call.success());
    let etag = format!("\"{}\"", object.etag);
    answer::set_header(answer.headers_mut(), ETAG, etag)?;
    Ok(answer)
}

fn attributes(call: &Call<'_>) -> Result<Attributes, ApiError> {
    let headers = &call.head.headers;
    let metadata = Metadata::from_headers(headers)?;
    if metadata.has_user_metadata() && call.caller.is_anonymous() {
        return Err(access::denied(call.caller));
    }
    Ok(Attributes {
        storage_class: StorageClass::from_headers(headers)?,
        metadata,
    })
}
