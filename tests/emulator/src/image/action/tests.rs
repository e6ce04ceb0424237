use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use proptest::prelude::*;

use super::*;

fn parse(action: &str) -> Vec<ImageOperation> {
    ImagePipeline::parse(action).unwrap().0
}

fn length(number: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(number)
}

#[test]
fn parses_the_actions_of_the_api_documents() {
    assert_eq!(parse("info"), [ImageOperation::Info]);
    let centered = Crop {
        width: length(300),
        height: None,
        position: Position::Gravity(Gravity::Center),
    };
    assert_eq!(parse("crop:w_300"), [ImageOperation::Crop(centered)]);
    let east = Crop {
        height: length(400),
        position: Position::Gravity(Gravity::East),
        ..centered
    };
    assert_eq!(parse("crop:w_300,h_400,g_2"), [ImageOperation::Crop(east)]);
    let resize = Resize {
        sides: Sides::Both(length(500).unwrap(), length(500).unwrap()),
        mode: ResizeMode::Thumbnail,
    };
    assert_eq!(
        parse("resize:w_500,h_500,m_2"),
        [ImageOperation::Resize(resize)]
    );
    let watermark = Watermark {
        text: "水印文字".to_owned(),
        size: 150,
        opacity: 0.5,
        color: [0; 3],
    };
    assert_eq!(
        parse("watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150"),
        [ImageOperation::Watermark(watermark.clone())]
    );
    let overlay = WatermarkImage {
        url: "https://pek3a.qingstor.com/img-doc-eg/qincloud.png".to_owned(),
        left: 10,
        top: 10,
        opacity: 1.0,
    };
    let url = "aHR0cHM6Ly9wZWszYS5xaW5nc3Rvci5jb20vaW1nLWRvYy1lZy9xaW5jbG91ZC5wbmc";
    let pipeline = ImagePipeline::parse(&format!("watermark_image:u_{url},l_10,t_10,p_2")).unwrap();
    assert_eq!(pipeline.image_urls().collect::<Vec<_>>(), [&overlay.url]);
    assert_eq!(pipeline.0, [ImageOperation::WatermarkImage(overlay)]);
    assert_eq!(
        parse(
            "crop:w_300|rotate:a_90|resize:h_200|watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150|format:t_png|info"
        ),
        [
            ImageOperation::Crop(centered),
            ImageOperation::Rotate(Rotation::Quarter),
            ImageOperation::Resize(Resize {
                sides: Sides::Height(length(200).unwrap()),
                mode: ResizeMode::Fill,
            }),
            ImageOperation::Watermark(watermark),
            ImageOperation::Format(Format::Png),
            ImageOperation::Info,
        ]
    );
}

#[test]
fn ignores_empty_arguments() {
    let plain = parse("watermark:t_YQ");
    assert_eq!(parse("watermark:t_YQ,c_"), plain);
    assert_eq!(parse("watermark:t_YQ,d_,p_,c_"), plain);
    let pipeline = ImagePipeline::parse("save:b_photos,k_a_b:c").unwrap();
    let target = SaveTarget {
        bucket: "photos".to_owned(),
        key: "a_b:c".to_owned(),
    };
    assert_eq!(pipeline.target(), Some(&target));
}

