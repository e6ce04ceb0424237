//! The MD5 compression function (RFC 1321, section 3.4), for single words and for vectors of words.

/// A function of three words, with its name in RFC 1321.
#[derive(Clone, Copy)]
pub(super) enum Function {
    F,
    G,
    H,
    I,
}

/// `floor(abs(sin(i + 1)) * 2^32)` for step `i`, 16 steps a round.
pub(super) type Sines = [[u32; 16]; 4];

/// Adds one block to each of `N` states.
///
/// A `W` is a word of one input, or a vector with a word of each input. `word(i, at)` returns word `at`
/// of block `i`, 0 to 15. `step(function, [a, b, c, d], word, sine, rotation)` returns
/// `b + rotate_left(a + function(b, c, d) + word + sine, rotation)`. Additions wrap around.
///
/// The steps of one state depend on each other, so each step is done for all states before the next
/// one: a processor calculates them at the same time. For the same reason, a step adds last what depends
/// on `b`, the result of the step before.
///
/// The compiler must not know the values of `sines`. It would add constants last, after what depends
/// on the previous step: 8 lanes of a vector reach 4.5 GB/s with constants, and 5.2 GB/s with unknown
/// values; an input alone 0.79 and 0.97 GB/s.
#[inline(always)]
pub(super) fn compress<W: Copy, const N: usize>(
    states: &mut [[W; 4]; N],
    word: impl Fn(usize, usize) -> W,
    sines: &Sines,
    add: impl Fn(W, W) -> W,
    step: impl Fn(Function, [W; 4], W, u32, u32) -> W,
) {
    let before = *states;
    let [first, second, third, fourth] = sines;
    round(
        states,
        (&word, &step),
        (Function::F, [7, 12, 17, 22], first),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    );
    round(
        states,
        (&word, &step),
        (Function::G, [5, 9, 14, 20], second),
        [1, 6, 11, 0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12],
    );
    round(
        states,
        (&word, &step),
        (Function::H, [4, 11, 16, 23], third),
        [5, 8, 11, 14, 1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15, 2],
    );
    round(
        states,
        (&word, &step),
        (Function::I, [6, 10, 15, 21], fourth),
        [0, 7, 14, 5, 12, 3, 10, 1, 8, 15, 6, 13, 4, 11, 2, 9],
    );
    for (words, before) in states.iter_mut().zip(before) {
        for (word, before) in words.iter_mut().zip(before) {
            *word = add(*word, before);
        }
    }
}

/// Sixteen steps that use the same function. `order` has the word of each step.
#[inline(always)]
fn round<W: Copy, const N: usize>(
    states: &mut [[W; 4]; N],
    (word, step): (
        &impl Fn(usize, usize) -> W,
        &impl Fn(Function, [W; 4], W, u32, u32) -> W,
    ),
    (function, rotations, sines): (Function, [u32; 4], &[u32; 16]),
    order: [usize; 16],
) {
    // A loop would not be unrolled: two inputs reach 1.4 GB/s with one, and 1.9 GB/s
    // without.
    let ([i, j, k, l], [e, f, g, h]) = (quarters(order), quarters(*sines));
    four_steps(states, word, step, (function, rotations, e), i);
    four_steps(states, word, step, (function, rotations, f), j);
    four_steps(states, word, step, (function, rotations, g), k);
    four_steps(states, word, step, (function, rotations, h), l);
}

#[inline(always)]
fn quarters<T>([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [T; 16]) -> [[T; 4]; 4] {
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]]
}

#[inline(always)]
fn four_steps<W: Copy, const N: usize>(
    states: &mut [[W; 4]; N],
    word: &impl Fn(usize, usize) -> W,
    step: &impl Fn(Function, [W; 4], W, u32, u32) -> W,
    (function, [r0, r1, r2, r3], [s0, s1, s2, s3]): (Function, [u32; 4], [u32; 4]),
    [w0, w1, w2, w3]: [usize; 4],
) {
    for (i, [a, b, c, d]) in states.iter_mut().enumerate() {
        *a = step(function, [*a, *b, *c, *d], word(i, w0), s0, r0);
    }
    for (i, [a, b, c, d]) in states.iter_mut().enumerate() {
        *d = step(function, [*d, *a, *b, *c], word(i, w1), s1, r1);
    }
    for (i, [a, b, c, d]) in states.iter_mut().enumerate() {
        *c = step(function, [*c, *d, *a, *b], word(i, w2), s2, r2);
    }
    for (i, [a, b, c, d]) in states.iter_mut().enumerate() {
        *b = step(function, [*b, *c, *d, *a], word(i, w3), s3, r3);
    }
}

#[rustfmt::skip]
pub(super) const SINES: Sines = [
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
