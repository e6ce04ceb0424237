//! [`Merger`]: compares two sorted sequences of entries, path by path. Pure.

use super::action::SkipReason;
use super::compare::Version;
use super::entry::{Entry, EntryKind};
use super::file_name::fold_case;

/// Decision about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Skip {
        path: String,
        reason: SkipReason,
    },
    /// Only the source has the file.
    New {
        path: String,
        source: Version,
    },
    /// Only the source has the folder or the marker object.
    NewFolder {
        path: String,
        is_empty: bool,
    },
    /// Both sides have the file.
    Both {
        path: String,
        source: Version,
        target: Version,
    },
    /// Only the target has the path. Folders end in `/` and follow what they contain.
    Delete {
        path: String,
    },
}

/// Settings of a merge.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MergeOptions {
    /// Whether the target is a local folder, in which a file and a folder cannot have one name.
    pub(super) target_is_local: bool,
    pub(super) delete: bool,
    /// Whether paths of the target that differ only in case are one file.
    pub(super) ignores_case: bool,
}

impl MergeOptions {
    /// Returns whether `path` starts with `prefix`.
    fn starts_with(self, path: &str, prefix: &str) -> bool {
        match self.ignores_case {
            true => fold_case(path).starts_with(&fold_case(prefix)),
            false => path.starts_with(prefix),
        }
    }

    /// Returns whether `path` is `name`, or below it.
    fn is_at_or_below(self, path: &str, name: &str) -> bool {
        let is_below = |path: &str, name: &str| {
            let rest = path.strip_prefix(name.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.ignores_case {
            true => is_below(&fold_case(path), &fold_case(name)),
            false => is_below(path, name),
        }
    }

    /// Returns whether a later path can still be at or below `name`, if `path` is the current one.
    fn can_follow(self, path: &str, name: &str) -> bool {
        self.starts_with(path, name.trim_end_matches('/'))
    }
}

/// Pairs the entries of source and target, which arrive in the byte order of their paths, or of their
/// paths in lower case. Remembers only names that are a prefix of the current path, so the memory is
/// bounded by its length.
pub(super) struct Merger {
    options: MergeOptions,
    /// Number of files and objects in the source.
    source_files: u64,
    /// Path of the last file or folder of the source.
    previous: Option<String>,
    /// Paths of the source that were not read, and whether that was reported.
    unread: Vec<(String, bool)>,
    /// Paths of the target in which nothing can be stored, and why.
    blocked: Vec<(String, Option<SkipReason>)>,
    /// Files of the source, in which no other file can be stored.
    files: Vec<String>,
    /// Local folders that only the target has, and that contain the current path.
    extra_folders: Vec<ExtraFolder>,
}

/// A folder that only the target has. It is deleted, unless something in it is kept.
struct ExtraFolder {
    path: String,
    is_kept: bool,
}

/// Which side has the next path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextSide {
    Source,
    Target,
    Both,
    End,
}

impl NextSide {
    pub(super) fn of(source: Option<&Entry>, target: Option<&Entry>, ignores_case: bool) -> Self {
        use std::cmp::Ordering;
        match (source, target) {
            (None, None) => Self::End,
            (Some(_), None) => Self::Source,
            (None, Some(_)) => Self::Target,
            (Some(source), Some(target)) => {
                let order = match ignores_case {
                    true => fold_case(&source.path).cmp(&fold_case(&target.path)),
                    false => source.path.cmp(&target.path),
                };
                match order {
                    Ordering::Less => Self::Source,
                    Ordering::Equal => Self::Both,
                    Ordering::Greater => Self::Target,
                }
            }
        }
    }
}

impl Merger {
    pub(super) fn new(options: MergeOptions) -> Self {
        Self {
            options,
            source_files: 0,
            previous: None,
            unread: Vec::new(),
            blocked: Vec::new(),
            files: Vec::new(),
            extra_folders: Vec::new(),
        }
    }

    /// Returns the number of files and objects of the source so far.
    pub(super) fn source_files(&self) -> u64 {
        self.source_files
    }

    /// Handles a path that only the source has.
    pub(super) fn source_only(&mut self, entry: Entry, steps: &mut Vec<Step>) {
        self.advance(&entry.path, steps);
        self.source(entry, None, steps);
    }

    /// Handles a path that both sides have.
    pub(super) fn both(&mut self, source: Entry, target: Entry, steps: &mut Vec<Step>) {
        self.advance(&source.path, steps);
        self.keep_extra_folder();
        match target.kind {
            EntryKind::Outside { reason } => {
                self.block(target.path, reason);
                self.source(source, None, steps);
            }
            EntryKind::Folder { .. } => match source.kind {
                EntryKind::Folder { .. } => self.previous = Some(source.path),
                _ => self.source(source, None, steps),
            },
            EntryKind::File(version) => self.source(source, Some(version), steps),
        }
    }

