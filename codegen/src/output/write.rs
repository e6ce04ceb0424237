//! Writes a plan: everything is on disk beside its place before anything is put in place.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::plan::Plan;
use super::{OutputError, Summary};
use crate::render::LOCK_NAME;

impl Plan {
    /// Writes what changed, removes what is no longer made. Files that are right are not touched.
    ///
    /// # Errors
    ///
    /// A file can't be written: then none is replaced, unless the system fails between renames.
    pub fn write(&self) -> Result<Summary, OutputError> {
        let mut summary = Summary::default();
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
    builder.prefix(".codegen-");
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
