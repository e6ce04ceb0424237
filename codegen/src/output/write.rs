//! Writes a plan: everything is on disk beside its place before anything is put in place.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::plan::Plan;
use super::{OutputError, Summary};
use crate::render::LOCK_NAME;

/// What the names of files begin with that are not yet in their place.
pub(super) const PREFIX: &str = ".codegen-";

/// No run takes as long.
const LEFT_BEHIND: Duration = Duration::from_secs(600);

impl Plan {
    /// Writes what changed, removes what is no longer made. Files that are right are not touched.
    ///
    /// # Errors
    ///
    /// A file can't be written: then none is replaced, unless the system fails between renames.
    pub fn write(&self) -> Result<Summary, OutputError> {
        self.remove_leftovers();
        let mut summary = Summary {
            unused_templates: self.unused_templates.clone(),
            ..Summary::default()
        };
        let mut staged = Vec::new();
        for (path, planned) in &self.files {
            if planned.on_disk.as_deref() == Some(planned.text.as_bytes()) {
                summary.unchanged += 1;
                continue;
            }
            let target = self.folder.join(path);
            staged.push((path, stage(&target, &planned.text)?, target));
        }
        // The lock last: should a rename fail, it still describes what was there before.
        staged.sort_by_key(|(path, _, _)| path.as_str() == LOCK_NAME);
        for (path, file, target) in staged {
            file.persist(&target)
                .map_err(|error| OutputError::io(&target, error.error))?;
            summary.written.push(path.clone());
        }
        for path in &self.orphans {
            let target = self.folder.join(path);
            std::fs::remove_file(&target).map_err(|error| OutputError::io(&target, error))?;
            self.remove_empty_folders(&target);
            summary.removed.push(path.clone());
        }
        Ok(summary)
    }

    /// Removes what a run left beside its place that was killed.
    fn remove_leftovers(&self) {
        let targets = self.files.keys().map(|path| self.folder.join(path));
        let mut folders: Vec<PathBuf> = targets
            .filter_map(|target| target.parent().map(Path::to_owned))
            .collect();
        folders.dedup();
        let entries = folders
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok());
        for entry in entries.flatten().flatten() {
            let name = entry.file_name();
            let is_ours = name.to_string_lossy().starts_with(PREFIX);
            // Another run may be at work: what is young may be its.
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            if is_ours && age.is_some_and(|age| age > LEFT_BEHIND) {
                let path = entry.path();
                // What can't be removed harms nobody: it is tried again in the next run.
                let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
            }
        }
    }

    /// Removes the folders that an orphan leaves empty, up to the output folder.
    fn remove_empty_folders(&self, orphan: &Path) {
        let folders = orphan.ancestors().skip(1);
        for folder in folders.take_while(|folder| *folder != self.folder) {
            // Fails for the first one that is not empty; all above it are not empty either.
            if std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// Writes a file as a whole or not at all.
pub(crate) fn write_whole(target: &Path, text: &str) -> Result<(), OutputError> {
    stage(target, text)?
        .persist(target)
        .map_err(|error| OutputError::io(target, error.error))?;
    Ok(())
}

/// Writes a file's text beside its place, with the rights that it has or that a new file gets.
fn stage(target: &Path, text: &str) -> Result<NamedTempFile, OutputError> {
    let folder = target
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_owned);
    let failed = |error| OutputError::io(target, error);
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(permissions(target));
    let mut file = builder.tempfile_in(&folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(file)
}

#[cfg(unix)]
fn permissions(target: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    // What a plain `File::create` asks for; the user's mask is applied to it.
    let usual = || std::fs::Permissions::from_mode(0o666);
    std::fs::metadata(target).map_or_else(|_| usual(), |metadata| metadata.permissions())
}
