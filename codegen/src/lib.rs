//! Renders SDKs, servers and documents from a Swagger 2.0 or OpenAPI 3 specification and a pack of
//! templates.
//!
//! Stages, each a module that knows only those before it:
//!
//! | module | takes | gives |
//! | --- | --- | --- |
//! | [`source`] | paths | JSON documents that know the file, line and column of every value |
//! | [`document`] | JSON | a typed specification: files put together, overlay applied |
//! | [`lint`] | the specification | what is wrong with it, or could be better |
//! | [`model`] | the specification, and the [`language`] of the output | what templates see |
//! | [`diff`] | two of these models | what changed for who uses the SDK, and the version that it needs |
//! | [`pack`] | a folder | templates, and what `pack.json` says about them |
//! | [`render`] | model and pack | files in memory |
//! | [`output`] | files in memory | a folder, written as a whole or compared |
//!
//! [`naming`] makes identifiers, [`diagnostic`] tells people what is wrong and where, [`blob`]
//! gives files the ids that git gives them. [`Generator`] puts all stages in a row. For authors of
//! packs, [`new_pack`] makes one, [`golden`] runs its tests, and [`schema`] describes what it
//! reads.

pub mod blob;
pub mod diagnostic;
pub mod diff;
pub mod document;
mod generator;
pub mod golden;
pub mod language;
pub mod lint;
pub mod model;
pub mod naming;
pub mod new_pack;
pub mod output;
pub mod pack;
pub mod render;
pub mod schema;
mod slip;
pub mod source;

pub use generator::{Error, Generator};

/// The README's programs are documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
