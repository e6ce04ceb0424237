use std::time::Duration;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::metadata::LoopCount;
use image::{
    AnimationDecoder as _, Delay, Frame, ImageBuffer, ImageEncoder as _, LumaA, RgbaImage,
};

use super::*;

const FORMATS: [(&str, ImageFormat); 4] = [
    ("jpeg", ImageFormat::Jpeg),
    ("png", ImageFormat::Png),
    ("webp", ImageFormat::WebP),
    ("tiff", ImageFormat::Tiff),
];

fn is_near(left: [u8; 3], right: [u8; 3]) -> bool {
    left.iter()
        .zip(right)
        .all(|(left, right)| left.abs_diff(right) < 16)
}

#[test]
fn converts_every_format_to_every_other() {
    let image = image::load_from_memory(&quarters(32, 16)).unwrap();
    for (from, format) in FORMATS {
        let source = encode(image.clone(), format);
        for (to, _) in FORMATS {
            let result = file(&source, &format!("format:t_{to}|crop"));
            assert_eq!(result.content_type, format!("image/{to}"), "{from}");
            let result = image::load_from_memory(&result.bytes).unwrap();
            let found = corners(&result);
            let expected = [RED, GREEN, BLUE, WHITE];
            assert!(
                found
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| is_near(*found, expected)),
                "{from} to {to}: {found:?}"
            );
        }
        // Without a format operation, the format does not change.
        let cropped = file(&source, "crop:w_8");
        assert_eq!(cropped.content_type, format!("image/{from}"));
        assert_eq!(image::guess_format(&cropped.bytes).unwrap(), format);
    }
}

/// Returns images of all pixel types.
fn kinds() -> Vec<DynamicImage> {
    let image = image::load_from_memory(&quarters(8, 8)).unwrap();
    vec![
        image.to_luma8().into(),
        image.to_luma_alpha8().into(),
        image.to_rgb8().into(),
        image.to_rgba8().into(),
        image.to_luma16().into(),
        image.to_luma_alpha16().into(),
        image.to_rgb16().into(),
        image.to_rgba16().into(),
        image.to_rgb32f().into(),
        image.to_rgba32f().into(),
    ]
}

#[test]
fn converts_every_pixel_type_to_every_format() {
    for image in kinds() {
        let color = image.color();
        for (_, format) in [FORMATS[1], FORMATS[3]] {
            let mut out = Cursor::new(Vec::new());
            if image.write_to(&mut out, format).is_err() {
                continue;
            }
            let source = Bytes::from(out.into_inner());
            for (to, _) in FORMATS {
                for action in ["crop:w_4", "rotate:a_90", "resize:w_3", "resize:w_4,h_9"] {
                    let action = format!("{action}|format:t_{to}");
                    let result = pixels(&source, &action);
                    assert!(result.width() <= 8, "{color:?} {action}");
                }
            }
        }
    }
}

#[test]
fn keeps_the_bit_depth_if_the_format_supports_it() {
    let image = DynamicImage::from(ImageBuffer::from_pixel(4, 4, Rgb([1_u16, 2, 3])));
    let source = encode(image, ImageFormat::Png);
    for action in ["crop:w_2", "rotate:a_90", "resize:w_2", "format:t_tiff"] {
        let result = pixels(&source, action).into_rgb16();
        assert_eq!(result.get_pixel(0, 0), &Rgb([1, 2, 3]), "{action}");
    }
}

#[test]
fn transparency_becomes_white_in_jpeg() {
    let image = RgbaImage::from_fn(16, 8, |x, _| match x {
        0..8 => Rgba([0, 0, 0, 0]),
        _ => Rgba([0, 0, 255, 255]),
    });
    let jpeg = pixels(&encode(image, ImageFormat::Png), "format:t_jpeg");
    assert!(!jpeg.color().has_alpha());
    assert!(is_near(color_at(&jpeg, 2, 2), WHITE));
    assert!(is_near(color_at(&jpeg, 13, 2), BLUE));
    let gray = ImageBuffer::from_pixel(8, 8, LumaA([0_u8, 127]));
    let jpeg = pixels(&encode(gray, ImageFormat::Png), "format:t_jpeg");
    assert!(!jpeg.color().has_color());
    assert!(is_near(color_at(&jpeg, 2, 2), [128; 3]));
    // The other formats keep transparency.
    for to in ["png", "webp", "tiff"] {
        let image = RgbaImage::from_pixel(8, 8, Rgba([1, 2, 3, 4]));
        let source = encode(image, ImageFormat::Png);
        let kept = pixels(&source, &format!("format:t_{to}|crop"));
        assert_eq!(kept.get_pixel(0, 0).0[3], 4, "{to}");
    }
}

