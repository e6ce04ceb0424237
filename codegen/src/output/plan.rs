//! The plan of a run: wanted and existing contents of the output folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::formatter::{self, Formatting};
use super::lock::{Inputs, Lock, Output};
use super::ownership::{self, Obstacle, Owner};
use super::tree::{self, Entry};
use super::{OutputError, marked_section, scratch};
use crate::git_blob::{BlobId, with_line_feeds};
use crate::pack::Pack;
use crate::render::{LOCK_NAME, Rendered, RenderedFile};

/// The wanted and the existing contents of the output folder.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) folder: PathBuf,
    /// All files by path: whole files, files with sections, and the lock file.
    pub(super) files: BTreeMap<String, Planned>,
    /// Files of an earlier run that this run does not write.
    pub(super) orphans: Vec<String>,
    /// Files that were edited since the last run, and that this run replaces or removes.
    pub(super) edited: Vec<String>,
    /// Files to remove before planned files can be written, because a folder is needed in the place
    /// of a file, or a file in the place of a folder.
    pub(super) obstacles: Vec<Obstacle>,
    /// Scratch folders of killed runs.
    pub(super) abandoned: Vec<PathBuf>,
    /// Lock file of the last run.
    pub(super) old_lock: Option<Lock>,
    /// Inputs of this run.
    pub(super) inputs: Inputs,
    /// Templates that nothing uses.
    pub(super) unused_templates: Vec<String>,
}

/// A planned file.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) text: String,
    /// Bytes of the existing file, if there is one.
    pub(super) on_disk: Option<Vec<u8>>,
    pub(super) kind: PlannedKind,
}

/// A file whose text is not final yet.
struct Draft<'r> {
    file: &'r RenderedFile,
    /// `None` until the file is formatted.
    text: Option<String>,
    on_disk: Entry,
}

/// Ownership of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlannedKind {
    /// The generator owns the file.
    Whole,
    /// The generator owns sections of the file.
    Sections,
    /// The lock file.
    Lock,
}

