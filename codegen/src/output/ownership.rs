//! Decides which files in the output folder belong to the generator. Only those are replaced or
//! removed.

use std::collections::BTreeSet;
use std::path::Path;

use super::OutputError;
use super::lock::Lock;
use super::tree::{self, Entry};
use crate::render::has_header;
use crate::source::slashes;

/// A file that must be removed before another one can be written.
#[derive(Debug)]
pub(super) struct Obstacle {
    path: String,
    /// Path of the file to write.
    planned: String,
}

/// Returns the files that block a planned file, other than a file at its own path.
pub(super) fn obstacles(
    folder: &Path,
    planned: &str,
    on_disk: &Entry,
) -> Result<Vec<Obstacle>, OutputError> {
    let paths = match on_disk {
        Entry::Missing | Entry::File(_) => Vec::new(),
        Entry::BelowFile(file) => vec![file.clone()],
        Entry::Folder => tree::files_below(folder, planned)?,
    };
    let obstacle = |path| Obstacle {
        path,
        planned: planned.to_owned(),
    };
    Ok(paths.into_iter().map(obstacle).collect())
}

/// Determines the owner of files from the lock file.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The output folder.
    pub(super) folder: &'a Path,
    /// Lock file of the last run.
    pub(super) lock: Option<&'a Lock>,
}

impl Owner<'_> {
    /// Returns the files of earlier runs that this run does not write, sorted.
    ///
    /// # Errors
    ///
    /// Returns an error if such a file was edited.
    pub(super) fn orphans(
        self,
        is_planned: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, OutputError> {
        let known: BTreeSet<&String> = self.lock.into_iter().flat_map(Lock::paths).collect();
        let mut orphans = Vec::new();
        for path in known.into_iter().filter(|path| !is_planned(path)) {
            // Only regular files belong to the generator.
            let Some(bytes) = tree::read(self.folder, path)?.into_bytes() else {
                continue;
            };
            if !self.is_ours(path, &bytes, None) {
                return Err(self.in_the_way(
                    path,
                    "the last run wrote it, this run would remove it, and it was edited in the meantime (it has no `@generated` line of this pack, and its blob ID differs from the lock file); \
                     move it, and move it back after generating",
                ));
            }
            orphans.push(path.clone());
        }
        Ok(orphans)
    }

    /// Returns an error if the generator did not write the file in the place of a planned text.
    pub(super) fn check(
        self,
        path: &str,
        on_disk: &[u8],
        planned: &str,
    ) -> Result<(), OutputError> {
        if self.is_ours(path, on_disk, Some(planned)) {
            return Ok(());
        }
        let mut known = self.lock.into_iter().flat_map(Lock::paths);
        Err(self.in_the_way(
            path,
            if known.any(|known| known == path) {
                "it was edited by hand (it has no `@generated` line of this pack, and its blob ID differs from the lock file); move the changes to the template or elsewhere, delete it, and generate again"
            } else {
                "it was not generated (no `@generated` line of this pack, not in the lock file); move it or change \
                 `to` in pack.json"
            },
        ))
    }

    /// Returns an error for obstacles that are not removed anyway.
    pub(super) fn check_obstacles(
        self,
        obstacles: &[Obstacle],
        orphans: &[String],
    ) -> Result<(), OutputError> {
        let mut obstacles = obstacles.iter();
        let Some(obstacle) = obstacles.find(|obstacle| !orphans.contains(&obstacle.path)) else {
            return Ok(());
        };
        let message = format!(
            "it conflicts with `{}`, because one path has a folder where the other has a file; move \
             it or change `to` in pack.json",
            obstacle.planned
        );
        Err(self.in_the_way(&obstacle.path, &message))
    }

    /// Returns whether a file of the generator was edited since the last run.
    pub(super) fn is_edited(self, path: &str, bytes: &[u8]) -> bool {
        self.lock
            .is_some_and(|lock| lock.outputs.contains_key(path) && !lock.wrote(path, bytes))
    }

    /// Returns whether the generator wrote a file: the lock file lists it, or its header is that of
    /// the planned text, or names a template that the lock file lists for it. Other generators write
    /// `@generated`, too.
    fn is_ours(self, path: &str, bytes: &[u8], planned: Option<&str>) -> bool {
        if self.lock.is_some_and(|lock| lock.wrote(path, bytes)) {
            return true;
        }
        let first_line = |text: &[u8]| {
            let line = text.split(|byte| *byte == b'\n').next();
            String::from_utf8_lossy(line.unwrap_or_default())
                .trim_end()
                .to_owned()
        };
        let header = first_line(bytes);
        let listed = self.lock.and_then(|lock| lock.outputs.get(path));
        let mut templates = listed.into_iter().flat_map(|output| &output.inputs);
        let is_planned = planned.is_some_and(|planned| first_line(planned.as_bytes()) == header);
        has_header(bytes)
            && (is_planned
                || templates.any(|template| header.contains(&format!("@generated by {template}"))))
    }

    fn in_the_way(self, path: &str, message: &str) -> OutputError {
        OutputError::InTheWay {
            path: slashes(&self.folder.join(path)),
            message: message.to_owned(),
        }
    }
}
