//! Reproducible random numbers.

use std::ops::Range;

/// A pseudorandom number generator (SplitMix64).
#[derive(Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// Returns `true` with this probability.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.within(0..100) < percent
    }

    /// Returns a number up to `max`. All orders of magnitude have the same probability.
    pub(crate) fn of_any_size(&mut self, max: u64) -> u64 {
        let bits = self.within(0..u64::from(u64::BITS - max.leading_zeros()) + 1);
        (self.next() & ((1 << bits) - 1)).min(max)
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = self.within(0..all.len() as u64);
        all[usize::try_from(index).unwrap()]
    }
}
