//! The headers, the metadata and the storage class of a new object.

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

/// Sets the properties of a new object from a response of `GetObject` or `HeadObject`.
macro_rules! take_properties {
    ($object:expr, $source:ident) => {{
        let object: &mut $crate::generated::operations::InitiateMultipartUploadInput = $object;
        object.content_type = $source.content_type;
        object.cache_control = $source.cache_control;
        object.content_disposition = $source.content_disposition;
        object.content_encoding = $source.content_encoding;
        object.expires = $source.expires;
        object.metadata = $source.metadata;
        object.storage_class = $source.storage_class;
    }};
}
pub(super) use take_properties;
