//! The `action` parameter of an image request: a sequence of operations.

use std::num::NonZeroU32;

use super::format::Format;
use super::operation_arguments::OperationArguments;
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Largest number of operations of an action.
const MAX_OPERATIONS: usize = 20;

/// The operations of an action, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImagePipeline(Vec<ImageOperation>);

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ImageOperation {
    Info,
    Crop(Crop),
    Rotate(Rotation),
    Resize(Resize),
    Watermark(Watermark),
    WatermarkImage(WatermarkImage),
    Format(Format),
    Save(SaveTarget),
}

/// Cuts out a rectangle. A side without a value keeps its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crop {
    pub(super) width: Option<NonZeroU32>,
    pub(super) height: Option<NonZeroU32>,
    pub(super) position: Position,
}

/// Position of the rectangle of a crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Gravity(Gravity),
    Offset { left: u32, top: u32 },
}

/// Side or corner to which a rectangle is aligned. Ordered like the numbers of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gravity {
    Center,
    North,
    East,
    South,
    West,
    NorthWest,
    NorthEast,
    SouthWest,
    SouthEast,
    Auto,
}

/// Clockwise rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

/// Scales an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resize {
    pub(super) sides: Sides,
    pub(super) mode: ResizeMode,
}

/// Target size. A side without a value follows from the proportions of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sides {
    Width(NonZeroU32),
    Height(NonZeroU32),
    Both(NonZeroU32, NonZeroU32),
}

/// How an image is scaled if both sides are specified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResizeMode {
    /// Fits the image into the target size, and fills the rest.
    Fill,
    /// Fits the image into the target size.
    Fit,
    /// Covers the target size with the image, and crops the rest of the image.
    Thumbnail,
}

/// Draws text over an image.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watermark {
    pub(super) text: String,
    /// Font size in twentieths of a point.
    pub(super) size: u32,
    /// Over 0, at most 1.
    pub(super) opacity: f32,
    pub(super) color: [u8; 3],
}

/// Lays another image over an image.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WatermarkImage {
    pub(super) url: String,
    pub(super) left: u32,
    pub(super) top: u32,
    /// Over 0, at most 1.
    pub(super) opacity: f32,
}

/// Object that a `save` operation writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaveTarget {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl ImagePipeline {
    /// Parses an action, such as `crop:w_300|format:t_png`.
    pub(crate) fn parse(action: &str) -> Result<Self, ApiError> {
        let texts: Vec<_> = action.split('|').take(MAX_OPERATIONS + 1).collect();
        if texts.len() > MAX_OPERATIONS {
            return Err(invalid(format!(
                "an action can have at most {MAX_OPERATIONS} operations"
            )));
        }
        let operations: Vec<_> = texts
            .into_iter()
            .map(ImageOperation::parse)
            .collect::<Result<_, _>>()?;
        let is_info = |operation: &ImageOperation| *operation == ImageOperation::Info;
        if operations.iter().rev().skip(1).any(is_info) {
            return Err(invalid(
                "info does not produce an image, so it must be the last operation",
            ));
        }
        let is_save = |operation: &&ImageOperation| matches!(operation, ImageOperation::Save(_));
        if operations.iter().filter(is_save).count() > 1 {
            return Err(invalid("an action can have at most one save operation"));
        }
        Ok(Self(operations))
    }

    pub(super) fn operations(&self) -> &[ImageOperation] {
        &self.0
    }

    /// Returns the object that the `save` operation writes.
    pub(crate) fn target(&self) -> Option<&SaveTarget> {
        self.0.iter().find_map(|operation| match operation {
            ImageOperation::Save(target) => Some(target),
            _ => None,
        })
    }

    /// Returns the URLs of the overlay images.
    pub(crate) fn image_urls(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|operation| match operation {
            ImageOperation::WatermarkImage(mark) => Some(mark.url.as_str()),
            _ => None,
        })
    }
}

impl ImageOperation {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let (name, arguments) = match text.split_once(':') {
            Some((name, arguments)) => (name, Some(arguments)),
            None => (text, None),
        };
        let read = |name, letters| OperationArguments::parse(name, letters, arguments);
        match name {
            "info" => read("info", "").map(|_| Self::Info),
            "crop" => Crop::read(&read("crop", "whglt")?).map(Self::Crop),
            "rotate" => Rotation::read(&read("rotate", "a")?).map(Self::Rotate),
            "resize" => Resize::read(&read("resize", "whm")?).map(Self::Resize),
            "watermark" => Watermark::read(&read("watermark", "tdpc")?).map(Self::Watermark),
            "watermark_image" => {
                WatermarkImage::read(&read("watermark_image", "ultp")?).map(Self::WatermarkImage)
            }
            "format" => Format::read(&read("format", "t")?).map(Self::Format),
            "save" => SaveTarget::read(&read("save", "bk")?).map(Self::Save),
            _ => Err(invalid(format!(
                "unknown operation {name:?}; expected info, crop, rotate, resize, watermark, \
                watermark_image, format or save"
            ))),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Crop(_) => "crop",
            Self::Rotate(_) => "rotate",
            Self::Resize(_) => "resize",
            Self::Watermark(_) => "watermark",
            Self::WatermarkImage(_) => "watermark_image",
            Self::Format(_) => "format",
            Self::Save(_) => "save",
        }
    }

    /// Returns whether the operation supports images of this format.
    pub(super) fn accepts(&self, format: Format) -> bool {
        match self {
            Self::Info | Self::Save(_) | Self::Resize(_) => true,
            Self::Crop(_)
            | Self::Rotate(_)
            | Self::Watermark(_)
            | Self::WatermarkImage(_)
            | Self::Format(_) => format != Format::Gif,
        }
    }
}

