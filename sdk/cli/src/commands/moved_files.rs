//! [`MovedFiles`]: the local files that a move deletes after its last transfer.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use tokio::task::{block_in_place, yield_now};

use super::moved_version::FileVersion;
use crate::action::{Action, Verb};
use crate::messages;
use crate::output::Output;

/// The copied files of a move. They are only deleted after the last transfer, because a file that is
/// not copied yet can be a link to one of them.
#[derive(Default)]
pub(super) struct MovedFiles(Mutex<Vec<MovedFile>>);

/// A file that is copied, or a link to a file.
struct MovedFile {
    path: PathBuf,
    version: FileVersion,
    /// `None` if the file itself is the operand.
    source: Option<Arc<MovedFolder>>,
}

/// The source folder of a move.
pub(super) struct MovedFolder {
    pub(super) path: PathBuf,
    /// Whether only a part of the folder is moved, so that the folder itself stays.
    pub(super) is_pattern: bool,
}

/// Deletes the files of a move, and reports them.
struct FileDeleter<'a> {
    output: &'a Output,
    is_dry: bool,
    /// Links to folders, which are reported once.
    links: HashSet<PathBuf>,
    /// Folders that may be empty now.
    folders: BTreeSet<PathBuf>,
}

impl MovedFiles {
    /// Adds a file that is copied. `source` is the folder that it was found in.
    pub(super) fn add(&self, path: &Path, version: FileVersion, source: Option<&Arc<MovedFolder>>) {
        let file = MovedFile {
            path: path.to_owned(),
            version,
            source: source.map(Arc::clone),
        };
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.push(file);
    }

    /// Deletes the files that have not changed since they were copied, and then the folders that are
    /// empty. Files below a link to a folder are not in the source folder, so they stay.
    pub(super) async fn delete_all(&self, output: &Output, is_dry: bool) {
        let files = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut deleter = FileDeleter {
            output,
            is_dry,
            links: HashSet::new(),
            folders: BTreeSet::new(),
        };
        // The version of a link is that of its destination, which may be one of the files.
        let (mut links, mut others) = (Vec::new(), Vec::new());
        for file in files {
            match block_in_place(|| file.path.is_symlink()) {
                true => links.push((block_in_place(|| deleter.check(&file)), file)),
                false => others.push(file),
            }
            yield_now().await;
        }
        for (checked, link) in links {
            block_in_place(|| deleter.delete(&link, checked));
            yield_now().await;
        }
        for file in others {
            block_in_place(|| deleter.delete(&file, deleter.check(&file)));
            // A signal can end the program between two files.
            yield_now().await;
        }
        // A folder is sorted before those in it. One that is not empty stays.
        for folder in deleter.folders.iter().rev() {
            let _ = block_in_place(|| std::fs::remove_dir(folder));
            yield_now().await;
        }
    }
}

impl FileDeleter<'_> {
    fn check(&self, file: &MovedFile) -> Result<()> {
        match self.is_dry {
            true => Ok(()),
            false => file.version.check(&file.path),
        }
    }

    /// Deletes a file after its check, and reports it.
    fn delete(&mut self, file: &MovedFile, checked: Result<()>) {
        if let Some(link) = file.link_above() {
            let text = messages::below_link(link.display());
            if self.links.insert(link) {
                self.output.error(&anyhow!(text));
            }
            return;
        }
        let path = file.path.display().to_string();
        let action = Action::new(Verb::Delete, &path);
        let removed = checked.and_then(|()| match self.is_dry {
            true => Ok(()),
            false => Ok(std::fs::remove_file(&file.path)?),
        });
        if let Err(error) = removed {
            let error = error.context(messages::not_deleted_source(&path));
            self.output.failed(&action, &error);
            return;
        }
        if !self.is_dry {
            self.folders.extend(file.folders().map(Path::to_owned));
        }
        self.output.action(&action);
    }
}

impl MovedFile {
    /// Returns the first link to a folder between the source folder and the file.
    fn link_above(&self) -> Option<PathBuf> {
        let source = self.source.as_deref()?;
        let parents = self.path.parent()?.strip_prefix(&source.path).ok()?;
        let mut folder = source.path.clone();
        parents.components().find_map(|name| {
            folder.push(name);
            folder.is_symlink().then(|| folder.clone())
        })
    }

    /// Returns the moved folders that contain the file.
    fn folders(&self) -> impl Iterator<Item = &Path> {
        let source = self.source.as_deref();
        let parents = self.path.ancestors().skip(1);
        parents.take_while(move |folder| source.is_some_and(|source| source.moves(folder)))
    }
}

impl MovedFolder {
    /// Returns whether a folder is moved as a whole.
    fn moves(&self, folder: &Path) -> bool {
        folder.starts_with(&self.path) && !(self.is_pattern && folder == self.path)
    }
}
