//! What the rendered operations are written with: one import for each of their files.
//!
//! No part of the stable interface.

pub use std::collections::BTreeMap;

pub use http::{HeaderName, Method};
pub use serde::{Deserialize, Serialize};

pub use crate::blob::Blob;
pub use crate::body::Body;
pub use crate::byte_stream::ByteStream;
pub use crate::call::Call;
pub use crate::client::{Bucket, QingStor};
pub use crate::error::Result;
pub use crate::error_document::BodyFields;
pub use crate::form::Form;
pub use crate::generated::types;
pub use crate::json::{is_default, one_or_many, optional_one_or_many};
pub use crate::metadata::Metadata;
pub use crate::object_path::ObjectPath;
pub use crate::operation::{FromResponse, Info, Operation, OperationInfo, Repeatable, Reply};
pub(crate) use crate::paginate::paged;
pub use crate::parameter::{Collection, http_date, unix_seconds};
pub use crate::request::RequestParts;
pub use crate::response::{Response, ResponseMeta};
pub(crate) use crate::response::{empty_outputs, json_outputs, response_meta};
pub use crate::secret::Secret;
#[cfg(feature = "serde")]
pub(crate) use crate::secret::withheld;
pub(crate) use crate::sse::{copy_source_sse_key, sse_key};
pub(crate) use crate::string_enum::string_enum;
pub use crate::timestamp::{Timestamp, rfc822, unix};

/// A header's name, checked while it is compiled.
macro_rules! header {
    ($name:literal) => {
        const { HeaderName::from_static($name) }
    };
}
pub(crate) use header;
