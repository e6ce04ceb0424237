//! Compares a plan with the output folder: which files are outdated, and why.

use std::fmt;
use std::path::Path;

use similar::TextDiff;

use super::plan::{Plan, Planned, PlannedKind};
use crate::git_blob::{BlobId, with_line_feeds};
use crate::source::slashes;

/// A file that differs from the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Path of the file, including the output folder.
    pub path: String,
    /// Kind of difference.
    pub kind: StaleKind,
    /// Reason for the difference, as far as the lock file shows.
    pub why: String,
    /// A unified diff from the file on disk to the generated one.
    pub diff: String,
}

/// Kind of difference between a file and the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleKind {
    /// The file is missing.
    Missing,
    /// The file has other content.
    Differs,
    /// The file or folder should not exist.
    Orphan,
}

impl StaleKind {
    /// Returns what writing did to such a file, in the past tense, such as `changed`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Missing => "wrote",
            Self::Differs => "changed",
            Self::Orphan => "removed",
        }
    }
}

/// Returns advice for files with CRLF line endings, where the generator writes line feeds.
pub(crate) fn crlf_advice(folder: &Path) -> String {
    format!(
        "only its line endings differ: it has CRLF, probably from a git checkout; add the line `* text eol=lf` to {}",
        slashes(&folder.join(".gitattributes"))
    )
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is stale: {}", self.path, self.why)?;
        f.write_str(&self.diff)
    }
}

impl Plan {
    /// Returns all files that differ from the plan, in order. If there are none, the folder is up
    /// to date.
    pub(crate) fn compare(&self) -> Vec<Stale> {
        let mut stale: Vec<Stale> = self
            .files
            .iter()
            .filter_map(|(path, planned)| self.compare_file(path, planned))
            .collect();
        for path in &self.orphans {
            // The diff of an unreadable file is empty.
            let text = std::fs::read(self.folder.join(path)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            stale.push(Stale {
                path: self.name(path),
                kind: StaleKind::Orphan,
                why: "it is no longer generated".to_owned(),
                diff: diff(&self.name(path), &text, ""),
            });
        }
        stale.extend(self.abandoned.iter().map(|folder| Stale {
            path: slashes(folder),
            kind: StaleKind::Orphan,
            why: "a killed run left it".to_owned(),
            diff: String::new(),
        }));
        stale
    }

    fn compare_file(&self, path: &str, planned: &Planned) -> Option<Stale> {
        let on_disk = planned.on_disk.as_deref();
        if on_disk == Some(planned.text.as_bytes()) {
            return None;
        }
        let with_line_feeds = on_disk.and_then(with_line_feeds);
        if with_line_feeds.as_deref() == Some(planned.text.as_bytes()) {
            return Some(Stale {
                path: self.name(path),
                kind: StaleKind::Differs,
                why: crlf_advice(&self.folder),
                // A diff would show every line twice.
                diff: String::new(),
            });
        }
        let text = String::from_utf8_lossy(on_disk.unwrap_or_default());
        Some(Stale {
            path: self.name(path),
            kind: match on_disk {
                Some(_) => StaleKind::Differs,
                None => StaleKind::Missing,
            },
            why: self.why(path, planned),
            diff: diff(&self.name(path), &text, &planned.text),
        })
    }

    fn name(&self, path: &str) -> String {
        slashes(&self.folder.join(path))
    }

    fn why(&self, path: &str, planned: &Planned) -> String {
        let Some(on_disk) = &planned.on_disk else {
            return "it is missing".to_owned();
        };
        if planned.kind == PlannedKind::Sections {
            return "its section differs from the template's".to_owned();
        }
        let is_unfinished = self.old_lock.as_ref().is_some_and(|lock| {
            let is_lock = planned.kind == PlannedKind::Lock;
            lock.pending.contains_key(path) || is_lock && !lock.pending.is_empty()
        });
        if is_unfinished {
            return "a run ended before all files were written".to_owned();
        }
        let changed = self.changed_inputs();
        if planned.kind == PlannedKind::Lock {
            return match changed.as_slice() {
                [] => "its list of outputs differs".to_owned(),
                changed => format!("{} changed since", changed.join(", ")),
            };
        }
        let known = self
            .old_lock
            .as_ref()
            .and_then(|lock| lock.outputs.get(path));
        let Some(known) = known else {
            return "the lock file does not list it".to_owned();
        };
        if known.id != BlobId::of(on_disk) && known.id != BlobId::of_text(on_disk) {
            return "it was edited by hand (its blob ID differs from the lock file)".to_owned();
        }
        // Name the inputs of this file, if one of them changed, instead of all changed inputs.
        let own = changed.iter().filter(|name| known.inputs.contains(name));
        let own: Vec<String> = own.cloned().collect();
        match (own.as_slice(), changed.as_slice()) {
            ([], []) => "the generator or its formatter changed since".to_owned(),
            ([], all) => format!("{} changed since", all.join(", ")),
            (own, _) => format!("{} changed since", own.join(", ")),
        }
    }

    /// Returns the inputs that were added, removed or changed since the lock file was written.
    fn changed_inputs(&self) -> Vec<String> {
        let Some(old) = &self.old_lock else {
            return Vec::new();
        };
        let mut changed: Vec<String> = self
            .inputs
            .iter()
            .filter(|(name, id)| old.inputs.get(*name) != Some(*id))
            .map(|(name, _)| name.clone())
            .collect();
        let gone = old
            .inputs
            .keys()
            .filter(|name| !self.inputs.contains_key(*name));
        changed.extend(gone.cloned());
        changed
    }
}

fn diff(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&format!("{path} (on disk)"), &format!("{path} (generated)"))
        .to_string()
}
