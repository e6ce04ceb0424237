//! The emulator over real sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and clippy does not count the helpers of a test as tests"
)]

mod admin;
mod append;
mod auth;
mod binary;
mod buckets;
mod client;
mod connections;
mod encryption;
mod faults;
mod fetch;
mod hard_keys;
mod hostile;
mod images;
mod lifecycle;
mod mirror;
mod multipart;
mod notifications;
mod objects;
mod origin;
mod persistence;
mod policy;
mod settings;
mod settings_refused;
mod transfers;
mod versions;
mod zones;
