//! MD5 with vector instructions.
//!
//! x86-64 processors with AVX-512 hash 16 contents at a time. Those with AVX2 or SSE2, and 64-bit ARM
//! processors with NEON, hash 8. Other processors hash one after the other.

use std::hint::black_box;

use fearless_simd::{Level, Simd, SimdFrom as _, SimdInt, u32x8, u32x16};
use md5::block_api::compress as compress_one;

use super::{Active, BLOCK, INITIAL, LANES, Md5Lane};

/// Adds bytes to each lane with the vector instructions of this level.
#[inline]
pub(crate) fn update_with(level: Level, updates: &mut [(&mut Md5Lane, &[u8])]) {
    for group in updates.chunks_mut(LANES) {
        update_group(level, group);
    }
}

/// As [`update_with`], for at most [`LANES`] lanes.
#[inline]
fn update_group(level: Level, updates: &mut [(&mut Md5Lane, &[u8])]) {
    let mut active: Vec<Active<'_>> = updates
        .iter_mut()
        .filter_map(|(lane, bytes)| lane.take_whole_blocks(bytes))
        .collect();
    // Lanes of equal length end together.
    active.sort_by_key(|active| active.blocks.len());
    let mut active = active.as_mut_slice();
    while let [first, others @ ..] = active {
        let count = first.blocks.len();
        if count > 0 && others.is_empty() {
            compress_one(first.state, first.blocks);
            return;
        }
        if count > 0 {
            for lanes in active.chunks_mut(width(level)) {
                compress_many(level, lanes, count);
            }
        }
        let finished = active.partition_point(|active| active.blocks.is_empty());
        active = active.split_at_mut(finished).1;
    }
}

impl<'a> Active<'a> {
    /// Takes the first `count` blocks.
    fn take(&mut self, count: usize) -> &'a [[u8; BLOCK]] {
        let (head, tail) = self.blocks.split_at(count.min(self.blocks.len()));
        self.blocks = tail;
        head
    }
}

/// Largest number of lanes that [`compress_many`] takes at this level.
fn width(level: Level) -> usize {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if level.as_avx512().is_some() {
        return 16;
    }
    let _ = level;
    8
}

/// Adds the next `count` blocks to each lane.
#[inline]
fn compress_many(level: Level, lanes: &mut [Active<'_>], count: usize) {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        if let Some(simd) = level.as_avx512() {
            return match lanes.len() {
                ..=8 => compress_lanes::<_, u32x8<_>, 8>(simd, lanes, count),
                _ => compress_lanes::<_, u32x16<_>, 16>(simd, lanes, count),
            };
        }
        if let Some(simd) = level.as_avx2() {
            return compress_lanes::<_, u32x8<_>, 8>(simd, lanes, count);
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
    for lane in lanes {
        let blocks = lane.take(count);
        compress_one(lane.state, blocks);
    }
}

/// A vector with one word of each of `N` lanes.
trait Vector<S: Simd, const N: usize>: SimdInt<S, Element = u32> {
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
            // Vector lanes without a content hash zeros.
            let mut contents = [(); N].map(|()| [].iter());
            for ((state, content), lane) in states.iter_mut().zip(&mut contents).zip(&mut *lanes) {
                *state = *lane.state;
                *content = lane.take(count).iter();
            }
            let [a, b, c, d] = [0, 1, 2, 3].map(|at| states.map(|state| word(&state, at)));
            let mut state = [a, b, c, d].map(|words| V::from_lanes(simd, words));
            // The optimizer would add constants last, after what depends on the previous step: 8 lanes
            // reach 4.5 GB/s with constants, and 5.2 GB/s with values that it does not know.
            let sines = black_box(&SINES);
            for _ in 0..count {
                let blocks = contents.each_mut().map(|blocks| blocks.next());
                let blocks = blocks.map(|block| block.unwrap_or(&[0; BLOCK]));
                state = compress(state, V::transpose(simd, blocks), sines);
            }
            let state = state.map(V::into_lanes);
            for (at, lane) in lanes.iter_mut().enumerate() {
                for (kept, words) in lane.state.iter_mut().zip(&state) {
                    *kept = word(words, at);
                }
            }
        },
    );
}

