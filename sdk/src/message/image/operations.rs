//! The operations of a pipeline, and the limits of their arguments.

#[inline]
pub(super) fn check_sides(name: &str, sides: [Option<u32>; 2]) -> Result<(), String> {
    if sides == [None, None] {
        return Err(format!("{name}: needs a width, a height, or both"));
    }
    if sides.contains(&Some(0)) {
        return Err(format!("{name}: a side must have at least 1 pixel"));
    }
    Ok(())
}

fn check_opacity(name: &str, opacity: Option<f32>) -> Result<(), String> {
    match opacity {
        Some(opacity) if !(opacity > 0.0 && opacity <= 1.0) => Err(format!(
            "{name}: opacity {opacity} must be greater than 0 and at most 1"
        )),
        _ => Ok(()),
    }
}

/// A rectangle to crop to, in pixels. A side that is not set is not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub struct Crop {
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) position: Option<Position>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Position {
    Gravity(Gravity),
    Corner { left: u32, top: u32 },
}

impl Crop {
    /// Creates a rectangle in the center. Set its width, its height, or both.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the width in pixels, at least 1.
    pub fn width(mut self, width: u32) -> Self {
        self.width = Some(width);
        self
    }

    /// Sets the height in pixels, at least 1.
    pub fn height(mut self, height: u32) -> Self {
        self.height = Some(height);
        self
    }

    /// Sets the position by gravity, instead of [`at`](Self::at). Default: the center.
    pub fn gravity(mut self, gravity: Gravity) -> Self {
        self.position = Some(Position::Gravity(gravity));
        self
    }

    /// Sets the distance from the left and the top edge in pixels, instead of
    /// [`gravity`](Self::gravity).
    pub fn at(mut self, left: u32, top: u32) -> Self {
        self.position = Some(Position::Corner { left, top });
        self
    }
}

/// Position of a rectangle in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are self-explanatory")]
pub enum Gravity {
    Center = 0,
    North = 1,
    East = 2,
    South = 3,
    West = 4,
    NorthWest = 5,
    NorthEast = 6,
    SouthWest = 7,
    SouthEast = 8,
    /// The service chooses the most relevant part.
    Auto = 9,
}

/// Angle of a rotation, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Rotation {
    /// 0 degrees.
    None = 0,
    /// 90 degrees.
    Quarter = 90,
    /// 180 degrees.
    Half = 180,
    /// 270 degrees.
    ThreeQuarters = 270,
}

/// Target size of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub struct Resize {
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) mode: Option<ResizeMode>,
}

impl Resize {
    /// Sets the width, at least 1, and keeps the aspect ratio.
    pub fn to_width(width: u32) -> Self {
        Self {
            width: Some(width),
            height: None,
            mode: None,
        }
    }

    /// Sets the height, at least 1, and keeps the aspect ratio.
    pub fn to_height(height: u32) -> Self {
        Self {
            width: None,
            height: Some(height),
            mode: None,
        }
    }

    /// Sets both sides, each at least 1.
    pub fn to(width: u32, height: u32) -> Self {
        Self {
            width: Some(width),
            height: Some(height),
            mode: None,
        }
    }

    /// Sets how to handle another aspect ratio. Default: [`ResizeMode::Fill`].
    pub fn mode(mut self, mode: ResizeMode) -> Self {
        self.mode = Some(mode);
        self
    }
}

/// How to handle another aspect ratio when both sides are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ResizeMode {
    /// The image has the given size, and the rest is filled.
    Fill = 0,
    /// The service chooses.
    Auto = 1,
    /// A thumbnail.
    Thumbnail = 2,
}

/// A text watermark.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub struct TextWatermark {
    pub(super) text: String,
    pub(super) size: Option<u32>,
    pub(super) opacity: Option<f32>,
    pub(super) color: Option<String>,
}

impl TextWatermark {
    /// Creates a watermark of this text, which must not be empty.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            size: None,
            opacity: None,
            color: None,
        }
    }

    /// Sets the font size in twentieths of a point, at least 1. Default: 150.
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Sets the opacity, greater than 0 and at most 1 (opaque). Default: 0.25.
    pub fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = Some(opacity);
        self
    }

    /// Sets the color as `#RRGGBB`. Default: `#000000`, black.
    pub fn color(mut self, color: impl Into<String>) -> Self {
        self.color = Some(color.into());
        self
    }

    #[inline]
    pub(super) fn check(&self) -> Result<(), String> {
        if self.text.is_empty() {
            return Err("watermark: the text is empty".into());
        }
        if self.size == Some(0) {
            return Err("watermark: size must be at least 1".into());
        }
        if let Some(color) = &self.color {
            let digits = color.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(format!(
                    "watermark: {color:?} is not a color such as #FF0000"
                ));
            }
        }
        check_opacity("watermark", self.opacity)
    }
}

/// An image watermark.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub struct ImageWatermark {
    pub(super) url: String,
    pub(super) left: Option<u32>,
    pub(super) top: Option<u32>,
    pub(super) opacity: Option<f32>,
}

impl ImageWatermark {
    /// Creates a watermark from the image at this URL, which the service fetches by `http` or
    /// `https`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            left: None,
            top: None,
            opacity: None,
        }
    }

    /// Sets the distance from the left and the top edge in pixels. Default: 0.
    pub fn at(mut self, left: u32, top: u32) -> Self {
        (self.left, self.top) = (Some(left), Some(top));
        self
    }

    /// Sets the opacity, greater than 0 and at most 1 (opaque). Default: 0.25.
    pub fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = Some(opacity);
        self
    }

    #[inline]
    pub(super) fn check(&self) -> Result<(), String> {
        let is_web = self.url.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        if !is_web {
            return Err(format!(
                "watermark_image: {:?} is not an http or https URL",
                self.url
            ));
        }
        check_opacity("watermark_image", self.opacity)
    }
}

/// Output format of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG. A side has at most 65,535 pixels.
    Jpeg,
    /// PNG.
    Png,
    /// WebP. A side has at most 16,383 pixels.
    Webp,
    /// TIFF. A side has at most 65,535 pixels.
    Tiff,
}

impl ImageFormat {
    /// Returns the name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Tiff => "tiff",
        }
    }
}
