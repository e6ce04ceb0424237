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
//! | credentials from elsewhere, that change | [`ProvideCredentials`], [`Chain`] |
//! | buckets, zones | [`QingStor`] |
//! | everything on a bucket and its objects | [`Bucket`] |
//! | what is sent again, how often, and after what time | [`RetryPolicy`], [`RetryBudget`] |
//! | timeouts and headers of one call, presigned URLs, unsent requests | [`Call`] |
//! | lists of any length | [`Call::items`], [`Call::pages`] |
//! | many deletions, large copies, where a bucket is | [`Bucket::delete_objects`], [`Bucket::copy_object`], [`QingStor::locate_bucket`] |
//! | encryption with your own key, pictures, HTML forms | [`SseKey`], [`image`], [`FormPolicy`] |
//! | what is sent: memory, files, streams | [`Body`] |
//! | content of any size, from and to files, readers and writers | [`Upload`], [`Download`] |
//! | what comes back: all at once, piece by piece, into a file | [`ByteStream`] |
//! | what went wrong, and whether to try again | [`Error`], [`ErrorCode`] |
//! | to be told of each request and answer | [`Observer`] |
//! | inputs and outputs of every operation | [`operations`] |
//! | rules, grants, listed objects | [`types`] |
//!
//! The module [`guide`] has a page for each capability.
//!
//! Every operation of the API is one method that gives a [`Call`]. What the API requires is a
//! parameter of the method; what is optional is a setter on the call; `.await` sends it. A call
//! owns what it needs, so it can be spawned or kept.
//!
//! A status that is no success is an error, 304 and 412 among them: see
//! [`Error::is_not_modified`] and [`Error::is_precondition_failed`]. A redirect is not followed.
//!
//! Calls need a Tokio runtime with time and IO enabled, as `#[tokio::main]` makes it. So do
//! [`Body::from_path`] and [`ByteStream::write_to`], which panic outside of one.
//!
//! # When something goes wrong
//!
//! A call that failed is sent again, by default up to 4 times in all, if the service has certainly
//! not carried it out, or if a repeat does no harm; [`RetryPolicy`] has the rules. Each output and
//! each error says how often the request was sent, and the error is that of the last attempt:
//!
//! ```no_run
//! # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
//! use std::time::Duration;
//! use qingstor_sdk::RetryPolicy;
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
//! [`Config::new`] takes a key pair, [`Config::load`] finds one. What is not known from the start, or
//! changes while the program runs, comes from a [`ProvideCredentials`]: the environment, a file that
//! is read again when it changes, a service of the caller's, or the first of several:
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
//! A client keeps its connections and uses them again. [`Config`] has times to
//! [connect](Config::connect_timeout), to [stand still](Config::idle_timeout) and to
//! [work](Config::slow_timeout), a [proxy](Config::proxy), [certificates](Config::ca_certificate_pem)
//! and limits of the pool. For tests, [`Config::in_process`] answers calls without any network.
//! `Expect: 100-continue` is not waited for, since the HTTP library below can't; but an answer that
//! comes while a body is still being sent is heard, and ends the sending.
//!
//! # What is going on
//!
//! With the feature `tracing` each call is one span `call` of the target `qingstor_sdk` (level DEBUG),
//! with `operation`, `bucket`, `key`, `attempts`, `status` and `request_id`; in it, each attempt is a
//! span `attempt`, and the end of each attempt, each pause and the end of the call are events.
//! [`Config::observer`] takes an [`Observer`], which is told of each request and each answer. Neither
//! ever sees a secret, a signature or a body.
//!
//! # Features
//!
//! | feature | default | gives |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS by rustls with ring, and the platform's certificates |
//! | `native-tls` | | TLS by the platform's own library; `rustls` wins if both are on |
//! | `tracing` | yes | spans and events for each call and attempt; no secrets |
//! | `reqwest-client` | | `Config::reqwest_client`: calls are sent with a client of the caller's |
//! | `config-file` | yes | [`Config::load`] reads a file, too; [`FileCredentials`] |
//! | `blocking` | | `.wait()` in place of `.await`, for scripts |
//! | `serde` | | serde's traits on inputs, outputs, and all else that is data |
//!
//! Without `rustls` and `native-tls` only plain `http` endpoints can be used.

#![forbid(unsafe_code)]

// The layers, from the top. A module imports from its own layer and from those below it.
mod base;
mod call;
mod client;
mod config;
mod generated;
mod managed;
mod message;
#[doc(hidden)]
pub mod prelude;
mod transport;

#[cfg(any(doc, doctest))]
pub mod guide;

pub use base::base64_bytes::Blob;
pub use base::error::{Error, ErrorCode, ErrorKind, Result};
pub use base::secret::Secret;
pub use base::timestamp::Timestamp;
pub use call::Call;
#[cfg(feature = "blocking")]
pub use call::blocking;
pub use call::form_policy::{FormPolicy, FormUpload};
pub use call::paginate::{Items, Paged, Pages};
pub use call::presigned::Presigned;
pub use client::{Bucket, QingStor};
pub use config::Config;
#[cfg(feature = "config-file")]
pub use config::credentials::FileCredentials;
pub use config::credentials::{
    Chain, Credentials, EnvCredentials, ProvideCredentials, ProvideFuture, Provided,
};
pub use config::observe::{Observer, RequestEvent, ResponseEvent};
pub use config::retry::{RetryBudget, RetryPolicy};
pub use managed::*;
pub use message::body::Body;
pub use message::byte_stream::ByteStream;
pub use message::image;
pub use message::metadata::Metadata;
pub use message::object_path::ObjectPath;
pub use message::operation::{ClientHandle, FromResponse, Operation};
pub use message::operation_info::{Info, OperationInfo, Repeatable, Reply};
pub use message::response_meta::ResponseMeta;
pub use message::sse::SseKey;

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
