//! MD5 of several inputs at the same time: a few with scalar instructions, many with vectors.
//!
//! This file uses nothing else of this crate, so that the benchmark `md5` can include it.

#[path = "lanes/compress.rs"]
mod compress;
#[cfg(all(feature = "simd", target_arch = "aarch64", target_endian = "little"))]
#[path = "lanes/neon.rs"]
mod neon;
#[path = "lanes/scalar.rs"]
mod scalar;
#[cfg(feature = "simd")]
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little")
))]
#[path = "lanes/vectors.rs"]
mod vectors;
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
#[path = "lanes/x86.rs"]
pub(crate) mod x86;

use scalar::FEW;

/// Largest number of inputs that a thread hashes at the same time: 32, or 3 without the feature `simd`.
///
/// Processors that cannot hash so many at a time hash them in groups.
pub const LANES: usize = if cfg!(feature = "simd") { 32 } else { FEW };

/// Length of a block in bytes.
const BLOCK: usize = 64;

/// The state before the first block (RFC 1321, section 3.3).
const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The MD5 of the first bytes of an input, which [`update_lanes`] continues beside others.
///
/// A clone continues independently, so that the MD5 of every prefix of an input can be calculated.
///
/// # Examples
///
/// ```
/// let mut lane = qingstor_md5::Md5Lane::default();
/// lane.update(b"message ");
/// lane.update(b"digest");
/// let md5 = u128::from_be_bytes(lane.finish());
/// assert_eq!(md5, 0xf96b697d7cb7938d525a2f31aaf161d0);
/// ```
#[derive(Clone, Debug)]
pub struct Md5Lane {
    state: [u32; 4],
    /// Bytes so far, including those in `rest`.
    len: u64,
    /// The beginning of a block that is not complete: the first `len % 64` bytes.
    rest: [u8; BLOCK],
}

/// Adds bytes to each lane: any number of lanes, and any number of bytes for each of them.
///
/// The time is the least if all lanes get the same number of bytes, of some 4 KiB or more, and if there
/// are [`LANES`] of them. A build without optimization hashes one lane after the other.
///
/// # Examples
///
/// ```
/// use qingstor_md5::{Md5Lane, update_lanes};
///
/// let inputs = [vec![1; 10_000], vec![2; 10_000], vec![3; 500]];
/// let mut lanes = vec![Md5Lane::default(); inputs.len()];
/// let updates = lanes.iter_mut().zip(&inputs);
/// update_lanes(&mut updates.map(|(lane, bytes)| (lane, &bytes[..])).collect::<Vec<_>>());
/// let md5s: Vec<[u8; 16]> = lanes.into_iter().map(Md5Lane::finish).collect();
/// # assert_eq!(md5s.len(), 3);
/// ```
#[inline]
pub fn update_lanes(updates: &mut [(&mut Md5Lane, &[u8])]) {
    if cfg!(debug_assertions) {
        for (lane, bytes) in updates {
            lane.update(bytes);
        }
        return;
    }
    update_with(fastest(), updates);
}

/// Adds the next blocks, as many as the number says, to each lane.
pub(crate) type Compress = fn(&mut [Active<'_>], usize);

/// Returns the fastest function for this processor.
#[inline]
pub(crate) fn fastest() -> Compress {
    #[cfg(all(feature = "simd", target_arch = "x86_64"))]
    return x86::compress_avx512;
    #[cfg(all(feature = "simd", target_arch = "aarch64", target_endian = "little"))]
    return neon::compress_neon;
    #[allow(unreachable_code, reason = "for other processors")]
    {
        scalar::compress_few
    }
}

/// Adds bytes to each lane with this function.
#[inline]
pub(crate) fn update_with(compress: Compress, updates: &mut [(&mut Md5Lane, &[u8])]) {
    for group in updates.chunks_mut(LANES) {
        let mut active: Vec<Active<'_>> = group
            .iter_mut()
            .filter_map(|(lane, bytes)| lane.take_whole_blocks(bytes))
            .collect();
        // Lanes of equal length end together.
        active.sort_by_key(|active| active.blocks.len());
        let mut active = active.as_mut_slice();
        while let [first, ..] = active {
            let count = first.blocks.len();
            compress(active, count);
            let finished = active.partition_point(|active| active.blocks.is_empty());
            active = active.split_at_mut(finished).1;
        }
    }
}

/// Adds blocks to a single state.
///
/// A build without optimization uses the `md-5` crate, which is faster there.
#[inline]
fn compress_one(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
    match cfg!(debug_assertions) {
        true => md5::block_api::compress(state, blocks),
        false => scalar::compress_few(&mut [Active { state, blocks }], blocks.len()),
    }
}

/// A state and the blocks to add to it.
pub(crate) struct Active<'a> {
    state: &'a mut [u32; 4],
    blocks: &'a [[u8; BLOCK]],
}

impl<'a> Active<'a> {
    /// Takes the first `count` blocks.
    fn take(&mut self, count: usize) -> &'a [[u8; BLOCK]] {
        let (head, tail) = self.blocks.split_at(count.min(self.blocks.len()));
        self.blocks = tail;
        head
    }
}

/// A lane without bytes.
impl Default for Md5Lane {
    fn default() -> Self {
        Self {
            state: INITIAL,
            len: 0,
            rest: [0; BLOCK],
        }
    }
}

impl Md5Lane {
    /// Adds bytes to this lane alone, which takes the time of a single MD5.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(active) = self.take_whole_blocks(bytes) {
            compress_one(active.state, active.blocks);
        }
    }

    /// Returns the MD5 of all bytes, as in RFC 1321.
    #[must_use]
    pub fn finish(mut self) -> [u8; 16] {
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

    /// Completes the partial block, and keeps the bytes after the last whole block. Returns
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
#[path = "lanes/tests.rs"]
mod tests;
