//! Renders SDKs, servers and documents from a Swagger 2.0 or OpenAPI 3 specification and a pack of
//! templates. [`Generator`] is the entry point.
//!
//! The generator is a chain of stages. Each stage is a module that imports only from earlier ones:
//!
//! | stage | input | output |
//! | --- | --- | --- |
//! | `source` | paths | JSON documents that know the file, line and column of every value |
//! | `document` | JSON | the typed specification: `$ref`s resolved, overlays applied |
//! | `lint` | the specification | errors and warnings |
//! | [`model`] | the specification, and the pack's naming rules and type map | the model that templates see |
//! | `pack` | a folder | templates, and the rules of `pack.json` |
//! | `render` | model and pack | rendered files in memory |
//! | `output` | rendered files | files in a folder, written or compared |
//! | [`diff`] | two models | changes of the Rust API, and the version bump |
//!
//! [`diagnostic`] has the findings and their rules. For authors of packs, [`new_pack`] creates a
//! pack, [`pack_test`] runs the tests of a pack, and [`schema`] describes the model and `pack.json`.

// docs.rs marks items that need a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod diagnostic;
pub mod diff;
mod document;
mod generator;
mod git_blob;
mod lint;
pub mod model;
mod naming;
pub mod new_pack;
mod output;
mod pack;
pub mod pack_test;
mod render;
pub mod schema;
mod source;
mod span;
mod spelling;
mod target_language;

pub use generator::{Error, Generator};
pub use output::{Formatting, OutputError, Stale, StaleKind, Summary};
pub use pack::PackError;
pub use render::{RenderError, Rendered, RenderedFile, Section};

/// Runs the README's programs as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
