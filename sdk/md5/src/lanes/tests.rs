//! Compares lanes with the `md-5` crate.

use md5::{Digest as _, Md5};
use proptest::prelude::*;

use super::*;

/// All functions of this architecture.
fn functions() -> Vec<(&'static str, Compress)> {
    vec![
        ("scalar", scalar::compress_few),
        #[cfg(target_arch = "x86_64")]
        ("AVX2", x86::compress_avx2),
        ("fastest", fastest()),
    ]
}

/// Hashes texts at the same time, each in pieces of `step` bytes.
fn digests(compress: Compress, texts: &[&[u8]], step: usize) -> Vec<[u8; 16]> {
    let mut lanes = vec![Md5Lane::default(); texts.len()];
    let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
    for start in (0..longest).step_by(step) {
        let mut updates: Vec<_> = lanes
            .iter_mut()
            .zip(texts)
            .map(|(lane, text)| {
                let rest = text.get(start..).unwrap_or_default();
                let bytes = rest.get(..step).unwrap_or(rest);
                (lane, bytes)
            })
            .collect();
        update_with(compress, &mut updates);
    }
    lanes.into_iter().map(Md5Lane::finish).collect()
}

fn hex(digest: &[u8; 16]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_texts_of_rfc_1321() {
    let texts: [(&[u8], &str); 7] = [
        (b"", "d41d8cd98f00b204e9800998ecf8427e"),
        (b"a", "0cc175b9c0f1b6a831c399e269772661"),
        (b"abc", "900150983cd24fb0d6963f7d28e17f72"),
        (b"message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        (
            b"abcdefghijklmnopqrstuvwxyz",
            "c3fcd3d76192e4007dfb496cca67e13b",
        ),
        (
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f",
        ),
        (
            b"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a",
        ),
    ];
    let (contents, expected): (Vec<_>, Vec<_>) = texts.into_iter().unzip();
    for (name, compress) in functions() {
        for step in [1, 3, 64, 1000] {
            let digests = digests(compress, &contents, step);
            let found: Vec<_> = digests.iter().map(hex).collect();
            assert_eq!(found, expected, "{name}, {step}");
        }
    }
}

#[test]
fn every_length_around_a_block_is_padded() {
    let text: Vec<u8> = (0..=255).collect();
    let texts: Vec<_> = (0..=200).map(|len| &text[..len]).collect();
    let expected: Vec<[u8; 16]> = texts.iter().map(|text| Md5::digest(text).into()).collect();
    for (name, compress) in functions() {
        assert_eq!(digests(compress, &texts, 1000), expected, "{name}");
        assert_eq!(digests(compress, &texts, 63), expected, "{name}");
    }
}

proptest! {
    // The vector code is slow without optimization.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_lanes_in_any_pieces_equal_the_reference(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1000), 0..40),
        equal in any::<bool>(),
        step in prop_oneof![1_usize..200, 64_usize..1000],
    ) {
        // Lanes of equal length take another path than lanes of many lengths.
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
        let texts: Vec<_> = texts
            .into_iter()
            .map(|mut text| {
                text.resize(if equal { longest } else { text.len() }, 7);
                text
            })
            .collect();
        let texts: Vec<_> = texts.iter().map(Vec::as_slice).collect();
        let expected: Vec<[u8; 16]> = texts.iter().map(|text| Md5::digest(text).into()).collect();
        for (name, compress) in functions() {
            prop_assert_eq!(&digests(compress, &texts, step), &expected, "{}", name);
        }
        let mut lanes = vec![Md5Lane::default(); texts.len()];
        update_lanes(&mut lanes.iter_mut().zip(texts).collect::<Vec<_>>());
        prop_assert_eq!(lanes.into_iter().map(Md5Lane::finish).collect::<Vec<_>>(), expected);
    }
}
