//! [`Vector`]: the words of several inputs that a processor calculates with one instruction.

use fearless_simd::{Simd, SimdFrom as _, SimdInt, u32x8, u32x16};

use super::BLOCK;
use super::compress::Word;

/// A vector with one word of each of `N` lanes.
pub(super) trait Vector<S: Simd, const N: usize>: Word {
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
