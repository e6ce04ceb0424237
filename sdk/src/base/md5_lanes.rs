//! MD5 of several streams side by side, with the vector instructions of the processor.
//!
//! The steps of one MD5 depend on each other, so a single stream uses a fraction of a core's
//! arithmetic units. Each lane of a vector belongs to another stream: up to 16 of them take hardly
//! longer than one. The `md-5` crate hashes single streams, and the padding of all streams.
//!
//! Without the feature `simd`, streams are hashed one after the other.
//!
//! This file uses nothing else of this crate, so that the benchmark `md5` can include it.

#[cfg(feature = "simd")]
#[path = "md5_lanes/vectors.rs"]
mod vectors;

use md5::block_api::compress as compress_one;
#[cfg(feature = "simd")]
pub(crate) use vectors::update_with;

/// Largest number of streams that one step hashes.
pub(crate) const LANES: usize = if cfg!(feature = "simd") { 16 } else { 1 };

/// Length of a block in bytes.
const BLOCK: usize = 64;

/// The state before the first block (RFC 1321, section 3.3).
const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The MD5 of a stream that is hashed beside others by [`update`].
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    state: [u32; 4],
    /// Bytes so far, including those in `rest`.
    len: u64,
    /// The beginning of a block that is not complete: the first `len % 64` bytes.
    rest: [u8; BLOCK],
}

/// A lane and the bytes to add to it.
pub(crate) struct Input<'a> {
    pub(crate) lane: &'a mut Lane,
    pub(crate) bytes: &'a [u8],
}

/// Adds bytes to each lane: any number of lanes, and any number of bytes for each of them.
///
/// Lanes with the same number of bytes take the least time. A build without optimization hashes one
/// lane after the other, because its vector code would be slower.
#[inline]
pub(crate) fn update(inputs: &mut [Input<'_>]) {
    #[cfg(feature = "simd")]
    if !cfg!(debug_assertions) {
        return update_with(fearless_simd::Level::new(), inputs);
    }
    for input in inputs {
        input.lane.update(input.bytes);
    }
}

/// A state and the blocks to add to it.
struct Active<'a> {
    state: &'a mut [u32; 4],
    blocks: &'a [[u8; BLOCK]],
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            state: INITIAL,
            len: 0,
            rest: [0; BLOCK],
        }
    }
}

impl Lane {
    /// Adds bytes to this lane alone.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(active) = self.take_whole_blocks(bytes) {
            compress_one(active.state, active.blocks);
        }
    }

    /// Returns the MD5 of all bytes.
    pub(crate) fn finish(mut self) -> [u8; 16] {
        let bits = self.len.wrapping_mul(8).to_le_bytes();
        // The padding ends 8 bytes before the end of a block.
        let used = self.used();
        let padding = if used < BLOCK - 8 {
            BLOCK - 8
        } else {
            2 * BLOCK - 8
        } - used;
        let mut bytes = [0; 2 * BLOCK];
        if let Some(first) = bytes.first_mut() {
            *first = 0x80;
        }
        for (byte, bits) in bytes.iter_mut().skip(padding).zip(bits) {
            *byte = bits;
        }
        self.update(bytes.get(..padding + 8).unwrap_or(&bytes));
        let mut digest = [0; 16];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }

    /// Number of bytes in `rest`.
    fn used(&self) -> usize {
        // The remainder is less than 64.
        usize::try_from(self.len % BLOCK as u64).unwrap_or_default()
    }

    /// Completes the block that was begun, and keeps the bytes after the last whole block. Returns
    /// the whole blocks in between.
    fn take_whole_blocks<'a>(&'a mut self, bytes: &'a [u8]) -> Option<Active<'a>> {
        let used = self.used();
        self.len = self.len.wrapping_add(bytes.len() as u64);
        let mut bytes = bytes;
        if used > 0 {
            let (head, tail) = bytes.split_at(bytes.len().min(BLOCK - used));
            self.keep(used, head);
            if used + head.len() < BLOCK {
                return None;
            }
            compress_one(&mut self.state, std::slice::from_ref(&self.rest));
            bytes = tail;
        }
        let (blocks, rest) = bytes.as_chunks();
        self.keep(0, rest);
        Some(Active {
            state: &mut self.state,
            blocks,
        })
        .filter(|active| !active.blocks.is_empty())
    }

    /// Copies bytes to `rest`, from this position on.
    fn keep(&mut self, at: usize, bytes: &[u8]) {
        for (kept, byte) in self.rest.iter_mut().skip(at).zip(bytes) {
            *kept = *byte;
        }
    }
}

#[cfg(all(test, feature = "simd"))]
#[path = "md5_lanes/tests.rs"]
mod tests;
