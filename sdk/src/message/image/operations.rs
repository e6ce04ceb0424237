//! The operations of a pipeline, and what each of them allows.

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

/// A rectangle to cut out, in pixels. A side that is not given stays as it is.
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
    /// A rectangle in the middle, of which a side is still to be given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its width in pixels, at least 1.
    pub fn width(mut self, width: u32) -> Self {
        self.width = Some(width);
        self
    }

    /// Its height in pixels, at least 1.
    pub fn height(mut self, height: u32) -> Self {
        self.height = Some(height);
        self
    }

    /// Where it lies, in place of [`at`](Self::at). Default: in the middle.
    pub fn gravity(mut self, gravity: Gravity) -> Self {
        self.position = Some(Position::Gravity(gravity));
        self
    }

    /// Its distance from the left and the upper edge in pixels, in place of
    /// [`gravity`](Self::gravity).
    pub fn at(mut self, left: u32, top: u32) -> Self {
        self.position = Some(Position::Corner { left, top });
        self
    }
}

/// To which side a rectangle is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
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
    /// The service finds the part that matters.
    Auto = 9,
}

/// By how much to turn, clockwise.
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

/// The size that a picture shall have, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub struct Resize {
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) mode: Option<ResizeMode>,
}

impl Resize {
    /// A width, at least 1; the height follows.
    pub fn to_width(width: u32) -> Self {
        Self {
            width: Some(width),
            height: None,
            mode: None,
        }
    }

    /// A height, at least 1; the width follows.
    pub fn to_height(height: u32) -> Self {
        Self {
            width: None,
            height: Some(height),
            mode: None,
        }
    }

    /// Both sides, each at least 1.
    pub fn to(width: u32, height: u32) -> Self {
        Self {
            width: Some(width),
            height: Some(height),
            mode: None,
        }
    }

    /// What becomes of the proportions. Default: [`ResizeMode::Fill`].
    pub fn mode(mut self, mode: ResizeMode) -> Self {
        self.mode = Some(mode);
        self
    }
}

/// What becomes of a picture's proportions when both sides are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ResizeMode {
    /// The size is as given, and the rest is filled.
    Fill = 0,
    /// The service chooses.
    Auto = 1,
    /// A thumbnail.
    Thumbnail = 2,
}

/// A text over a picture.
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
    /// The text, which must not be empty.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            size: None,
            opacity: None,
            color: None,
        }
    }

    /// The size of the letters in twentieths of a point, at least 1. Default 150.
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Over 0, at most 1, which hides what is below. Default 0.25.
    pub fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = Some(opacity);
        self
    }

    /// The color as `#RRGGBB`. Default `#000000`, black.
    pub fn color(mut self, color: impl Into<String>) -> Self {
        self.color = Some(color.into());
        self
    }

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

/// A picture over a picture.
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
    /// The address of the picture to lay over, which the service fetches by `http` or `https`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            left: None,
            top: None,
            opacity: None,
        }
    }

    /// The distance from the left and the upper edge in pixels. Default 0.
    pub fn at(mut self, left: u32, top: u32) -> Self {
        (self.left, self.top) = (Some(left), Some(top));
        self
    }

    /// Over 0, at most 1, which hides what is below. Default 0.25.
    pub fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = Some(opacity);
        self
    }

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

/// The formats that a picture can be given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG; a side has at most 65,535 pixels.
    Jpeg,
    /// PNG.
    Png,
    /// WebP; a side has at most 16,383 pixels.
    Webp,
    /// TIFF; a side has at most 65,535 pixels.
    Tiff,
}

impl ImageFormat {
    /// As the API names it.
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