    /// Handles a path that only the target has. `next_source` is the path of the next source entry.
    pub(super) fn target_only(
        &mut self,
        entry: Entry,
        next_source: Option<&str>,
        steps: &mut Vec<Step>,
    ) {
        self.advance(&entry.path, steps);
        if let EntryKind::Outside { reason } = entry.kind {
            self.keep_extra_folder();
            self.block(entry.path, reason);
            return;
        }
        if !self.options.delete {
            return;
        }
        let path = entry.path;
        let is_folder = path.ends_with('/');
        let options = self.options;
        let mut unread = self.unread.iter();
        if let Some((_, is_reported)) = unread.find(|(name, _)| options.is_at_or_below(&path, name))
        {
            let is_local_folder = is_folder && self.options.target_is_local;
            if *is_reported && !is_local_folder {
                let reason = SkipReason::SourceNotRead;
                steps.push(Step::Skip { path, reason });
            }
            self.keep_extra_folder();
            return;
        }
        // The folder of the source has no marker object, but files.
        if is_folder && next_source.is_some_and(|next| options.starts_with(next, &path)) {
            self.keep_extra_folder();
            return;
        }
        match is_folder && self.options.target_is_local {
            true => self.extra_folders.push(ExtraFolder {
                path,
                is_kept: false,
            }),
            false => steps.push(Step::Delete { path }),
        }
    }

    /// Handles the end of both sides.
    pub(super) fn finish(&mut self, steps: &mut Vec<Step>) {
        while self.leave_folder(steps) {}
    }

    fn source(&mut self, entry: Entry, target: Option<Version>, steps: &mut Vec<Step>) {
        let path = entry.path;
        let kind = match entry.kind {
            EntryKind::Outside { reason } => {
                self.unread.push((path.clone(), reason.is_some()));
                steps.extend(reason.map(|reason| Step::Skip { path, reason }));
                return;
            }
            kind => kind,
        };
        if matches!(kind, EntryKind::File(_)) {
            self.source_files += 1;
        }
        if let Some(reason) = self.obstacle(&path) {
            steps.push(Step::Skip { path, reason });
            return;
        }
        self.previous = Some(path.clone());
        match (kind, target) {
            (EntryKind::File(source), target) => {
                if self.options.target_is_local {
                    self.files.push(path.clone());
                }
                steps.push(match target {
                    Some(target) => Step::Both {
                        path,
                        source,
                        target,
                    },
                    None => Step::New { path, source },
                });
            }
            (EntryKind::Folder { is_empty }, _) => steps.push(Step::NewFolder { path, is_empty }),
            (EntryKind::Outside { .. }, _) => {}
        }
    }

    /// Returns why a path of the source cannot be stored in the target.
    fn obstacle(&self, path: &str) -> Option<SkipReason> {
        let options = self.options;
        let mut blocked = self.blocked.iter();
        if let Some((_, reason)) = blocked.find(|(name, _)| options.is_at_or_below(path, name)) {
            // Without a reason, the path is excluded, so the source does not have it.
            return Some(reason.clone().unwrap_or(SkipReason::Exists));
        }
        let previous = self
            .previous
            .as_deref()
            .filter(|previous| *previous == path);
        let above = || {
            let mut files = self.files.iter();
            files.find(|file| options.is_at_or_below(path, file))
        };
        let with = previous.or_else(|| above().map(String::as_str))?;
        let with = with.to_owned();
        Some(SkipReason::Conflict { with })
    }

    /// Forgets names that no later path can be below, and ends folders that the path has left.
    fn advance(&mut self, path: &str, steps: &mut Vec<Step>) {
        let options = self.options;
        while self
            .extra_folders
            .last()
            .is_some_and(|folder| !options.starts_with(path, &folder.path))
        {
            self.leave_folder(steps);
        }
        self.unread
            .retain(|(name, _)| options.can_follow(path, name));
        self.blocked
            .retain(|(name, _)| options.can_follow(path, name));
        self.files.retain(|name| options.can_follow(path, name));
    }

    fn leave_folder(&mut self, steps: &mut Vec<Step>) -> bool {
        match self.extra_folders.pop() {
            Some(ExtraFolder { is_kept: true, .. }) => self.keep_extra_folder(),
            Some(ExtraFolder { path, .. }) => steps.push(Step::Delete { path }),
            None => return false,
        }
        true
    }

    /// Remembers a path of the target in which nothing can be stored.
    fn block(&mut self, path: String, reason: Option<SkipReason>) {
        let reason = match reason {
            Some(SkipReason::SpecialFile) => Some(SkipReason::SpecialFileInTarget),
            // The path has replacement characters, so it may be that of another file.
            Some(SkipReason::NotUtf8) => return,
            reason => reason,
        };
        self.blocked.push((path, reason));
    }

    /// Keeps the current folder, because something in it is kept.
    fn keep_extra_folder(&mut self) {
        if let Some(folder) = self.extra_folders.last_mut() {
            folder.is_kept = true;
        }
    }
}

#[cfg(test)]
mod tests;
