//! Compares a plan with the folder: what is stale, why, and how to mend it.

use std::fmt;

use similar::TextDiff;

use super::plan::{Plan, Planned, PlannedKind};
use crate::blob::BlobId;
use crate::source::slashes;

/// A file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The file, with the output folder.
    pub path: String,
    /// How it differs.
    pub kind: StaleKind,
    /// Why, as far as the lock file tells.
    pub why: String,
    /// A unified diff from what is there to what should be.
    pub diff: String,
}

/// How a file differs from what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleKind {
    /// It is not there.
    Missing,
    /// It is something else.
    Differs,
    /// It should not be there.
    Orphan,
}

impl StaleKind {
    /// What is done to the file to mend it, in the past.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Missing => "wrote",
            Self::Differs => "changed",
            Self::Orphan => "removed",
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is stale: {}", self.path, self.why)?;
        f.write_str(&self.diff)
    }
}

impl Plan {
    /// All files that are not what they should be, in order. Empty: the folder is up to date.
    pub fn compare(&self) -> Vec<Stale> {
        let mut stale: Vec<Stale> = self
            .files
            .iter()
            .filter_map(|(path, planned)| self.compare_file(path, planned))
            .collect();
        for path in &self.orphans {
            // It goes whatever it holds: what can't be read is shown as nothing.
            let there = std::fs::read(self.folder.join(path)).unwrap_or_default();
            let there = String::from_utf8_lossy(&there);
            stale.push(Stale {
                path: self.name(path),
                kind: StaleKind::Orphan,
                why: "nothing makes it any more".to_owned(),
                diff: diff(&self.name(path), &there, ""),
            });
        }
        stale
    }

    fn compare_file(&self, path: &str, planned: &Planned) -> Option<Stale> {
        let there = planned.on_disk.as_deref();
        if there == Some(planned.text.as_bytes()) {
            return None;
        }
        let text = String::from_utf8_lossy(there.unwrap_or_default());
        Some(Stale {
            path: self.name(path),
            kind: match there {
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
        if known.id != BlobId::of(on_disk) {
            return "it was edited by hand (its blob id is not the lock file's)".to_owned();
        }
        // Its own inputs say more than the whole list, if one of them is the reason.
        let own = changed.iter().filter(|name| known.inputs.contains(name));
        let own: Vec<String> = own.cloned().collect();
        match (own.as_slice(), changed.as_slice()) {
            ([], []) => "the generator or its formatter changed since".to_owned(),
            ([], all) => format!("{} changed since", all.join(", ")),
            (own, _) => format!("{} changed since", own.join(", ")),
        }
    }

    /// Inputs that are new, gone or different since the lock file was written.
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
