//! The names that generated code uses: the only import of most generated files.
//!
//! Public, so that the compiler does not report names that no operation of a specification uses.
//! Not part of the documented API.

pub use std::collections::BTreeMap;

pub use http::{HeaderName, Method};
pub use serde::{Deserialize, Serialize};

pub use crate::base::base64_bytes::Base64Bytes;
pub use crate::base::collection::CollectionFormat;
pub use crate::base::entity_tag::unquoted;
pub use crate::base::error::Result;
pub use crate::base::json::{is_default, one_or_many, optional_one_or_many};
pub use crate::base::secret::Secret;
#[cfg(feature = "serde")]
pub(crate) use crate::base::secret::refuse_serialization;
pub(crate) use crate::base::string_enum::string_enum;
pub use crate::base::timestamp::{Timestamp, http_date, rfc822, unix, unix_seconds};
pub use crate::call::Call;
pub(crate) use crate::call::paginate::rule::paged;
pub use crate::client::{Bucket, QingStor};
pub use crate::message::body::Body;
pub use crate::message::byte_stream::ByteStream;
pub use crate::message::error_document::BodyFields;
pub use crate::message::form::Form;
pub use crate::message::metadata::Metadata;
pub use crate::message::object_path::ObjectPath;
pub use crate::message::operation::{FromResponse, Operation};
pub use crate::message::operation_info::{Info, OperationInfo, Repeatable};
pub(crate) use crate::message::output_macros::{empty_outputs, json_outputs, response_meta};
pub(crate) use crate::message::request::RequestParts;
pub(crate) use crate::message::response::Response;
pub use crate::message::response_meta::ResponseMeta;
pub use crate::message::source_url::SourceUrl;
pub(crate) use crate::message::sse::{copy_source_sse_key, sse_key};

/// Implements `Operation::encode` for an input without parameters.
macro_rules! encode_nothing {
    () => {
        fn encode(self, _: &mut RequestParts) -> Result<()> {
            Ok(())
        }
    };
}
pub(crate) use encode_nothing;

/// A header name, checked at compile time.
macro_rules! header {
    ($name:literal) => {
        const { HeaderName::from_static($name) }
    };
}
pub(crate) use header;