fn word<const N: usize>(words: &[u32; N], at: usize) -> u32 {
    words.get(at).copied().unwrap_or_default()
}

/// The MD5 compression function (RFC 1321, section 3.4).
#[inline(always)]
fn compress<S: Simd, V: SimdInt<S, Element = u32>>(
    state: [V; 4],
    words: [V; 16],
    sines: &[[u32; 16]; 4],
) -> [V; 4] {
    let [
        w0,
        w1,
        w2,
        w3,
        w4,
        w5,
        w6,
        w7,
        w8,
        w9,
        w10,
        w11,
        w12,
        w13,
        w14,
        w15,
    ] = words;
    // Each function adds to its first argument last what depends on `b`, the result of the previous
    // step.
    let next = round::<_, _, 7, 12, 17, 22>(
        state,
        [
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
        ],
        &sines[0],
        #[inline(always)]
        |sum, b, c, d| sum + (d ^ (b & (c ^ d))),
    );
    let next = round::<_, _, 5, 9, 14, 20>(
        next,
        [
            w1, w6, w11, w0, w5, w10, w15, w4, w9, w14, w3, w8, w13, w2, w7, w12,
        ],
        &sines[1],
        #[inline(always)]
        |sum, b, c, d| (sum + (c & !d)) + (b & d),
    );
    let next = round::<_, _, 4, 11, 16, 23>(
        next,
        [
            w5, w8, w11, w14, w1, w4, w7, w10, w13, w0, w3, w6, w9, w12, w15, w2,
        ],
        &sines[2],
        #[inline(always)]
        |sum, b, c, d| sum + (b ^ (c ^ d)),
    );
    let next = round::<_, _, 6, 10, 15, 21>(
        next,
        [
            w0, w7, w14, w5, w12, w3, w10, w1, w8, w15, w6, w13, w4, w11, w2, w9,
        ],
        &sines[3],
        #[inline(always)]
        |sum, b, c, d| sum + (c ^ (b | !d)),
    );
    let ([a, b, c, d], [e, f, g, h]) = (state, next);
    [a + e, b + f, c + g, d + h]
}

/// Sixteen steps that use the same function. The constants are the steps' rotations.
#[inline(always)]
fn round<
    S: Simd,
    V: SimdInt<S, Element = u32>,
    const R: u32,
    const T: u32,
    const U: u32,
    const W: u32,
>(
    [mut a, mut b, mut c, mut d]: [V; 4],
    words: [V; 16],
    sines: &[u32; 16],
    function: impl Fn(V, V, V, V) -> V + Copy,
) -> [V; 4] {
    let (words, _) = words.as_chunks();
    let (sines, _) = sines.as_chunks();
    for ([w0, w1, w2, w3], [s0, s1, s2, s3]) in words.iter().zip(sines) {
        a = rotate::<_, _, R>(function(a + (*w0 + *s0), b, c, d)) + b;
        d = rotate::<_, _, T>(function(d + (*w1 + *s1), a, b, c)) + a;
        c = rotate::<_, _, U>(function(c + (*w2 + *s2), d, a, b)) + d;
        b = rotate::<_, _, W>(function(b + (*w3 + *s3), c, d, a)) + c;
    }
    [a, b, c, d]
}

#[inline(always)]
fn rotate<S: Simd, V: SimdInt<S, Element = u32>, const BITS: u32>(words: V) -> V {
    (words << BITS) | (words >> (u32::BITS - BITS))
}

/// `floor(abs(sin(i + 1)) * 2^32)` for step `i`, 16 steps a round.
#[rustfmt::skip]
const SINES: [[u32; 16]; 4] = [
    [
        0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
        0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    ],
    [
        0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
        0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    ],
    [
        0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
        0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    ],
    [
        0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
        0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
    ],
];
