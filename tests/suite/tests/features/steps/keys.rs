//! One key through every call that takes one.

use std::time::Duration;

use cucumber::{given, then, when};
use qingstor_suite::client::fetch;

use super::objects::put;
use crate::text;
use crate::world::{Suite, send};

/// The other object of these scenarios.
const ELSEWHERE: &str = "elsewhere";
const SOON: Duration = Duration::from_secs(60);

#[given(regex = "^the key (.+)$")]
fn the_key(world: &mut Suite, key: String) {
    world.key = text::key(&key);
}

#[given(expr = "the empty key")]
fn the_empty_key(world: &mut Suite) {
    world.key = String::new();
}

#[when(expr = "an object is put under the key")]
async fn is_put(world: &mut Suite) {
    put(
        world,
        world.bucket().put_object(&world.key).body(content(world)),
    )
    .await;
}

#[when(expr = "the object of the key is read")]
async fn is_read(world: &mut Suite) {
    if let Some(output) = send!(world, world.bucket().get_object(&world.key)) {
        world.answer.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "the object of the key is deleted")]
async fn is_deleted(world: &mut Suite) {
    send!(world, world.bucket().delete_object(&world.key));
}

#[then(expr = "a listing shows the key alone")]
async fn a_listing_shows(world: &mut Suite) {
    let page = send!(world, world.bucket().list_objects().prefix(&world.key)).unwrap();
    let keys: Vec<_> = page.keys.into_iter().map(|key| key.key).collect();
    assert_eq!(keys, [&*world.key]);
}

#[then(expr = "the object of the key can be read, looked at and asked about")]
async fn can_be_read(world: &mut Suite) {
    is_read(world).await;
    assert_eq!(world.answer.body, content(world));
    let head = send!(world, world.bucket().head_object(&world.key)).unwrap();
    assert_eq!(head.content_length, Some(content(world).len() as u64));
    let site = "http://example.com";
    let call = world.bucket().options_object(&world.key, site, "GET");
    send!(world, call).unwrap();
}

#[then(expr = "the signed URL of the key leads to the object")]
async fn the_signed_url_leads_there(world: &mut Suite) {
    let url = world.bucket().get_object(&world.key).presign(SOON).unwrap();
    let reply = fetch("GET", &url.to_string(), url.headers(), "").await;
    assert_eq!((reply.status, reply.body), (200, content(world)));
}

#[then(expr = "the object of the key can be copied elsewhere, and back")]
async fn can_be_copied(world: &mut Suite) {
    let bucket = world.bucket();
    put(
        world,
        bucket
            .put_object(ELSEWHERE)
            .copy_source((&world.bucket, &world.key)),
    )
    .await;
    world.must_succeed();
    is_deleted(world).await;
    put(
        world,
        bucket
            .put_object(&world.key)
            .copy_source((&world.bucket, ELSEWHERE)),
    )
    .await;
    assert_eq!(world.answer.status, 201, "{}", world.answer.message);
    is_read(world).await;
    assert_eq!(world.answer.body, content(world));
}

#[then(expr = "the object of the key can be moved elsewhere, and back")]
async fn can_be_moved(world: &mut Suite) {
    let bucket = world.bucket();
    put(
        world,
        bucket
            .put_object(ELSEWHERE)
            .move_source((&world.bucket, &world.key)),
    )
    .await;
    world.must_succeed();
    is_read(world).await;
    assert_eq!(world.answer.status, 404, "{:?}", world.answer);
    put(
        world,
        bucket
            .put_object(&world.key)
            .move_source((&world.bucket, ELSEWHERE)),
    )
    .await;
    assert_eq!(world.answer.status, 201, "{}", world.answer.message);
    is_read(world).await;
    assert_eq!(world.answer.body, content(world));
}

#[then(expr = "the object of the key can be fetched elsewhere, and back")]
async fn can_be_fetched(world: &mut Suite) {
    let bucket = world.bucket();
    let url = bucket.get_object(&world.key).presign(SOON).unwrap();
    put(
        world,
        bucket.put_object(ELSEWHERE).fetch_source(url.to_string()),
    )
    .await;
    world.must_succeed();
    is_deleted(world).await;
    let url = bucket.get_object(ELSEWHERE).presign(SOON).unwrap();
    put(
        world,
        bucket.put_object(&world.key).fetch_source(url.to_string()),
    )
    .await;
    assert_eq!(world.answer.status, 201, "{}", world.answer.message);
    is_read(world).await;
    assert_eq!(world.answer.body, content(world));
}

/// No two keys have the same.
fn content(world: &Suite) -> String {
    format!("content of {:?}", world.key)
}
