use image::{GrayImage, Luma};

use super::*;

fn size(source: &Bytes, action: &str) -> (u32, u32) {
    pixels(source, action).dimensions()
}

#[test]
fn rotations_are_clockwise() {
    let source = quarters(8, 4);
    for (angle, size, expected) in [
        (0, (8, 4), [RED, GREEN, BLUE, WHITE]),
        (90, (4, 8), [BLUE, RED, WHITE, GREEN]),
        (180, (8, 4), [WHITE, BLUE, GREEN, RED]),
        (270, (4, 8), [GREEN, WHITE, RED, BLUE]),
    ] {
        let image = pixels(&source, &format!("rotate:a_{angle}"));
        assert_eq!(image.dimensions(), size, "{angle}");
        assert_eq!(corners(&image), expected, "{angle}");
    }
}

/// Returns an image in which the color of each pixel encodes its position.
fn places(width: u32, height: u32) -> Bytes {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 0]));
    encode(image, ImageFormat::Png)
}

#[test]
fn crops_the_requested_rectangle() {
    let source = places(100, 60);
    for (action, expected_size, start) in [
        ("crop:w_20,h_10", (20, 10), [40, 25]),
        ("crop:w_20,h_10,g_0", (20, 10), [40, 25]),
        ("crop:w_20,h_10,g_1", (20, 10), [40, 0]),
        ("crop:w_20,h_10,g_2", (20, 10), [80, 25]),
        ("crop:w_20,h_10,g_3", (20, 10), [40, 50]),
        ("crop:w_20,h_10,g_4", (20, 10), [0, 25]),
        ("crop:w_20,h_10,g_5", (20, 10), [0, 0]),
        ("crop:w_20,h_10,g_6", (20, 10), [80, 0]),
        ("crop:w_20,h_10,g_7", (20, 10), [0, 50]),
        ("crop:w_20,h_10,g_8", (20, 10), [80, 50]),
        ("crop", (100, 60), [0, 0]),
        ("crop:w_20", (20, 60), [40, 0]),
        ("crop:h_10", (100, 10), [0, 25]),
        ("crop:l_30,t_20", (70, 40), [30, 20]),
        ("crop:l_30", (70, 60), [30, 0]),
        ("crop:w_20,h_10,l_30,t_20", (20, 10), [30, 20]),
        // Larger than the image.
        ("crop:w_1000,h_1000", (100, 60), [0, 0]),
        ("crop:w_20,h_10,l_95,t_55", (5, 5), [95, 55]),
        ("crop:w_4294967295,l_99,t_59", (1, 1), [99, 59]),
    ] {
        let image = pixels(&source, action);
        assert_eq!(image.dimensions(), expected_size, "{action}");
        let [x, y, _] = color_at(&image, 0, 0);
        assert_eq!([x, y], start, "{action}");
    }
    for action in ["crop:l_100", "crop:t_60", "crop:w_1,l_4294967295"] {
        let error = error(&source, action);
        assert_eq!(error.code(), "invalid_argument", "{action}");
        assert!(error.message().contains("100 by 60"), "{error}");
    }
}

/// Returns a gray image with a checkered rectangle.
fn busy_at(size: (u32, u32), start: (u32, u32), end: (u32, u32)) -> Bytes {
    let image = GrayImage::from_fn(size.0, size.1, |x, y| {
        let is_busy = (start.0..end.0).contains(&x) && (start.1..end.1).contains(&y);
        // Squares of 8 pixels remain visible when the image is scaled down.
        Luma([if is_busy && (x / 8 + y / 8) % 2 == 0 {
            255
        } else {
            0
        }])
    });
    encode(image, ImageFormat::Png)
}

