use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use image::RgbaImage;

use super::*;

fn base64(text: &str) -> String {
    STANDARD_NO_PAD.encode(text)
}

fn mark(text: &str, rest: &str) -> String {
    format!("watermark:t_{}{rest}", base64(text))
}

/// Returns the positions of the pixels that differ from the background.
fn changed(image: &DynamicImage, background: [u8; 3]) -> Vec<(u32, u32)> {
    image
        .pixels()
        .filter(|(_, _, pixel)| pixel.0[..3] != background)
        .map(|(x, y, _)| (x, y))
        .collect()
}

#[test]
fn text_has_size_color_and_opacity() {
    let source = plain(200, 100, WHITE);
    // 320 twentieths of a point are 16 pixels, the size of the glyphs.
    let red = mark("T", &format!(",d_320,p_1,c_{}", base64("#FF0000")));
    let image = pixels(&source, &red);
    assert_eq!(image.dimensions(), (200, 100));
    assert_eq!(color_at(&image, 4, 8), RED);
    assert_eq!(color_at(&image, 1, 8), WHITE);

    let half = pixels(&source, &mark("T", ",d_320,p_0.5"));
    assert_eq!(color_at(&half, 4, 8), [127; 3]);
    let default = pixels(&source, &mark("T", ",d_320"));
    assert_eq!(color_at(&default, 4, 8), [191; 3]);
    // Values above 1 count as 1.
    let double = pixels(&source, &mark("T", ",d_320,p_2"));
    assert_eq!(color_at(&double, 4, 8), [0; 3]);

    let large = changed(&pixels(&source, &mark("T", ",d_640,p_1")), WHITE);
    let small = changed(&pixels(&source, &mark("T", ",d_320,p_1")), WHITE);
    assert_eq!(large.len(), 4 * small.len());
}

#[test]
fn draws_the_text_of_the_api_documents() {
    let source = plain(200, 100, WHITE);
    let image = pixels(&source, "watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150");
    let changed = changed(&image, WHITE);
    // Each of the four characters is 8 pixels wide and high.
    for character in 0..4 {
        let columns = character * 8..(character + 1) * 8;
        let count = changed.iter().filter(|(x, _)| columns.contains(x)).count();
        assert!(count > 20, "{character}: {count}");
    }
    assert!(changed.iter().all(|(x, y)| *x < 32 && *y < 8));
}

#[test]
fn clips_text_at_the_edges() {
    let source = plain(10, 10, WHITE);
    let image = pixels(&source, &mark(&"水".repeat(1000), ",d_20000,p_1"));
    assert_eq!(image.dimensions(), (10, 10));
}

#[test]
fn refuses_text_on_png_with_alpha() {
    let image = RgbaImage::from_pixel(20, 20, Rgba([255, 0, 0, 0]));
    let png = encode(image.clone(), ImageFormat::Png);
    let refused = error(&png, &mark("T", ""));
    assert_eq!(refused.code(), "invalid_request");
    assert!(refused.message().contains("png with an alpha channel"));
    // Another format is supported, and pixels without text stay transparent.
    let webp = encode(image, ImageFormat::WebP);
    let marked = pixels(&webp, &mark("T", ",d_320,p_1"));
    assert_eq!(marked.get_pixel(4, 8), Rgba([0, 0, 0, 255]));
    assert_eq!(marked.get_pixel(15, 8).0[3], 0);
}

#[test]
fn draws_overlay_images() {
    let url = "http://localhost/mark.png";
    let action = |rest: &str| format!("watermark_image:u_{}{rest}", base64(url));
    let lay = |overlay: Bytes, rest: &str| {
        let pipeline = ImagePipeline::parse(&action(rest)).unwrap();
        assert_eq!(pipeline.image_urls().collect::<Vec<_>>(), [url]);
        let overlays = Overlays::from([(url.to_owned(), overlay)]);
        process(plain(20, 10, WHITE), &pipeline, &overlays)
    };
    let laid = |overlay: Bytes, rest: &str| match lay(overlay, rest).unwrap().output {
        PipelineOutput::Image(image) => image::load_from_memory(&image.bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    let red = plain(4, 4, RED);
    let image = laid(red.clone(), ",l_10,t_5,p_1");
    let expected: Vec<_> = (10..14).flat_map(|x| (5..9).map(move |y| (x, y))).collect();
    let mut places = changed(&image, WHITE);
    places.sort_unstable();
    assert_eq!(places, expected);
    assert_eq!(color_at(&image, 10, 5), RED);
    // Default position and opacity.
    assert_eq!(color_at(&laid(red.clone(), ""), 0, 0), [255, 191, 191]);
    // The transparency of the overlay applies.
    let clear = RgbaImage::from_pixel(4, 4, Rgba([255, 0, 0, 0]));
    let image = laid(encode(clear, ImageFormat::Png), ",p_1");
    assert!(changed(&image, WHITE).is_empty());
    // Partly and completely outside the image.
    assert_eq!(changed(&laid(red.clone(), ",l_18,t_9,p_1"), WHITE).len(), 2);
    assert!(changed(&laid(red, ",l_4294967295,t_0,p_1"), WHITE).is_empty());

    let refused = lay(Bytes::from_static(b"no image"), "").unwrap_err();
    assert_eq!(refused.code(), "invalid_argument");
    assert!(refused.message().contains(url), "{refused}");
}
