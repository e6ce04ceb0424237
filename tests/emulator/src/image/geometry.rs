//! Cropping, rotation and resizing.

use std::cmp::Reverse;

use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage, RgbaImage};

use super::action::{Crop, Gravity, Position, Resize, ResizeMode, Rotation, Sides};
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Largest number of pixels of the result and of the intermediate image of a resize. The filter
/// uses four floats per pixel, so the limit corresponds to 512 MiB.
const MAX_PIXELS: u64 = 1 << 25;
/// Longest side of the scaled-down image in which the automatic gravity searches.
const MAX_SEARCHED_SIDE: u32 = 256;

type Size = (u32, u32);

pub(super) fn rotate(image: DynamicImage, rotation: Rotation) -> DynamicImage {
    match rotation {
        Rotation::None => image,
        Rotation::Quarter => image.rotate90(),
        Rotation::Half => image.rotate180(),
        Rotation::ThreeQuarters => image.rotate270(),
    }
}

/// Cuts out a rectangle. The rectangle is clipped at the edges of the image.
pub(super) fn crop(image: &DynamicImage, crop: &Crop) -> Result<DynamicImage, ApiError> {
    let (image_width, image_height) = (image.width(), image.height());
    let width = crop
        .width
        .map_or(image_width, |width| width.get().min(image_width));
    let height = crop
        .height
        .map_or(image_height, |height| height.get().min(image_height));
    let (left, top) = match crop.position {
        Position::Offset { left, top } if left >= image_width || top >= image_height => {
            return Err(ApiError::new(
                ErrorCode::InvalidArgument,
                format!(
                    "crop: l {left} and t {top} are outside the image of {image_width} by \
                    {image_height} pixels"
                ),
            ));
        }
        Position::Offset { left, top } => (left, top),
        Position::Gravity(Gravity::Auto) => busiest_part(image, (width, height)),
        Position::Gravity(gravity) => {
            let (horizontal, vertical) = alignment(gravity);
            (
                horizontal.align(image_width - width),
                vertical.align(image_height - height),
            )
        }
    };
    Ok(image.crop_imm(left, top, width, height))
}

/// Scales an image.
pub(super) fn resize(image: &DynamicImage, resize: &Resize) -> Result<DynamicImage, ApiError> {
    let size = (image.width(), image.height());
    let (width, height) = match resize.sides {
        Sides::Width(width) => {
            return scale(
                image,
                (width.get(), proportion(size.1, width.get(), size.0)),
            );
        }
        Sides::Height(height) => {
            return scale(
                image,
                (proportion(size.0, height.get(), size.1), height.get()),
            );
        }
        Sides::Both(width, height) => (width.get(), height.get()),
    };
    match resize.mode {
        ResizeMode::Fit => scale(image, fit(size, (width, height))),
        ResizeMode::Fill => {
            check_size(width, (width, height))?;
            let inner = scale(image, fit(size, (width, height)))?;
            Ok(fill(inner, (width, height)))
        }
        ResizeMode::Thumbnail => {
            // Cropping before scaling keeps the intermediate image small for any proportions.
            let (cut_width, cut_height) = fit((width, height), size);
            let cut = image.crop_imm(
                (size.0 - cut_width) / 2,
                (size.1 - cut_height) / 2,
                cut_width,
                cut_height,
            );
            scale(&cut, (width, height))
        }
    }
}

fn scale(image: &DynamicImage, size: Size) -> Result<DynamicImage, ApiError> {
    check_size(image.width(), size)?;
    Ok(image.resize_exact(size.0, size.1, FilterType::Triangle))
}

/// Returns an error if a resize needs too much memory, for the result or for the intermediate
/// image: the filter first creates an image of the old width and the new height.
fn check_size(old_width: u32, (width, height): Size) -> Result<(), ApiError> {
    let pixels = u64::from(old_width.max(width)) * u64::from(height);
    if pixels > MAX_PIXELS {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            format!(
                "resize: {width} by {height} from a width of {old_width} needs {pixels} pixels; at \
                most {MAX_PIXELS} are allowed"
            ),
        ));
    }
    Ok(())
}

/// Returns the largest size with the proportions of `size` that fits into `room`.
fn fit(size: Size, room: Size) -> Size {
    let is_wider = u64::from(size.0) * u64::from(room.1) > u64::from(size.1) * u64::from(room.0);
    if is_wider {
        (room.0, proportion(size.1, room.0, size.0).min(room.1))
    } else {
        (proportion(size.0, room.1, size.1).min(room.0), room.1)
    }
}

