//! The example programs of the API reference. Each page is the documentation of one module, so that
//! `cargo test --doc` compiles its program.

include!(concat!(env!("OUT_DIR"), "/programs.rs"));
