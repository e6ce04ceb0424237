//! MD5 with vector instructions.
//!
//! x86-64 processors with AVX-512 hash 32 contents at a time, those with AVX2 16, and those with SSE2 8,
//! as 64-bit ARM processors with NEON do.

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[path = "pair.rs"]
mod pair;

use std::hint::black_box;
use std::slice;

use fearless_simd::{Level, Simd, SimdFrom as _, SimdInt, u32x8, u32x16};
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use pair::Pair;

use super::compress::{SINES, Word, compress};
use super::scalar::{FEW, compress_few};
use super::{Active, BLOCK, INITIAL};

/// How many blocks before its use each block of a lane is fetched into the processor's cache.
///
/// Processors do not recognize so many contents that are read at the same time: on an AMD EPYC
/// processor (Zen 5), 16 lanes of contents that are not in its caches reach 4.3 GB/s without this, and
/// 7.0 GB/s with it. Distances of 2 to 8 blocks are much the same there.
const BLOCKS_AHEAD: usize = 3;

/// Returns the largest number of lanes that [`compress_many`] hashes side by side.
pub(super) fn width(level: Level) -> usize {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        if level.as_avx512().is_some() {
            return 32;
        }
        if level.as_avx2().is_some() {
            return 16;
        }
        if level.as_sse2().is_some() {
            return 8;
        }
    }
    #[cfg(target_arch = "aarch64")]
    if level.as_neon().is_some() {
        return 8;
    }
    let _ = level;
    FEW
}

