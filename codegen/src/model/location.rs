//! Places in the specification.

use schemars::JsonSchema;
use serde::Serialize;

/// A place in a specification.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Source {
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}
