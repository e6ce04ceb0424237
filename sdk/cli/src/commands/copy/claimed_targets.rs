//! [`ClaimedTargets`]: the targets of one command, each of which belongs to one source.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use qingstor_sdk::folder_ignores_case;

use crate::location::Location;
use crate::messages;

/// Targets with their sources.
pub(in crate::commands) struct ClaimedTargets {
    /// The targets by their text in lower case.
    claimed: HashMap<String, Vec<ClaimedTarget>>,
    /// The folder for local targets.
    folder: Option<PathBuf>,
    may_write: bool,
    /// Whether the folder ignores case, once it is known.
    ignores_case: Option<bool>,
}

struct ClaimedTarget {
    target: String,
    source: String,
}

impl ClaimedTargets {
    /// `folder`: where the targets are. `may_write`: whether a temporary file may be created there.
    pub(super) fn new(folder: &Location, may_write: bool) -> Self {
        let folder = match folder {
            Location::Local(path) => Some(path.clone()),
            Location::Remote(_) | Location::Stdio => None,
        };
        Self {
            claimed: HashMap::new(),
            ignores_case: folder.is_none().then_some(false),
            folder,
            may_write,
        }
    }

    /// Adds a target.
    ///
    /// # Errors
    ///
    /// Returns an error if another source has it.
    pub(in crate::commands) fn add(&mut self, target: &str, source: &str) -> Result<()> {
        let claimed = self.claimed.entry(target.to_lowercase()).or_default();
        let mut same = claimed.iter().find(|claimed| claimed.target == target);
        if same.is_none() && !claimed.is_empty() {
            // The names differ in case.
            let ignores_case = *self.ignores_case.get_or_insert_with(|| {
                let folder = self.folder.as_ref();
                folder.is_some_and(|folder| folder_ignores_case(folder, self.may_write))
            });
            same = claimed.first().filter(|_| ignores_case);
        }
        if let Some(same) = same {
            return Err(anyhow!(match same.target == target {
                true => messages::would_overwrite(target, &same.source),
                false => messages::would_overwrite_other_case(&same.target, &same.source),
            }));
        }
        claimed.push(ClaimedTarget {
            target: target.to_owned(),
            source: source.to_owned(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(targets: &mut ClaimedTargets, target: &str, source: &str) -> Option<String> {
        targets
            .add(target, source)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn targets_differ_in_case_unless_the_folder_ignores_it() {
        let local = Location::Local("folder".into());
        let other_case = "folder/A is the same file, and the target of 1";
        for (ignores_case, second) in [(false, None), (true, Some(other_case))] {
            let mut targets = ClaimedTargets::new(&local, false);
            targets.ignores_case = Some(ignores_case);
            assert_eq!(add(&mut targets, "folder/A", "1"), None);
            let found = add(&mut targets, "folder/a", "2");
            assert_eq!(found.as_deref(), second);
            let equal = add(&mut targets, "folder/A", "3");
            assert_eq!(equal.unwrap(), "folder/A is also the target of 1");
            assert_eq!(add(&mut targets, "folder/b", "4"), None);
        }
    }

    #[test]
    fn keys_differ_in_case() {
        let remote = Location::parse("qs://bucket/folder/").unwrap();
        let mut targets = ClaimedTargets::new(&remote, true);
        assert_eq!(add(&mut targets, "qs://bucket/folder/A", "1"), None);
        assert_eq!(add(&mut targets, "qs://bucket/folder/a", "2"), None);
    }

    #[test]
    fn the_folder_is_asked_only_about_names_that_differ_in_case() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("123");
        let mut targets = ClaimedTargets::new(&Location::Local(new.clone()), true);
        assert_eq!(add(&mut targets, "123/A", "1"), None);
        assert_eq!(add(&mut targets, "123/B", "2"), None);
        assert!(!new.exists());
        let other = add(&mut targets, "123/b", "3");
        std::fs::create_dir_all(&new).unwrap();
        std::fs::write(new.join("x"), "").unwrap();
        assert_eq!(other.is_some(), new.join("X").exists());
    }
}
