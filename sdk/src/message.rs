//! Requests and responses: the inputs of operations are encoded into requests, and their outputs
//! decoded from responses.

pub(crate) mod address;
pub(crate) mod attachment;
pub(crate) mod body;
pub(crate) mod byte_stream;
pub(crate) mod call_info;
pub(crate) mod content_range;
pub(crate) mod error_document;
pub(crate) mod form;
pub(crate) mod host;
pub mod image;
pub(crate) mod metadata;
pub(crate) mod object_key;
pub(crate) mod object_path;
pub(crate) mod operation;
pub(crate) mod operation_info;
pub(crate) mod output_macros;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod response_meta;
pub(crate) mod source_url;
pub(crate) mod sse;
pub(crate) mod throughput;
pub(crate) mod timed_body;
pub(crate) mod transfer_monitor;
