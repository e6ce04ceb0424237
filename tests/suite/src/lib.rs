//! What the tests of this crate share: a server that records, a second opinion on signatures, and
//! keys that break careless code.
//!
//! Nothing here calls the SDK or the emulator: what judges them must not be made of them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

pub mod client;
pub mod keys;
#[cfg(doctest)]
mod programs;
pub mod project;
pub mod repository;
pub mod server;
pub mod signature;

pub use server::{Answer, Recorded, Server};
