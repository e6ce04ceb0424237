//! What is known of a download that was broken off.

use std::fs::OpenOptions;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::fs::atomic_file;
use crate::base::fs::regular_file::{foreign, have_same_owner, open_unlinked, read_at_most};

/// The longest state that is read, in bytes. That of 10,000 separate ranges has less than 1 MiB.
const MAX_STATE: u64 = 16 << 20;

/// Which object a partial file belongs to, and which of its bytes are there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) etag: String,
    pub(super) size: u64,
    /// Apart from each other, in order.
    pub(super) done: Vec<Range<u64>>,
}

/// Where the state of the partial file at `path` stands.
pub(super) fn state_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    path.with_file_name(name)
}

impl State {
    /// Reads the state of the partial file at `path`. Returns `None` if there is none, or if it is
    /// invalid: the download then starts from the beginning. Blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the state is anything but a regular file with a single name and the owner
    /// of the partial file.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let file = match open_unlinked(&state_path(path), OpenOptions::new().read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        // Another user could say that bytes are there which are not.
        if !have_same_owner(&file.metadata()?, &std::fs::symlink_metadata(path)?) {
            return Err(foreign());
        }
        let json = match read_at_most(&file, MAX_STATE) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(None),
            json => json?,
        };
        Ok(Self::parse(&json))
    }

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

    /// Blocks. A process that is killed meanwhile leaves the older state.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        atomic_file::replace(&state_path(path), &serde_json::to_vec(self)?)
    }

    /// Removes the state of the partial file at `path`, and what a process left that was killed
    /// while it wrote it. Blocks.
    pub(super) fn remove(path: &Path) -> io::Result<()> {
        atomic_file::remove(&state_path(path))
    }

    /// Adds a range that is done.
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

    /// How many bytes are there.
    pub(super) fn bytes(&self) -> u64 {
        self.done.iter().map(|range| range.end - range.start).sum()
    }

    /// How many bytes are there without a gap, from the first one on.
    pub(super) fn prefix(&self) -> u64 {
        match self.done.first() {
            Some(first) if first.start == 0 => first.end,
            _ => 0,
        }
    }

    /// The bytes that are missing, in ranges of at most `len`.
    /// One after the other: nobody knows how many a large object has.
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

    fn state(size: u64) -> State {
        State {
            bucket: "b".into(),
            key: "k".into(),
            etag: "\"e\"".into(),
            size,
            done: Vec::new(),
        }
    }

    #[test]
    fn ignores_a_state_that_is_invalid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        std::fs::write(&path, "").unwrap();
        assert_eq!(State::read(&path).unwrap(), None);
        let mut good = state(10);
        good.add(2..5);
        good.write(&path).unwrap();
        assert_eq!(State::read(&path).unwrap(), Some(good.clone()));
        for done in [&[(4, 3)][..], &[(0, 3), (2, 4)], &[(0, 11)]] {
            let done = done.iter().map(|&(start, end)| start..end).collect();
            let bad = State {
                done,
                ..good.clone()
            };
            bad.write(&path).unwrap();
            assert_eq!(State::read(&path).unwrap(), None);
        }
        std::fs::write(state_path(&path), "{").unwrap();
        assert_eq!(State::read(&path).unwrap(), None);
    }

    proptest! {
        #[test]
        fn done_and_missing_make_all(
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
            prop_assert_eq!(state.bytes() + absent, size);
            for range in missing {
                state.add(range);
            }
            prop_assert_eq!(state.prefix(), size);
        }
    }
}
