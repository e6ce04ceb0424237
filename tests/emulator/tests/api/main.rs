//! The emulator over real sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and clippy does not count the helpers of a test as tests"
)]

mod auth;
mod binary;
mod buckets;
mod client;
mod hard_keys;
mod hostile;
mod images;
mod objects;
mod persistence;
mod transfers;
