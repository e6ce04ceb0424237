//! [`ResumeState`]: which bytes of an interrupted download are complete.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::fs::regular_file::{foreign, have_same_owner, open_unlinked, read_at_most};
use crate::base::fs::{small_file, temporary_name};

/// The maximum size of a state file in bytes. A file with 10,000 ranges has less than 1 MiB.
const MAX_FILE_SIZE: u64 = 16 << 20;

/// The object of a part file, and the ranges that are complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ResumeState {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) etag: String,
    pub(super) size: u64,
    /// Complete ranges in ascending order, with gaps between them.
    done: Vec<Range<u64>>,
}

/// Returns the path of the state of the part file at `path`.
#[inline]
pub(super) fn state_path(path: &Path) -> PathBuf {
    let [state, _] = temporary_name::states(path);
    state
}

impl ResumeState {
    /// Creates a state without complete ranges.
    #[inline]
    pub(super) fn new(bucket: &str, key: &str, etag: &str, size: u64) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            etag: etag.to_owned(),
            size,
            done: Vec::new(),
        }
    }

    /// Reads the state of the part file at `path`. Returns `None` if there is none, or if it is
    /// invalid: the download then starts from the beginning. Blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the state is anything but a regular file with a single name and the owner
    /// of the part file.
    #[inline]
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let file = match open_unlinked(&state_path(path), OpenOptions::new().read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        // Another user could mark ranges as complete that are not.
        if !have_same_owner(&file.metadata()?, &std::fs::symlink_metadata(path)?) {
            return Err(foreign());
        }
        let json = match read_at_most(&file, MAX_FILE_SIZE) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(None),
            json => json?,
        };
        Ok(Self::parse(&json))
    }

    #[inline]
    fn parse(json: &[u8]) -> Option<Self> {
        let state: Self = serde_json::from_slice(json).ok()?;
        let mut end = 0;
        for range in &state.done {
            if range.start < end || range.end <= range.start {
                return None;
            }
            end = range.end;
        }
        (end <= state.size).then_some(state)
    }

    /// Writes the state of the part file at `path`. If the process is killed in the meantime, the
    /// previous state remains. Blocks.
    #[inline]
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        small_file::replace(&state_path(path), &serde_json::to_vec(self)?)
    }

    /// Removes the state of the part file at `path`, and temporary files of a process that was killed
    /// while it wrote the state. Blocks.
    #[inline]
    pub(super) fn remove(path: &Path) -> io::Result<()> {
        small_file::remove(&state_path(path))
    }

    /// Marks a range as complete.
    #[inline]
    pub(super) fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let index = self.done.partition_point(|done| done.start < range.start);
        self.done.insert(index, range);
        let mut merged: Vec<Range<u64>> = Vec::with_capacity(self.done.len());
        for range in self.done.drain(..) {
            match merged.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        self.done = merged;
    }

    /// Returns the number of complete bytes.
    #[inline]
    pub(super) fn completed_bytes(&self) -> u64 {
        self.done.iter().map(|range| range.end - range.start).sum()
    }

    /// Returns the number of bytes before the first gap.
    pub(super) fn prefix_len(&self) -> u64 {
        match self.done.first() {
            Some(first) if first.start == 0 => first.end,
            _ => 0,
        }
    }

    /// Returns the missing bytes in ranges of at most `len` bytes. An iterator, because a large object
    /// may have very many ranges.
    #[inline]
    pub(super) fn missing(&self, len: u64) -> impl Iterator<Item = Range<u64>> + Send + use<> {
        let starts = std::iter::once(0).chain(self.done.iter().map(|done| done.end));
        let ends = self.done.iter().map(|done| done.start);
        let ends = ends.chain(std::iter::once(self.size));
        let gaps: Vec<Range<u64>> = starts.zip(ends).map(|(start, end)| start..end).collect();
        gaps.into_iter().flat_map(move |gap| {
            let mut at = gap.start;
            std::iter::from_fn(move || {
                let next = gap.end.min(at.saturating_add(len));
                let range = at..next;
                at = next;
                (!range.is_empty()).then_some(range)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(size: u64) -> ResumeState {
        ResumeState::new("b", "k", "\"e\"", size)
    }

    #[test]
    fn ignores_an_invalid_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        std::fs::write(&path, "").unwrap();
        assert_eq!(ResumeState::read(&path).unwrap(), None);
        let mut good = state(10);
        good.add(2..5);
        good.write(&path).unwrap();
        assert_eq!(ResumeState::read(&path).unwrap(), Some(good.clone()));
        for done in [&[(4, 3)][..], &[(0, 3), (2, 4)], &[(0, 11)]] {
            let done = done.iter().map(|&(start, end)| start..end).collect();
            let bad = ResumeState {
                done,
                ..good.clone()
            };
            bad.write(&path).unwrap();
            assert_eq!(ResumeState::read(&path).unwrap(), None);
        }
        std::fs::write(state_path(&path), "{").unwrap();
        assert_eq!(ResumeState::read(&path).unwrap(), None);
    }

    proptest! {
        #[test]
        fn complete_and_missing_ranges_cover_the_object(
            size in 0_u64..200,
            ranges in prop::collection::vec((0_u64..200, 0_u64..50), 0..8),
            len in 1_u64..60,
        ) {
            let mut state = state(size);
            for (start, len) in ranges {
                state.add(start.min(size)..(start + len).min(size));
            }
            let missing: Vec<_> = state.missing(len).collect();
            prop_assert!(missing.iter().all(|range| range.end - range.start <= len));
            let absent: u64 = missing.iter().map(|range| range.end - range.start).sum();
            prop_assert_eq!(state.completed_bytes() + absent, size);
            for range in missing {
                state.add(range);
            }
            prop_assert_eq!(state.prefix_len(), size);
        }
    }
}
