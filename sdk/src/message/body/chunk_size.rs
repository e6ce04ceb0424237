//! [`ChunkSize`]: how many bytes of a body a connection gets at once.

use std::time::{Duration, Instant};

/// The size of the next chunk of a body.
///
/// A connection reports its progress chunk by chunk, so a chunk must not take long. While chunks are
/// sent quickly, they are larger, because each one costs system calls and wakeups.
#[derive(Debug, Default)]
pub(super) struct ChunkSize {
    /// Bytes of all chunks so far.
    taken: usize,
    /// How often the size was doubled.
    doublings: u32,
    previous: Option<Instant>,
}

impl ChunkSize {
    /// The smallest size, in bytes.
    const MIN: usize = 64 * 1024;
    /// The largest number of doublings: up to 1 MiB.
    const MAX_DOUBLINGS: u32 = 4;
    /// Bytes that the buffers of a connection may take at once, so that their time says nothing.
    const BUFFERED: usize = 3 * 1024 * 1024;
    /// If a chunk takes less time, the next one has twice its size.
    const SHORT: Duration = Duration::from_millis(4);
    /// If a chunk takes more time, the next one has the smallest size.
    const LONG: Duration = Duration::from_millis(20);

    /// Returns the size of a chunk that is taken now, of the `available` bytes.
    pub(super) fn next(&mut self, available: usize, now: Instant) -> usize {
        let elapsed = self
            .previous
            .replace(now)
            .map(|previous| now.saturating_duration_since(previous));
        match elapsed {
            Some(elapsed) if elapsed > Self::LONG => self.doublings = 0,
            Some(elapsed) if elapsed < Self::SHORT && self.taken >= Self::BUFFERED => {
                self.doublings = (self.doublings + 1).min(Self::MAX_DOUBLINGS);
            }
            _ => {}
        }
        let len = available.min(Self::MIN << self.doublings);
        self.taken = self.taken.saturating_add(len);
        len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    #[test]
    fn chunks_grow_while_they_are_sent_quickly() {
        let mut now = Instant::now();
        let mut size = ChunkSize::default();
        for _ in 0..48 {
            assert_eq!(size.next(usize::MAX, now), 64 * KIB);
        }
        let sizes = [1, 10, 3, 3, 3, 20, 21, 21, 1].map(|millis| {
            now += Duration::from_millis(millis);
            size.next(usize::MAX, now) / KIB
        });
        assert_eq!(sizes, [128, 128, 256, 512, 1024, 1024, 64, 64, 128]);
    }

    #[test]
    fn a_chunk_has_at_most_the_available_bytes() {
        let mut size = ChunkSize::default();
        let sizes = [0, 1, 64 * KIB, 65 * KIB].map(|bytes| size.next(bytes, Instant::now()));
        assert_eq!(sizes, [0, 1, 64 * KIB, 64 * KIB]);
    }
}
