//! Stage 5: a folder of templates, what its `pack.json` says about them, and what other folders
//! put in their place.

mod folder;
mod manifest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use manifest::{Each, FileRule, Into, Manifest};

use crate::blob::BlobId;
use crate::diagnostic::Place;
use crate::language::Language;
use crate::model::MODEL_VERSION;
use crate::source::{Node, Sources, portable, slashes};
use folder::Folder;
pub(crate) use folder::{Addition, MANIFEST, TESTS};

/// The option that names the type that operations without a handle are on: `diff` reads it.
pub(crate) const CLIENT_OPTION: &str = "client";

/// A template pack, read.
#[derive(Debug)]
pub struct Pack {
    /// Its folder, as given.
    pub folder: PathBuf,
    /// What `pack.json` says, with what overriding folders say instead.
    pub manifest: Manifest,
    /// All templates and partials: the path in the folder, the text.
    pub templates: BTreeMap<String, Template>,
    /// The files that the manifest was read from.
    manifests: Vec<(PathBuf, BlobId)>,
    /// Options that overriding folders add.
    additions: Vec<Addition>,
    /// The texts of templates that another folder replaced.
    replaced_texts: Vec<String>,
    /// Whether files are named within their folders alone, wherever these are.
    apart: bool,
}

/// The text of a template.
#[derive(Debug)]
pub struct Template {
    /// The text.
    pub text: String,
    /// Its id in git, where line endings are line feeds.
    pub id: BlobId,
    /// The folder that it was read from: the pack's, or one that overrides it.
    pub folder: PathBuf,
    /// Whether a folder added it that overrides others.
    pub added: bool,
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

impl PackError {
    fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read {
            path: slashes(path),
            source,
        }
    }