#[test]
fn errors_name_the_operation_and_the_argument() {
    for (action, says) in [
        ("", "unknown operation \"\""),
        ("blur:w_1", "unknown operation \"blur\""),
        ("info|", "unknown operation \"\""),
        (
            "info:w_1",
            "info: unknown argument \"w\"; the operation does not have arguments",
        ),
        ("crop:", "crop: \"\" is not a letter and a value"),
        ("crop:w", "crop: \"w\" is not a letter and a value"),
        (
            "crop:x_1",
            "crop: unknown argument \"x\"; expected w, h, g, l, t",
        ),
        ("crop:ww_1", "crop: unknown argument \"ww\""),
        ("crop:w_1,w_2", "crop: duplicate argument w"),
        ("crop:w_0", "crop: w must be at least 1"),
        ("crop:w_+1", "crop: w \"+1\" is not a whole number"),
        ("crop:w_-1", "crop: w \"-1\" is not a whole number"),
        (
            "crop:h_4294967296",
            "crop: h \"4294967296\" is not a whole number",
        ),
        ("crop:g_10", "crop: g \"10\" is not one of 0, 1, 2"),
        ("crop:g_0,l_1", "crop: g cannot be combined with l or t"),
        ("crop:g_0,t_1", "crop: g cannot be combined with l or t"),
        ("rotate", "rotate: a is required"),
        ("rotate:a_", "rotate: a is required"),
        (
            "rotate:a_45",
            "rotate: a \"45\" is not one of 0, 90, 180, 270",
        ),
        ("resize", "resize: w or h is required"),
        ("resize:m_1", "resize: w or h is required"),
        ("resize:w_1,m_3", "resize: m \"3\" is not one of 0, 1, 2"),
        ("watermark:d_150", "watermark: t is required"),
        (
            "watermark:t_YQ==",
            "watermark: t \"YQ==\" is not UTF-8 text in Base64",
        ),
        (
            "watermark:t__w",
            "watermark: t \"_w\" is not UTF-8 text in Base64",
        ),
        (
            "watermark:t_YQ,p_0",
            "watermark: p \"0\" is not a number greater than 0",
        ),
        (
            "watermark:t_YQ,p_NaN",
            "watermark: p \"NaN\" is not a number",
        ),
        (
            "watermark:t_YQ,d_0",
            "watermark: d 0 is out of range; expected 1 to 20000",
        ),
        (
            "watermark:t_YQ,c_cmVk",
            "watermark: c \"red\" is not a color",
        ),
        ("watermark_image:l_1", "watermark_image: u is required"),
        (
            "watermark_image:u_YQ",
            "watermark_image: u \"a\" is not an http or https URL",
        ),
        ("format", "format: t is required"),
        (
            "format:t_gif",
            "format: t \"gif\" is not one of jpeg, png, webp, tiff",
        ),
        ("save:b_photos", "save: k is required"),
        ("save:k_a", "save: b is required"),
        ("info|crop:w_1", "info does not produce an image"),
        ("save:b_b,k_k|save:b_b,k_l", "at most one save operation"),
    ] {
        let error = ImagePipeline::parse(action).unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{action}");
        assert!(error.message().contains(says), "{action}: {error}");
    }
}

#[test]
fn limits_the_length_of_an_action() {
    let action = |count: usize| vec!["rotate:a_90"; count].join("|");
    assert_eq!(parse(&action(MAX_OPERATIONS)).len(), MAX_OPERATIONS);
    assert!(ImagePipeline::parse(&action(MAX_OPERATIONS + 1)).is_err());
    let mark = |count| format!("watermark:t_{}", STANDARD_NO_PAD.encode("水".repeat(count)));
    assert!(ImagePipeline::parse(&mark(Watermark::MAX_TEXT_LENGTH)).is_ok());
    assert!(ImagePipeline::parse(&mark(Watermark::MAX_TEXT_LENGTH + 1)).is_err());
}

/// Renders a pipeline as an action.
fn render(operations: &[ImageOperation]) -> String {
    let texts: Vec<_> = operations.iter().map(render_operation).collect();
    texts.join("|")
}

fn render_operation(operation: &ImageOperation) -> String {
    let mut pairs = Vec::new();
    let mut add = |letter: char, value: String| pairs.push(format!("{letter}_{value}"));
    match operation {
        ImageOperation::Info => {}
        ImageOperation::Crop(crop) => {
            let sides = [('w', crop.width), ('h', crop.height)];
            for (letter, side) in sides {
                side.into_iter()
                    .for_each(|side| add(letter, side.to_string()));
            }
            match crop.position {
                Position::Gravity(gravity) => add('g', (gravity as u8).to_string()),
                Position::Offset { left, top } => {
                    add('l', left.to_string());
                    add('t', top.to_string());
                }
            }
        }
        ImageOperation::Rotate(rotation) => add('a', (*rotation as u32 * 90).to_string()),
        ImageOperation::Resize(resize) => {
            match resize.sides {
                Sides::Width(width) => add('w', width.to_string()),
                Sides::Height(height) => add('h', height.to_string()),
                Sides::Both(width, height) => {
                    add('w', width.to_string());
                    add('h', height.to_string());
                }
            }
            add('m', (resize.mode as u8).to_string());
        }
        ImageOperation::Watermark(mark) => {
            let color = mark.color.iter().fold("#".to_owned(), |mut text, byte| {
                write!(text, "{byte:02x}").unwrap();
                text
            });
            add('t', STANDARD_NO_PAD.encode(&mark.text));
            add('d', mark.size.to_string());
            add('p', mark.opacity.to_string());
            add('c', STANDARD_NO_PAD.encode(color));
        }
        ImageOperation::WatermarkImage(mark) => {
            add('u', STANDARD_NO_PAD.encode(&mark.url));
            add('l', mark.left.to_string());
            add('t', mark.top.to_string());
            add('p', mark.opacity.to_string());
        }
        ImageOperation::Format(format) => add('t', format.name().to_owned()),
        ImageOperation::Save(target) => {
            add('b', target.bucket.clone());
            add('k', target.key.clone());
        }
    }
    match pairs.as_slice() {
        [] => operation.name().to_owned(),
        pairs => format!("{}:{}", operation.name(), pairs.join(",")),
    }
}

