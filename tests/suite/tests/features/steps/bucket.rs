//! Steps that create, delete and list buckets, and read their statistics.

use std::time::Duration;

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use qingstor_sdk::{Config, QingStor};
use qingstor_suite::client::fetch_at;
use serde_json::json;

use super::response::rows;
use crate::world::{Suite, ZONE, send};

#[given(expr = "the bucket {string}")]
async fn the_bucket(world: &mut Suite, name: String) {
    world.bucket = name;
    send!(world, world.bucket().put());
    world.must_succeed();
}

/// Creates a bucket without making it the bucket of the following steps.
#[given(expr = "another bucket {string}")]
async fn another_bucket(world: &mut Suite, name: String) {
    send!(world, world.caller.bucket(&name, ZONE).unwrap().put());
    world.must_succeed();
}

/// The zone is part of the host name, which does not resolve here. The SDK therefore only signs
/// the request, and another client sends it to the address of the emulator.
#[given(expr = "the bucket {string} in the zone {word}")]
async fn the_bucket_in_a_zone(world: &mut Suite, name: String, zone: String) {
    let account = &world.emulator.accounts()[0];
    let config = Config::new(account.access_key_id(), account.secret_access_key());
    let qingstor = QingStor::new(config.protocol("http")).unwrap();
    let call = qingstor.bucket(&name, &zone).unwrap().put();
    let url = call.presign(Duration::from_secs(60)).unwrap().to_string();
    let address = world.emulator.addr().to_string();
    let response = fetch_at(&address, "PUT", &url, &http::HeaderMap::new(), "").await;
    assert_eq!(response.status, 201, "{response:?}");
}

#[when(expr = "the bucket {string} is created")]
async fn the_bucket_is_created(world: &mut Suite, name: String) {
    match world.caller.bucket(&name, ZONE) {
        Ok(bucket) => {
            world.bucket = name;
            send!(world, bucket.put());
        }
        Err(error) => world.record_failure(&error),
    }
}

#[when(expr = "a HEAD request is sent for the bucket {string}")]
async fn a_head_request_is_sent(world: &mut Suite, name: String) {
    let bucket = world.caller.bucket(&name, ZONE).unwrap();
    send!(world, bucket.head());
}

#[when(expr = "the bucket {string} is deleted")]
async fn the_bucket_is_deleted(world: &mut Suite, name: String) {
    let bucket = world.caller.bucket(&name, ZONE).unwrap();
    send!(world, bucket.delete());
}

#[when(expr = "the statistics of the bucket are read")]
async fn the_statistics_are_read(world: &mut Suite) {
    if let Some(output) = send!(world, world.bucket().get_statistics()) {
        world.response.json = json!({
            "name": output.name,
            "location": output.location,
            "status": output.status,
            "count": output.count,
            "size": output.size,
        });
        assert!(output.created.is_some() && output.url.contains(&output.name));
    }
}

/// The content of each object is its key.
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

/// Lists page by page until there are no more pages.
#[then(expr = "pages of {int} contain {int}, {int} and {int} objects, each object once")]
async fn pages_contain(world: &mut Suite, limit: u32, first: usize, second: usize, third: usize) {
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
        other => panic!("unknown listing parameter {other}"),
    });
    if let Some(output) = send!(world, call) {
        world.response.json = json!({
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

#[when(expr = "the objects {string} are deleted in one batch")]
async fn objects_are_deleted(world: &mut Suite, keys: String) {
    delete(world, keys.split(", ").map(str::to_owned).collect(), false).await;
}

#[when(expr = "the objects {string} are deleted in one quiet batch")]
async fn objects_are_deleted_quietly(world: &mut Suite, keys: String) {
    delete(world, keys.split(", ").map(str::to_owned).collect(), true).await;
}

#[when(expr = "{int} objects are deleted in one batch")]
async fn a_number_of_objects_is_deleted(world: &mut Suite, number: usize) {
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
        world.response.json = json!({ "deleted": output.deleted, "errors": failed });
    }
}

#[when(expr = "the unfinished multipart uploads are listed")]
async fn the_uploads_are_listed(world: &mut Suite) {
    list_uploads(world, &[]).await;
}

#[when(expr = "the unfinished multipart uploads are listed with")]
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
        other => panic!("unknown parameter of an upload listing: {other}"),
    });
    if let Some(output) = send!(world, call) {
        let is_set = |id: &String| !id.is_empty();
        assert!(
            output
                .uploads
                .iter()
                .all(|upload| is_set(&upload.upload_id))
        );
        world.response.json = json!({
            "name": output.name,
            "prefix": output.prefix,
            "next_key_marker": output.next_key_marker,
            "uploads": output.uploads,
            "common_prefixes": output.common_prefixes,
        });
    }
}