impl Crop {
    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        let offset = (arguments.number('l')?, arguments.number('t')?);
        let position = match (arguments.choice('g', &Gravity::ALL)?, offset) {
            (gravity, (None, None)) => Position::Gravity(gravity.unwrap_or(Gravity::Center)),
            (None, (left, top)) => Position::Offset {
                left: left.unwrap_or(0),
                top: top.unwrap_or(0),
            },
            (Some(_), _) => return Err(invalid("crop: g cannot be combined with l or t")),
        };
        Ok(Self {
            width: arguments.length('w')?,
            height: arguments.length('h')?,
            position,
        })
    }
}

impl Gravity {
    const ALL: [(&'static str, Self); 10] = [
        ("0", Self::Center),
        ("1", Self::North),
        ("2", Self::East),
        ("3", Self::South),
        ("4", Self::West),
        ("5", Self::NorthWest),
        ("6", Self::NorthEast),
        ("7", Self::SouthWest),
        ("8", Self::SouthEast),
        ("9", Self::Auto),
    ];
}

impl Rotation {
    const ALL: [(&'static str, Self); 4] = [
        ("0", Self::None),
        ("90", Self::Quarter),
        ("180", Self::Half),
        ("270", Self::ThreeQuarters),
    ];

    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        arguments.required('a', arguments.choice('a', &Self::ALL)?)
    }
}

impl Resize {
    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        let sides = match (arguments.length('w')?, arguments.length('h')?) {
            (Some(width), Some(height)) => Sides::Both(width, height),
            (Some(width), None) => Sides::Width(width),
            (None, Some(height)) => Sides::Height(height),
            (None, None) => return Err(invalid("resize: w or h is required")),
        };
        let mode = arguments.choice('m', &ResizeMode::ALL)?;
        Ok(Self {
            sides,
            mode: mode.unwrap_or(ResizeMode::Fill),
        })
    }
}

impl ResizeMode {
    const ALL: [(&'static str, Self); 3] =
        [("0", Self::Fill), ("1", Self::Fit), ("2", Self::Thumbnail)];
}

impl Watermark {
    const DEFAULT_SIZE: u32 = 150;
    /// 1000 points.
    const MAX_SIZE: u32 = 20_000;
    const MAX_TEXT_LENGTH: usize = 1000;

    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        let text = arguments.required('t', arguments.base64('t')?)?;
        if text.chars().count() > Self::MAX_TEXT_LENGTH {
            return Err(invalid(format!(
                "watermark: t must have at most {} characters",
                Self::MAX_TEXT_LENGTH
            )));
        }
        let size = arguments.number('d')?.unwrap_or(Self::DEFAULT_SIZE);
        if !(1..=Self::MAX_SIZE).contains(&size) {
            return Err(invalid(format!(
                "watermark: d {size} is out of range; expected 1 to {}",
                Self::MAX_SIZE
            )));
        }
        let color = match arguments.base64('c')? {
            None => [0; 3],
            Some(text) => parse_color(&text).ok_or_else(|| {
                invalid(format!(
                    "watermark: c {text:?} is not a color such as #FF0000"
                ))
            })?,
        };
        Ok(Self {
            text,
            size,
            opacity: arguments.opacity('p')?,
            color,
        })
    }
}

impl WatermarkImage {
    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        let url = arguments.required('u', arguments.base64('u')?)?;
        let is_url = url.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        if !is_url {
            return Err(invalid(format!(
                "watermark_image: u {url:?} is not an http or https URL"
            )));
        }
        Ok(Self {
            url,
            left: arguments.number('l')?.unwrap_or(0),
            top: arguments.number('t')?.unwrap_or(0),
            opacity: arguments.opacity('p')?,
        })
    }
}

impl Format {
    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        let targets = Self::TARGETS.map(|format| (format.name(), format));
        arguments.required('t', arguments.choice('t', &targets)?)
    }
}

impl SaveTarget {
    fn read(arguments: &OperationArguments<'_>) -> Result<Self, ApiError> {
        let text = |letter| arguments.required(letter, arguments.get(letter).map(str::to_owned));
        Ok(Self {
            bucket: text('b')?,
            key: text('k')?,
        })
    }
}

/// Parses `#RRGGBB`.
fn parse_color(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, message)
}

#[cfg(test)]
mod tests;
