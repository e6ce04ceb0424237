//! The SDK against a QingStor on this machine, and against servers that fail it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod access;
mod faults;
mod hard_keys;
mod listing;
mod many;
mod objects;
mod paging;
mod pictures;
mod presigned;
mod store;
mod transfers;
mod walkthrough;
