//! An async client for [QingStor](https://docs.qingcloud.com/qingstor/) object storage.
//!
//! Start with [`Config`] and [`QingStor`]; [`Bucket`] has the calls on buckets and objects. Every
//! operation of the API is one method that gives a [`Call`]; what the API requires is a parameter,
//! what is optional is a setter, and `.await` sends it.

#![forbid(unsafe_code)]

mod blob;
mod body;
mod byte_stream;
mod call;
mod client;
#[doc(hidden)]
pub mod codec;
mod config;
mod credentials;
mod dispatch;
mod endpoint;
mod error;
mod form;
mod generated;
mod json;
mod metadata;
mod object_path;
mod operation;
mod parameter;
mod presigned;
mod request;
mod response;
mod secret;
mod setters;
mod sign;
mod string_enum;
mod timestamp;
mod transport;

pub use blob::Blob;
pub use body::Body;
pub use byte_stream::ByteStream;
pub use call::Call;
pub use client::{Bucket, Caller, QingStor};
pub use config::Config;
pub use credentials::Credentials;
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use metadata::Metadata;
pub use object_path::ObjectPath;
pub use operation::{FromResponse, Info, Operation, OperationInfo, Repeatable, Reply};
pub use presigned::Presigned;
pub use response::ResponseMeta;
pub use secret::Secret;
pub use timestamp::Timestamp;

/// The types that operations share: what buckets, keys, rules and grants are made of.
pub use generated::types;

/// The inputs and outputs of every operation.
pub use generated::operations;

/// The programs of the READMEs, compiled and run as doc tests.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../../README.md")]
    struct English;

    #[doc = include_str!("../../README.zh-CN.md")]
    struct Chinese;
}
