//! An async client for [QingStor](https://docs.qingcloud.com/qingstor/) object storage.
//!
//! ```no_run
//! use qingstor_sdk::{Body, Config, QingStor};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> qingstor_sdk::Result<()> {
//!     let qingstor = QingStor::new(Config::load()?)?; // environment, or ~/.qingstor/config.yaml
//!     let bucket = qingstor.bucket("my-bucket", "pek3a")?;
//!
//!     bucket.put_object("report.pdf").body(Body::from_path("report.pdf").await?).await?;
//!     for key in bucket.list_objects().prefix("rep").limit(10).await?.keys {
//!         println!("{} {} bytes", key.key, key.size);
//!     }
//!     let output = bucket.get_object("report.pdf").range("bytes=0-99").await?;
//!     println!("{:?} {:?}", output.last_modified, output.body.bytes().await?);
//!     Ok(())
//! }
//! ```
//!
//! # Where things are
//!
//! | for | see |
//! | --- | --- |
//! | settings, credentials, timeouts | [`Config`] |
//! | buckets, zones | [`QingStor`] |
//! | everything on a bucket and its objects | [`Bucket`] |
//! | timeouts and headers of one call, presigned URLs, unsent requests | [`Call`] |
//! | lists of any length | [`Call::items`], [`Call::pages`] |
//! | many deletions, large copies, where a bucket is | [`Bucket::delete_objects`], [`Bucket::copy_object`], [`QingStor::locate_bucket`] |
//! | encryption with your own key, pictures, HTML forms | [`SseKey`], [`image`], [`FormPolicy`] |
//! | what is sent: memory, files, streams | [`Body`] |
//! | what comes back: all at once, piece by piece, into a file | [`ByteStream`] |
//! | what went wrong, and whether to try again | [`Error`], [`ErrorCode`] |
//! | inputs and outputs of every operation | [`operations`] |
//! | rules, grants, listed objects | [`types`] |
//!
//! Every operation of the API is one method that gives a [`Call`]. What the API requires is a
//! parameter of the method; what is optional is a setter on the call; `.await` sends it. A call
//! owns what it needs, so it can be spawned or kept.
//!
//! A status that is no success is an error, 304 and 412 among them: see
//! [`Error::is_not_modified`] and [`Error::is_precondition_failed`]. A redirect is not followed;
//! nothing is repeated unasked.
//!
//! Calls need a Tokio runtime with time and IO enabled, as `#[tokio::main]` makes it. So do
//! [`Body::from_path`] and [`ByteStream::write_to`], which panic outside of one.
//!
//! # Features
//!
//! | feature | default | gives |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls with ring, and the platform's certificates |
//! | `native-tls` | | TLS by the platform's own library; `rustls` wins if both are on |
//! | `tracing` | yes | an event for each call: operation, status, request id, time; no secrets |
//! | `config-file` | yes | [`Config::load`] reads a file, too |
//!
//! Without `rustls` and `native-tls` only plain `http` endpoints can be used.

#![forbid(unsafe_code)]

mod blob;
mod body;
mod byte_stream;
mod call;
mod client;
#[doc(hidden)]
pub mod codec;
mod concurrent;
mod config;
mod credentials;
mod dispatch;
mod endpoint;
mod error;
mod form;
mod generated;
pub mod image;
mod json;
mod metadata;
mod object_path;
mod operation;
mod paginate;
mod parameter;
mod presigned;
mod request;
mod response;
mod secret;
mod setters;
mod sign;
mod sse;
mod string_enum;
mod tasks;
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
pub use form::{FormPolicy, FormUpload};
pub use metadata::Metadata;
pub use object_path::ObjectPath;
pub use operation::{FromResponse, Info, Operation, OperationInfo, Repeatable, Reply};
pub use paginate::{Items, Paged, Pages};
pub use presigned::Presigned;
pub use response::ResponseMeta;
pub use secret::Secret;
pub use sse::SseKey;
pub use tasks::*;
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
