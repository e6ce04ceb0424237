//! MD5 with the vector instructions of 64-bit ARM processors.

use archmage::intrinsics::aarch64::*;
use archmage::{NeonToken, SimdToken as _, arcane};

use super::Active;
use super::compress::Function;
use super::scalar::compress_few;
use super::vectors::{Instructions, compress_vectors};

/// One step of [`compress`](super::compress::compress).
#[target_feature(enable = "neon")]
#[inline]
fn step(
    function: Function,
    [a, b, c, d]: [uint32x4_t; 4],
    word: uint32x4_t,
    sine: u32,
    rotation: u32,
) -> uint32x4_t {
    let sum = vaddq_u32(vaddq_u32(a, vdupq_n_u32(sine)), word);
    // `vbicq_u32(a, b)` is `a & !b`, and `vornq_u32(a, b)` is `a | !b`.
    let sum = match function {
        Function::F => vaddq_u32(sum, veorq_u32(d, vandq_u32(b, veorq_u32(c, d)))),
        Function::G => vaddq_u32(vaddq_u32(sum, vbicq_u32(c, d)), vandq_u32(b, d)),
        Function::H => vaddq_u32(sum, veorq_u32(b, veorq_u32(c, d))),
        Function::I => vaddq_u32(sum, veorq_u32(c, vornq_u32(b, d))),
    };
    // A negative number shifts to the right.
    let rotation = rotation.cast_signed();
    let rotated = vorrq_u32(
        vshlq_u32(sum, vdupq_n_s32(rotation)),
        vshlq_u32(sum, vdupq_n_s32(rotation - 32)),
    );
    vaddq_u32(rotated, b)
}

#[arcane]
#[inline]
fn lanes_8(_: NeonToken, lanes: &mut [Active<'_>], count: usize) {
    let instructions = Instructions {
        load: |bytes: &[u8; 16]| vreinterpretq_u32_u8(vld1q_u8(bytes)),
        store: |bytes: &mut [u8; 16], vector| vst1q_u8(bytes, vreinterpretq_u8_u32(vector)),
        zip: |a, b| [vzip1q_u32(a, b), vzip2q_u32(a, b)],
        add: |a, b| vaddq_u32(a, b),
        step: |function, state, word, sine, rotation| step(function, state, word, sine, rotation),
    };
    compress_vectors::<_, 16, 4, 2>(instructions, lanes, count);
}

/// Adds the next `count` blocks to each lane: 8 lanes at the same time with NEON, which nearly all
/// 64-bit ARM processors have, and otherwise 3.
#[inline]
pub(crate) fn compress_neon(lanes: &mut [Active<'_>], count: usize) {
    let Some(token) = NeonToken::summon() else {
        return compress_few(lanes, count);
    };
    for lanes in lanes.chunks_mut(8) {
        match lanes.len() {
            0..=3 => compress_few(lanes, count),
            _ => lanes_8(token, lanes, count),
        }
    }
}
