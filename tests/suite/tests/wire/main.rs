//! Every operation over a real socket: what goes out, byte for byte, with its signature computed
//! anew; and what each makes of the answers that the service may give.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod answers;
mod bucket;
mod case;
mod every_operation;
mod form;
mod keys;
mod multipart;
mod object;
mod requests;
mod service;
mod settings;
