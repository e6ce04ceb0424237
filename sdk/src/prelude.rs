//! The names that generated code uses: the only import of most generated files.
//!
//! Not part of the public API.

pub use std::collections::BTreeMap;

pub use http::{HeaderName, Method};
pub use serde::{Deserialize, Serialize};

pub use crate::base::base64_bytes::Blob;
pub use crate::base::collection::{Collection, http_date, unix_seconds};
pub use crate::base::error::Result;
pub use crate::base::json::{is_default, one_or_many, optional_one_or_many};
pub use crate::base::secret::Secret;
#[cfg(feature = "serde")]
pub(crate) use crate::base::secret::withheld;
pub(crate) use crate::base::string_enum::string_enum;
pub use crate::base::timestamp::{Timestamp, rfc822, unix};
pub use crate::call::Call;
pub(crate) use crate::call::paginate::paged;
pub use crate::client::{Bucket, QingStor};
pub use crate::message::body::Body;
pub use crate::message::byte_stream::ByteStream;
pub use crate::message::error_document::BodyFields;
pub use crate::message::form::Form;
pub use crate::message::metadata::Metadata;
pub use crate::message::object_path::ObjectPath;
pub use crate::message::operation::{FromResponse, Operation};
pub use crate::message::operation_info::{Info, OperationInfo, Repeatable, Reply};
pub use crate::message::request::RequestParts;
pub use crate::message::response::Response;
pub(crate) use crate::message::response::{empty_outputs, json_outputs, response_meta};
pub use crate::message::response_meta::ResponseMeta;
pub(crate) use crate::message::sse::{copy_source_sse_key, sse_key};

/// A header's name, checked while it is compiled.
macro_rules! header {
    ($name:literal) => {
        const { HeaderName::from_static($name) }
    };
}
pub(crate) use header;
