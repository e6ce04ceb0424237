//! Decoding and encoding of image files, with a memory limit.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::tiff::TiffEncoder;
use image::codecs::webp::WebPEncoder;
use image::error::DecodingError;
use image::metadata::LoopCount;
use image::{
    AnimationDecoder as _, ColorType, DynamicImage, ExtendedColorType, Frame, ImageDecoder,
    ImageEncoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits, Rgb,
};

use super::format::Format;
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Memory limit in bytes for the pixels of an image, including all frames of an animation.
pub(super) const MAX_MEMORY: u64 = 256 << 20;
/// Largest color profile that is kept. A larger profile is damaged or an attack.
const MAX_PROFILE_LENGTH: usize = 1 << 20;
/// Largest EXIF data of a JPEG file: the size of a segment without its length and name.
const MAX_JPEG_EXIF_LENGTH: usize = 65_535 - 2 - 6;

/// Header of an image file.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) color: ExtendedColorType,
    pub(super) has_alpha: bool,
    pub(super) metadata: Metadata,
}

/// Metadata that processing preserves.
#[derive(Clone, Debug, Default)]
pub(super) struct Metadata {
    pub(super) exif: Option<Vec<u8>>,
    /// ICC profile.
    pub(super) profile: Option<Vec<u8>>,
}

/// Decoded pixels of an image.
pub(super) enum Pixels {
    Still(DynamicImage),
    Animation { frames: Vec<Frame>, repeat: Repeat },
}

impl Pixels {
    pub(super) fn dimensions(&self) -> (u32, u32) {
        match self {
            Self::Still(image) => (image.width(), image.height()),
            Self::Animation { frames, .. } => frames
                .first()
                .map_or((0, 0), |frame| frame.buffer().dimensions()),
        }
    }

    pub(super) fn color(&self) -> ColorType {
        match self {
            Self::Still(image) => image.color(),
            Self::Animation { .. } => ColorType::Rgba8,
        }
    }
}

/// Reads the header of an image file.
pub(super) fn read_header(source: &Bytes, format: Format) -> Result<Header, ApiError> {
    let read = || {
        let mut decoder = decoder(source, format)?;
        let (width, height) = decoder.dimensions();
        Ok(Header {
            width,
            height,
            color: decoder.original_color_type(),
            has_alpha: decoder.color_type().has_alpha(),
            metadata: Metadata {
                exif: decoder.exif_metadata()?,
                profile: decoder.icc_profile()?,
            },
        })
    };
    read().map_err(|error| undecodable(format, &error))
}

/// Decodes the pixels of an image file.
pub(super) fn decode(source: &Bytes, format: Format) -> Result<Pixels, ApiError> {
    let read = || match format {
        Format::Gif => decode_animation(source),
        _ => {
            let decoder = decoder(source, format)?;
            limits().reserve(decoder.total_bytes())?;
            DynamicImage::from_decoder(decoder).map(Pixels::Still)
        }
    };
    read().map_err(|error| undecodable(format, &error))
}

/// Encodes an image file.
pub(super) fn encode(
    pixels: &Pixels,
    format: Format,
    metadata: &Metadata,
) -> Result<Bytes, ApiError> {
    let (width, height) = pixels.dimensions();
    let side = width.max(height);
    if side > format.max_side() {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            format!(
                "a side of {side} pixels is too long; {} allows at most {}",
                format.name(),
                format.max_side()
            ),
        ));
    }
    let result = match pixels {
        Pixels::Still(image) => encode_still(image, format, metadata),
        Pixels::Animation { frames, repeat } => encode_animation(frames, *repeat),
    };
    result.map(Bytes::from).map_err(|error| {
        tracing::error!(%error, format = format.name(), "cannot encode an image");
        ApiError::internal()
    })
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    limits
}

fn decoder(source: &Bytes, format: Format) -> ImageResult<impl ImageDecoder> {
    let mut reader = ImageReader::with_format(Cursor::new(source), format.as_known());
    reader.limits(limits());
    reader.into_decoder()
}

fn decode_animation(source: &Bytes) -> ImageResult<Pixels> {
    let mut decoder = GifDecoder::new(Cursor::new(source))?;
    decoder.set_limits(limits())?;
    let frame_size = decoder.total_bytes();
    let repeat = match decoder.loop_count() {
        LoopCount::Infinite => Repeat::Infinite,
        LoopCount::Finite(count) => Repeat::Finite(u16::try_from(count.get()).unwrap_or(u16::MAX)),
    };
    let mut limits = limits();
    // All decoded frames stay in memory, and the decoder needs one more.
    limits.reserve(frame_size)?;
    let mut frames = Vec::new();
    for frame in decoder.into_frames() {
        limits.reserve(frame_size)?;
        frames.push(frame?);
    }
    if frames.is_empty() {
        let error = DecodingError::new(ImageFormat::Gif.into(), "the file has no frames");
        return Err(ImageError::Decoding(error));
    }
    Ok(Pixels::Animation { frames, repeat })
}

