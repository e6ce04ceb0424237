//! Image formats.

use bytes::Bytes;
use image::ImageFormat;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// A supported image format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    Webp,
    Tiff,
    Gif,
}

impl Format {
    /// Formats to which images can be converted.
    pub(super) const TARGETS: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Tiff];

    /// Detects the format from the first bytes. Ignores the key and the content type of the object.
    pub(super) fn of(source: &Bytes) -> Result<Self, ApiError> {
        if source.starts_with(b"%PDF-") {
            return Err(ApiError::not_implemented("processing of pdf files"));
        }
        if is_svg(source) {
            return Err(ApiError::not_implemented("processing of svg files"));
        }
        match image::guess_format(source) {
            Ok(ImageFormat::Jpeg) => Ok(Self::Jpeg),
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::WebP) => Ok(Self::Webp),
            Ok(ImageFormat::Tiff) => Ok(Self::Tiff),
            Ok(ImageFormat::Gif) => Ok(Self::Gif),
            _ => Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "the object is not an image of a supported format: jpeg, png, webp, tiff, gif",
            )),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Tiff => "tiff",
            Self::Gif => "gif",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        self.as_known().to_mime_type()
    }

    /// Returns the format as the `image` crate names it.
    pub(super) fn as_known(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Webp => ImageFormat::WebP,
            Self::Tiff => ImageFormat::Tiff,
            Self::Gif => ImageFormat::Gif,
        }
    }

    /// Returns the longest allowed side, in pixels.
    pub(super) fn max_side(self) -> u32 {
        match self {
            Self::Webp => 16_383,
            Self::Jpeg | Self::Tiff | Self::Gif => 65_535,
            Self::Png => 2_147_483_647,
        }
    }
}

/// Returns whether a file is SVG: an `svg` element, after a declaration or comments at most.
fn is_svg(source: &Bytes) -> bool {
    let start = source.get(..1024).unwrap_or(source);
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with("<svg")
        || ["<?xml", "<!--", "<!DOCTYPE"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
            && text.contains("<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_formats_by_their_first_bytes() {
        for (start, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], Ok(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Format::Png)),
            (b"RIFF\x00\x00\x00\x00WEBPVP8L", Ok(Format::Webp)),
            (b"II*\0", Ok(Format::Tiff)),
            (b"MM\0*", Ok(Format::Tiff)),
            (b"GIF89a", Ok(Format::Gif)),
            (b"BM\0\0\0\0", Err(400)),
            (b"plain text about <svg>", Err(400)),
            (b"", Err(400)),
            (b"%PDF-1.7", Err(501)),
            (b"<svg xmlns='x'/>", Err(501)),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>", Err(501)),
        ] {
            let detected =
                Format::of(&Bytes::from_static(start)).map_err(|error| error.status().as_u16());
            assert_eq!(detected, expected, "{}", start.escape_ascii());
        }
    }
}
