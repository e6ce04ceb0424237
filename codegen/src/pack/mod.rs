//! Stage 5: a folder of templates, and what its `pack.json` says about them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::blob::BlobId;
use crate::language::{Computed, Language};
use crate::model::MODEL_VERSION;
use crate::naming::Naming;
use crate::source::{portable, slashes};

/// A template pack, read.
#[derive(Debug)]
pub struct Pack {
    /// Its folder, as given.
    pub folder: PathBuf,
    /// What `pack.json` says.
    pub manifest: Manifest,
    /// All templates and partials: the path in the folder, the text.
    pub templates: BTreeMap<String, Template>,
    /// What `git hash-object` prints for `pack.json`.
    pub manifest_id: BlobId,
}

/// The text of a template.
#[derive(Debug)]
pub struct Template {
    /// The text.
    pub text: String,
    /// What `git hash-object` prints for it.
    pub id: BlobId,
}

/// `pack.json`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
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
    /// A command that formats what it reads.
    #[serde(default)]
    pub formatter: Vec<String>,
    /// The extensions of the files that it formats.
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
    /// Kinds of shapes that are never optional.
    #[serde(default)]
    pub plain: Vec<String>,
    /// Anything; templates see it as `pack`.
    #[serde(default)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// What is made from one template.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Into {
    /// The path in the output folder.
    pub file: String,
    /// The name in `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
    pub marker: String,
}

/// What a template is rendered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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

/// Why a pack can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// `pack.json` is no manifest.
    #[error("{path}:{line}:{column}: {message}")]
    Manifest {
        /// The file.
        path: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// `pack.json` contradicts itself or the folder.
    #[error("{path}: {message}")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
}

/// The end of the names of templates.
const TEMPLATE_END: &str = ".tera";

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    ///
    /// A file is missing or can't be read, or `pack.json` is wrong.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        let path = folder.join("pack.json");
        let text = read(&path)?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| PackError::Manifest {
                path: slashes(&path),
                line: error.line(),
                column: error.column(),
                message: without_place(&error),
            })?;
        let mut templates = BTreeMap::new();
        collect(folder, "", &mut templates)?;
        let pack = Self {
            folder: folder.to_owned(),
            manifest,
            templates,
            manifest_id: BlobId::of(text.as_bytes()),
        };
        pack.check().map_err(|message| PackError::Invalid {
            path: slashes(&path),
            message,
        })?;
        Ok(pack)
    }

    fn check(&self) -> Result<(), String> {
        let manifest = &self.manifest;
        if manifest.model != MODEL_VERSION {
            return Err(format!(
                "written for model \"{}\", this generator has model \"{MODEL_VERSION}\"; \
                 compare its templates with `codegen dump`, then set \"model\": \"{MODEL_VERSION}\"",
                manifest.model
            ));
        }
        for file in &manifest.files {
            if !self.templates.contains_key(&file.template) {
                return Err(format!(
                    "the template `{}` is not in the folder; there are: {}",
                    file.template,
                    self.templates
                        .keys()
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(", ")
                ));
            }
            if file.comment.is_none() && file.comment_end.is_some() {
                return Err(format!(
                    "`{}`: `comment_end` needs a `comment` beside it",
                    file.template
                ));
            }
            match (&file.to, &file.into) {
                (Some(_), None) => {}
                (None, Some(_)) if file.each == Each::Once => {}
                (None, Some(_)) => {
                    return Err(format!(
                        "`{}`: `into` needs `\"for\": \"once\"`",
                        file.template
                    ));
                }
                _ => {
                    return Err(format!(
                        "`{}` needs exactly one of `to` and `into`",
                        file.template
                    ));
                }
            }
        }
        self.language().check()
    }

    /// What a comment of a file begins and ends with; none for a file without a header.
    pub(crate) fn comment<'p>(&'p self, rule: &'p FileRule) -> Option<(&'p str, &'p str)> {
        let (begin, end) = match &rule.comment {
            Some(own) => (Some(own), &rule.comment_end),
            None => (self.manifest.comment.as_ref(), &self.manifest.comment_end),
        };
        let begin = begin.filter(|begin| !begin.is_empty())?;
        Some((begin, end.as_deref().unwrap_or_default()))
    }

    /// What lowering must know.
    pub fn language(&self) -> Language {
        Language {
            naming: self.manifest.naming.clone(),
            types: self.manifest.types.clone(),
            computed: self.manifest.computed.clone(),
            plain: self.manifest.plain.clone(),
        }
    }

    /// A name of a file of the pack that means the same on another machine.
    pub(crate) fn portable_name(&self, file: &str) -> String {
        let base = self.folder.parent().unwrap_or(Path::new(""));
        portable(&self.folder.join(file), base)
    }
}

fn read(path: &Path) -> Result<String, PackError> {
    std::fs::read_to_string(path).map_err(|source| PackError::Read {
        path: slashes(path),
        source,
    })
}

/// Reads all templates below a folder, with forward slashes in their names.
fn collect(
    folder: &Path,
    prefix: &str,
    templates: &mut BTreeMap<String, Template>,
) -> Result<(), PackError> {
    let fail = |source| PackError::Read {
        path: slashes(folder),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // Links to folders are not followed: they could lead in circles.
        if entry.file_type().map_err(fail)?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), templates)?;
        } else if name.ends_with(TEMPLATE_END) {
            let text = read(&entry.path())?;
            let id = BlobId::of(text.as_bytes());
            templates.insert(name, Template { text, id });
        }
    }
    Ok(())
}

/// The message of a JSON error without the place, which is said in front of it.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => message,
    }
}
