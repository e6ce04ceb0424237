//! Steps for image processing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use cucumber::{given, then, when};
use qingstor_suite::{CannedResponse, Server};

use super::objects::put;
use crate::world::{Suite, send};

/// 400 by 300 pixels.
const IMAGE: &[u8] = include_bytes!("../../../features/image.png");

#[given(expr = "the image {string}")]
async fn the_image(world: &mut Suite, key: String) {
    let call = world.bucket().put_object(key).content_type("image/png");
    put(world, call.body(IMAGE)).await;
    world.must_succeed();
}

#[given(expr = "an origin with the image")]
async fn an_origin_with_the_image(world: &mut Suite) {
    let response = CannedResponse::new(200).header("Content-Type", "image/png");
    world.origin = Some(Server::start(response.body(IMAGE)).await);
}

/// Replaces `{origin}` with the URL of the image at the origin, in Base64 without padding, which is
/// the form that the action expects.
#[when(expr = "the object {string} is processed with {string}")]
async fn is_processed(world: &mut Suite, key: String, action: String) {
    let origin = world
        .origin
        .as_ref()
        .map(|server| format!("{}/mark.png", server.endpoint()));
    let action = action.replace("{origin}", &BASE64.encode(origin.unwrap_or_default()));
    if let Some(output) = send!(world, world.bucket().image_process(key, action)) {
        world.response.body = output.body.bytes().await.unwrap();
        // Only `info` returns a JSON body.
        world.response.json = serde_json::from_slice(&world.response.body).unwrap_or_default();
    }
}

#[then(expr = "the result is a {word} image")]
fn the_result_is(world: &mut Suite, format: String) {
    let body = &world.response.body;
    let starts_with = |magic: &[u8]| body.starts_with(magic);
    let matches = match &*format {
        "png" => starts_with(b"\x89PNG\r\n\x1a\n"),
        "jpeg" => starts_with(b"\xff\xd8\xff"),
        "webp" => starts_with(b"RIFF") && body.get(8..12) == Some(b"WEBP"),
        "tiff" => starts_with(b"II*\0") || starts_with(b"MM\0*"),
        other => panic!("unknown image format {other}"),
    };
    assert!(matches, "{format}: {:?}", body.get(..16));
}

#[then(expr = "the result is a png image of {int} by {int} pixels")]
fn the_result_has_the_size(world: &mut Suite, width: u32, height: u32) {
    the_result_is(world, "png".to_owned());
    let number_at = |at: usize| {
        let bytes = world.response.body[at..at + 4].try_into().unwrap();
        u32::from_be_bytes(bytes)
    };
    assert_eq!((number_at(16), number_at(20)), (width, height));
}

#[then(expr = "the result differs from the image")]
fn the_result_differs(world: &mut Suite) {
    assert!(!world.response.body.is_empty() && world.response.body != IMAGE);
}
