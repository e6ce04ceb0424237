//! Pictures made of pictures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use cucumber::{given, then, when};
use qingstor_suite::{Answer, Server};

use super::objects::put;
use crate::world::{Suite, send};

/// 400 by 300 pixels.
const PICTURE: &[u8] = include_bytes!("../../../features/picture.png");

#[given(expr = "the picture {string}")]
async fn the_picture(world: &mut Suite, key: String) {
    let call = world.bucket().put_object(key).content_type("image/png");
    put(world, call.body(PICTURE)).await;
    world.must_succeed();
}

#[given(expr = "an origin with the picture")]
async fn an_origin_with_the_picture(world: &mut Suite) {
    let answer = Answer::new(200).header("Content-Type", "image/png");
    world.origin = Some(Server::start(answer.body(PICTURE)).await);
}

/// `{origin}` is the address of the origin, as the action wants it: Base64 without padding.
#[when(expr = "the object {string} is processed by {string}")]
async fn is_processed(world: &mut Suite, key: String, action: String) {
    let origin = world
        .origin
        .as_ref()
        .map(|server| format!("{}/mark.png", server.endpoint()));
    let action = action.replace("{origin}", &BASE64.encode(origin.unwrap_or_default()));
    if let Some(output) = send!(world, world.bucket().image_process(key, action)) {
        world.answer.body = output.body.bytes().await.unwrap();
        // Only `info` gives a document.
        world.answer.json = serde_json::from_slice(&world.answer.body).unwrap_or_default();
    }
}

#[then(expr = "the result is a {word} picture")]
fn the_result_is(world: &mut Suite, format: String) {
    let body = &world.answer.body;
    let begins = |magic: &[u8]| body.starts_with(magic);
    let is = match &*format {
        "png" => begins(b"\x89PNG\r\n\x1a\n"),
        "jpeg" => begins(b"\xff\xd8\xff"),
        "webp" => begins(b"RIFF") && body.get(8..12) == Some(b"WEBP"),
        "tiff" => begins(b"II*\0") || begins(b"MM\0*"),
        other => panic!("nobody knows how {other} begins"),
    };
    assert!(is, "{format}: {:?}", body.get(..16));
}

#[then(expr = "the result is a png picture of {int} by {int} pixels")]
fn the_result_has_the_size(world: &mut Suite, width: u32, height: u32) {
    the_result_is(world, "png".to_owned());
    let number = |at: usize| {
        let bytes = world.answer.body[at..at + 4].try_into().unwrap();
        u32::from_be_bytes(bytes)
    };
    assert_eq!((number(16), number(20)), (width, height));
}

#[then(expr = "the result is another picture")]
fn the_result_is_another(world: &mut Suite) {
    assert!(!world.answer.body.is_empty() && world.answer.body != PICTURE);
}
