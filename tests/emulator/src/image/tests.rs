//! Tests of operations by the pixels of their results.

mod formats;
mod geometry;
mod hostile;
mod info;
mod watermarks;

use std::io::Cursor;

use image::{DynamicImage, GenericImageView as _, ImageFormat, Rgb, RgbImage, Rgba};

use super::*;

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255; 3];

fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Bytes {
    let mut out = Cursor::new(Vec::new());
    image.into().write_to(&mut out, format).unwrap();
    out.into_inner().into()
}

/// Returns a PNG image of one color.
fn plain(width: u32, height: u32, color: [u8; 3]) -> Bytes {
    encode(
        RgbImage::from_pixel(width, height, Rgb(color)),
        ImageFormat::Png,
    )
}

/// Returns a PNG image whose quarters are red, green, blue and white, row by row.
fn quarters(width: u32, height: u32) -> Bytes {
    let image = RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    });
    encode(image, ImageFormat::Png)
}

fn run(source: &Bytes, action: &str) -> Result<PipelineOutcome, ApiError> {
    process(
        source.clone(),
        &ImagePipeline::parse(action)?,
        &Overlays::new(),
    )
}

/// Returns the resulting file.
fn file(source: &Bytes, action: &str) -> EncodedImage {
    match run(source, action) {
        Ok(PipelineOutcome {
            output: PipelineOutput::Image(image),
            ..
        }) => image,
        other => panic!("{action}: {other:?}"),
    }
}

/// Returns the resulting pixels.
fn pixels(source: &Bytes, action: &str) -> DynamicImage {
    image::load_from_memory(&file(source, action).bytes).unwrap()
}

fn info(source: &Bytes, action: &str) -> serde_json::Value {
    match run(source, action) {
        Ok(PipelineOutcome {
            output: PipelineOutput::Info(info),
            ..
        }) => serde_json::to_value(info).unwrap(),
        other => panic!("{action}: {other:?}"),
    }
}

fn error(source: &Bytes, action: &str) -> ApiError {
    run(source, action).unwrap_err()
}

fn color_at(image: &DynamicImage, x: u32, y: u32) -> [u8; 3] {
    let Rgba([red, green, blue, _]) = image.get_pixel(x, y);
    [red, green, blue]
}

/// Returns the colors of the corners, row by row.
fn corners(image: &DynamicImage) -> [[u8; 3]; 4] {
    let (right, bottom) = (image.width() - 1, image.height() - 1);
    [(0, 0), (right, 0), (0, bottom), (right, bottom)].map(|(x, y)| color_at(image, x, y))
}

#[test]
fn runs_the_pipeline_of_the_api_documents() {
    let jpeg = encode(
        image::load_from_memory(&quarters(600, 300)).unwrap(),
        ImageFormat::Jpeg,
    );
    let action = "crop:w_300|rotate:a_90|resize:h_200|\
                  watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150|format:t_png";
    let result = file(&jpeg, action);
    assert_eq!(result.content_type, "image/png");
    let image = image::load_from_memory(&result.bytes).unwrap();
    assert_eq!(image.dimensions(), (200, 200));
    let info = info(&jpeg, &format!("{action}|info"));
    assert_eq!(
        (&info["width"], &info["height"], &info["type"]),
        (&200.into(), &200.into(), &"png".into())
    );
}

#[test]
fn a_pipeline_without_changes_keeps_the_file() {
    let source = quarters(8, 8);
    for action in ["format:t_png", "save:b_photos,k_a"] {
        assert_eq!(file(&source, action).bytes, source, "{action}");
    }
}

#[test]
fn save_stores_the_image_at_its_position_in_the_pipeline() {
    let action = "resize:w_4|save:b_photos,k_a|format:t_jpeg|resize:w_2";
    let outcome = run(&quarters(8, 8), action).unwrap();
    let saved = outcome.saved.unwrap();
    assert_eq!(saved.content_type, "image/png");
    let saved = image::load_from_memory(&saved.bytes).unwrap();
    assert_eq!(saved.dimensions(), (4, 4));
    assert!(run(&quarters(8, 8), "resize:w_4").unwrap().saved.is_none());
    let outcome = run(&quarters(8, 8), "save:b_photos,k_a|info").unwrap();
    assert_eq!(outcome.saved.unwrap().bytes, quarters(8, 8));
}
