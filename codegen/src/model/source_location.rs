//! Places in the specification.

use schemars::JsonSchema;
use serde::Serialize;

/// A place in a specification.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SourceLocation {
    /// File name.
    pub file: String,
    /// Line, starting at 1.
    pub line: usize,
}
