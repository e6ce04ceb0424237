//! The image that the operations of a pipeline change.

use bytes::Bytes;
use image::{DynamicImage, Frame};

use super::codec::{self, Header, MAX_MEMORY, Metadata, Pixels};
use super::format::Format;
use super::info::ImageInfo;
use super::{EncodedImage, MAX_SOURCE_LENGTH, too_large};
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// The image that the operations of a pipeline change. Its pixels are decoded when they are needed.
/// A file that no operation changes stays identical.
pub(super) struct WorkingImage {
    format: Format,
    state: State,
}

enum State {
    Untouched { source: Bytes, header: Header },
    Changed { pixels: Pixels, metadata: Metadata },
}

impl WorkingImage {
    pub(super) fn open(source: Bytes) -> Result<Self, ApiError> {
        let length = source.len() as u64;
        if length > MAX_SOURCE_LENGTH {
            return Err(too_large(length));
        }
        let format = Format::of(&source)?;
        let header = codec::read_header(&source, format)?;
        Ok(Self {
            format,
            state: State::Untouched { source, header },
        })
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn has_alpha(&self) -> bool {
        match &self.state {
            State::Untouched { header, .. } => header.has_alpha,
            State::Changed { pixels, .. } => pixels.color().has_alpha(),
        }
    }

    pub(super) fn info(&self) -> ImageInfo {
        match &self.state {
            State::Untouched { source, header } => {
                let exif = match self.format {
                    // A TIFF file contains EXIF tags directly.
                    Format::Tiff => Some(source.as_ref()),
                    _ => header.metadata.exif.as_deref(),
                };
                let colors = (header.color, header.has_alpha);
                let size = (header.width, header.height);
                ImageInfo::new(self.format, size, colors, exif.unwrap_or_default())
            }
            State::Changed { pixels, metadata } => {
                let exif = metadata.exif.as_deref().unwrap_or_default();
                let colors = (pixels.color().into(), pixels.color().has_alpha());
                ImageInfo::new(self.format, pixels.dimensions(), colors, exif)
            }
        }
    }

    /// Changes the pixels, in every frame of an animation.
    pub(super) fn change(
        self,
        change: impl Fn(DynamicImage) -> Result<DynamicImage, ApiError>,
    ) -> Result<Self, ApiError> {
        let format = self.format;
        let (pixels, metadata) = self.into_pixels()?;
        let pixels = match pixels {
            Pixels::Still(image) => Pixels::Still(change(image)?),
            Pixels::Animation { frames, repeat } => Pixels::Animation {
                frames: change_frames(frames, change)?,
                repeat,
            },
        };
        Ok(Self {
            format,
            state: State::Changed { pixels, metadata },
        })
    }

    /// Converts the image to another format.
    pub(super) fn convert(self, format: Format) -> Result<Self, ApiError> {
        if self.format == format {
            return Ok(self);
        }
        let (pixels, metadata) = self.into_pixels()?;
        Ok(Self {
            format,
            state: State::Changed { pixels, metadata },
        })
    }

    pub(super) fn encode(&self) -> Result<EncodedImage, ApiError> {
        let bytes = match &self.state {
            State::Untouched { source, .. } => source.clone(),
            State::Changed { pixels, metadata } => codec::encode(pixels, self.format, metadata)?,
        };
        Ok(EncodedImage {
            bytes,
            content_type: self.format.content_type(),
        })
    }

    /// Returns the image, or the first frame of an animation.
    pub(super) fn into_first_image(self) -> Result<DynamicImage, ApiError> {
        match self.into_pixels()?.0 {
            Pixels::Still(image) => Ok(image),
            Pixels::Animation { frames, .. } => frames
                .into_iter()
                .next()
                .map(|frame| frame.into_buffer().into())
                .ok_or_else(ApiError::internal),
        }
    }

    fn into_pixels(self) -> Result<(Pixels, Metadata), ApiError> {
        match self.state {
            State::Untouched { source, header } => {
                Ok((codec::decode(&source, self.format)?, header.metadata))
            }
            State::Changed { pixels, metadata } => Ok((pixels, metadata)),
        }
    }
}

fn change_frames(
    frames: Vec<Frame>,
    change: impl Fn(DynamicImage) -> Result<DynamicImage, ApiError>,
) -> Result<Vec<Frame>, ApiError> {
    let count = frames.len() as u64;
    frames
        .into_iter()
        .map(|frame| {
            let delay = frame.delay();
            let image = change(frame.into_buffer().into())?.into_rgba8();
            // All frames have the same size.
            if image.as_raw().len() as u64 * count > MAX_MEMORY {
                return Err(ApiError::new(
                    ErrorCode::InvalidArgument,
                    format!(
                        "the frames of the result need more than {} MiB of memory",
                        MAX_MEMORY >> 20
                    ),
                ));
            }
            Ok(Frame::from_parts(image, 0, 0, delay))
        })
        .collect()
}
