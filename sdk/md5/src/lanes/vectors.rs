//! MD5 of many inputs with vector instructions.
//!
//! x86-64 processors with AVX-512 hash 32 inputs at a time, those with AVX2 16, and those with SSE2 8,
//! as 64-bit ARM processors with NEON do.

use std::hint::black_box;
use std::slice;

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use fearless_simd::u32x16;
use fearless_simd::{Level, Simd, u32x8};

use super::compress::{SINES, compress};
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use super::pair::Pair;
use super::scalar::{FEW, compress_few};
use super::vector::Vector;
use super::{Active, BLOCK, INITIAL};

/// How many blocks before its use each block of a lane is fetched into the processor's cache.
///
/// Processors do not recognize so many inputs that are read at the same time: on an AMD EPYC
/// processor (Zen 5), 16 lanes of inputs that are not in its caches reach 4.3 GB/s without this, and
/// 7.0 GB/s with it. Distances of 2 to 8 blocks are much the same there.
const BLOCKS_AHEAD: usize = 3;

/// Returns the largest number of lanes that [`compress_many`] hashes at the same time.
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
                let mut blocks = [&[0; BLOCK]; N];
                for (block, stream) in blocks.iter_mut().zip(&mut streams) {
                    *block = stream.next().unwrap_or(*block);
                }
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
