//! Requests and responses: what an operation's input becomes, and what its output is read from.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod byte_stream;
pub(crate) mod call_info;
pub(crate) mod content_range;
pub(crate) mod error_document;
pub(crate) mod form;
pub mod image;
pub(crate) mod incoming;
pub(crate) mod metadata;
pub(crate) mod object_key;
pub(crate) mod object_path;
pub(crate) mod operation;
pub(crate) mod operation_info;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod response_meta;
pub(crate) mod source_url;
pub(crate) mod sse;
pub(crate) mod transfer_monitor;