fn encode_animation(frames: &[Frame], repeat: Repeat) -> ImageResult<Vec<u8>> {
    /// Compromise between the best palette (1) and the fastest encoding (30).
    const SPEED: i32 = 10;
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut out, SPEED);
    encoder.set_repeat(repeat)?;
    for frame in frames {
        encoder.encode_frame(frame.clone())?;
    }
    drop(encoder);
    Ok(out)
}

fn encode_still(image: &DynamicImage, format: Format, metadata: &Metadata) -> ImageResult<Vec<u8>> {
    let converted = convert(image, format);
    let image = converted.as_ref().unwrap_or(image);
    let mut out = Cursor::new(Vec::new());
    match format {
        Format::Jpeg => write(image, JpegEncoder::new(&mut out), format, metadata)?,
        Format::Png => write(image, PngEncoder::new(&mut out), format, metadata)?,
        Format::Webp => write(image, WebPEncoder::new_lossless(&mut out), format, metadata)?,
        Format::Tiff => write(image, TiffEncoder::new(&mut out), format, metadata)?,
        Format::Gif => image.write_with_encoder(GifEncoder::new(&mut out))?,
    }
    Ok(out.into_inner())
}

fn write(
    image: &DynamicImage,
    mut encoder: impl ImageEncoder,
    format: Format,
    metadata: &Metadata,
) -> ImageResult<()> {
    if let Some(profile) = &metadata.profile
        && is_profile_for(profile, image.color())
    {
        encoder
            .set_icc_profile(profile.clone())
            .map_err(ImageError::Unsupported)?;
    }
    if let Some(exif) = &metadata.exif
        && takes_exif(format, exif)
    {
        encoder
            .set_exif_metadata(exif.clone())
            .map_err(ImageError::Unsupported)?;
    }
    image.write_with_encoder(encoder)
}

/// Returns whether a color profile fits the pixels. It does not after a conversion from CMYK or
/// from gray.
fn is_profile_for(profile: &[u8], color: ColorType) -> bool {
    let space: &[u8] = if color.has_color() { b"RGB " } else { b"GRAY" };
    profile.len() <= MAX_PROFILE_LENGTH && profile.get(16..20) == Some(space)
}

/// Returns whether the encoder of a format supports this EXIF data.
fn takes_exif(format: Format, exif: &[u8]) -> bool {
    match format {
        Format::Jpeg => exif.len() <= MAX_JPEG_EXIF_LENGTH,
        Format::Png | Format::Webp => true,
        Format::Tiff | Format::Gif => false,
    }
}

/// Converts the pixels to a type that the format supports. Returns `None` if no conversion is
/// needed.
fn convert(image: &DynamicImage, format: Format) -> Option<DynamicImage> {
    use ColorType::{L8, L16, La8, La16, Rgb8, Rgb16, Rgb32F, Rgba8, Rgba16, Rgba32F};
    match (format, image.color()) {
        (Format::Jpeg, L8 | Rgb8) => None,
        (Format::Jpeg, La8 | La16) => Some(DynamicImage::from(flatten(image)).to_luma8().into()),
        (Format::Jpeg, Rgba8 | Rgba16 | Rgba32F) => Some(flatten(image).into()),
        (Format::Jpeg | Format::Webp, L16) => Some(image.to_luma8().into()),
        (Format::Webp, La16) => Some(image.to_luma_alpha8().into()),
        (Format::Webp, Rgba16 | Rgba32F) => Some(image.to_rgba8().into()),
        (Format::Jpeg | Format::Webp, Rgb16 | Rgb32F) => Some(image.to_rgb8().into()),
        (Format::Png, Rgb32F) => Some(image.to_rgb16().into()),
        (Format::Png, Rgba32F) => Some(image.to_rgba16().into()),
        (Format::Tiff, La8) => Some(image.to_rgba8().into()),
        (Format::Tiff, La16) => Some(image.to_rgba16().into()),
        _ => None,
    }
}

/// Removes transparency by blending with white.
fn flatten(image: &DynamicImage) -> image::RgbImage {
    let image = image.to_rgba8();
    let mut flat = image::RgbImage::new(image.width(), image.height());
    for (to, from) in flat.pixels_mut().zip(image.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let over_white = |channel: u8| {
            let sum = u32::from(channel) * u32::from(alpha) + 255 * u32::from(255 - alpha);
            // The sum is at most 255 * 255, so the result fits.
            ((sum + 127) / 255) as u8
        };
        *to = Rgb([over_white(red), over_white(green), over_white(blue)]);
    }
    flat
}

fn undecodable(format: Format, error: &ImageError) -> ApiError {
    let message = match error {
        ImageError::Limits(_) => format!(
            "the {} image needs more than {} MiB of memory",
            format.name(),
            MAX_MEMORY >> 20
        ),
        error => format!("the object is not a valid {} image: {error}", format.name()),
    };
    ApiError::new(ErrorCode::InvalidRequest, message)
}
