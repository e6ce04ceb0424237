//! Writes a plan.
//!
//! Every file is complete in a scratch folder before the output folder changes. The steps that
//! change it have an order in which the lock file is correct after each step, because a run can be
//! killed between any two. See [`lock`](super::lock).

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::plan::{Plan, Planned, PlannedKind};
use super::scratch::{self, Scratch};
use super::{OutputError, Summary, tree};
use crate::git_blob::BlobId;
use crate::render::LOCK_NAME;

/// A change of the output folder.
enum Step<'p> {
    /// Removes a file, and the folders that become empty.
    Remove(&'p str),
    /// Removes the empty folders that a killed run may have created for a file.
    RemoveFolders(&'p str),
    /// Moves a file from the scratch folder to its place.
    Put { staged: PathBuf, path: &'p str },
}

impl Plan {
    /// Writes the changed files, and removes files that are no longer rendered. Does not touch
    /// other files.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be written. Then no file is replaced, unless the system
    /// fails while complete files are moved to their place. The next run repairs that.
    pub(crate) fn write(&self) -> Result<Summary, OutputError> {
        self.abandoned
            .iter()
            .for_each(|folder| scratch::remove(folder));
        scratch::remove_empty(&self.folder);
        let changed = self.changed();
        let summary = Summary {
            written: changed.iter().map(|(path, _)| path.to_string()).collect(),
            unchanged: self.files.len() - changed.len(),
            removed: self.orphans.clone(),
            edited: self.edited.clone(),
            unused_templates: self.unused_templates.clone(),
        };
        if !changed.is_empty() || !self.orphans.is_empty() {
            let scratch = Scratch::new(&self.folder)?;
            for step in self.steps(&changed, scratch.path())? {
                step.run(&self.folder)?;
            }
        }
        Ok(summary)
    }

    /// Returns the files that a killed run planned but did not write, and that this run does not
    /// write either. Their folders can exist.
    fn abandoned_files(&self) -> impl Iterator<Item = &String> {
        let pending = self.old_lock.iter().flat_map(|lock| lock.pending.keys());
        pending.filter(|path| !self.files.contains_key(*path) && !self.orphans.contains(path))
    }

    /// Returns the files to write, the lock file last.
    fn changed(&self) -> Vec<(&str, &Planned)> {
        // On a case-insensitive file system, removing an orphan also removes these.
        let removed: HashSet<String> = self
            .orphans
            .iter()
            .map(|path| path.to_lowercase())
            .collect();
        let is_removed = |path: &str| !removed.is_empty() && removed.contains(&path.to_lowercase());
        let files = self.files.iter().filter(|(path, planned)| {
            let is_same = planned.on_disk.as_deref() == Some(planned.text.as_bytes());
            !is_same || is_removed(path)
        });
        let mut changed: Vec<_> = files
            .map(|(path, planned)| (path.as_str(), planned))
            .collect();
        changed.sort_by_key(|(_, planned)| planned.kind == PlannedKind::Lock);
        changed
    }

    /// Stages the changed files. Returns the steps that move them to their place.
    fn steps<'p>(
        &'p self,
        changed: &[(&'p str, &Planned)],
        scratch: &Path,
    ) -> Result<Vec<Step<'p>>, OutputError> {
        let mut steps = Vec::new();
        if let Some(lock) = self.intermediate_lock(changed) {
            let staged = scratch.join("lock");
            stage(&staged, &lock.to_text(), &self.folder.join(LOCK_NAME))?;
            let path = LOCK_NAME;
            steps.push(Step::Put { staged, path });
        }
        steps.extend(self.orphans.iter().map(|path| Step::Remove(path)));
        let abandoned = self.abandoned_files();
        steps.extend(abandoned.map(|path| Step::RemoveFolders(path)));
        for (index, (path, planned)) in changed.iter().enumerate() {
            let staged = scratch.join(index.to_string());
            stage(&staged, &planned.text, &self.folder.join(path))?;
            steps.push(Step::Put { staged, path });
        }
        Ok(steps)
    }

    /// Returns the lock file to write before the steps: it lists the files of the last run and of
    /// this run. Returns `None` if the existing lock file lists them all.
    fn intermediate_lock(&self, changed: &[(&str, &Planned)]) -> Option<Lock> {
        let whole = changed
            .iter()
            .filter(|(_, planned)| planned.kind == PlannedKind::Whole);
        let listed = self.old_lock.clone();
        let mut lock = listed.unwrap_or_else(|| Lock::new(Vec::new(), self.inputs.clone()));
        let mut has_more = false;
        for (path, planned) in whole {
            let text = planned.text.as_bytes();
            if !lock.wrote(path, text) {
                let ids = lock.pending.entry((*path).to_owned()).or_default();
                ids.insert(BlobId::of(text));
                has_more = true;
            }
        }
        has_more.then_some(lock)
    }
}

impl Step<'_> {
    fn run(&self, folder: &Path) -> Result<(), OutputError> {
        match self {
            Self::Remove(path) => {
                let place = folder.join(path);
                match fs::remove_file(&place) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(OutputError::io(&place, error));
                    }
                    _ => remove_empty_folders(&place, folder),
                }
                Ok(())
            }
            Self::RemoveFolders(path) => {
                remove_empty_folders(&folder.join(path), folder);
                Ok(())
            }
            Self::Put { staged, path } => {
                let place = folder.join(path);
                let failed = |error| OutputError::io(&place, error);
                if place.is_dir() {
                    tree::remove_empty_folders_below(&place);
                }
                let parent = place.parent().unwrap_or(folder);
                fs::create_dir_all(parent).map_err(failed)?;
                fs::rename(staged, &place).map_err(failed)
            }
        }
    }
}

