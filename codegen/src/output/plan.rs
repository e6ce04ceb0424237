//! What the output folder should hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::lock::{Inputs, Lock, Output};
use super::{OutputError, format, section};
use crate::blob::BlobId;
use crate::pack::Pack;
use crate::render::{LOCK_NAME, Rendered, RenderedFile};

/// What the output folder should hold, and what it holds.
#[derive(Debug)]
pub struct Plan {
    pub(super) folder: PathBuf,
    /// Whole files, sections put in place, and the lock file: by path in the folder.
    pub(super) files: BTreeMap<String, Planned>,
    /// Files that the last run made and this one does not.
    pub(super) orphans: Vec<String>,
    /// The lock file of the last run.
    pub(super) old_lock: Option<Lock>,
    /// What this run was made from.
    pub(super) inputs: Inputs,
    /// Templates that are no part of anything.
    pub(super) unused_templates: Vec<String>,
}

/// One file.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) text: String,
    /// What is there now.
    pub(super) on_disk: Option<Vec<u8>>,
    pub(super) kind: PlannedKind,
}

/// A file on its way to being planned.
struct Draft<'r> {
    file: &'r RenderedFile,
    /// None until it is formatted.
    text: Option<String>,
    on_disk: Option<Vec<u8>>,
}

/// What a file is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlannedKind {
    /// Ours as a whole.
    Whole,
    /// Somebody else's, with sections of ours.
    Sections,
    /// The lock file.
    Lock,
}

impl Plan {
    /// Formats what was rendered, as far as the folder does not hold it already.
    ///
    /// # Errors
    ///
    /// The folder can't be read, or the formatter fails.
    pub fn new(
        rendered: Rendered,
        pack: &Pack,
        inputs: Inputs,
        folder: &Path,
    ) -> Result<Self, OutputError> {
        let old_lock = Lock::read(folder)?;
        let mut plan = Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            orphans: Vec::new(),
            old_lock,
            inputs,
            unused_templates: rendered.unused_templates,
        };
        plan.add_files(&rendered.files, pack)?;
        for (path, text, on_disk) in section::put_in_place(&rendered.sections, folder)? {
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
        Ok(plan)
    }

    fn add_files(&mut self, files: &[RenderedFile], pack: &Pack) -> Result<(), OutputError> {
        let command = &pack.manifest.formatter;
        let mut drafts = Vec::with_capacity(files.len());
        for file in files {
            let on_disk = read(&self.folder.join(&file.path))?;
            self.check_way(&file.path, on_disk.as_deref())?;
            let known = self.still_formatted(file, command, on_disk.as_deref());
            let plain = || (!formats(pack, &file.path)).then(|| file.text.clone());
            drafts.push(Draft {
                file,
                text: known.or_else(plain),
                on_disk,
            });
        }
        self.format(&mut drafts, command)?;
        let mut lock = Lock::new(command.clone(), self.inputs.clone());
        for draft in drafts {
            let (file, text) = (draft.file, draft.text.unwrap_or_default());
            let output = Output {
                id: BlobId::of(text.as_bytes()),
                rendered: BlobId::of(file.text.as_bytes()),
                inputs: inputs_of(file, pack),
            };
            lock.outputs.insert(file.path.clone(), output);
            let planned = Planned {
                text,
                on_disk: draft.on_disk,
                kind: PlannedKind::Whole,
            };
            self.files.insert(file.path.clone(), planned);
        }
        self.finish(lock)
    }

    /// Gives the drafts their texts that have none yet.
    fn format(&self, drafts: &mut [Draft<'_>], command: &[String]) -> Result<(), OutputError> {
        let open = || drafts.iter().filter(|draft| draft.text.is_none());
        let wanted: Vec<&RenderedFile> = open().map(|draft| draft.file).collect();
        let formatted = format::format(command, &wanted, &self.folder)?;
        let open = drafts.iter_mut().filter(|draft| draft.text.is_none());
        for (draft, text) in open.zip(formatted) {
            draft.text = Some(text);
        }
        Ok(())
    }

    /// Adds the lock file; a pack that makes sections alone has none.
    fn finish(&mut self, lock: Lock) -> Result<(), OutputError> {
        if lock.outputs.is_empty() && self.old_lock.is_none() {
            return Ok(());
        }
        let old = self.old_lock.iter().flat_map(|lock| lock.outputs.keys());
        self.orphans = old
            .filter(|path| !self.files.contains_key(*path))
            .filter(|path| self.folder.join(path).symlink_metadata().is_ok())
            .cloned()
            .collect();
        let planned = Planned {
            text: lock.to_text(),
            on_disk: read(&self.folder.join(LOCK_NAME))?,
            kind: PlannedKind::Lock,
        };
        self.files.insert(LOCK_NAME.to_owned(), planned);
        Ok(())
    }

    /// The formatted text on disk, if it is what this rendering was formatted to.
    fn still_formatted(
        &self,
        file: &RenderedFile,
        command: &[String],
        on_disk: Option<&[u8]>,
    ) -> Option<String> {
        let lock = self
            .old_lock
            .as_ref()
            .filter(|lock| lock.formatter == command)?;
        let known = lock.outputs.get(&file.path)?;
        let bytes = on_disk?;
        let same =
            known.rendered == BlobId::of(file.text.as_bytes()) && known.id == BlobId::of(bytes);
        if !same {
            return None;
        }
        String::from_utf8(bytes.to_vec()).ok()
    }

    /// Refuses to overwrite what somebody wrote by hand.
    fn check_way(&self, path: &str, on_disk: Option<&[u8]>) -> Result<(), OutputError> {
        let Some(bytes) = on_disk else {
            return Ok(());
        };
        let listed = self
            .old_lock
            .as_ref()
            .is_some_and(|lock| lock.outputs.contains_key(path));
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let marked = String::from_utf8_lossy(first).contains("@generated by ");
        if listed || marked {
            return Ok(());
        }
        let path = crate::source::slashes(&self.folder.join(path));
        Err(OutputError::InTheWay { path })
    }
}

/// The names of the files that an output was made from first of all.
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

/// The bytes of a file, none if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, OutputError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OutputError::io(path, error)),
    }
}
