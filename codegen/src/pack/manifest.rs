//! What `pack.json` may say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::language::Computed;
use crate::naming::Naming;

/// `pack.json`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Where an editor finds the schema of this file; nothing else reads it.
    #[serde(default, rename = "$schema")]
    pub schema: Option<String>,
    /// The model version that the templates were written for.
    pub model: String,
    /// What the pack makes.
    #[serde(default)]
    pub description: String,
    /// What is made from what.
    pub files: Vec<FileRule>,
    /// What a comment line begins with; none for files without a header.
    #[serde(default)]
    pub comment: Option<String>,
    /// What a comment line ends with.
    #[serde(default)]
    pub comment_end: Option<String>,
    /// A command that formats a file from standard input to standard output, as `["gofmt"]`. Every
    /// command of the generator that writes or compares files runs it, unless `--no-formatter` is given.
    #[serde(default)]
    pub formatter: Vec<String>,
    /// The extensions of the files that the formatter formats.
    #[serde(default)]
    pub formatter_extensions: Vec<String>,
    /// How identifiers look.
    #[serde(default)]
    pub naming: Naming,
    /// The types of the language.
    #[serde(default)]
    pub types: BTreeMap<String, String>,
    /// What the runtime works out.
    #[serde(default)]
    pub computed: Computed,
    /// Kinds of shapes that are never optional: `list`, `map`, `bool`, `bytes`, `binary`, `free`,
    /// `recursive`.
    #[serde(default)]
    pub plain: Vec<String>,
    /// The handles that the output has code for; a specification with another one is refused. None
    /// for a pack that takes any.
    #[serde(default)]
    pub handles: Option<Vec<String>>,
    /// Anything; templates see it as `pack`.
    #[serde(default)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// What is made from one template.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// The template's path in the pack.
    pub template: String,
    /// What it is rendered for.
    #[serde(rename = "for")]
    pub each: Each,
    /// The path in the output folder, itself a template.
    pub to: Option<String>,
    /// Instead of `to`: a section of a file that is there.
    pub into: Option<Into>,
    /// An expression: render only if it is true.
    pub when: Option<String>,
    /// What a comment line begins with, where it is not the pack's; empty for no header.
    pub comment: Option<String>,
    /// What such a comment line ends with.
    pub comment_end: Option<String>,
}

/// A section of a file that is there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Into {
    /// The path in the output folder.
    pub file: String,
    /// The name in `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
    pub marker: String,
}

/// What a template is rendered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// Once.
    Once,
    /// Once, with the service as `it`.
    Service,
    /// For each tag.
    SubService,
    /// For each path key.
    Resource,
    /// For each operation.
    Operation,
    /// For each type.
    Type,
}
