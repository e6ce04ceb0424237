//! Steps that use one key in every operation that has a key.

use std::time::Duration;

use cucumber::{given, then, when};
use qingstor_suite::client::fetch;

use super::objects::put;
use crate::text;
use crate::world::{Suite, send};

/// Key of the object that copies, moves and fetches write to.
const OTHER_KEY: &str = "elsewhere";
const URL_LIFETIME: Duration = Duration::from_secs(60);

#[given(regex = "^the key (.+)$")]
fn the_key(world: &mut Suite, key: String) {
    world.key = text::key(&key);
}

#[given(expr = "the empty key")]
fn the_empty_key(world: &mut Suite) {
    world.key = String::new();
}

#[when(expr = "an object is put at the key")]
async fn is_put(world: &mut Suite) {
    put(
        world,
        world.bucket().put_object(&world.key).body(content(world)),
    )
    .await;
}

#[when(expr = "the object at the key is read")]
async fn is_read(world: &mut Suite) {
    if let Some(output) = send!(world, world.bucket().get_object(&world.key)) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "the object at the key is deleted")]
async fn is_deleted(world: &mut Suite) {
    send!(world, world.bucket().delete_object(&world.key));
}

#[then(expr = "a listing with the key as prefix contains only the key")]
async fn a_listing_contains_only(world: &mut Suite) {
    let page = send!(world, world.bucket().list_objects().prefix(&world.key)).unwrap();
    let keys: Vec<_> = page.keys.into_iter().map(|key| key.key).collect();
    assert_eq!(keys, [&*world.key]);
}

#[then(expr = "the object at the key can be requested with GET, HEAD and OPTIONS")]
async fn can_be_requested(world: &mut Suite) {
    is_read(world).await;
    assert_eq!(world.response.body, content(world));
    let head = send!(world, world.bucket().head_object(&world.key)).unwrap();
    assert_eq!(head.content_length, Some(content(world).len() as u64));
    let site = "http://example.com";
    let call = world.bucket().options_object(&world.key, site, "GET");
    send!(world, call).unwrap();
}

#[then(expr = "the presigned URL of the key returns the object")]
async fn the_presigned_url_works(world: &mut Suite) {
    let url = world
        .bucket()
        .get_object(&world.key)
        .presign(URL_LIFETIME)
        .unwrap();
    let response = fetch("GET", &url.to_string(), url.headers(), "").await;
    assert_eq!((response.status, response.body), (200, content(world)));
}

#[then(expr = "the object at the key can be copied to another key and back")]
async fn can_be_copied(world: &mut Suite) {
    let bucket = world.bucket();
    put(
        world,
        bucket
            .put_object(OTHER_KEY)
            .copy_source((&world.bucket, &world.key)),
    )
    .await;
    world.must_succeed();
    is_deleted(world).await;
    put(
        world,
        bucket
            .put_object(&world.key)
            .copy_source((&world.bucket, OTHER_KEY)),
    )
    .await;
    assert_eq!(world.response.status, 201, "{}", world.response.message);
    is_read(world).await;
    assert_eq!(world.response.body, content(world));
}

#[then(expr = "the object at the key can be moved to another key and back")]
async fn can_be_moved(world: &mut Suite) {
    let bucket = world.bucket();
    put(
        world,
        bucket
            .put_object(OTHER_KEY)
            .move_source((&world.bucket, &world.key)),
    )
    .await;
    world.must_succeed();
    is_read(world).await;
    assert_eq!(world.response.status, 404, "{:?}", world.response);
    put(
        world,
        bucket
            .put_object(&world.key)
            .move_source((&world.bucket, OTHER_KEY)),
    )
    .await;
    assert_eq!(world.response.status, 201, "{}", world.response.message);
    is_read(world).await;
    assert_eq!(world.response.body, content(world));
}

#[then(expr = "the object at the key can be fetched to another key and back")]
async fn can_be_fetched(world: &mut Suite) {
    let bucket = world.bucket();
    let url = bucket.get_object(&world.key).presign(URL_LIFETIME).unwrap();
    put(
        world,
        bucket.put_object(OTHER_KEY).fetch_source(url.to_string()),
    )
    .await;
    world.must_succeed();
    is_deleted(world).await;
    let url = bucket.get_object(OTHER_KEY).presign(URL_LIFETIME).unwrap();
    put(
        world,
        bucket.put_object(&world.key).fetch_source(url.to_string()),
    )
    .await;
    assert_eq!(world.response.status, 201, "{}", world.response.message);
    is_read(world).await;
    assert_eq!(world.response.body, content(world));
}

/// Content that is different for each key.
fn content(world: &Suite) -> String {
    format!("content of {:?}", world.key)
}
