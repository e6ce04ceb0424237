//! Pictures that the service changes.

use qingstor_sdk::ErrorKind;
use qingstor_sdk::image::{
    Crop, Gravity, ImageFormat, ImageInfo, ImagePipeline, Resize, ResizeMode, Rotation,
    TextWatermark,
};
use qingstor_suite::repository::root;

use crate::store::Store;

#[tokio::test]
async fn a_pipeline_is_understood() {
    let store = Store::start().await;
    let picture = std::fs::read(root().join("tests/suite/features/picture.png")).unwrap();
    store
        .bucket
        .put_object("picture.png")
        .body(picture)
        .await
        .unwrap();
    let info = async |pipeline: ImagePipeline| {
        let action = pipeline.info().build().unwrap();
        let output = store.bucket.image_process("picture.png", action).await;
        ImageInfo::read(output.unwrap().body).await.unwrap()
    };
    let start = ImagePipeline::new;
    let original = info(start()).await;
    assert_eq!(original.format, "png");
    assert!(original.width > 8 && original.height > 8, "{original:?}");
    let crop = Crop::new().width(8).height(6);
    for crop in [crop, crop.gravity(Gravity::NorthWest), crop.at(1, 2)] {
        let cut = info(start().crop(crop)).await;
        assert_eq!((cut.width, cut.height), (8, 6));
    }
    let turned = info(start().crop(crop).rotate(Rotation::ThreeQuarters)).await;
    assert_eq!((turned.width, turned.height), (6, 8));
    for mode in [ResizeMode::Fill, ResizeMode::Auto, ResizeMode::Thumbnail] {
        let sized = info(start().resize(Resize::to(20, 10).mode(mode))).await;
        assert!(
            sized.width <= 20 && sized.height <= 10,
            "{mode:?} {sized:?}"
        );
    }
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Webp,
        ImageFormat::Tiff,
        ImageFormat::Png,
    ] {
        let mark = TextWatermark::new("水印").opacity(0.5).color("#00ff00");
        // JPEG first: it has no transparency, which a text can't stand on.
        let marked = start().format(ImageFormat::Jpeg).watermark_text(mark);
        assert_eq!(info(marked.format(format)).await.format, format.as_str());
    }
    let no_picture = store
        .bucket
        .image_process("picture.png", "rotate:a_90")
        .await;
    let error = ImageInfo::read(no_picture.unwrap().body).await.unwrap_err();
    assert_eq!(error.operation(), Some("ImageProcess"));
    assert_eq!(error.kind(), ErrorKind::Decode);
}
