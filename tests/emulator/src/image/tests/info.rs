use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::{ImageBuffer, ImageEncoder as _, Luma, LumaA};
use serde_json::json;

use super::*;

fn exif() -> Vec<u8> {
    let ascii = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let rationals = |pairs: &[(u32, u32)]| {
        let rationals = pairs.iter().map(|&(num, denom)| Rational { num, denom });
        Value::Rational(rationals.collect())
    };
    let fields = [
        (Tag::Make, ascii("Maker")),
        (Tag::Model, ascii("Model 1")),
        (Tag::Orientation, Value::Short(vec![6])),
        (Tag::DateTime, ascii("2015:08:16 09:05:00")),
        (Tag::ExifVersion, Value::Undefined(b"0231".to_vec(), 0)),
        (Tag::FocalLength, rationals(&[(50, 1)])),
        (Tag::GPSLatitudeRef, ascii("N")),
        (Tag::GPSLatitude, rationals(&[(39, 1), (54, 1), (27, 1)])),
        (Tag::GPSLongitudeRef, ascii("E")),
        (Tag::GPSLongitude, rationals(&[(116, 1), (23, 1), (50, 1)])),
        (Tag::GPSAltitudeRef, Value::Byte(vec![0])),
        (Tag::GPSAltitude, rationals(&[(87, 2)])),
    ]
    .map(|(tag, value)| Field {
        tag,
        ifd_num: In::PRIMARY,
        value,
    });
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, false).unwrap();
    out.into_inner()
}

/// Returns a JPEG image with EXIF data.
fn photo() -> Bytes {
    let mut out = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut out);
    encoder.set_exif_metadata(exif()).unwrap();
    let image = image::load_from_memory(&quarters(40, 20)).unwrap();
    image.write_with_encoder(encoder).unwrap();
    out.into()
}

#[test]
fn info_without_exif() {
    assert_eq!(
        info(&quarters(30, 20), "info"),
        json!({
            "width": 30, "height": 20, "type": "png", "orientation": 1, "space": "srgb",
            "alpha": false, "make": "", "model": "", "datetime": "", "exifversion": "",
            "focallength": "", "gpslatituderef": "", "gpslatitude": "", "gpslongituderef": "",
            "gpslongitude": "", "gpsaltituderef": "", "gpsaltitude": "",
        })
    );
}

#[test]
fn info_with_exif() {
    let expected = json!({
        "width": 40, "height": 20, "type": "jpeg", "orientation": 6, "space": "srgb",
        "alpha": false, "make": "Maker", "model": "Model 1", "datetime": "2015:08:16 09:05:00",
        "exifversion": "2.31", "focallength": "50", "gpslatituderef": "N",
        "gpslatitude": "39 deg 54 min 27 sec", "gpslongituderef": "E",
        "gpslongitude": "116 deg 23 min 50 sec", "gpsaltituderef": "above sea level",
        "gpsaltitude": "43.5",
    });
    assert_eq!(info(&photo(), "info"), expected);
    // Processing preserves EXIF data.
    let mut scaled = expected;
    scaled["width"] = 20.into();
    scaled["height"] = 10.into();
    for format in ["jpeg", "png", "webp"] {
        scaled["type"] = format.into();
        let action = format!("resize:w_20|format:t_{format}");
        assert_eq!(info(&photo(), &format!("{action}|info")), scaled);
        assert_eq!(info(&file(&photo(), &action).bytes, "info"), scaled);
    }
    let tiff = file(&photo(), "format:t_tiff").bytes;
    assert_eq!(info(&tiff, "info")["make"], "");
}

#[test]
fn drops_exif_data_that_is_too_long_or_invalid() {
    let with_exif = |exif: Vec<u8>| {
        let mut out = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut out);
        encoder.set_exif_metadata(exif).unwrap();
        let image = image::load_from_memory(&quarters(8, 8)).unwrap();
        image.write_with_encoder(encoder).unwrap();
        Bytes::from(out)
    };
    for length in [65_527, 65_528, 65_533, 65_535, 65_536, 100_000] {
        let mut data = exif();
        data.resize(length, 0);
        let png = with_exif(data);
        assert_eq!(info(&png, "info")["make"], "Maker");
        let jpeg = file(&png, "format:t_jpeg").bytes;
        let expected = if length <= 65_527 { "Maker" } else { "" };
        assert_eq!(info(&jpeg, "info")["make"], expected, "{length}");
        assert_eq!(pixels(&jpeg, "crop").dimensions(), (8, 8));
    }
    let png = with_exif(b"nonsense".to_vec());
    assert_eq!(info(&png, "info")["orientation"], 1);
}

#[test]
fn reads_exif_tags_of_tiff_files() {
    // An image of two gray pixels, with additional tags.
    let fields = [
        (Tag::ImageWidth, 2),
        (Tag::ImageLength, 1),
        (Tag::BitsPerSample, 8),
        (Tag::Compression, 1),
        (Tag::PhotometricInterpretation, 1),
        (Tag::SamplesPerPixel, 1),
        (Tag::RowsPerStrip, 1),
        (Tag::Orientation, 3),
    ]
    .map(|(tag, number)| (tag, Value::Short(vec![number])));
    let make = (Tag::Make, Value::Ascii(vec![b"Maker".to_vec()]));
    let fields: Vec<_> = fields
        .into_iter()
        .chain([make])
        .map(|(tag, value)| Field {
            tag,
            ifd_num: In::PRIMARY,
            value,
        })
        .collect();
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    writer.set_strips(&[&[0, 255]], In::PRIMARY);
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, true).unwrap();
    let tiff = Bytes::from(out.into_inner());

    let facts = info(&tiff, "info");
    assert_eq!(
        (&facts["type"], &facts["width"]),
        (&json!("tiff"), &json!(2))
    );
    assert_eq!(
        (&facts["make"], &facts["orientation"]),
        (&json!("Maker"), &json!(3))
    );
    assert_eq!(facts["space"], "b-w");
    // Processing does not preserve these tags.
    let facts = info(&tiff, "crop:w_1|info");
    assert_eq!(
        (&facts["make"], &facts["orientation"]),
        (&json!(""), &json!(1))
    );
}

#[test]
fn info_has_color_space_and_alpha() {
    let gray = DynamicImage::from(ImageBuffer::from_pixel(2, 2, Luma([9_u8])));
    let gray_alpha = DynamicImage::from(ImageBuffer::from_pixel(2, 2, LumaA([9_u8, 9])));
    let deep_gray = DynamicImage::from(ImageBuffer::from_pixel(2, 2, Luma([9_u16])));
    let deep = DynamicImage::from(ImageBuffer::from_pixel(2, 2, Rgba([9_u16; 4])));
    for (image, space, alpha) in [
        (gray, "b-w", false),
        (gray_alpha, "b-w", true),
        (deep_gray, "grey16", false),
        (deep, "rgb16", true),
    ] {
        let png = encode(image, ImageFormat::Png);
        for action in ["info", "rotate:a_90|info"] {
            let facts = info(&png, action);
            assert_eq!(facts["space"], space, "{action}");
            assert_eq!(facts["alpha"], alpha, "{space} {action}");
        }
    }
}
