//! The result of the `info` operation.

use exif::{Exif, In, Reader, Tag, Value};
use image::ExtendedColorType;
use serde::Serialize;

use super::format::Format;

/// Orientation of an image whose EXIF data does not specify one.
const UPRIGHT: u32 = 1;

/// Properties of an image. Text properties that the file does not specify are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ImageInfo {
    width: u32,
    height: u32,
    #[serde(rename = "type")]
    format: &'static str,
    orientation: u32,
    space: &'static str,
    alpha: bool,
    make: String,
    model: String,
    datetime: String,
    exifversion: String,
    focallength: String,
    gpslatituderef: String,
    gpslatitude: String,
    gpslongituderef: String,
    gpslongitude: String,
    gpsaltituderef: String,
    gpsaltitude: String,
}

impl ImageInfo {
    /// Describes an image. `exif` is its EXIF data, or empty.
    pub(super) fn new(
        format: Format,
        (width, height): (u32, u32),
        (color, alpha): (ExtendedColorType, bool),
        exif: &[u8],
    ) -> Self {
        let exif = read_exif(exif);
        let text = |tag| {
            exif.as_ref()
                .map(|exif| text(exif, tag))
                .unwrap_or_default()
        };
        let orientation = exif
            .as_ref()
            .and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY))
            .and_then(|field| field.value.get_uint(0))
            .filter(|orientation| (1..=8).contains(orientation));
        Self {
            width,
            height,
            format: format.name(),
            orientation: orientation.unwrap_or(UPRIGHT),
            space: space(color),
            alpha,
            make: text(Tag::Make),
            model: text(Tag::Model),
            datetime: text(Tag::DateTime),
            exifversion: text(Tag::ExifVersion),
            focallength: text(Tag::FocalLength),
            gpslatituderef: text(Tag::GPSLatitudeRef),
            gpslatitude: text(Tag::GPSLatitude),
            gpslongituderef: text(Tag::GPSLongitudeRef),
            gpslongitude: text(Tag::GPSLongitude),
            gpsaltituderef: text(Tag::GPSAltitudeRef),
            gpsaltitude: text(Tag::GPSAltitude),
        }
    }
}

/// Parses EXIF data. Skips fields that cannot be parsed.
fn read_exif(data: &[u8]) -> Option<Exif> {
    let data = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
    if data.is_empty() {
        return None;
    }
    Reader::new()
        .continue_on_error(true)
        .read_raw(data.to_vec())
        .or_else(|error| error.distill_partial_result(|_| ()))
        .ok()
}

/// Returns a tag as text, with numbers in their display form.
fn text(exif: &Exif, tag: Tag) -> String {
    let Some(field) = exif.get_field(tag, In::PRIMARY) else {
        return String::new();
    };
    match &field.value {
        Value::Ascii(lines) => {
            let lines: Vec<_> = lines
                .iter()
                .map(|line| String::from_utf8_lossy(line))
                .collect();
            lines.join(" ").trim().to_owned()
        }
        _ => field.display_value().to_string(),
    }
}

fn space(color: ExtendedColorType) -> &'static str {
    use ExtendedColorType as Color;
    match color {
        Color::Cmyk8 | Color::Cmyk16 => "cmyk",
        Color::A8
        | Color::L1
        | Color::La1
        | Color::L2
        | Color::La2
        | Color::L4
        | Color::La4
        | Color::L8
        | Color::La8 => "b-w",
        Color::L16 | Color::La16 => "grey16",
        Color::Rgb16 | Color::Rgba16 => "rgb16",
        Color::Rgb32F | Color::Rgba32F => "scrgb",
        _ => "srgb",
    }
}
