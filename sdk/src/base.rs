//! Building blocks that know nothing about requests: values, errors, files.

pub(crate) mod base64_bytes;
pub(crate) mod chunk_list;
pub(crate) mod collection;
pub(crate) mod deadline;
pub(crate) mod digest;
pub(crate) mod encode_set;
pub mod entity_tag;
pub(crate) mod error;
pub(crate) mod escape;
pub(crate) mod fs;
pub(crate) mod future_set;
pub(crate) mod header_names;
pub(crate) mod json;
pub(crate) mod parameter;
pub(crate) mod rate_limiter;
pub(crate) mod rfc3339;
pub(crate) mod runtime;
pub(crate) mod secret;
pub(crate) mod sorted_map;
pub(crate) mod string_enum;
pub mod telemetry;
pub(crate) mod timestamp;
