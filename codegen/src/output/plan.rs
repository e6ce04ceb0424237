//! What the output folder should contain, and what it contains.

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

/// What the output folder should contain, and what it contains.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) folder: PathBuf,
    /// Whole files, files with sections, and the lock file: by path in the folder.
    pub(super) files: BTreeMap<String, Planned>,
    /// Files that an earlier run wrote and this one does not.
    pub(super) orphans: Vec<String>,
    /// Files that must go before planned files can be put in place, because a folder is needed
    /// where a file is, or a file where a folder is.
    pub(super) obstacles: Vec<Obstacle>,
    /// Scratch folders that a killed run left.
    pub(super) abandoned: Vec<PathBuf>,
    /// The lock file of the last run.
    pub(super) old_lock: Option<Lock>,
    /// What this run was made from.
    pub(super) inputs: Inputs,
    /// Templates that nothing uses.
    pub(super) unused_templates: Vec<String>,
}

/// One file.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) text: String,
    /// The bytes of the file on disk, if there is one.
    pub(super) on_disk: Option<Vec<u8>>,
    pub(super) kind: PlannedKind,
}

/// A file on its way to being planned.
struct Draft<'r> {
    file: &'r RenderedFile,
    /// None until it is formatted.
    text: Option<String>,
    on_disk: Entry,
}

/// Who owns a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlannedKind {
    /// The generator owns all of it.
    Whole,
    /// The generator owns sections of it.
    Sections,
    /// The lock file.
    Lock,
}

impl Plan {
    /// Formats the rendered files, except those that the folder contains already.
    ///
    /// # Errors
    ///
    /// The folder can't be read or contains files in the way, or the formatter fails.
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
            // The next run with the formatter must not take these files for formatted.
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

    /// Finds the files that are removed, and refuses to remove or replace what the generator did
    /// not write.
    fn check_owners(&mut self) -> Result<(), OutputError> {
        let lock = self.old_lock.as_ref();
        let folder = &self.folder;
        let owner = Owner { folder, lock };
        self.orphans = owner.orphans(|path| self.files.contains_key(path))?;
        for (path, planned) in &self.files {
            let on_disk = planned.on_disk.as_deref();
            let on_disk = on_disk.filter(|bytes| *bytes != planned.text.as_bytes());
            if let (PlannedKind::Whole, Some(bytes)) = (planned.kind, on_disk) {
                owner.check(path, bytes)?;
            }
        }
        owner.check_obstacles(&self.obstacles, &self.orphans)
    }

    /// Formats the drafts that have no text yet.
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

    /// Adds the lock file; a pack that only makes sections has none.
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

    /// The formatted text on disk, if the rendered text was formatted to it: by the required
    /// command, if there is one.
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

/// Returns the names of the files that an output was made from first of all.
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