#[test]
fn keeps_color_profiles_that_fit_the_pixels() {
    let profile = |space: &[u8; 4]| {
        let mut profile = vec![0; 132];
        profile[16..20].copy_from_slice(space);
        profile
    };
    let source = |space| {
        let mut out = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut out);
        encoder.set_icc_profile(profile(space)).unwrap();
        let image = image::load_from_memory(&quarters(8, 8)).unwrap();
        image.write_with_encoder(encoder).unwrap();
        Bytes::from(out)
    };
    for (to, format) in FORMATS {
        let action = format!("crop:w_4|format:t_{to}");
        let kept = |space| {
            let bytes = file(&source(space), &action).bytes;
            if format == ImageFormat::Tiff {
                // The library writes the profile, but does not read it.
                let profile = profile(space);
                let mut windows = bytes.windows(profile.len());
                return windows.any(|window| window == profile).then_some(profile);
            }
            let reader = image::ImageReader::with_format(Cursor::new(bytes), format);
            image::ImageDecoder::icc_profile(&mut reader.into_decoder().unwrap()).unwrap()
        };
        assert_eq!(kept(b"RGB "), Some(profile(b"RGB ")), "{to}");
        assert_eq!(kept(b"CMYK"), None, "{to}");
    }
}

fn animation() -> Bytes {
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new(&mut out);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for color in [RED, GREEN, BLUE] {
        let [red, green, blue] = color;
        let image = RgbaImage::from_pixel(20, 10, Rgba([red, green, blue, 255]));
        let delay = Delay::from_saturating_duration(Duration::from_millis(70));
        encoder
            .encode_frame(Frame::from_parts(image, 0, 0, delay))
            .unwrap();
    }
    drop(encoder);
    out.into()
}

#[test]
fn animations_can_be_resized() {
    let source = animation();
    for (action, size) in [
        ("resize:w_10", (10, 5)),
        ("resize:w_8,h_8", (8, 8)),
        ("resize:w_8,h_8,m_2|resize:h_4", (4, 4)),
    ] {
        let result = file(&source, action);
        assert_eq!(result.content_type, "image/gif");
        let decoder = GifDecoder::new(Cursor::new(&result.bytes)).unwrap();
        assert!(matches!(decoder.loop_count(), LoopCount::Infinite));
        let frames = decoder.into_frames().collect_frames().unwrap();
        assert_eq!(frames.len(), 3, "{action}");
        for (frame, color) in frames.iter().zip([RED, GREEN, BLUE]) {
            assert_eq!(frame.buffer().dimensions(), size, "{action}");
            assert_eq!(Duration::from(frame.delay()), Duration::from_millis(70));
            let Rgba([red, green, blue, _]) = *frame.buffer().get_pixel(size.0 / 2, size.1 / 2);
            assert!(is_near([red, green, blue], color), "{action}");
        }
    }
    assert_eq!(info(&source, "resize:w_10|info")["height"], 5);
    assert_eq!(info(&source, "info")["type"], "gif");
}

#[test]
fn refuses_gif_for_unsupported_operations() {
    for action in [
        "crop:w_1",
        "rotate:a_90",
        "rotate:a_0",
        "watermark:t_YQ",
        "format:t_png",
        "resize:w_5|format:t_png",
    ] {
        let error = error(&animation(), action);
        assert_eq!(error.code(), "invalid_request", "{action}");
        assert!(error.message().ends_with("the format gif"), "{error}");
    }
}

#[test]
fn the_format_limits_the_sides() {
    let long = plain(16_384, 1, RED);
    let error = error(&long, "format:t_webp");
    assert_eq!(error.code(), "invalid_argument");
    assert!(error.message().contains("16383"), "{error}");
    assert_eq!(pixels(&long, "crop:w_16383|format:t_webp").width(), 16_383);
    let longer = plain(65_536, 1, RED);
    for to in ["jpeg", "tiff"] {
        let refused = run(&longer, &format!("format:t_{to}")).unwrap_err();
        assert!(refused.message().contains("65535"), "{refused}");
    }
    let refused = run(&animation(), "resize:w_65536,h_1,m_2").unwrap_err();
    assert!(refused.message().contains("65535"), "{refused}");
    assert_eq!(pixels(&longer, "rotate:a_90").height(), 65_536);
}
