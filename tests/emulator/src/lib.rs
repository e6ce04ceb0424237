//! A local QingStor object storage server for tests and development.
//!
//! [`Emulator`] listens on a port, checks the signature of every request from the bytes that it
//! received, and stores objects in a directory:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> qingstor_emulator::Result<()> {
//! use qingstor_emulator::Emulator;
//!
//! let emulator = Emulator::builder().start().await?;
//! println!("{} {}", emulator.endpoint(), emulator.access_key_id());
//! # Ok(())
//! # }
//! ```
//!
//! Operations, addresses, parameters and error codes are generated from the API specification. All
//! other code is written by hand, and is independent of the SDK that is tested against the
//! emulator.
//!
//! Cargo features, all on by default:
//!
//! - `cli`: the program `qingstor-emulator`. A test that starts the emulator in its process does not
//!   need it.
//! - `image`: image processing. Without it, the operation returns `not_implemented`.
//! - `simd`: vector instructions for the MD5s of uploads that arrive at the same time.

// docs.rs marks items that need a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod background;
mod base;
mod emulator;
mod faults;
mod generated;
mod handlers;
#[cfg(feature = "image")]
mod image;
mod request;
mod server;
mod settings;
mod store;

pub use auth::account::Account;
pub use base::error::{Error, FaultRuleError, Result};
pub use emulator::{Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, Emulator};
pub use faults::{FaultReport, FaultRule, Reset, When};
pub use generated::operations::OPERATIONS;
pub use store::LifecycleReport;
#[doc(hidden)]
pub use store::OPENING_THREAD;
