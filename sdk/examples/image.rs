//! Image processing: the service crops, rotates, resizes and marks an image.
//!
//! Runs against a local emulator.

use anyhow::Result;
use qingstor_emulator::Emulator;
use qingstor_sdk::image::{
    Crop, Gravity, ImageFormat, ImageInfo, ImagePipeline, Resize, Rotation, TextWatermark,
};
use qingstor_sdk::{Config, QingStor};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = qingstor.bucket("image-example", "pek3a")?;
    bucket.put().await?;
    bucket.put_object("dot.gif").body(DOT).await?;

    let info = ImagePipeline::new().info().build()?;
    let info = ImageInfo::read(bucket.image_process("dot.gif", info).await?.body).await?;
    println!(
        "dot.gif is {} x {} {}",
        info.width, info.height, info.format
    );
    assert_eq!((info.width, info.height), (1, 1));

    // A GIF can be resized. Other operations need another format.
    let large = ImagePipeline::new().resize(Resize::to(64, 48)).build()?;
    println!("{large}");
    let large = bucket
        .image_process("dot.gif", large)
        .await?
        .body
        .bytes()
        .await?;
    println!("64 x 48: {} bytes", large.len());

    let thumbnail = ImagePipeline::new()
        .crop(Crop::new().width(300).height(400).gravity(Gravity::East))
        .rotate(Rotation::Quarter)
        .resize(Resize::to_width(120))
        .watermark_text(TextWatermark::new("水印文字").opacity(0.5))
        .format(ImageFormat::Webp);
    let action = thumbnail.build()?;
    println!("{action}");
    assert!(action.starts_with("crop:w_300,h_400,g_2|rotate:a_90|resize:w_120|watermark:t_"));

    // Invalid operations are not sent.
    let Err(error) = ImagePipeline::new().resize(Resize::to_width(0)).build() else {
        anyhow::bail!("a picture without width was not refused");
    };
    println!("refused: {error}");
    Ok(())
}

/// An image of one pixel.
const DOT: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\
    \x01\0\0\x02\x02D\x01\0;";