#[test]
fn automatic_gravity_finds_the_busiest_part() {
    for (size, start, end) in [
        ((200, 100), (140, 20), (180, 60)),
        ((200, 100), (0, 60), (40, 100)),
        // Larger than the image that is searched.
        ((1200, 800), (900, 100), (1100, 300)),
    ] {
        let (width, height) = (end.0 - start.0, end.1 - start.1);
        let source = busy_at(size, start, end);
        let image = pixels(&source, &format!("crop:w_{width},h_{height},g_9")).into_luma8();
        assert_eq!(image.dimensions(), (width, height));
        let bright = image.pixels().filter(|pixel| pixel.0[0] > 127).count();
        let share = bright as f64 / f64::from(width * height);
        assert!(share > 0.4, "{size:?}: {share}");
    }
    // Without edges, the result is the center.
    let image = pixels(&quarters(2, 2), "resize:w_64,h_64|crop:w_2,h_2,g_9");
    assert_eq!(image.dimensions(), (2, 2));
    let same = plain(90, 30, BLUE);
    assert_eq!(size(&same, "crop:w_30,h_30,g_9"), (30, 30));
}

#[test]
fn resizes_to_the_requested_size() {
    let source = quarters(100, 50);
    for (action, expected) in [
        ("resize:w_10", (10, 5)),
        ("resize:h_10", (20, 10)),
        ("resize:w_200", (200, 100)),
        ("resize:w_1", (1, 1)),
        ("resize:w_10,m_2", (10, 5)),
        ("resize:h_10,m_1", (20, 10)),
        ("resize:w_40,h_40", (40, 40)),
        ("resize:w_40,h_40,m_0", (40, 40)),
        ("resize:w_40,h_40,m_1", (40, 20)),
        ("resize:w_400,h_100,m_1", (200, 100)),
        ("resize:w_40,h_40,m_2", (40, 40)),
        ("resize:w_500,h_500,m_2", (500, 500)),
        ("resize:w_1,h_1000,m_2", (1, 1000)),
    ] {
        assert_eq!(size(&source, action), expected, "{action}");
    }
}

#[test]
fn resize_modes_fill_fit_or_crop() {
    let source = quarters(100, 50);
    let filled = pixels(&source, "resize:w_40,h_40,m_0");
    assert_eq!(corners(&filled), [WHITE; 4]);
    // The image is centered: 40 by 20 pixels, starting in row 10.
    for (x, y, expected) in [
        (0, 9, WHITE),
        (0, 10, RED),
        (39, 10, GREEN),
        (0, 29, BLUE),
        (0, 30, WHITE),
    ] {
        assert_eq!(color_at(&filled, x, y), expected, "{x} {y}");
    }
    let fitted = pixels(&source, "resize:w_40,h_40,m_1");
    assert_eq!(corners(&fitted), [RED, GREEN, BLUE, WHITE]);

    // The left and the right third of the width are cut off.
    let stripes = RgbImage::from_fn(90, 30, |x, _| Rgb([RED, GREEN, BLUE][x as usize / 30]));
    let stripes = encode(stripes, ImageFormat::Png);
    let thumbnail = pixels(&stripes, "resize:w_10,h_10,m_2");
    assert_eq!(corners(&thumbnail), [GREEN; 4]);
}

#[test]
fn fills_images_with_alpha_with_transparency() {
    let image = image::RgbaImage::from_pixel(20, 10, Rgba([255, 0, 0, 255]));
    let source = encode(image, ImageFormat::Png);
    let filled = pixels(&source, "resize:w_20,h_20");
    assert_eq!(filled.get_pixel(0, 0).0[3], 0);
    assert_eq!(filled.get_pixel(0, 10), Rgba([255, 0, 0, 255]));
}

#[test]
fn limits_the_size_of_results() {
    let source = quarters(100, 50);
    for action in [
        "resize:w_100000,h_100000",
        "resize:w_4294967295,h_4294967295",
        "resize:w_4294967295,h_4294967295,m_1",
        "resize:w_4294967295,h_4294967295,m_2",
        "resize:w_4294967295",
        "resize:h_4294967295",
    ] {
        let error = error(&source, action);
        assert_eq!(error.code(), "invalid_argument", "{action}");
        assert!(error.message().starts_with("resize: "), "{error}");
    }
    // Extreme proportions are valid.
    let flat = plain(60_000, 1, RED);
    for mode in [0, 2] {
        let action = format!("resize:w_1,h_60000,m_{mode}");
        assert_eq!(size(&flat, &action), (1, 60_000));
    }
    assert_eq!(size(&flat, "resize:w_1,h_60000,m_1"), (1, 1));
}
