//! Text and image watermarks.

use image::{DynamicImage, GenericImage as _, GenericImageView as _, Pixel as _, Rgba};

use super::action::{Watermark, WatermarkImage};
use super::text::Line;

/// Units of the font size per pixel. The unit is a twentieth of a point, and a point is a pixel.
const UNITS_PER_PIXEL: u32 = 20;

/// Draws a text watermark from the upper left corner.
pub(super) fn write_text(image: DynamicImage, mark: &Watermark) -> DynamicImage {
    let height = (mark.size + UNITS_PER_PIXEL / 2) / UNITS_PER_PIXEL;
    let line = Line::new(&mark.text, height);
    let [red, green, blue] = mark.color;
    blend(image, (0, 0), (line.width(), line.height()), |x, y| {
        let alpha = to_byte(mark.opacity * line.coverage(x, y));
        Rgba([red, green, blue, alpha])
    })
}

/// Draws an overlay image, clipped at the edges of the image.
pub(super) fn lay_over(
    image: DynamicImage,
    overlay: &DynamicImage,
    mark: &WatermarkImage,
) -> DynamicImage {
    blend(
        image,
        (mark.left, mark.top),
        overlay.dimensions(),
        |x, y| {
            let Rgba([red, green, blue, alpha]) = overlay.get_pixel(x, y);
            let alpha = to_byte(mark.opacity * f32::from(alpha) / 255.0);
            Rgba([red, green, blue, alpha])
        },
    )
}

/// Blends a rectangle of pixels into an image. Converts the image to color with 8 bits per channel.
fn blend(
    image: DynamicImage,
    (left, top): (u32, u32),
    (width, height): (u32, u32),
    pixel: impl Fn(u32, u32) -> Rgba<u8>,
) -> DynamicImage {
    let mut image = if image.color().has_alpha() {
        DynamicImage::from(image.into_rgba8())
    } else {
        DynamicImage::from(image.into_rgb8())
    };
    let width = width.min(image.width().saturating_sub(left));
    let height = height.min(image.height().saturating_sub(top));
    for y in 0..height {
        for x in 0..width {
            let mut blended = image.get_pixel(left + x, top + y);
            blended.blend(&pixel(x, y));
            image.put_pixel(left + x, top + y, blended);
        }
    }
    image
}

fn to_byte(fraction: f32) -> u8 {
    // A cast from a float to an integer saturates.
    (fraction * 255.0).round() as u8
}
