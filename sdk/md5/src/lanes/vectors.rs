//! MD5 of many inputs with vectors: each lane of a vector belongs to another input.

use std::hint::black_box;
use std::slice;

use super::compress::{Function, SINES, compress};
use super::{Active, BLOCK};

/// How many blocks before its use each block of a lane is fetched into the processor's cache.
///
/// Processors do not recognize so many inputs that are read at the same time: on an AMD EPYC
/// processor (Zen 5), 16 lanes of inputs that are not in its caches reach 4.3 GB/s without this, and
/// 7.0 GB/s with it. Distances of 2 to 8 blocks are much the same there.
const BLOCKS_AHEAD: usize = 3;

/// The instructions for a vector `V` of `L` lanes, which has `B` bytes.
///
/// They are closures, because only a function for certain processors can call the instructions of
/// these processors, and the closures in it.
pub(super) struct Instructions<Load, Store, Zip, Add, Step> {
    /// `&[u8; B] -> V`
    pub(super) load: Load,
    /// `(&mut [u8; B], V)`
    pub(super) store: Store,
    /// `(V, V) -> [V; 2]`: the lanes of both by turns, first those of the lower halves.
    pub(super) zip: Zip,
    pub(super) add: Add,
    /// As for [`compress`].
    pub(super) step: Step,
}

/// Adds the next `count` blocks to each of at most `L * N` lanes, with `N` vectors of `L` lanes.
//
// Calls such as `array.map(..)` would not be compiled for the processors of the caller.
#[inline(always)]
pub(super) fn compress_vectors<V: Copy, const B: usize, const L: usize, const N: usize>(
    instructions: Instructions<
        impl Fn(&[u8; B]) -> V,
        impl Fn(&mut [u8; B], V),
        impl Fn(V, V) -> [V; 2],
        impl Fn(V, V) -> V,
        impl Fn(Function, [V; 4], V, u32, u32) -> V,
    >,
    lanes: &mut [Active<'_>],
    count: usize,
) {
    let Instructions {
        load,
        store,
        zip,
        add,
        step,
    } = instructions;
    // Vector lanes without a stream hash zeros.
    let mut streams = [[(); L]; N].map(|vector| vector.map(|()| [].iter()));
    let zero = load(&[0; B]);
    let mut states = [[zero; 4]; N];
    for ((state, streams), lanes) in states.iter_mut().zip(&mut streams).zip(lanes.chunks_mut(L)) {
        for (at, vector) in state.iter_mut().enumerate() {
            let mut bytes = [0; B];
            for (bytes, lane) in bytes.as_chunks_mut().0.iter_mut().zip(&*lanes) {
                *bytes = item(lane.state, at, 0).to_le_bytes();
            }
            *vector = load(&bytes);
        }
        for (stream, lane) in streams.iter_mut().zip(lanes) {
            *stream = lane.take(count).iter();
        }
    }
    let sines = black_box(&SINES);
    for _ in 0..count {
        let mut words = [[zero; 16]; N];
        for (words, streams) in words.iter_mut().zip(&mut streams) {
            let mut blocks = [&[0; BLOCK]; L];
            for (block, stream) in blocks.iter_mut().zip(&mut *streams) {
                *block = stream.next().unwrap_or(*block);
            }
            prefetch(streams);
            transpose(words, &blocks, &load, &zip);
        }
        compress(
            &mut states,
            #[inline(always)]
            |vector, at| item(&item(&words, vector, [zero; 16]), at, zero),
            sines,
            &add,
            &step,
        );
    }
    for (state, lanes) in states.iter().zip(lanes.chunks_mut(L)) {
        for (at, vector) in state.iter().enumerate() {
            let mut bytes = [0; B];
            store(&mut bytes, *vector);
            for (bytes, lane) in bytes.as_chunks().0.iter().zip(&mut *lanes) {
                if let Some(word) = lane.state.get_mut(at) {
                    *word = u32::from_le_bytes(*bytes);
                }
            }
        }
    }
}

/// Loads the 16 words of the blocks: vector `i` contains word `i` of each block.
#[inline(always)]
fn transpose<V: Copy, const B: usize, const L: usize>(
    words: &mut [V; 16],
    blocks: &[&[u8; BLOCK]; L],
    load: &impl Fn(&[u8; B]) -> V,
    zip: &impl Fn(V, V) -> [V; 2],
) {
    for (group, rows) in words.as_chunks_mut::<L>().0.iter_mut().enumerate() {
        for (row, block) in rows.iter_mut().zip(blocks) {
            if let Some(bytes) = block.as_chunks().0.get(group) {
                *row = load(bytes);
            }
        }
        // Each round doubles the number of lanes that a vector contains.
        for _ in 0..L.ilog2() {
            *rows = interleave(*rows, zip);
        }
    }
}

/// Interleaves each vector of the first half with its counterpart in the second half.
#[inline(always)]
fn interleave<V: Copy, const L: usize>(rows: [V; L], zip: &impl Fn(V, V) -> [V; 2]) -> [V; L] {
    let (first, second) = rows.split_at(L / 2);
    let mut interleaved = rows;
    let (pairs, _) = interleaved.as_chunks_mut();
    for (pair, (a, b)) in pairs.iter_mut().zip(first.iter().zip(second)) {
        *pair = zip(*a, *b);
    }
    interleaved
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

#[inline(always)]
fn item<T: Copy, const N: usize>(items: &[T; N], at: usize, otherwise: T) -> T {
    items.get(at).copied().unwrap_or(otherwise)
}