/// Adds the next `count` blocks to each lane: at most [`width`] lanes.
#[inline]
pub(super) fn compress_many(level: Level, lanes: &mut [Active<'_>], count: usize) {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        if let Some(simd) = level.as_avx512() {
            return match lanes.len() {
                ..=8 => compress_lanes::<_, u32x8<_>, 8>(simd, lanes, count),
                9..=16 => compress_lanes::<_, u32x16<_>, 16>(simd, lanes, count),
                _ => compress_lanes::<_, Pair<u32x16<_>>, 32>(simd, lanes, count),
            };
        }
        if let Some(simd) = level.as_avx2() {
            return match lanes.len() {
                ..=8 => compress_lanes::<_, u32x8<_>, 8>(simd, lanes, count),
                _ => compress_lanes::<_, Pair<u32x8<_>>, 16>(simd, lanes, count),
            };
        }
        if let Some(simd) = level.as_sse2() {
            return compress_lanes::<_, u32x8<_>, 8>(simd, lanes, count);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = level.as_neon() {
        return compress_lanes::<_, u32x8<_>, 8>(simd, lanes, count);
    }
    let _ = level;
    compress_few(lanes, count);
}

/// A vector with one word of each of `N` lanes.
trait Vector<S: Simd, const N: usize>: Word {
    fn from_lanes(simd: S, words: [u32; N]) -> Self;

    fn into_lanes(self) -> [u32; N];

    /// Returns the 16 words of the blocks: vector `i` contains word `i` of each block.
    fn transpose(simd: S, blocks: [&[u8; BLOCK]; N]) -> [Self; 16];
}

impl<S: Simd> Vector<S, 16> for u32x16<S> {
    #[inline(always)]
    fn from_lanes(simd: S, words: [u32; 16]) -> Self {
        Self::simd_from(simd, words)
    }

    #[inline(always)]
    fn into_lanes(self) -> [u32; 16] {
        self.into()
    }

    #[inline(always)]
    fn transpose(simd: S, blocks: [&[u8; BLOCK]; 16]) -> [Self; 16] {
        let rows = blocks.map(|block| Self::simd_from(simd, words(Some(block))));
        // Each round doubles the number of lanes that a vector contains.
        interleave(interleave(interleave(interleave(rows))))
    }
}

impl<S: Simd> Vector<S, 8> for u32x8<S> {
    #[inline(always)]
    fn from_lanes(simd: S, words: [u32; 8]) -> Self {
        Self::simd_from(simd, words)
    }

    #[inline(always)]
    fn into_lanes(self) -> [u32; 8] {
        self.into()
    }

    #[inline(always)]
    fn transpose(simd: S, blocks: [&[u8; BLOCK]; 8]) -> [Self; 16] {
        let low = blocks.map(|block| Self::simd_from(simd, words(block.first_chunk::<32>())));
        let high = blocks.map(|block| Self::simd_from(simd, words(block.last_chunk::<32>())));
        let low = interleave(interleave(interleave(low)));
        let high = interleave(interleave(interleave(high)));
        let [a, b, c, d, e, f, g, h] = low;
        let [i, j, k, l, m, n, o, p] = high;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }
}

/// Reads `N` words of 4 bytes.
#[inline(always)]
fn words<const B: usize, const N: usize>(bytes: Option<&[u8; B]>) -> [u32; N] {
    let mut words = [0; N];
    let bytes = bytes.unwrap_or(&[0; B]);
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// Interleaves each vector of the first half with its counterpart in the second half.
#[inline(always)]
fn interleave<S: Simd, V: SimdInt<S>, const N: usize>(rows: [V; N]) -> [V; N] {
    let (first, second) = rows.split_at(N / 2);
    let mut interleaved = rows;
    let (pairs, _) = interleaved.as_chunks_mut();
    for (pair, (a, b)) in pairs.iter_mut().zip(first.iter().zip(second)) {
        *pair = a.interleave(*b).into();
    }
    interleaved
}

/// Adds the next `count` blocks to each of at most `N` lanes.
#[inline(always)]
fn compress_lanes<S: Simd, V: Vector<S, N>, const N: usize>(
    simd: S,
    lanes: &mut [Active<'_>],
    count: usize,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut states = [INITIAL; N];
            // Vector lanes without a stream hash zeros.
            let mut streams = [(); N].map(|()| [].iter());
            for ((state, stream), lane) in states.iter_mut().zip(&mut streams).zip(&mut *lanes) {
                *state = *lane.state;
                *stream = lane.take(count).iter();
            }
            let [a, b, c, d] = [0, 1, 2, 3].map(|at| states.map(|state| word(&state, at)));
            let state = [a, b, c, d].map(|words| V::from_lanes(simd, words));
            let mut states = [state];
            let zero = V::from_lanes(simd, [0; N]);
            let sines = black_box(&SINES);
            for _ in 0..count {
                let blocks = streams.each_mut().map(|blocks| blocks.next());
                let blocks = blocks.map(|block| block.unwrap_or(&[0; BLOCK]));
                prefetch(&streams);
                let words = V::transpose(simd, blocks);
                compress(
                    &mut states,
                    #[inline(always)]
                    |_, at| words.get(at).copied().unwrap_or(zero),
                    sines,
                );
            }
            let [state] = states;
            let state = state.map(V::into_lanes);
            for (at, lane) in lanes.iter_mut().enumerate() {
                for (kept, words) in lane.state.iter_mut().zip(&state) {
                    *kept = word(words, at);
                }
            }
        },
    );
}

/// Fetches a later block of each stream into the cache, without waiting for it.
#[inline(always)]
fn prefetch(streams: &[slice::Iter<'_, [u8; BLOCK]>]) {
    #[cfg(target_feature = "sse")]
    for block in streams
        .iter()
        .filter_map(|stream| stream.as_slice().get(BLOCKS_AHEAD))
    {
        safe_arch::prefetch_t0(block);
    }
    // The standard library has no safe function for other processors.
    let _ = (streams, BLOCKS_AHEAD);
}

fn word<const N: usize>(words: &[u32; N], at: usize) -> u32 {
    words.get(at).copied().unwrap_or_default()
}

impl<S: Simd> Word for u32x8<S> {
    #[inline(always)]
    fn add_constant(self, constant: u32) -> Self {
        self + constant
    }

    #[inline(always)]
    fn rotate_left<const BITS: u32>(self) -> Self {
        rotate_left::<_, _, BITS>(self)
    }
}

impl<S: Simd> Word for u32x16<S> {
    #[inline(always)]
    fn add_constant(self, constant: u32) -> Self {
        self + constant
    }

    #[inline(always)]
    fn rotate_left<const BITS: u32>(self) -> Self {
        rotate_left::<_, _, BITS>(self)
    }
}

#[inline(always)]
fn rotate_left<S: Simd, V: SimdInt<S, Element = u32>, const BITS: u32>(words: V) -> V {
    (words << BITS) | (words >> (u32::BITS - BITS))
}