/// Returns `length * to / from`, rounded, and at least 1.
fn proportion(length: u32, to: u32, from: u32) -> u32 {
    let from = u64::from(from.max(1));
    let scaled = (u64::from(length) * u64::from(to) + from / 2) / from;
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

/// Centers an image on a background: transparent if the image has an alpha channel, else white.
fn fill(inner: DynamicImage, (width, height): Size) -> DynamicImage {
    if (inner.width(), inner.height()) == (width, height) {
        return inner;
    }
    let left = i64::from((width - inner.width()) / 2);
    let top = i64::from((height - inner.height()) / 2);
    if inner.color().has_alpha() {
        let mut outer = RgbaImage::new(width, height);
        imageops::replace(&mut outer, &inner.into_rgba8(), left, top);
        outer.into()
    } else {
        let mut outer = RgbImage::from_pixel(width, height, Rgb([255; 3]));
        imageops::replace(&mut outer, &inner.into_rgb8(), left, top);
        outer.into()
    }
}

/// Alignment along one axis.
#[derive(Clone, Copy)]
enum Align {
    Start,
    Middle,
    End,
}

impl Align {
    fn align(self, room: u32) -> u32 {
        match self {
            Self::Start => 0,
            Self::Middle => room / 2,
            Self::End => room,
        }
    }
}

/// Returns the horizontal and the vertical alignment.
fn alignment(gravity: Gravity) -> (Align, Align) {
    use Align::{End, Middle, Start};
    match gravity {
        Gravity::Center | Gravity::Auto => (Middle, Middle),
        Gravity::North => (Middle, Start),
        Gravity::East => (End, Middle),
        Gravity::South => (Middle, End),
        Gravity::West => (Start, Middle),
        Gravity::NorthWest => (Start, Start),
        Gravity::NorthEast => (End, Start),
        Gravity::SouthWest => (Start, End),
        Gravity::SouthEast => (End, End),
    }
}

/// Returns the position at which a rectangle of this size covers the most edges. Of equal
/// positions, returns the one closest to the center.
fn busiest_part(image: &DynamicImage, (width, height): Size) -> (u32, u32) {
    let (image_width, image_height) = (image.width(), image.height());
    let longest = image_width.max(image_height);
    let small = if longest > MAX_SEARCHED_SIDE {
        image
            .thumbnail(MAX_SEARCHED_SIDE, MAX_SEARCHED_SIDE)
            .into_luma8()
    } else {
        image.to_luma8()
    };
    let (small_width, small_height) = small.dimensions();
    let part_width = proportion(width, small_width, image_width).min(small_width);
    let part_height = proportion(height, small_height, image_height).min(small_height);
    let sums = EdgeSums::new(&small);
    let (free_x, free_y) = (small_width - part_width, small_height - part_height);
    let places = (0..=free_y).flat_map(|y| (0..=free_x).map(move |x| (x, y)));
    let (x, y) = places
        .max_by_key(|&(x, y)| {
            let from_center =
                u64::from((2 * x).abs_diff(free_x)) + u64::from((2 * y).abs_diff(free_y));
            let edges = sums.within((x, y), (x + part_width, y + part_height));
            (edges, Reverse(from_center))
        })
        .unwrap_or((free_x / 2, free_y / 2));
    // A position at an edge stays there despite rounding.
    let place = |x: u32, free: u32, room: u32| match free {
        0 => room / 2,
        free => proportion_from_zero(x, room, free),
    };
    (
        place(x, free_x, image_width - width),
        place(y, free_y, image_height - height),
    )
}

/// Like [`proportion`], but 0 stays 0.
fn proportion_from_zero(length: u32, to: u32, from: u32) -> u32 {
    match length {
        0 => 0,
        length => proportion(length, to, from).min(to),
    }
}

/// Differences between adjacent pixels, summed from the upper left corner.
struct EdgeSums {
    /// Sums in rows, with one column and one row more than the image.
    sums: Vec<u64>,
    columns: usize,
}

impl EdgeSums {
    fn new(image: &image::GrayImage) -> Self {
        let columns = image.width() as usize + 1;
        let mut sums = vec![0; columns];
        let level = |x, y| image.get_pixel_checked(x, y).map_or(0, |pixel| pixel.0[0]);
        for y in 0..image.height() {
            let mut row = 0;
            sums.push(0);
            for x in 0..image.width() {
                let here = level(x, y);
                let edge = |x, y| u64::from(here.abs_diff(level(x, y)));
                row += edge(x.saturating_sub(1), y) + edge(x, y.saturating_sub(1));
                let above = sums.get(sums.len() - columns).copied().unwrap_or(0);
                sums.push(above + row);
            }
        }
        Self { sums, columns }
    }

    /// Returns the sum over a rectangle. `end` is exclusive.
    fn within(&self, start: Size, end: Size) -> u64 {
        let at = |x: u32, y: u32| {
            let index = y as usize * self.columns + x as usize;
            self.sums.get(index).copied().unwrap_or(0)
        };
        at(end.0, end.1) + at(start.0, start.1) - at(start.0, end.1) - at(end.0, start.1)
    }
}