impl Plan {
    /// Formats the rendered files, except those that are on disk already.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be read or contains files that are in the way, or if
    /// the formatter fails.
    pub(crate) fn new(
        rendered: Rendered,
        pack: &Pack,
        inputs: Inputs,
        folder: &Path,
        formatting: Formatting,
    ) -> Result<Self, OutputError> {
        let old_lock = Lock::read(folder)?;
        let mut plan = Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            orphans: Vec::new(),
            edited: Vec::new(),
            abandoned: scratch::abandoned(folder),
            obstacles: Vec::new(),
            old_lock,
            inputs,
            unused_templates: rendered.unused_templates,
        };
        plan.add_files(&rendered.files, pack, formatting)?;
        for (path, text, on_disk) in marked_section::put_in_place(&rendered.sections, folder)? {
            let kind = PlannedKind::Sections;
            plan.files.insert(
                path,
                Planned {
                    text,
                    on_disk,
                    kind,
                },
            );
        }
        plan.check_owners()?;
        Ok(plan)
    }

    fn add_files(
        &mut self,
        files: &[RenderedFile],
        pack: &Pack,
        formatting: Formatting,
    ) -> Result<(), OutputError> {
        let command = &pack.manifest.formatter;
        let mut drafts = Vec::with_capacity(files.len());
        for file in files {
            let on_disk = tree::read(&self.folder, &file.path)?;
            self.obstacles
                .extend(ownership::obstacles(&self.folder, &file.path, &on_disk)?);
            let mut text = None;
            if !formats(pack, &file.path) {
                text = Some(file.text.clone());
            } else if let Entry::File(bytes) = &on_disk {
                let required = formatting.enabled.then_some(command.as_slice());
                text = self.still_formatted(file, required, bytes);
            }
            drafts.push(Draft {
                file,
                text,
                on_disk,
            });
        }
        let mut lock = Lock::new(command.clone(), self.inputs.clone());
        if formatting.enabled {
            self.format(&mut drafts, command, formatting)?;
        } else if drafts.iter().any(|draft| draft.text.is_none()) {
            // The next run with the formatter must format these files.
            lock.formatter.clear();
        } else if let Some(old) = &self.old_lock {
            lock.formatter.clone_from(&old.formatter);
        }
        for draft in drafts {
            let file = draft.file;
            let text = draft.text.unwrap_or_else(|| file.text.clone());
            let output = Output {
                id: BlobId::of(text.as_bytes()),
                rendered: BlobId::of(file.text.as_bytes()),
                inputs: inputs_of(file, pack),
            };
            lock.outputs.insert(file.path.clone(), output);
            let planned = Planned {
                text,
                on_disk: draft.on_disk.into_bytes(),
                kind: PlannedKind::Whole,
            };
            self.files.insert(file.path.clone(), planned);
        }
        self.add_lock(&lock)
    }

    /// Finds the files to remove. Returns an error if a file to remove or replace does not belong
    /// to the generator.
    fn check_owners(&mut self) -> Result<(), OutputError> {
        let lock = self.old_lock.as_ref();
        let folder = &self.folder;
        let owner = Owner { folder, lock };
        self.orphans = owner.orphans(|path| self.files.contains_key(path))?;
        for path in &self.orphans {
            let bytes = tree::read(folder, path)?.into_bytes();
            if bytes.is_some_and(|bytes| owner.is_edited(path, &bytes)) {
                self.edited.push(path.clone());
            }
        }
        for (path, planned) in &self.files {
            let on_disk = planned.on_disk.as_deref();
            let on_disk = on_disk.filter(|bytes| *bytes != planned.text.as_bytes());
            if let (PlannedKind::Whole, Some(bytes)) = (planned.kind, on_disk) {
                owner.check(path, bytes, &planned.text)?;
                if owner.is_edited(path, bytes) {
                    self.edited.push(path.clone());
                }
            }
        }
        owner.check_obstacles(&self.obstacles, &self.orphans)
    }

    /// Formats the files without a final text.
    fn format(
        &self,
        drafts: &mut [Draft<'_>],
        command: &[String],
        formatting: Formatting,
    ) -> Result<(), OutputError> {
        let open = || drafts.iter().filter(|draft| draft.text.is_none());
        let wanted: Vec<&RenderedFile> = open().map(|draft| draft.file).collect();
        let formatted = formatter::format(command, &wanted, &self.folder, formatting.time_limit)?;
        let open = drafts.iter_mut().filter(|draft| draft.text.is_none());
        for (draft, text) in open.zip(formatted) {
            draft.text = Some(text);
        }
        Ok(())
    }

    /// Adds the lock file. A pack with sections only has none.
    fn add_lock(&mut self, lock: &Lock) -> Result<(), OutputError> {
        if lock.outputs.is_empty() && self.old_lock.is_none() {
            return Ok(());
        }
        let planned = Planned {
            text: lock.to_text(),
            on_disk: tree::read(&self.folder, LOCK_NAME)?.into_bytes(),
            kind: PlannedKind::Lock,
        };
        self.files.insert(LOCK_NAME.to_owned(), planned);
        Ok(())
    }

    /// Returns the text on disk if it is the formatted version of the rendered text. The formatter
    /// must be the same, unless no formatter runs.
    fn still_formatted(
        &self,
        file: &RenderedFile,
        required: Option<&[String]>,
        on_disk: &[u8],
    ) -> Option<String> {
        let lock = self.old_lock.as_ref()?;
        if required.is_some_and(|command| lock.formatter != command) {
            return None;
        }
        let known = lock.outputs.get(&file.path)?;
        if known.rendered != BlobId::of(file.text.as_bytes()) {
            return None;
        }
        if known.id == BlobId::of(on_disk) {
            return String::from_utf8(on_disk.to_vec()).ok();
        }
        let text = with_line_feeds(on_disk).filter(|text| known.id == BlobId::of(text))?;
        String::from_utf8(text).ok()
    }
}

/// Returns the names of the main inputs of an output.
fn inputs_of(file: &RenderedFile, pack: &Pack) -> Vec<String> {
    let entries: Vec<&str> = pack
        .manifest
        .files
        .iter()
        .map(|rule| rule.template.as_str())
        .collect();
    let partials = pack
        .templates
        .keys()
        .filter(|name| !entries.contains(&name.as_str()));
    let mut inputs: Vec<String> = partials.map(|name| pack.template_name(name)).collect();
    inputs.extend(pack.manifest_names());
    inputs.push(pack.template_name(&file.template));
    inputs.push(file.spec.clone());
    inputs.sort();
    inputs.dedup();
    inputs
}

fn formats(pack: &Pack, path: &str) -> bool {
    let extension = Path::new(path).extension().unwrap_or_default();
    let mut extensions = pack.manifest.formatter_extensions.iter();
    !pack.manifest.formatter.is_empty() && extensions.any(|known| extension == known.as_str())
}
