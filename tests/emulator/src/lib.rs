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

mod auth;
mod background;
mod base;
mod emulator;
mod faults;
mod generated;
mod handlers;
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
