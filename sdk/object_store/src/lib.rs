//! [QingStor](https://docs.qingcloud.com/qingstor/) object storage for DataFusion, SlateDB, delta-rs
//! and every other user of the crate [`object_store`](https://docs.rs/object_store).
//!
//! ```no_run
//! use qingstor_object_store::QingStorBuilder;
//! use qingstor_object_store::v0_14::object_store::ObjectStoreExt;
//! use qingstor_object_store::v0_14::object_store::path::Path;
//!
//! # async fn example() -> qingstor_object_store::v0_14::object_store::Result<()> {
//! let store = QingStorBuilder::new()
//!     .with_access_key_id("ACCESS_KEY_ID")
//!     .with_secret_access_key("SECRET_ACCESS_KEY")
//!     .with_url("qs://my-bucket")
//!     .build()?;
//! store.put(&Path::from("hello.txt"), "hello".into()).await?;
//! let content = store.get(&Path::from("hello.txt")).await?.bytes().await?;
//! # let _ = content; Ok(()) }
//! ```
//!
//! # Versions of `object_store`
//!
//! A store must be compiled for the version of `object_store` that its user depends on. The modules
//! [`v0_13`] and [`v0_14`] contain the same types for one version each, and are enabled by the
//! features of the same names. By default, only `v0_14` is enabled. The types at the root are those of
//! the newest enabled version.
//!
//! The re-exported `object_store` has its feature `tokio`, and thus
//! [`BufWriter`](v0_14::object_store::buffered::BufWriter) and
//! [`WriteMultipart`](v0_14::object_store::WriteMultipart).
//!
//! # Limits
//!
//! See the documentation of [`QingStorStore`]: what the API of QingStor cannot do is an error, and
//! never imitated in an unsafe way.
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `v0_14` | yes | the store for `object_store` 0.14 |
//! | `v0_13` | | the store for `object_store` 0.13 |
//! | `signer` | | presigned URLs: the trait `Signer`. It enables the feature `cloud-base` of `object_store` 0.14, or `cloud` of 0.13, which includes `reqwest` 0.12 |

// docs.rs marks items that need a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![allow(
    clippy::duplicate_mod,
    reason = "the modules in `adapter` are compiled once for each version of `object_store`"
)]

#[cfg(not(any(feature = "v0_13", feature = "v0_14")))]
compile_error!("enable the feature `v0_13` or `v0_14`: the version of `object_store` that you use");

mod bucket_handle;
mod client_settings;
mod policy;
mod settings;
#[cfg(feature = "v0_13")]
pub mod v0_13;
#[cfg(feature = "v0_14")]
pub mod v0_14;

pub use policy::{ConditionalPut, OnUnaddressableKey};
pub use qingstor_sdk;
#[cfg(all(feature = "v0_13", not(feature = "v0_14")))]
pub use v0_13::{QingStorBuilder, QingStorStore};
#[cfg(feature = "v0_14")]
pub use v0_14::{QingStorBuilder, QingStorStore};

/// The examples in the README, run as doc tests.
#[cfg(all(doctest, feature = "v0_14"))]
#[doc = include_str!("../README.md")]
struct Readme;
