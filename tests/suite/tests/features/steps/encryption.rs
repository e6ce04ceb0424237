//! Steps for objects that are encrypted with customer-provided keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cucumber::{given, when};
use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Call, Operation};

use super::multipart::{initiate, upload};
use super::objects::put;
use crate::text::content;
use crate::world::{Suite, send};

const TARGET: &str = "x-qs-encryption-customer";
const SOURCE: &str = "x-qs-copy-source-encryption-customer";

/// Letters with the MD5 digest of the key that repeats the letter 32 times. The first key is the
/// example of the official scenarios.
const KEY_DIGESTS: [(&str, &str); 2] = [
    ("x", "3I/h1kl+vSP1l12NKhxegQ=="),
    ("y", "TJoSJySrtjI4PNPoiIT6iw=="),
];

fn with_key<I: Operation>(call: Call<I>, prefix: &str, letter: &str) -> Call<I> {
    let (_, digest) = KEY_DIGESTS
        .iter()
        .find(|(known, _)| *known == letter)
        .unwrap();
    call.header(format!("{prefix}-algorithm"), "AES256")
        .header(format!("{prefix}-key"), BASE64.encode(letter.repeat(32)))
        .header(format!("{prefix}-key-md5"), digest)
}

#[given(expr = "the object {string} with content {string}, encrypted with the key {string}")]
async fn an_encrypted_object(world: &mut Suite, key: String, text: String, letter: String) {
    is_put(world, key, text, letter).await;
    world.must_succeed();
}

#[when(expr = "the object {string} is put with content {string}, encrypted with the key {string}")]
async fn is_put(world: &mut Suite, key: String, text: String, letter: String) {
    let call = world.bucket().put_object(key).body(content(&text));
    put(world, with_key(call, TARGET, &letter)).await;
}

#[when(
    expr = "the object {string} is put with the key {string} and the MD5 digest of the key {string}"
)]
async fn is_put_with_a_wrong_digest(world: &mut Suite, key: String, letter: String, other: String) {
    let call = with_key(world.bucket().put_object(key), TARGET, &other);
    let header = format!("{TARGET}-key");
    put(world, call.header(header, BASE64.encode(letter.repeat(32)))).await;
}

#[when(expr = "the object {string} is read with the key {string}")]
async fn is_read(world: &mut Suite, key: String, letter: String) {
    let call = with_key(world.bucket().get_object(key), TARGET, &letter);
    if let Some(output) = send!(world, call) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "{string} of the object {string} is read with the key {string}")]
async fn a_range_is_read(world: &mut Suite, range: String, key: String, letter: String) {
    let call = world.bucket().get_object(key).range(range);
    if let Some(output) = send!(world, with_key(call, TARGET, &letter)) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "the metadata of the object {string} is read with the key {string}")]
async fn metadata_is_read(world: &mut Suite, key: String, letter: String) {
    send!(
        world,
        with_key(world.bucket().head_object(key), TARGET, &letter)
    );
}

fn copy(world: &Suite, source: &str, target: &str) -> Call<PutObjectInput> {
    let call = world.bucket().put_object(target);
    call.copy_source((&world.bucket, source))
}

#[when(expr = "the object {string} is copied to {string}, decrypted with {string}")]
async fn is_decrypted(world: &mut Suite, source: String, target: String, old: String) {
    let call = with_key(copy(world, &source, &target), SOURCE, &old);
    put(world, call).await;
}

#[when(expr = "the object {string} is copied to {string}, encrypted with {string}")]
async fn is_encrypted(world: &mut Suite, source: String, target: String, new: String) {
    let call = with_key(copy(world, &source, &target), TARGET, &new);
    put(world, call).await;
}

#[when(
    expr = "the object {string} is copied to {string}, decrypted with {string}, encrypted with {string}"
)]
async fn is_reencrypted(
    world: &mut Suite,
    source: String,
    target: String,
    old: String,
    new: String,
) {
    let call = with_key(copy(world, &source, &target), SOURCE, &old);
    put(world, with_key(call, TARGET, &new)).await;
}

#[given(expr = "a multipart upload of the object {string}, encrypted with the key {string}")]
async fn an_encrypted_upload(world: &mut Suite, key: String, letter: String) {
    initiate(world, key, |call| with_key(call, TARGET, &letter)).await;
    world.must_succeed();
}

#[when(expr = "part {int} is uploaded with content {string}, encrypted with the key {string}")]
async fn a_part_is_uploaded(world: &mut Suite, number: u32, text: String, letter: String) {
    let body = content(&text);
    upload(world, number, |call| {
        with_key(call.body(body), TARGET, &letter)
    })
    .await;
}
