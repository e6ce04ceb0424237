//! What the rendered operations are written with: one import for each of their files.

pub(crate) use std::collections::BTreeMap;

pub(crate) use http::Method;
pub(crate) use serde::{Deserialize, Serialize};

pub(crate) use crate::blob::Blob;
pub(crate) use crate::body::Body;
pub(crate) use crate::byte_stream::ByteStream;
pub(crate) use crate::call::Call;
pub(crate) use crate::client::{Bucket, QingStor};
pub(crate) use crate::error::Result;
pub(crate) use crate::form::Form;
pub(crate) use crate::generated::types;
pub(crate) use crate::json::{is_default, null_as_default, one_or_many};
pub(crate) use crate::metadata::Metadata;
pub(crate) use crate::object_path::ObjectPath;
pub(crate) use crate::operation::{Operation, OperationInfo, Repeatable, Reply};
pub(crate) use crate::parameter::Collection;
pub(crate) use crate::request::RequestParts;
pub(crate) use crate::response::{Response, ResponseMeta, response_meta};
pub(crate) use crate::secret::Secret;
pub(crate) use crate::string_enum::string_enum;
pub(crate) use crate::timestamp::{Timestamp, unix};
