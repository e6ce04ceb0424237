//! MD5 of many inputs at the same time (multi-buffer hashing), with vector instructions and without
//! `unsafe` code.
//!
//! The steps of one MD5 depend on each other, so a single input uses a fraction of a core's
//! arithmetic units. Here, the steps of up to 3 inputs alternate, and from 4 on, each lane of a
//! vector belongs to another input: 16 inputs take twice as long as one.
//!
//! ```
//! use bytes::Bytes;
//! use qingstor_md5::{HashSource, Md5Pool};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let pool = Md5Pool::default();
//! let inputs = [Bytes::from(vec![1; 100_000]), Bytes::from(vec![2; 200_000])];
//! // Both inputs are hashed at the same time, on a thread of the runtime.
//! for pending in pool.start_all(inputs.map(HashSource::from)) {
//!     let md5: [u8; 16] = pending.await?.finish();
//!     println!("{md5:02x?}");
//! }
//! # Ok(()) }
//! ```
//!
//! - [`Md5Pool`] hashes inputs in memory and ranges of files on threads of a Tokio runtime. It is
//!   what most programs need.
//! - [`Md5Lane`] and [`update_lanes`] hash inputs on the calling thread, in pieces of any length.
//!
//! MD5 is not safe against inputs that were made to have the same MD5. Use it where a protocol
//! requires it, and to detect damage.
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `simd` | yes | vector instructions, chosen when the program runs: AVX-512 or AVX2 on x86-64, NEON on 64-bit ARM |
//!
//! Without `simd`, and on other processors, at most 3 inputs are hashed at the same time; in a build
//! without optimization one after the other, with the crate `md-5`.

// docs.rs marks items that need a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod lanes;
mod pool;

pub use lanes::{LANES, Md5Lane, update_lanes};
pub use pool::{HashSource, Md5Pool, Md5Writer, PendingMd5};

/// The examples in the README, run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
