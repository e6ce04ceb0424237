//! Every operation over a real socket: the request byte for byte, with an independently computed
//! signature, and the handling of the possible responses.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod bucket;
mod case;
mod every_operation;
mod form;
mod keys;
mod multipart;
mod object;
mod requests;
mod responses;
mod service;
mod settings;