fn operations() -> impl Strategy<Value = Vec<ImageOperation>> {
    let side = || (1..=u32::MAX).prop_map(|number| NonZeroU32::new(number).unwrap());
    let choose = |count: usize| 0..count;
    let position = prop_oneof![
        choose(10).prop_map(|index| Position::Gravity(Gravity::ALL[index].1)),
        any::<(u32, u32)>().prop_map(|(left, top)| Position::Offset { left, top }),
    ];
    let crop = (
        proptest::option::of(side()),
        proptest::option::of(side()),
        position,
    )
        .prop_map(|(width, height, position)| Crop {
            width,
            height,
            position,
        });
    let sides = prop_oneof![
        side().prop_map(Sides::Width),
        side().prop_map(Sides::Height),
        (side(), side()).prop_map(|(width, height)| Sides::Both(width, height)),
    ];
    let resize = (sides, choose(3)).prop_map(|(sides, index)| Resize {
        sides,
        mode: ResizeMode::ALL[index].1,
    });
    let mark = (
        ".{1,20}",
        1..=Watermark::MAX_SIZE,
        0.001_f32..=1.0,
        any::<[u8; 3]>(),
    )
        .prop_map(|(text, size, opacity, color)| Watermark {
            text,
            size,
            opacity,
            color,
        });
    let overlay = ("[a-z]{1,9}", any::<(u32, u32)>(), 0.001_f32..=1.0).prop_map(
        |(name, (left, top), opacity)| WatermarkImage {
            url: format!("http://localhost/{name}.png"),
            left,
            top,
            opacity,
        },
    );
    let operation = prop_oneof![
        crop.prop_map(ImageOperation::Crop),
        choose(4).prop_map(|index| ImageOperation::Rotate(Rotation::ALL[index].1)),
        resize.prop_map(ImageOperation::Resize),
        mark.prop_map(ImageOperation::Watermark),
        overlay.prop_map(ImageOperation::WatermarkImage),
        choose(4).prop_map(|index| ImageOperation::Format(Format::TARGETS[index])),
    ];
    let save = ("[a-z]{6,9}", "[a-z_/:]{1,9}")
        .prop_map(|(bucket, key)| ImageOperation::Save(SaveTarget { bucket, key }));
    (
        proptest::collection::vec(operation, 1..=18),
        proptest::option::of(save),
        any::<bool>(),
    )
        .prop_map(|(mut operations, save, has_info)| {
            operations.extend(save);
            operations.extend(has_info.then_some(ImageOperation::Info));
            operations
        })
}

proptest! {
    #[test]
    fn parses_every_rendered_pipeline(operations in operations()) {
        let action = render(&operations);
        prop_assert_eq!(ImagePipeline::parse(&action).unwrap().0, operations, "{}", action);
    }

    #[test]
    fn any_text_is_parsed_or_an_invalid_argument(
        text in prop_oneof![
            ".*",
            "((crop|resize|watermark|save|info|rotate):?([a-z]_[0-9A-Za-z#=._-]{0,6},?){0,4}\\|?){0,5}",
        ]
    ) {
        if let Err(error) = ImagePipeline::parse(&text) {
            prop_assert_eq!(error.code(), "invalid_argument");
        }
    }
}
