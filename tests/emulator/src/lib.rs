//! A QingStor object storage on this machine, for tests and development.
//!
//! [`Emulator`] listens on a port of its own, checks the signature of every request from the bytes
//! that came over the wire, and keeps objects in a directory:
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
//! Its operations, their addresses and parameters, and the error codes are rendered from
//! the spec. Everything else is written by hand and shared with nobody, least of all with the SDK
//! that is tested against it.

mod access;
mod access_log;
mod account;
mod acl;
mod admin;
mod answer;
mod api_error;
mod auth;
mod body;
mod conditions;
mod digest;
mod emulator;
mod encryption;
mod error;
mod exchange;
mod facts;
mod faults;
mod form;
mod generated;
mod glob;
mod handlers;
mod header_names;
mod host;
mod image;
mod lifecycle;
mod limits;
mod metadata;
mod names;
mod notify;
mod origin;
mod panics;
mod pipeline;
mod range;
mod route;
mod server;
mod service;
mod settings;
mod store;
mod tally;
mod target;
mod time;
mod web_url;
mod wire;

pub use account::Account;
pub use emulator::{Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, Emulator};
pub use error::{Error, FaultRuleError, Result};
pub use faults::{FaultReport, FaultRule, Reset, When};
pub use generated::operations::OPERATIONS;
pub use store::LifecycleReport;
#[doc(hidden)]
pub use store::OPENING_THREAD;
