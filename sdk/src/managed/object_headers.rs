//! [`put_input`]: the headers and metadata of a new object, for each way to create it.

use crate::generated::operations::{InitiateMultipartUploadInput, PutObjectInput};

/// Returns the input of a `PutObject` request for the object that `object` would initiate.
#[inline]
pub(super) fn put_input(object: InitiateMultipartUploadInput) -> PutObjectInput {
    let mut input = PutObjectInput::new(object.key);
    input.content_type = object.content_type;
    input.storage_class = object.storage_class;
    input.metadata = object.metadata;
    input.cache_control = object.cache_control;
    input.content_disposition = object.content_disposition;
    input.content_encoding = object.content_encoding;
    input.expires = object.expires;
    input
}
