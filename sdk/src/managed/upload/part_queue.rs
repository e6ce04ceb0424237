//! [`PartQueue`]: parts that were read, but are not being sent yet.

use std::collections::VecDeque;

use qingstor_md5::{LANES, Md5Pool};

use super::part_content::Part;

/// How many bytes at most are hashed at once before they are sent. It bounds how much of a file is
/// read twice if the page cache does not keep it.
const HASH_AHEAD: u64 = 256 << 20;

/// Parts that were read, but are not being sent yet.
///
/// Parts of bytes in memory and of files need no memory, so as many of them are queued as can be
/// hashed at the same time. A stream is read by one part ahead.
pub(super) struct PartQueue {
    parts: VecDeque<Part>,
    /// Number of parts at the end of the queue that are not being hashed.
    new: usize,
    /// Number of parts that were taken out.
    parts_taken: u32,
    /// Number of parts that are missing in the current batch.
    missing: usize,
    batch: usize,
    pub(super) is_at_end: bool,
}

/// Returns how many parts of this size are hashed at the same time.
#[inline]
pub(super) fn batch(part_size: u64) -> usize {
    let parts = usize::try_from(HASH_AHEAD / part_size.max(1)).unwrap_or(LANES);
    parts.clamp(1, LANES)
}

impl PartQueue {
    /// Creates a queue of parts that are read one by one.
    pub(super) fn one_by_one() -> Self {
        Self::new(1)
    }

    /// Creates a queue of parts that are read and hashed in batches.
    #[inline]
    pub(super) fn in_batches(part_size: u64) -> Self {
        Self::new(batch(part_size))
    }

    fn new(batch: usize) -> Self {
        Self {
            parts: VecDeque::new(),
            new: 0,
            parts_taken: 0,
            missing: batch,
            batch,
            is_at_end: false,
        }
    }

    /// Returns `true` if the next part should be read.
    pub(super) fn should_read_part(&self) -> bool {
        self.missing > 0 && !self.is_at_end
    }

    /// Returns the number of the next part to read, starting at 0.
    pub(super) fn next_number(&self) -> u32 {
        let queued = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        self.parts_taken.saturating_add(queued)
    }

    #[inline]
    pub(super) fn push(&mut self, part: Part) {
        self.parts.push_back(part);
        self.new += 1;
        self.missing = self.missing.saturating_sub(1);
    }

    /// Starts to hash those parts of a complete batch whose number `is_needed` accepts.
    #[inline]
    pub(super) fn start_md5s(&mut self, pool: &Md5Pool, is_needed: impl Fn(u32) -> bool) {
        if self.new == 0 || self.should_read_part() {
            return;
        }
        let first_new = self.parts.len() - self.new;
        let new = (self.parts_taken..).zip(&mut self.parts).skip(first_new);
        let needed = new.filter(|(number, _)| is_needed(*number));
        Part::start_md5s(pool, needed.map(|(_, part)| part));
        self.new = 0;
    }

    /// Takes the next part with its number, unless its batch is incomplete. The next batch is due when
    /// half of the previous one is left, or as many parts as are sent at the same time: it is hashed
    /// while they are sent.
    #[inline]
    pub(super) fn pop(&mut self, concurrency: usize) -> Option<(u32, Part)> {
        if self.should_read_part() {
            return None;
        }
        let part = self.parts.pop_front()?;
        self.new = self.new.min(self.parts.len());
        let number = self.parts_taken;
        self.parts_taken += 1;
        let low = match self.batch {
            1 => 0,
            batch => concurrency.clamp(batch / 2, batch),
        };
        if self.parts.len() <= low {
            self.missing = self.batch;
        }
        Some((number, part))
    }

    /// Returns the number of parts that were taken out.
    pub(super) fn parts_taken(&self) -> u32 {
        self.parts_taken
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::managed::upload::part_content::PartContent;

    /// Reads as many parts as the queue wants.
    fn fill(queue: &mut PartQueue) -> usize {
        let mut read = 0;
        while queue.should_read_part() {
            assert_eq!(queue.pop(4).map(|(number, _)| number), None);
            let content = PartContent::from_chunks(vec![Bytes::from_static(b"abc")]);
            queue.push(Part::new(content));
            read += 1;
        }
        queue.start_md5s(&Md5Pool::default(), |_| true);
        read
    }

    #[test]
    fn a_stream_is_read_by_one_part_ahead() {
        let mut queue = PartQueue::one_by_one();
        for number in 0..3 {
            assert_eq!(queue.next_number(), number);
            assert_eq!(fill(&mut queue), 1);
            assert_eq!(queue.pop(4).map(|(number, _)| number), Some(number));
        }
    }

    #[test]
    fn a_batch_is_read_before_the_previous_one_is_sent() {
        let len = batch(8 << 20);
        let half = len as u32 / 2;
        let mut queue = PartQueue::in_batches(8 << 20);
        assert_eq!(fill(&mut queue), len);
        for number in 0..half {
            assert_eq!(fill(&mut queue), 0);
            assert_eq!(queue.pop(4).map(|(number, _)| number), Some(number));
        }
        assert_eq!(queue.next_number(), len as u32);
        assert_eq!(fill(&mut queue), len);
        queue.is_at_end = true;
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop(4)).collect();
        let numbers: Vec<_> = rest.into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, Vec::from_iter(half..2 * len as u32));
        assert_eq!(queue.parts_taken(), 2 * len as u32);
    }

    #[test]
    fn the_end_completes_a_batch() {
        let mut queue = PartQueue::in_batches(8 << 20);
        queue.push(Part::empty());
        assert!(queue.pop(4).is_none());
        queue.is_at_end = true;
        assert!(!queue.should_read_part());
        assert!(queue.pop(4).is_some());
        assert!(queue.pop(4).is_none());
    }

    #[test]
    fn large_parts_are_read_in_small_batches() {
        let read = |part_size| fill(&mut PartQueue::in_batches(part_size));
        assert_eq!(read(64 << 20), 4);
        assert_eq!(read(5 << 30), 1);
    }
}
