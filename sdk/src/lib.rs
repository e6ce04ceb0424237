//! An async client for [QingStor](https://docs.qingcloud.com/qingstor/) object storage.
//!
//! ```no_run
//! use qingstor_sdk::{Body, Config, QingStor};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> qingstor_sdk::Result<()> {
//!     // From the environment, or ~/.qingstor/config.yaml.
//!     let qingstor = QingStor::new(Config::load()?)?;
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
//! Each operation of the API is a method that returns a [`Call`]. Required parameters are arguments
//! of the method, optional parameters are methods of the call, and `.await` sends it. Every status
//! other than a success is an [`Error`], including 304 and 412.
//!
//! Calls and transfers need a Tokio runtime with time and IO enabled, such as that of
//! `#[tokio::main]`. Outside of a runtime, they return a `Config` error.
//!
//! # Overview
//!
//! | task | items | guide |
//! | --- | --- | --- |
//! | settings, timeouts, proxies | [`Config`] | [configuration](guide::configuration), [connections](guide::transport) |
//! | credentials that change | [`ProvideCredentials`], [`Chain`], [`credentials`] | [credentials](guide::credentials) |
//! | the service, buckets, objects | [`QingStor`], [`Bucket`], [`QingStor::locate_bucket`] | [keys](guide::keys), [zones](guide::zones) |
//! | options of a call, retries | [`Call`], [`RetryPolicy`], [`RetryBudget`] | [retries](guide::retries) |
//! | errors | [`Error`], [`ErrorKind`], [`ErrorCode`] | [errors](guide::errors) |
//! | uploads of any size | [`Upload`], [`Body`] | [uploads](guide::uploads) |
//! | downloads of any size | [`Download`], [`ByteStream`] | [downloads](guide::downloads), [integrity](guide::integrity) |
//! | folders: upload, download, synchronize | [`FolderTransfer`] | [folders](guide::folders) |
//! | lists of any length | [`Call::items`], [`Call::pages`] | [paging](guide::paging) |
//! | copies, deletion of many objects | [`Bucket::copy_object`], [`Bucket::delete_objects`] | [copies](guide::copies), [deletions](guide::deletions) |
//! | users without credentials | [`Call::presign`], [`FormPolicy`] | [presigned URLs](guide::presigned), [forms](guide::forms) |
//! | your own encryption keys, images | [`SseKey`], [`image`] | [encryption](guide::encryption), [images](guide::images) |
//! | traces and metrics, without secrets | [`telemetry`], [`Observer`] | [observability](guide::observability) |
//! | headers of every request | [`Intercept`] | [interceptors](guide::interceptors) |
//! | notifications about objects | [`types::NotificationEvents`] | [notifications](guide::notifications) |
//! | tests, servers, scripts | [`Config::in_process`] | [testing](guide::testing), [axum](guide::axum), [blocking](guide::blocking) |
//! | data of all operations | [`operations`], [`types`], [`generic`] | [serde](guide::data) |
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls with ring, and the platform's certificates |
//! | `native-tls` | | TLS by the platform's own library; `rustls` wins if both are on |
//! | `tracing` | yes | spans and events for each transfer, call and attempt; no secrets |
//! | `reqwest-client` | | `Config::reqwest_client`: requests are sent with a `reqwest` client that you configure |
//! | `config-file` | yes | [`Config::load`] also reads a file; [`FileCredentials`] |
//! | `folders` | | uploads, downloads and synchronization of folders: [`FolderTransfer`] |
//! | `simd` | yes | computes up to 32 MD5s at the same time with vector instructions; without it, up to 3 |
//! | `blocking` | | `.wait()` in place of `.await`, for scripts |
//! | `serde` | | serde's traits for inputs, outputs and all other data types |
//!
//! Without `rustls` and `native-tls`, only `http` endpoints can be used.

// docs.rs marks items that need a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

// Modules import only from their own layer and lower layers. `tests/suite/tests/layers.rs` lists
// the layers and checks this.
mod base;
mod call;
mod client;
mod config;
#[expect(
    clippy::mod_module_files,
    reason = "the generator only writes below its output folder"
)]
mod generated;
mod managed;
mod message;
#[doc(hidden)]
pub mod prelude;
mod transport;

#[cfg(any(doc, doctest))]
pub mod guide;

pub use base::base64_bytes::Base64Bytes;
pub use base::entity_tag;
pub use base::error::{Error, ErrorCode, ErrorKind, Result};
pub use base::secret::Secret;
pub use base::telemetry;
pub use base::timestamp::Timestamp;
pub use call::Call;
#[cfg(feature = "blocking")]
pub use call::blocking;
pub use call::form_policy::{FormPolicy, FormUpload};
pub use call::paginate::{Items, Pages};
pub use call::presigned::Presigned;
pub use client::{Bucket, QingStor};
pub use config::Config;
#[cfg(feature = "config-file")]
pub use config::credentials::FileCredentials;
pub use config::credentials::{Chain, Credentials, EnvCredentials, ProvideCredentials};
pub use config::interceptor::{Intercept, InterceptedRequest};
pub use config::observer::{
    BodyEvent, DroppedEvent, Observer, RequestEvent, ResponseEvent, RetryEvent,
};
pub use config::retry::{RetryBudget, RetryPolicy};
#[cfg(feature = "config-file")]
pub use config::unknown_setting::UnknownSetting;
pub use managed::*;
pub use message::attachment::attachment;
pub use message::body::Body;
pub use message::byte_stream::ByteStream;
pub use message::image;
pub use message::metadata::Metadata;
pub use message::object_path::ObjectPath;
pub use message::operation::Operation;
pub use message::response_meta::ResponseMeta;
pub use message::source_url::SourceUrl;
pub use message::sse::SseKey;
pub use message::transfer_monitor::Progress;

/// Types for your own [`ProvideCredentials`].
pub mod credentials {
    pub use crate::config::credentials::{ProvideFuture, ProvidedCredentials};
}

/// Traits and facts for code that is generic over operations.
pub mod generic {
    pub use crate::call::paginate::PagedOperation;
    pub use crate::message::operation::{ClientHandle, FromResponse};
    pub use crate::message::operation_info::{OperationInfo, Repeatable, ResponseKind};
}

/// Types that operations share, such as rules, grants and listed objects.
pub use generated::types;

/// Inputs and outputs of every operation.
pub use generated::operations;

/// The example in the README, run as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
