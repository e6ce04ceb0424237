//! [`ChunkList`]: collects chunks without copying them, unless they are short.

use bytes::{Bytes, BytesMut};

/// Chunks of a content, in their order.
#[derive(Debug, Default)]
pub(crate) struct ChunkList {
    chunks: Vec<Bytes>,
    /// Short chunks, joined.
    joined: BytesMut,
    len: usize,
}

impl ChunkList {
    /// Shortest chunk, in bytes, that is kept as it is. Shorter ones are copied together: many of
    /// them would take more memory than their bytes, and more writes.
    const MIN_CHUNK: usize = 16 * 1024;
    /// Capacity for joined chunks, in bytes.
    const JOINED: usize = 64 * 1024;

    #[inline]
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.len += chunk.len();
        if chunk.len() >= Self::MIN_CHUNK {
            self.flush();
            self.chunks.push(chunk);
            return;
        }
        if self.joined.is_empty() {
            self.joined.reserve(Self::JOINED);
        }
        self.joined.extend_from_slice(&chunk);
        if self.joined.len() + Self::MIN_CHUNK > Self::JOINED {
            self.flush();
        }
    }

    /// Joins no further chunks to the last one.
    #[inline]
    pub(crate) fn flush(&mut self) {
        if !self.joined.is_empty() {
            // The next chunks get another allocation, so that this one is freed with its chunk.
            self.chunks.push(std::mem::take(&mut self.joined).freeze());
        }
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Removes the chunks to which nothing will be joined. They still count in [`len`](Self::len).
    pub(crate) fn drain_complete(&mut self) -> impl Iterator<Item = Bytes> {
        self.chunks.drain(..)
    }

    /// Removes and returns all chunks.
    #[inline]
    pub(crate) fn take(&mut self) -> Vec<Bytes> {
        self.flush();
        self.len = 0;
        std::mem::take(&mut self.chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_chunks_are_kept_and_short_ones_are_joined() {
        const MIN: usize = ChunkList::MIN_CHUNK;
        let long = Bytes::from(vec![1; MIN]);
        let mut list = ChunkList::default();
        let mut expected = Vec::new();
        for len in [5, 1000, MIN, 0, MIN - 1, MIN, MIN, 3] {
            let chunk = long.slice(..len);
            expected.extend_from_slice(&chunk);
            list.push(chunk);
            assert_eq!(list.len(), expected.len());
        }
        let chunks = list.take();
        let lens: Vec<_> = chunks.iter().map(Bytes::len).collect();
        assert_eq!(lens, [1005, MIN, MIN - 1, MIN, MIN, 3]);
        assert_eq!(chunks[1].as_ptr(), long.as_ptr(), "it is not copied");
        assert_eq!(chunks.concat(), expected);
        assert_eq!((list.len(), list.take().len()), (0, 0));
        for _ in 0..1000 {
            list.push(long.slice(..1000));
        }
        let chunks = list.take();
        assert!(chunks.iter().all(|chunk| chunk.len() <= ChunkList::JOINED));
        assert!(chunks.len() <= 21, "{}", chunks.len());
    }
}
