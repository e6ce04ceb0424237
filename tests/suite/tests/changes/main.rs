//! Changes of the specification become changes of the SDK by regenerating, without other edits.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod compiled;
mod edits;
mod surface;
mod tree;
