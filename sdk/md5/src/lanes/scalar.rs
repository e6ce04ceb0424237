//! MD5 of a few inputs without vector instructions.

use std::hint::black_box;

use super::compress::{Function, SINES, compress};
use super::{Active, BLOCK};

/// Largest number of lanes that [`compress_few`] hashes at the same time.
///
/// Three need most of the arithmetic units of a core. On an AMD EPYC processor (Zen 5), 1, 2 and 3
/// lanes reach 0.97, 1.9 and 2.4 GB/s. As lanes of a vector, whose instructions take longer, 2 and 3
/// reach 1.0 and 1.6 GB/s; 4 reach 2.1 GB/s in either way.
pub(super) const FEW: usize = 3;

/// Adds the next `count` blocks to each lane.
#[inline]
pub(crate) fn compress_few(lanes: &mut [Active<'_>], count: usize) {
    for lanes in lanes.chunks_mut(FEW) {
        match lanes {
            [a] => compress_lanes([a], count),
            [a, b] => compress_lanes([a, b], count),
            [a, b, c] => compress_lanes([a, b, c], count),
            _ => {}
        }
    }
}

#[inline]
fn compress_lanes<const N: usize>(mut lanes: [&mut Active<'_>; N], count: usize) {
    let mut states = lanes.each_ref().map(|lane| *lane.state);
    let mut contents = lanes.each_mut().map(|lane| lane.take(count).iter());
    let sines = black_box(&SINES);
    for _ in 0..count {
        let blocks = contents.each_mut().map(|blocks| blocks.next());
        let blocks = blocks.map(|block| block.unwrap_or(&[0; BLOCK]).as_chunks().0);
        compress(
            &mut states,
            #[inline(always)]
            |lane, at| {
                let bytes = blocks
                    .get(lane)
                    .and_then(|block: &&[[u8; 4]]| block.get(at));
                u32::from_le_bytes(bytes.copied().unwrap_or_default())
            },
            sines,
            u32::wrapping_add,
            step,
        );
    }
    for (lane, state) in lanes.into_iter().zip(states) {
        *lane.state = state;
    }
}

#[inline(always)]
fn step(function: Function, [a, b, c, d]: [u32; 4], word: u32, sine: u32, rotation: u32) -> u32 {
    let sum = a.wrapping_add(sine).wrapping_add(word);
    let sum = match function {
        Function::F => sum.wrapping_add(d ^ (b & (c ^ d))),
        Function::G => sum.wrapping_add(c & !d).wrapping_add(b & d),
        Function::H => sum.wrapping_add(b ^ (c ^ d)),
        Function::I => sum.wrapping_add(c ^ (b | !d)),
    };
    sum.rotate_left(rotation).wrapping_add(b)
}
