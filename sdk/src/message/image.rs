//! Image processing: operations on an image that the service returns.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use crate::base::error::{Error, Result};

mod info;
mod operations;

pub use info::ImageInfo;
pub use operations::{
    Crop, Gravity, ImageFormat, ImageWatermark, Resize, ResizeMode, Rotation, TextWatermark,
};
use operations::{Position, check_sides};

/// A pipeline of operations on an image, which are executed in order.
///
/// The source image has at most 10 MB and must not be encrypted with a customer-provided key.
/// Arguments that the API does not allow are errors of [`build`](Self::build), before a request is
/// sent. The [API documents](https://docs.qingcloud.com/qingstor/data_process/image_process/index.html)
/// describe the operations.
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::image::{Crop, Gravity, ImageFormat, ImagePipeline, Resize, Rotation};
///
/// let thumbnail = ImagePipeline::new()
///     .crop(Crop::new().width(300).height(400).gravity(Gravity::East))
///     .rotate(Rotation::Quarter)
///     .resize(Resize::to_width(120))
///     .format(ImageFormat::Webp);
/// let output = bucket.image_process("cat.jpg", thumbnail.build()?).await?;
/// output.body.write_to("cat.webp").await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a pipeline does nothing until it is built and sent"]
pub struct ImagePipeline {
    actions: Vec<String>,
    has_info: bool,
    /// Message of the first invalid operation, which `build` returns.
    invalid: Option<String>,
}

impl ImagePipeline {
    /// Creates an empty pipeline.
    pub fn new() -> Self {
        Self::default()
    }

    /// Crops the image to a rectangle.
    #[inline]
    pub fn crop(self, crop: Crop) -> Self {
        let mut args = Arguments::default();
        args.number('w', crop.width).number('h', crop.height);
        match crop.position {
            Some(Position::Gravity(gravity)) => {
                args.add('g', gravity as u32);
            }
            Some(Position::Corner { left, top }) => {
                args.add('l', left).add('t', top);
            }
            None => {}
        }
        let sides = check_sides("crop", [crop.width, crop.height]);
        self.push("crop", args, sides)
    }

    /// Rotates the image clockwise.
    #[inline]
    pub fn rotate(self, rotation: Rotation) -> Self {
        let mut args = Arguments::default();
        args.add('a', rotation as u32);
        self.push("rotate", args, Ok(()))
    }

    /// Resizes the image.
    #[inline]
    pub fn resize(self, resize: Resize) -> Self {
        let mut args = Arguments::default();
        args.number('w', resize.width).number('h', resize.height);
        if let Some(mode) = resize.mode {
            args.add('m', mode as u32);
        }
        let sides = check_sides("resize", [resize.width, resize.height]);
        self.push("resize", args, sides)
    }

    /// Adds a text watermark. Not supported for a PNG with transparency.
    #[inline]
    pub fn watermark_text(self, mark: TextWatermark) -> Self {
        let mut args = Arguments::default();
        args.base64('t', &mark.text);
        if let Some(opacity) = mark.opacity {
            args.add('p', opacity);
        }
        args.number('d', mark.size);
        if let Some(color) = &mark.color {
            args.base64('c', color);
        }
        let checked = mark.check();
        self.push("watermark", args, checked)
    }

    /// Adds another image as a watermark.
    #[inline]
    pub fn watermark_image(self, mark: ImageWatermark) -> Self {
        let mut args = Arguments::default();
        args.base64('u', &mark.url);
        args.number('l', mark.left).number('t', mark.top);
        if let Some(opacity) = mark.opacity {
            args.add('p', opacity);
        }
        let checked = mark.check();
        self.push("watermark_image", args, checked)
    }

    /// Converts the image to another format.
    #[inline]
    pub fn format(self, format: ImageFormat) -> Self {
        let mut args = Arguments::default();
        args.add('t', format.as_str());
        self.push("format", args, Ok(()))
    }

    /// Returns information about the image instead of the image. Must be the last operation.
    /// [`ImageInfo::read`] decodes the response.
    #[inline]
    pub fn info(mut self) -> Self {
        self = self.push("info", Arguments::default(), Ok(()));
        self.has_info = true;
        self
    }

    /// Returns the pipeline as the `action` of
    /// [`Bucket::image_process`](crate::Bucket::image_process).
    ///
    /// ```
    /// use qingstor_sdk::image::{Crop, ImagePipeline};
    ///
    /// let pipeline = ImagePipeline::new().crop(Crop::new().width(300)).info();
    /// assert_eq!(pipeline.build()?, "crop:w_300|info");
    /// # Ok::<(), qingstor_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the pipeline is empty, an operation follows `info`, or an argument
    /// is out of range; the message names it.
    pub fn build(self) -> Result<String> {
        if let Some(why) = self.invalid {
            return Err(Error::invalid_input(why));
        }
        if self.actions.is_empty() {
            return Err(Error::invalid_input("the pipeline has no operation"));
        }
        Ok(self.actions.join("|"))
    }

