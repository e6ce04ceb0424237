//! The programs of the API reference. Each page is the documentation of a module here, so that
//! `cargo test --doc` compiles what it shows.

include!(concat!(env!("OUT_DIR"), "/programs.rs"));
