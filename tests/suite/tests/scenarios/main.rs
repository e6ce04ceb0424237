//! The SDK against the emulator, and against servers that fail.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod access;
mod faults;
mod images;
mod listing;
mod managed;
mod objects;
mod paging;
mod presigned;
mod store;
mod transfers;
mod unusual_keys;
mod walkthrough;
