//! Servers that send invalid responses: the result is an error, never a wrong success.

#![cfg(feature = "rustls")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod error_documents;
mod lists;
mod partial_content;
mod pauses;
mod server;
mod trickles;
mod uploads;
