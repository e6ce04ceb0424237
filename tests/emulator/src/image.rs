//! Image processing: [`ImagePipeline::parse`] parses an action, and [`process`] runs it.

mod action;
mod codec;
mod format;
mod geometry;
mod info;
mod operation_arguments;
mod text;
mod watermark;
mod working_image;

use std::collections::HashMap;

use bytes::Bytes;
use image::DynamicImage;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use action::ImageOperation;
pub(crate) use action::ImagePipeline;
use format::Format;
pub(crate) use info::ImageInfo;
use working_image::WorkingImage;

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
pub(crate) enum PipelineOutput {
    Image(EncodedImage),
    Info(Box<ImageInfo>),
}

/// Result of a pipeline.
#[derive(Debug)]
pub(crate) struct PipelineOutcome {
    pub(crate) output: PipelineOutput,
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
    pipeline: &ImagePipeline,
    overlays: &Overlays,
) -> Result<PipelineOutcome, ApiError> {
    let mut image = WorkingImage::open(source)?;
    let mut saved = None;
    for operation in pipeline.operations() {
        check_format(operation, &image)?;
        image = match operation {
            ImageOperation::Info => {
                let output = PipelineOutput::Info(Box::new(image.info()));
                return Ok(PipelineOutcome { output, saved });
            }
            ImageOperation::Save(_) => {
                saved = Some(image.encode()?);
                image
            }
            ImageOperation::Format(format) => image.convert(*format)?,
            ImageOperation::Crop(crop) => image.change(|image| geometry::crop(&image, crop))?,
            ImageOperation::Resize(resize) => {
                image.change(|image| geometry::resize(&image, resize))?
            }
            ImageOperation::Rotate(rotation) => {
                image.change(|image| Ok(geometry::rotate(image, *rotation)))?
            }
            ImageOperation::Watermark(mark) => {
                image.change(|image| Ok(watermark::write_text(image, mark)))?
            }
            ImageOperation::WatermarkImage(mark) => {
                let overlay = open_overlay(&mark.url, overlays)?;
                image.change(|image| Ok(watermark::lay_over(image, &overlay, mark)))?
            }
        };
    }
    let output = PipelineOutput::Image(image.encode()?);
    Ok(PipelineOutcome { output, saved })
}

/// Returns an error if an operation does not support the format of an image.
fn check_format(operation: &ImageOperation, image: &WorkingImage) -> Result<(), ApiError> {
    let format = image.format();
    let is_transparent_png = format == Format::Png && image.has_alpha();
    let what = match operation {
        ImageOperation::Watermark(_) if is_transparent_png => "png with an alpha channel",
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
    WorkingImage::open(source.clone())
        .and_then(WorkingImage::into_first_image)
        .map_err(|error| {
            ApiError::new(
                ErrorCode::InvalidArgument,
                format!("watermark_image: u {url:?}: {}", error.message()),
            )
        })
}

#[cfg(test)]
mod tests;