    #[inline]
    fn push(mut self, name: &str, args: Arguments, checked: Result<(), String>) -> Self {
        let checked = match checked {
            Ok(()) if self.has_info => Err("info: must be the last operation".to_owned()),
            checked => checked,
        };
        if let Err(why) = checked {
            self.invalid.get_or_insert(why);
        }
        self.actions.push(match args.0.is_empty() {
            true => name.to_owned(),
            false => format!("{name}:{}", args.0),
        });
        self
    }
}

/// Arguments of an operation, such as `w_300,h_400`.
#[derive(Default)]
struct Arguments(String);

impl Arguments {
    fn add(&mut self, letter: char, value: impl std::fmt::Display) -> &mut Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{comma}{letter}_{value}");
        self
    }

    #[inline]
    fn number(&mut self, letter: char, value: Option<u32>) -> &mut Self {
        if let Some(value) = value {
            self.add(letter, value);
        }
        self
    }

    #[inline]
    fn base64(&mut self, letter: char, value: &str) -> &mut Self {
        self.add(letter, BASE64.encode(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    fn built(pipeline: ImagePipeline) -> String {
        pipeline.build().unwrap()
    }

    /// Actions of the official scenarios.
    #[test]
    fn actions_match_those_of_the_official_sdks() {
        let start = ImagePipeline::new;
        let crop = Crop::new().width(300);
        let mark = TextWatermark::new("水印文字").opacity(0.5).size(150);
        assert_eq!(built(start().info()), "info");
        assert_eq!(built(start().crop(crop)), "crop:w_300");
        let east = crop.height(400).gravity(Gravity::East);
        assert_eq!(built(start().crop(east)), "crop:w_300,h_400,g_2");
        assert_eq!(built(start().rotate(Rotation::Quarter)), "rotate:a_90");
        let resize = Resize::to(500, 500).mode(ResizeMode::Thumbnail);
        assert_eq!(built(start().resize(resize)), "resize:w_500,h_500,m_2");
        assert_eq!(
            built(start().watermark_text(mark.clone())),
            "watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150"
        );
        let logo = ImageWatermark::new("https://pek3a.qingstor.com/img-doc-eg/qincloud.png");
        assert_eq!(
            built(start().watermark_image(logo.at(10, 10).opacity(1.0))),
            "watermark_image:u_aHR0cHM6Ly9wZWszYS5xaW5nc3Rvci5jb20vaW1nLWRvYy1lZy9xaW5jbG91ZC5wbmc,l_10,t_10,p_1"
        );
        assert_eq!(built(start().format(ImageFormat::Webp)), "format:t_webp");
        let all = start()
            .crop(crop)
            .rotate(Rotation::Quarter)
            .resize(Resize::to_height(200))
            .watermark_text(mark)
            .format(ImageFormat::Png)
            .info();
        assert_eq!(
            built(all),
            "crop:w_300|rotate:a_90|resize:h_200|watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150|format:t_png|info"
        );
    }

    #[test]
    fn base64_has_no_padding() {
        let mark = TextWatermark::new("ab").color("#FF0000");
        let action = built(ImagePipeline::new().watermark_text(mark));
        assert_eq!(action, "watermark:t_YWI,c_I0ZGMDAwMA");
        let corner = Crop::new().height(1).at(0, 7);
        let action = built(ImagePipeline::new().crop(corner));
        assert_eq!(action, "crop:h_1,l_0,t_7");
    }

    #[test]
    fn invalid_operations_are_errors() {
        let start = ImagePipeline::new;
        let text = TextWatermark::new;
        let image = ImageWatermark::new;
        for (refused, why) in [
            (start(), "no operation"),
            (start().crop(Crop::new()), "crop"),
            (start().crop(Crop::new().width(0)), "1 pixel"),
            (start().resize(Resize::to(1, 0)), "resize"),
            (start().watermark_text(text("")), "empty"),
            (start().watermark_text(text("a").size(0)), "size"),
            (start().watermark_text(text("a").opacity(0.0)), "opacity"),
            (start().watermark_text(text("a").opacity(f32::NAN)), "NaN"),
            (start().watermark_text(text("a").color("red")), "red"),
            (start().watermark_image(image("file:///etc/x")), "http"),
            (
                start().watermark_image(image("http://h/").opacity(2.0)),
                "opacity",
            ),
            (start().info().rotate(Rotation::Half), "info"),
            (start().info().info(), "info"),
        ] {
            let error = refused.build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains(why), "{error}");
        }
    }
}
