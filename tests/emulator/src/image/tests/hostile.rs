use proptest::prelude::*;

use super::*;

/// Actions that cover all decoders.
const ACTIONS: [&str; 4] = [
    "info",
    "crop:w_2|format:t_png",
    "resize:w_3",
    "format:t_webp",
];

/// Returns a file of each format.
fn files() -> Vec<Bytes> {
    let image = image::load_from_memory(&quarters(24, 16)).unwrap();
    [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Gif,
    ]
    .map(|format| encode(image.clone(), format))
    .into()
}

/// Runs all actions, and checks the codes of their errors.
fn check_errors(source: &Bytes) {
    for action in ACTIONS {
        if let Err(error) = run(source, action) {
            assert!(
                ["invalid_request", "invalid_argument", "not_implemented"].contains(&error.code()),
                "{action}: {error}"
            );
        }
    }
}

#[test]
fn refuses_files_that_are_not_images() {
    for source in [
        &b""[..],
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff",
    ] {
        for action in ACTIONS {
            let error = error(&Bytes::from_static(source), action);
            assert_eq!(error.code(), "invalid_request", "{action}");
        }
    }
    let svg = error(&Bytes::from_static(b"<svg/>"), "info");
    assert_eq!(svg.status().as_u16(), 501);
}

#[test]
fn truncated_files_return_errors() {
    for source in files() {
        for length in 0..source.len() {
            check_errors(&source.slice(..length));
        }
    }
    let png = quarters(24, 16);
    let error = error(&png.slice(..png.len() / 2), "crop");
    assert!(error.message().contains("not a valid png image"), "{error}");
}

#[test]
fn refuses_large_sources() {
    let source = Bytes::from(vec![0; 10 << 20]);
    assert_eq!(error(&source, "info").code(), "invalid_request");
    let source = Bytes::from(vec![0; (10 << 20) + 1]);
    assert_eq!(error(&source, "info").code(), "entity_too_large");
}

/// Returns a PNG file that announces a size, but contains almost no pixels.
fn png_bomb(width: u32, height: u32) -> Bytes {
    let mut bytes = quarters(1, 1).to_vec();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes.into()
}

/// Returns the checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

/// Returns a JPEG file that announces the largest possible size.
fn jpeg_bomb() -> Bytes {
    let mut bytes = encode(
        image::load_from_memory(&quarters(8, 8)).unwrap(),
        ImageFormat::Jpeg,
    )
    .to_vec();
    let frame = bytes
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    bytes[frame + 5..frame + 9].fill(0xff);
    bytes.into()
}

#[test]
fn refuses_decompression_bombs() {
    for source in [
        png_bomb(30_000, 30_000),
        png_bomb(2_147_483_647, 2_147_483_647),
        jpeg_bomb(),
    ] {
        for action in ["crop:w_1", "resize:w_1", "format:t_tiff"] {
            let error = error(&source, action);
            assert_eq!(error.code(), "invalid_request", "{action}");
            assert!(error.message().contains("of memory"), "{error}");
        }
        check_errors(&source);
    }
}

/// Returns a GIF file with a large screen and frames of one pixel.
fn gif_bomb(side: u16, frames: usize) -> Bytes {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    for _ in 0..frames {
        let image = image::RgbaImage::from_pixel(1, 1, Rgba([255; 4]));
        encoder.encode_frame(image::Frame::new(image)).unwrap();
    }
    drop(encoder);
    bytes[6..8].copy_from_slice(&side.to_le_bytes());
    bytes[8..10].copy_from_slice(&side.to_le_bytes());
    bytes.into()
}

#[test]
fn limits_the_memory_of_animations() {
    for source in [gif_bomb(3000, 8), gif_bomb(9000, 1), gif_bomb(65_535, 1000)] {
        let error = error(&source, "resize:w_1");
        assert_eq!(error.code(), "invalid_request");
        assert!(error.message().contains("of memory"), "{error}");
    }
    let small = gif_bomb(10, 1000);
    assert_eq!(pixels(&small, "resize:w_2").dimensions(), (2, 2));
    let error = error(&small, "resize:w_300");
    assert_eq!(error.code(), "invalid_argument");
    assert!(
        error.message().starts_with("the frames of the result"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_return_errors(
        index in 0..5_usize,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = files()[index].to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        check_errors(&bytes.into());
    }

    #[test]
    fn random_bytes_return_errors(
        index in 0..5_usize,
        kept in 0..40_usize,
        rest in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut bytes = files()[index].slice(..kept).to_vec();
        bytes.extend(rest);
        check_errors(&bytes.into());
    }
}