    fn invalid(path: &Path, message: String) -> Self {
        Self::Invalid {
            path: slashes(path),
            message,
        }
    }
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    ///
    /// A file is missing or can't be read, or `pack.json` is wrong.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        Self::load_with(folder, &[])
    }

    /// Reads a pack, and folders whose templates take the place of its own or join them. Their
    /// `pack.json`, if there is one, is merged into the pack's: a later folder wins.
    ///
    /// # Errors
    ///
    /// A file is missing or can't be read, or a `pack.json` is wrong.
    pub fn load_with(folder: &Path, overrides: &[PathBuf]) -> Result<Self, PackError> {
        let base = Folder::read(folder)?;
        let path = folder.join(MANIFEST);
        let Some((text, id)) = base.manifest else {
            let missing = std::io::ErrorKind::NotFound.into();
            return Err(PackError::read(&path, missing));
        };
        let mut manifest: Manifest = folder::parse(&path, &text)?;
        let mut merged: serde_json::Value = folder::parse(&path, &text)?;
        folder::refuse_repeated_keys(&path)?;
        let mut templates = base.templates;
        let mut manifests = vec![(path, id)];
        let (mut additions, mut replaced_texts) = (Vec::new(), Vec::new());
        for folder in overrides {
            let over = Folder::read(folder)?;
            if over.templates.is_empty() && over.manifest.is_none() {
                let message = "holds neither a template nor a pack.json".to_owned();
                return Err(PackError::invalid(folder, message));
            }
            for (name, mut template) in over.templates {
                let replaced = templates.get(&name);
                template.added = replaced.is_none_or(|replaced| replaced.added);
                replaced_texts.extend(templates.insert(name, template).map(|one| one.text));
            }
            let Some((text, id)) = over.manifest else {
                continue;
            };
            let path = folder.join(MANIFEST);
            let patch: serde_json::Value = folder::parse(&path, &text)?;
            folder::refuse_repeated_keys(&path)?;
            if let Some(keys) = folder::idle_removal(&merged, &patch) {
                let key = keys.join("/");
                let message = format!("null removes `{key}`, which the pack does not have");
                return Err(PackError::invalid(&path, message));
            }
            if let Some(options) = patch.get("options") {
                let own = merged.get("options").unwrap_or(&serde_json::Value::Null);
                additions.extend(folder::additions(own, options));
            }
            folder::merge(&mut merged, patch);
            // A reader of the merged text finds no place in it that anybody wrote.
            manifest = serde_json::from_value(merged.clone())
                .map_err(|error| PackError::invalid(&path, error.to_string()))?;
            manifests.push((path, id));
        }
        let pack = Self {
            folder: folder.to_owned(),
            manifest,
            templates,
            manifests,
            additions,
            replaced_texts,
            apart: false,
        };
        let last = pack.manifests.last().map(|(path, _)| path.as_path());
        pack.check()
            .map_err(|message| PackError::invalid(last.unwrap_or(folder), message))?;
        Ok(pack)
    }

    /// Names files within their folders alone, so that outputs are the same wherever these are.
    pub(crate) fn apart(mut self) -> Self {
        self.apart = true;
        self
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
            handles: self.manifest.handles.clone(),
        }
    }

    /// The option `client`: what the type is called that operations without a handle stand on.
    pub(crate) fn client(&self) -> Option<&str> {
        self.manifest.options.get(CLIENT_OPTION)?.as_str()
    }

    /// Options that overriding folders add.
    pub(crate) fn additions(&self) -> &[Addition] {
        &self.additions
    }

    /// The texts of templates that another folder replaced: they read options, too, before that.
    pub(crate) fn replaced_texts(&self) -> impl Iterator<Item = &str> {
        self.replaced_texts.iter().map(String::as_str)
    }

    /// Whether another folder has a say in it.
    pub(crate) fn is_overridden(&self) -> bool {
        let mut templates = self.templates.values();
        self.manifests.len() > 1 || templates.any(|template| template.folder != self.folder)
    }

    /// The name of a template that means the same on another machine.
    pub(crate) fn template_name(&self, name: &str) -> String {
        let template = self.templates.get(name);
        let folder = template.map_or(&self.folder, |template| &template.folder);
        self.portable(folder, &folder.join(name))
    }

    /// The names of all files of the pack that anything is made from.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (String, &BlobId)> {
        let templates = self.templates.iter();
        let templates = templates.map(|(name, template)| (self.template_name(name), &template.id));
        let manifests = self.manifests.iter();
        templates.chain(manifests.map(|(path, id)| {
            let folder = path.parent().unwrap_or(Path::new(""));
            (self.portable(folder, path), id)
        }))
    }

    /// The names of the files that the manifest was read from.
    pub(crate) fn manifest_names(&self) -> impl Iterator<Item = String> {
        let paths = self.manifests.iter().map(|(path, _)| path);
        paths.map(|path| self.portable(path.parent().unwrap_or(Path::new("")), path))
    }

    /// A place in the text of `pack.json`: in a string, counted from 1 behind its first quote.
    pub(crate) fn place(&self, pointer: &[&str], column: usize, width: usize) -> Option<Place> {
        // The last file that has it wins, as it did when they were merged.
        self.manifests.iter().rev().find_map(|(path, _)| {
            let mut sources = Sources::new(path.parent().unwrap_or(Path::new("")));
            let (_, tree) = sources.load(path).ok()?;
            let mut node: &Node = &tree;
            for key in pointer {
                node = match key.parse::<usize>() {
                    Ok(index) => node.as_array()?.get(index)?,
                    Err(_) => node.get(key)?,
                };
            }
            let location = sources.location(node.span);
            let text = sources.file(node.span.file).line(location.line).to_owned();
            Some(Place {
                file: location.file,
                line: location.line,
                column: location.column + column,
                pointer: Some(format!("/{}", pointer.join("/"))),
                text,
                skipped: 0,
                width,
            })
        })
    }

    fn portable(&self, folder: &Path, file: &Path) -> String {
        let parent = folder.parent().unwrap_or(Path::new(""));
        portable(file, if self.apart { folder } else { parent }, self.apart)
    }
}
