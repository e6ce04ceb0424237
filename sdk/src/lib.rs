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
//! # Overview
//!
//! | task | item |
//! | --- | --- |
//! | settings, credentials, timeouts | [`Config`] |
//! | credentials that change | [`ProvideCredentials`], [`Chain`], [`credentials`] |
//! | the service, and handles of buckets | [`QingStor`] |
//! | operations on a bucket and its objects | [`Bucket`] |
//! | retries | [`RetryPolicy`], [`RetryBudget`] |
//! | options of one call, presigned URLs, unsent requests | [`Call`] |
//! | lists of any length | [`Call::items`], [`Call::pages`] |
//! | batch deletion, copies of any size, the zone of a bucket | [`Bucket::delete_objects`], [`Bucket::copy_object`], [`QingStor::locate_bucket`] |
//! | customer-provided encryption keys, image processing, HTML forms | [`SseKey`], [`image`], [`FormPolicy`] |
//! | request bodies: memory, files, streams | [`Body`] |
//! | uploads and downloads of any size | [`Upload`], [`Download`] |
//! | response bodies | [`ByteStream`] |
//! | errors | [`Error`], [`ErrorKind`], [`ErrorCode`] |
//! | notifications about each request and response | [`Observer`] |
//! | headers of every request, such as a trace context | [`Intercept`] |
//! | notifications that the service sends about objects | [`types::NotificationEvents`] |
//! | names of spans, fields and metrics | [`telemetry`] |
//! | inputs and outputs of every operation | [`operations`] |
//! | code that is generic over operations | [`generic`] |
//! | rules, grants, listed objects | [`types`] |
//!
//! The module [`guide`] has a page for each capability.
//!
//! Each operation of the API is a method that returns a [`Call`]. Required parameters are arguments
//! of the method, optional parameters are methods of the call, and `.await` sends it. A call owns
//! its data, so it can be spawned or stored.
//!
//! A status that does not mean success is an error, including 304 and 412: see
//! [`Error::is_not_modified`] and [`Error::is_precondition_failed`]. The client does not follow
//! redirects.
//!
//! Calls need a Tokio runtime with time and IO enabled, such as that of `#[tokio::main]`. So do
//! [`Body::from_path`] and [`ByteStream::write_to`], which panic outside of a runtime.
//!
//! # Errors and retries
//!
//! By default, the client sends a request up to 4 times: if the service certainly did not execute
//! it, or if a second execution does no harm. [`RetryPolicy`] has the rules. Outputs and errors
//! contain the number of attempts; the error is that of the last attempt.
//!
//! ```no_run
//! # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
//! use std::time::Duration; use qingstor_sdk::RetryPolicy;
//!
//! let patient = RetryPolicy::default().max_attempts(10).max_backoff(Duration::from_secs(60));
//! let call = bucket.put_object("key").body("content").retry(patient);
//! match call.timeout(Duration::from_secs(600)).await {
//!     Ok(output) => println!("stored after {} attempts", output.attempts()),
//!     Err(error) if error.is_retryable() => println!("later: {error}"),
//!     Err(error) => return Err(error),
//! }
//! # Ok(()) }
//! ```
//!
//! # Credentials that change
//!
//! [`Config::new`] takes a key pair, and [`Config::load`] finds one. Credentials that are not known
//! at the start, or that change while the program runs, come from a [`ProvideCredentials`]: the
//! environment, a file that is read again when it changes, your own service, or the first of
//! several providers that has some:
//!
//! ```
//! # #[cfg(feature = "config-file")]
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
//! use qingstor_sdk::{Chain, Config, EnvCredentials, FileCredentials, QingStor};
//!
//! let chain = Chain::new().or(EnvCredentials::new()).or(FileCredentials::default());
//! let qingstor = QingStor::new(Config::anonymous().credentials_provider(chain))?;
//! # let _ = qingstor; Ok(()) }
//! # #[cfg(not(feature = "config-file"))] fn main() {}
//! ```
//!
//! # Connections
//!
//! A client keeps connections open and reuses them. [`Config`] sets the [connect
//! timeout](Config::connect_timeout), the [idle timeout](Config::idle_timeout), the [timeout of
//! slow operations](Config::slow_timeout), a [proxy](Config::proxy),
//! [certificates](Config::ca_certificate_pem) and the limits of the pool. With
//! [`Config::in_process`], a closure returns the responses, for tests without a network.
//!
//! The client does not wait for `100 Continue`, because the HTTP library does not support it. If an
//! error response arrives while the body is being sent, the client stops sending.
//!
//! # Observability
//!
//! With the feature `tracing`, each transfer, each call and each attempt is a span with the names of
//! OpenTelemetry, which are constants in [`telemetry`]. [`Config::observer`] sets an [`Observer`],
//! which is notified of each request, each response and the end of each streamed body, for metrics.
//! Neither receives a secret, a signature or a body. See [the guide](guide::observability).
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls with ring, and the platform's certificates |
//! | `native-tls` | | TLS by the platform's own library; `rustls` wins if both are on |
//! | `tracing` | yes | spans and events for each transfer, call and attempt; no secrets |
//! | `reqwest-client` | | `Config::reqwest_client`: requests are sent with your own client |
//! | `config-file` | yes | [`Config::load`] also reads a file; [`FileCredentials`] |
//! | `folders` | | uploads, downloads and synchronization of folders: [`FolderTransfer`] |
//! | `simd` | yes | the MD5s of several parts at once, with vector instructions: 3 to 9 times as fast |
//! | `blocking` | | `.wait()` in place of `.await`, for scripts |
//! | `serde` | | serde's traits for inputs, outputs and all other data types |
//!
//! Without `rustls` and `native-tls`, only `http` endpoints can be used.

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
pub use config::observer::{BodyEvent, Observer, RequestEvent, ResponseEvent};
pub use config::retry::{RetryBudget, RetryPolicy};
pub use managed::*;
pub use message::body::Body;
pub use message::byte_stream::ByteStream;
pub use message::image;
pub use message::metadata::Metadata;
pub use message::object_path::ObjectPath;
pub use message::operation::Operation;
pub use message::response_meta::ResponseMeta;
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

/// The examples in the READMEs, run as doc tests.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct English;

    #[doc = include_str!("../README.zh-CN.md")]
    struct Chinese;
}