/// Removes the folders that become empty after a file is removed, up to the output folder.
fn remove_empty_folders(removed: &Path, output_folder: &Path) {
    let folders = removed.ancestors().skip(1);
    for folder in folders.take_while(|folder| *folder != output_folder) {
        // Fails for the first folder that is not empty. Its ancestors are not empty either.
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// Writes a text to the scratch folder, with the permissions of the file that it replaces.
fn stage(staged: &Path, text: &str, target: &Path) -> Result<(), OutputError> {
    let failed = |error| OutputError::io(target, error);
    fs::write(staged, text).map_err(failed)?;
    if cfg!(unix)
        && let Ok(metadata) = fs::metadata(target)
        && metadata.is_file()
    {
        fs::set_permissions(staged, metadata.permissions()).map_err(failed)?;
    }
    Ok(())
}

/// Writes a file completely or not at all.
pub(crate) fn write_whole(target: &Path, text: &str) -> Result<(), OutputError> {
    let failed = |error| OutputError::io(target, error);
    let folder = target.parent().unwrap_or(Path::new("."));
    let scratch = Scratch::new(folder)?;
    let staged = scratch.path().join("file");
    stage(&staged, text, target)?;
    fs::rename(staged, target).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Formatting, Inputs};
    use crate::pack::Pack;
    use crate::render::{Rendered, RenderedFile};

    /// Two sets of outputs: equal files, changed files, and files that are only in one set.
    const OLD: &[(&str, &str)] = &[
        ("a", "1"),
        ("b", "1"),
        ("c/d/e", "1"),
        ("f", "1"),
        ("g/h", "1"),
    ];
    const NEW: &[(&str, &str)] = &[
        ("a", "1"),
        ("b", "2"),
        ("c/d", "2"),
        ("F", "2"),
        ("i/j/k", "2"),
    ];

    fn plan(folder: &Path, files: &[(&str, &str)]) -> Plan {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/minimal");
        let pack = Pack::load(&pack, &[]).unwrap();
        let file = |(path, text): &(&str, &str)| RenderedFile {
            path: (*path).to_owned(),
            template: "t.tera".to_owned(),
            spec: "api.json".to_owned(),
            text: (*text).to_owned(),
        };
        let rendered = Rendered {
            files: files.iter().map(file).collect(),
            ..Rendered::default()
        };
        Plan::new(
            rendered,
            &pack,
            Inputs::new(),
            folder,
            Formatting::default(),
        )
        .unwrap()
    }

    /// Writes until a number of steps is done, like a killed run. Returns whether there are more
    /// steps.
    fn write_some(plan: &Plan, steps: usize) -> bool {
        let scratch = Scratch::new(&plan.folder).unwrap();
        let all = plan.steps(&plan.changed(), scratch.path()).unwrap();
        for step in all.iter().take(steps) {
            step.run(&plan.folder).unwrap();
        }
        steps < all.len()
    }

    fn paths(folder: &Path) -> Vec<String> {
        let mut paths = tree::files_below(folder, ".").unwrap();
        paths.sort();
        paths
    }

    #[test]
    fn a_run_killed_after_any_step_is_repaired() {
        for (before, killed, next) in [
            (&[][..], NEW, NEW),
            (&[], NEW, OLD),
            (&[], NEW, &[("z", "3")]),
            (OLD, NEW, NEW),
            (OLD, NEW, OLD),
            (OLD, NEW, &[("z", "3")]),
            (NEW, OLD, NEW),
        ] {
            let expected = tempfile::tempdir().unwrap();
            plan(expected.path(), next).write().unwrap();
            for steps in 0.. {
                let folder = tempfile::tempdir().unwrap();
                let folder = folder.path();
                fs::write(folder.join("by-hand"), "mine").unwrap();
                plan(folder, before).write().unwrap();
                let has_more = write_some(&plan(folder, killed), steps);
                // The second run is killed as well.
                write_some(&plan(folder, OLD), steps % 4);

                let repair = plan(folder, next);
                let stale = repair.compare();
                repair.write().unwrap();
                assert_eq!(plan(folder, next).compare(), [], "{steps} steps");
                fs::remove_file(folder.join("by-hand")).unwrap();
                assert_eq!(paths(folder), paths(expected.path()), "{steps} steps");
                for path in ["c", "g", "i"] {
                    let is_there = expected.path().join(path).exists();
                    assert_eq!(
                        folder.join(path).exists(),
                        is_there,
                        "{path}, {steps} steps"
                    );
                }
                if steps % 4 > 0 && next != OLD {
                    assert_ne!(stale, [], "{steps} steps");
                }
                if !has_more {
                    break;
                }
            }
        }
    }
}
