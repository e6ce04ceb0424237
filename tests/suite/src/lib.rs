//! Helpers for the tests of this crate: a recording server, an independent implementation of
//! signatures, and unusual object keys.
//!
//! Nothing here uses the SDK or the emulator, so that their tests do not depend on the tested code.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

pub mod client;
pub mod keys;
#[cfg(doctest)]
mod programs;
pub mod project;
pub mod public_api;
#[cfg(doctest)]
mod readmes;
pub mod repository;
pub mod server;
pub mod signature;

pub use server::{CannedResponse, RecordedRequest, Server};
