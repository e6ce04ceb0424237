//! A bucket as a whole: making and removing it, its figures, what is in it.

use std::time::Duration;

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use qingstor_sdk::{Config, QingStor};
use qingstor_suite::client::fetch_at;
use serde_json::json;

use super::answers::rows;
use crate::world::{Suite, ZONE, send};

#[given(expr = "the bucket {string}")]
async fn the_bucket(world: &mut Suite, name: String) {
    world.bucket = name;
    send!(world, world.bucket().put());
    world.must_succeed();
}

/// A bucket that the calls are not about.
#[given(expr = "another bucket {string}")]
async fn another_bucket(world: &mut Suite, name: String) {
    send!(world, world.caller.bucket(&name, ZONE).unwrap().put());
    world.must_succeed();
}

/// The zone stands in the host, which nobody here resolves: so the SDK signs, and another client
/// sends.
#[given(expr = "the bucket {string} in the zone {word}")]
async fn the_bucket_in_a_zone(world: &mut Suite, name: String, zone: String) {
    let account = &world.emulator.accounts()[0];
    let config = Config::new(account.access_key_id(), account.secret_access_key());
    let qingstor = QingStor::new(config.protocol("http")).unwrap();
    let call = qingstor.bucket(&name, &zone).unwrap().put();
    let url = call.presign(Duration::from_secs(60)).unwrap().to_string();
    let address = world.emulator.addr().to_string();
    let reply = fetch_at(&address, "PUT", &url, &http::HeaderMap::new(), "").await;
    assert_eq!(reply.status, 201, "{reply:?}");
}

#[when(expr = "the bucket {string} is created")]
async fn the_bucket_is_created(world: &mut Suite, name: String) {
    match world.caller.bucket(&name, ZONE) {
        Ok(bucket) => {
            world.bucket = name;
            send!(world, bucket.put());
        }
        Err(error) => world.failed(&error),
    }
}

#[when(expr = "the bucket {string} is looked at")]
async fn the_bucket_is_looked_at(world: &mut Suite, name: String) {
    let bucket = world.caller.bucket(&name, ZONE).unwrap();
    send!(world, bucket.head());
}

#[when(expr = "the bucket {string} is deleted")]
async fn the_bucket_is_deleted(world: &mut Suite, name: String) {
    let bucket = world.caller.bucket(&name, ZONE).unwrap();
    send!(world, bucket.delete());
}

#[when(expr = "the figures of the bucket are read")]
async fn the_statistics_are_read(world: &mut Suite) {
    if let Some(output) = send!(world, world.bucket().get_statistics()) {
        world.answer.json = json!({
            "name": output.name,
            "location": output.location,
            "status": output.status,
            "count": output.count,
            "size": output.size,
        });
        assert!(output.created.is_some() && output.url.contains(&output.name));
    }
}

/// Each with its own key as content.
#[given(expr = "the objects {string}")]
async fn the_objects(world: &mut Suite, keys: String) {
    for key in keys.split(", ") {
        let call = world.bucket().put_object(key).body(key.to_owned());
        send!(world, call);
        world.must_succeed();
    }
}

#[when(expr = "the objects are listed")]
async fn the_objects_are_listed(world: &mut Suite) {
    list_objects(world, &[]).await;
}

#[when(expr = "the objects are listed with")]
async fn the_objects_are_listed_with(world: &mut Suite, step: &Step) {
    let rows = rows(world, step);
    list_objects(world, &rows).await;
}

/// Page by page, as long as there are more.
#[then(expr = "pages of {int} hold {int}, {int} and {int} objects, each object once")]
async fn pages_hold(world: &mut Suite, limit: u32, first: usize, second: usize, third: usize) {
    let (mut keys, mut sizes, mut marker) = (Vec::new(), Vec::new(), String::new());
    loop {
        let call = world.bucket().list_objects().limit(limit).marker(&marker);
        let page = send!(world, call).unwrap();
        sizes.push(page.keys.len());
        keys.extend(page.keys.into_iter().map(|key| key.key));
        if !page.has_more {
            break;
        }
        marker = page.next_marker.unwrap();
    }
    assert_eq!(sizes, [first, second, third]);
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

async fn list_objects(world: &mut Suite, rows: &[(String, String)]) {
    let call = world.bucket().list_objects();
    let call = rows.iter().fold(call, |call, (name, value)| match &**name {
        "prefix" => call.prefix(value),
        "delimiter" => call.delimiter(value),
        "marker" => call.marker(value),
        "limit" => call.limit(value.parse().unwrap()),
        other => panic!("a listing has no {other}"),
    });
    if let Some(output) = send!(world, call) {
        world.answer.json = json!({
            "name": output.name,
            "prefix": output.prefix,
            "delimiter": output.delimiter,
            "limit": output.limit,
            "has_more": output.has_more,
            "keys": output.keys,
            "common_prefixes": output.common_prefixes,
        });
    }
}

#[when(expr = "the objects {string} are deleted at once")]
async fn objects_are_deleted(world: &mut Suite, keys: String) {
    delete(world, keys.split(", ").map(str::to_owned).collect(), false).await;
}

#[when(expr = "the objects {string} are deleted at once, quietly")]
async fn objects_are_deleted_quietly(world: &mut Suite, keys: String) {
    delete(world, keys.split(", ").map(str::to_owned).collect(), true).await;
}

#[when(expr = "{int} objects are deleted at once")]
async fn so_many_objects_are_deleted(world: &mut Suite, number: usize) {
    delete(
        world,
        (0..number).map(|key| key.to_string()).collect(),
        true,
    )
    .await;
}

async fn delete(world: &mut Suite, keys: Vec<String>, quiet: bool) {
    let call = world.bucket().delete_multiple_objects(keys).quiet(quiet);
    if let Some(output) = send!(world, call) {
        let failed: Vec<_> = output
            .errors
            .iter()
            .map(|error| json!({ "key": error.key, "code": error.code }))
            .collect();
        world.answer.json = json!({ "deleted": output.deleted, "errors": failed });
    }
}

#[when(expr = "the unfinished uploads are listed")]
async fn the_uploads_are_listed(world: &mut Suite) {
    list_uploads(world, &[]).await;
}

#[when(expr = "the unfinished uploads are listed with")]
async fn the_uploads_are_listed_with(world: &mut Suite, step: &Step) {
    let rows = rows(world, step);
    list_uploads(world, &rows).await;
}

async fn list_uploads(world: &mut Suite, rows: &[(String, String)]) {
    let call = world.bucket().list_multipart_uploads();
    let call = rows.iter().fold(call, |call, (name, value)| match &**name {
        "prefix" => call.prefix(value),
        "delimiter" => call.delimiter(value),
        "key_marker" => call.key_marker(value),
        "limit" => call.limit(value.parse().unwrap()),
        other => panic!("a listing of uploads has no {other}"),
    });
    if let Some(output) = send!(world, call) {
        let known = |id: &String| !id.is_empty();
        assert!(output.uploads.iter().all(|upload| known(&upload.upload_id)));
        world.answer.json = json!({
            "name": output.name,
            "prefix": output.prefix,
            "next_key_marker": output.next_key_marker,
            "uploads": output.uploads,
            "common_prefixes": output.common_prefixes,
        });
    }
}
