//! [`WriteProgress`]: how much of each range in progress is in the file.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::sorted_map::SortedMap;

/// The first bytes of the ranges in progress that are written to the file.
#[derive(Debug, Default)]
pub(super) struct WriteProgress(Mutex<SortedMap<u64, u64>>);

impl WriteProgress {
    /// Records that the range that starts at `start` is written up to `end`.
    #[inline]
    pub(super) fn advance(&self, start: u64, end: u64) {
        self.lock().insert(start, end);
    }

    /// Removes a range that is complete.
    #[inline]
    pub(super) fn remove(&self, start: u64) {
        self.lock().remove(&start);
    }

    /// Returns what is written of each range, in ascending order.
    #[inline]
    pub(super) fn ranges(&self) -> Vec<Range<u64>> {
        let ends = self.lock();
        ends.entries()
            .iter()
            .map(|(start, end)| *start..*end)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, SortedMap<u64, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
