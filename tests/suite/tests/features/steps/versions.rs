//! Steps for versioning and object versions.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use qingstor_sdk::ObjectPath;
use qingstor_sdk::types::VersioningStatus;
use serde_json::json;

use super::objects::put;
use super::response::rows;
use crate::text::content;
use crate::world::{Suite, send};

#[given(expr = "versioning is {word}")]
async fn versioning_is(world: &mut Suite, status: String) {
    versioning_is_set(world, status).await;
    world.must_succeed();
}

#[when(expr = "versioning is set to {word}")]
async fn versioning_is_set(world: &mut Suite, status: String) {
    let status = VersioningStatus::from(status);
    send!(world, world.bucket().put_versioning(status));
}

#[when(expr = "the versioning status is read")]
async fn versioning_is_read(world: &mut Suite) {
    if let Some(output) = send!(world, world.bucket().get_versioning()) {
        world.response.json = json!({ "status": output.status });
    }
}

#[given(expr = "the version {string} of the object {string} with content {string}")]
async fn a_version(world: &mut Suite, version: String, key: String, text: String) {
    put(world, world.bucket().put_object(key).body(content(&text))).await;
    world.must_succeed();
    remember_version(world, version);
}

#[given(expr = "the object {string} was deleted, which created the delete marker {string}")]
async fn a_marker(world: &mut Suite, key: String, marker: String) {
    send!(world, world.bucket().delete_object(key));
    world.must_succeed();
    remember_version(world, marker);
}

/// Stores the id of the version that the last request created.
fn remember_version(world: &mut Suite, name: String) {
    let id = world.response.headers.get("x-qs-version-id");
    let id = id
        .expect("no x-qs-version-id header in the response")
        .to_str()
        .unwrap();
    assert!(
        !world.versions.values().any(|known| known == id),
        "version id {id} was returned before"
    );
    world.versions.insert(name, id.to_owned());
}

#[when(expr = "the version {string} of the object {string} is read")]
async fn is_read(world: &mut Suite, version: String, key: String) {
    let call = world.bucket().get_object(key);
    if let Some(output) = send!(world, call.version_id(&world.versions[&version])) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "the metadata of the version {string} of the object {string} is read")]
async fn metadata_is_read(world: &mut Suite, version: String, key: String) {
    let call = world.bucket().head_object(key);
    send!(world, call.version_id(&world.versions[&version]));
}

#[when(expr = "the version {string} of the object {string} is deleted")]
async fn is_deleted(world: &mut Suite, version: String, key: String) {
    let call = world.bucket().delete_object(key);
    send!(world, call.version_id(&world.versions[&version]));
}

#[when(expr = "the version {string} of the object {string} is copied to {string}")]
async fn is_copied(world: &mut Suite, version: String, key: String, target: String) {
    let source = ObjectPath::new(&world.bucket, key).version_id(&world.versions[&version]);
    put(world, world.bucket().put_object(target).copy_source(source)).await;
}

#[when(expr = "the versions are listed")]
async fn are_listed(world: &mut Suite) {
    list(world, &[]).await;
}

#[when(expr = "the versions are listed with")]
async fn are_listed_with(world: &mut Suite, step: &Step) {
    let rows = rows(world, step);
    list(world, &rows).await;
}

async fn list(world: &mut Suite, rows: &[(String, String)]) {
    let call = world.bucket().list_object_versions();
    let call = rows.iter().fold(call, |call, (name, value)| match &**name {
        "prefix" => call.prefix(value),
        "delimiter" => call.delimiter(value),
        "key_marker" => call.key_marker(value),
        "version_id_marker" => call.version_id_marker(&world.versions[value]),
        "limit" => call.limit(value.parse().unwrap()),
        other => panic!("unknown parameter of a version listing: {other}"),
    });
    if let Some(output) = send!(world, call) {
        // The emulator generates the ids, so scenarios refer to versions by name.
        let name_of = |id: &str| world.versions.iter().find(|(_, known)| *known == id);
        let keys: Vec<_> = output
            .keys
            .iter()
            .map(|one| {
                json!({
                    "key": one.key,
                    "version": name_of(&one.version_id).map(|(name, _)| name),
                    "is_latest": one.is_latest,
                    "delete_marker": one.delete_marker,
                    "size": one.size,
                    "etag": one.etag,
                })
            })
            .collect();
        world.response.json = json!({
            "name": output.name,
            "has_more": output.has_more,
            "keys": keys,
            "common_prefixes": output.common_prefixes,
        });
    }
}

/// The documents list both statuses without saying when each applies.
#[then(expr = "the response is 404 or 405")]
fn the_version_is_gone(world: &mut Suite) {
    let response = &world.response;
    assert!(matches!(response.status, 404 | 405), "{response:?}");
}
