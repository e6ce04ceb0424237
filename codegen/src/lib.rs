#![doc = "Renders SDKs, servers and documents from a Swagger 2.0 specification and a pack of templates."]

pub mod blob;
pub mod diagnostic;
pub mod document;
mod generator;
pub mod language;
pub mod lint;
pub mod model;
pub mod naming;
pub mod output;
pub mod pack;
pub mod render;
pub mod source;

pub use generator::{Error, Generator};
