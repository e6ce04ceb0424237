//! Image processing.

use qingstor_sdk::ErrorKind;
use qingstor_sdk::image::{
    Crop, Gravity, ImageFormat, ImageInfo, ImagePipeline, Resize, ResizeMode, Rotation,
    TextWatermark,
};
use qingstor_suite::repository::root;

use crate::store::Store;

#[tokio::test]
async fn the_service_executes_each_action_of_a_pipeline() {
    let store = Store::start().await;
    let image = std::fs::read(root().join("tests/suite/features/image.png")).unwrap();
    store
        .bucket
        .put_object("image.png")
        .body(image)
        .await
        .unwrap();
    let info = async |pipeline: ImagePipeline| {
        let action = pipeline.info().build().unwrap();
        let output = store.bucket.image_process("image.png", action).await;
        ImageInfo::read(output.unwrap().body).await.unwrap()
    };
    let start = ImagePipeline::new;
    let original = info(start()).await;
    assert_eq!(original.format, "png");
    assert!(original.width > 8 && original.height > 8, "{original:?}");
    let crop = Crop::new().width(8).height(6);
    for crop in [crop, crop.gravity(Gravity::NorthWest), crop.at(1, 2)] {
        let cropped = info(start().crop(crop)).await;
        assert_eq!((cropped.width, cropped.height), (8, 6));
    }
    let rotated = info(start().crop(crop).rotate(Rotation::ThreeQuarters)).await;
    assert_eq!((rotated.width, rotated.height), (6, 8));
    for mode in [ResizeMode::Fill, ResizeMode::Auto, ResizeMode::Thumbnail] {
        let resized = info(start().resize(Resize::to(20, 10).mode(mode))).await;
        assert!(
            resized.width <= 20 && resized.height <= 10,
            "{mode:?} {resized:?}"
        );
    }
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Webp,
        ImageFormat::Tiff,
        ImageFormat::Png,
    ] {
        let mark = TextWatermark::new("水印").opacity(0.5).color("#00ff00");
        // JPEG first, because it has no transparency, which text watermarks do not support.
        let marked = start().format(ImageFormat::Jpeg).watermark_text(mark);
        assert_eq!(info(marked.format(format)).await.format, format.as_str());
    }
    let no_info = store.bucket.image_process("image.png", "rotate:a_90").await;
    let error = ImageInfo::read(no_info.unwrap().body).await.unwrap_err();
    assert_eq!(error.operation(), Some("ImageProcess"));
    assert_eq!(error.kind(), ErrorKind::Decode);
}
