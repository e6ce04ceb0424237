//! What the maintainer is promised: a change of the specification becomes a change of the SDK by
//! regenerating, and by nothing else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod compiled;
mod edits;
mod surface;
mod tree;
