//! [`Pair`]: two vectors as one.

use std::ops::{Add, BitAnd, BitOr, BitXor, Not};

use fearless_simd::Simd;

use super::BLOCK;
use super::compress::Word;
use super::vector::Vector;

/// Two vectors. A processor executes the instructions of both at the same time, while those of one
/// vector alone wait for each other: on an AMD EPYC processor (Zen 5), a vector of 16 lanes reaches
/// 6.6 GB/s and two of them 10.8 GB/s; with AVX2, one of 8 lanes 2.6 GB/s and two of them 5.1 GB/s.
#[derive(Clone, Copy)]
pub(super) struct Pair<V>(V, V);

macro_rules! impl_vector {
    ($lanes:literal = 2 * $half:literal) => {
        impl<S: Simd, V: Vector<S, $half>> Vector<S, $lanes> for Pair<V> {
            #[inline(always)]
            fn from_lanes(simd: S, words: [u32; $lanes]) -> Self {
                let [first, second] = halves(words, 0);
                Self(V::from_lanes(simd, first), V::from_lanes(simd, second))
            }

            #[inline(always)]
            fn into_lanes(self) -> [u32; $lanes] {
                let mut words = [0; $lanes];
                let halves = [self.0.into_lanes(), self.1.into_lanes()];
                words.copy_from_slice(halves.as_flattened());
                words
            }

            #[inline(always)]
            fn transpose(simd: S, blocks: [&[u8; BLOCK]; $lanes]) -> [Self; 16] {
                let [first, second] = halves(blocks, &[0; BLOCK]);
                let mut words = V::transpose(simd, first).map(|word| Self(word, word));
                for (pair, word) in words.iter_mut().zip(V::transpose(simd, second)) {
                    pair.1 = word;
                }
                words
            }
        }
    };
}

impl_vector!(16 = 2 * 8);
impl_vector!(32 = 2 * 16);

/// Returns both halves. `filler` is not part of them.
#[inline(always)]
fn halves<T: Copy, const N: usize, const H: usize>(items: [T; N], filler: T) -> [[T; H]; 2] {
    let mut halves = [[filler; H]; 2];
    halves.as_flattened_mut().copy_from_slice(&items);
    halves
}

macro_rules! impl_operator {
    ($operator:ident, $method:ident) => {
        impl<V: $operator<Output = V>> $operator for Pair<V> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    };
}

impl_operator!(Add, add);
impl_operator!(BitAnd, bitand);
impl_operator!(BitOr, bitor);
impl_operator!(BitXor, bitxor);

impl<V: Not<Output = V>> Not for Pair<V> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0, !self.1)
    }
}

impl<V: Word> Word for Pair<V> {
    #[inline(always)]
    fn add_constant(self, constant: u32) -> Self {
        Self(self.0.add_constant(constant), self.1.add_constant(constant))
    }

    #[inline(always)]
    fn rotate_left<const BITS: u32>(self) -> Self {
        Self(self.0.rotate_left::<BITS>(), self.1.rotate_left::<BITS>())
    }
}
