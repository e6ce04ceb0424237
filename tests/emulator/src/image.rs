//! Image processing: [`ImagePipeline::parse`] parses an action, and [`process`] runs it.

mod action;
mod arguments;
mod coding;
mod format;
mod geometry;
mod info;
mod picture;
mod text;
mod watermark;

use std::collections::HashMap;

use bytes::Bytes;
use image::DynamicImage;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use action::Operation;
pub(crate) use action::Pipeline;
use format::Format;
pub(crate) use info::Info;
use picture::Picture;

/// Largest size in bytes of a source image, and of all overlay images of a pipeline together.
pub(crate) const MAX_SOURCE_LENGTH: u64 = 10 << 20;

/// Overlay images by URL.
pub(crate) type Overlays = HashMap<String, Bytes>;

/// An encoded image file.
#[derive(Clone, Debug)]
pub(crate) struct EncodedImage {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: &'static str,
}

/// Result of the last operation.
#[derive(Debug)]
pub(crate) enum Output {
    Image(EncodedImage),
    Info(Box<Info>),
}

/// Result of a pipeline.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) output: Output,
    /// Image at the point of the `save` operation, if the pipeline has one.
    pub(crate) saved: Option<EncodedImage>,
}

/// Returns the error for an image of `length` bytes, which is too large.
pub(crate) fn too_large(length: u64) -> ApiError {
    ApiError::new(
        ErrorCode::EntityTooLarge,
        format!("image of {length} bytes is too large; at most {MAX_SOURCE_LENGTH} are allowed"),
    )
}

/// Runs a pipeline. `overlays` contains the image of each URL in the pipeline.
///
/// Blocks, and needs much memory, so call it on a blocking thread.
pub(crate) fn process(
    source: Bytes,
    pipeline: &Pipeline,
    overlays: &Overlays,
) -> Result<Outcome, ApiError> {
    let mut picture = Picture::open(source)?;
    let mut saved = None;
    for operation in pipeline.operations() {
        check_format(operation, &picture)?;
        picture = match operation {
            Operation::Info => {
                let output = Output::Info(Box::new(picture.info()));
                return Ok(Outcome { output, saved });
            }
            Operation::Save(_) => {
                saved = Some(picture.encode()?);
                picture
            }
            Operation::Format(format) => picture.convert(*format)?,
            Operation::Crop(crop) => picture.change(|image| geometry::crop(&image, crop))?,
            Operation::Resize(resize) => {
                picture.change(|image| geometry::resize(&image, resize))?
            }
            Operation::Rotate(rotation) => {
                picture.change(|image| Ok(geometry::rotate(image, *rotation)))?
            }
            Operation::Watermark(mark) => {
                picture.change(|image| Ok(watermark::write_text(image, mark)))?
            }
            Operation::WatermarkImage(mark) => {
                let overlay = open_overlay(&mark.url, overlays)?;
                picture.change(|image| Ok(watermark::lay_over(image, &overlay, mark)))?
            }
        };
    }
    let output = Output::Image(picture.encode()?);
    Ok(Outcome { output, saved })
}

/// Returns an error if an operation does not support the format of an image.
fn check_format(operation: &Operation, picture: &Picture) -> Result<(), ApiError> {
    let format = picture.format();
    let is_transparent_png = format == Format::Png && picture.has_alpha();
    let what = match operation {
        Operation::Watermark(_) if is_transparent_png => "png with an alpha channel",
        _ if operation.accepts(format) => return Ok(()),
        _ => format.name(),
    };
    Err(ApiError::new(
        ErrorCode::InvalidRequest,
        format!(
            "{} does not support images of the format {what}",
            operation.name()
        ),
    ))
}

fn open_overlay(url: &str, overlays: &Overlays) -> Result<DynamicImage, ApiError> {
    // The caller has fetched every URL of the pipeline.
    let source = overlays.get(url).ok_or_else(ApiError::internal)?;
    Picture::open(source.clone())
        .and_then(Picture::into_first_image)
        .map_err(|error| {
            ApiError::new(
                ErrorCode::InvalidArgument,
                format!("watermark_image: u {url:?}: {}", error.message()),
            )
        })
}

#[cfg(test)]
mod tests;
