//! Steps for multipart uploads.

use cucumber::gherkin::Step;
use cucumber::{given, when};
use qingstor_sdk::Call;
use qingstor_sdk::operations::{InitiateMultipartUploadInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectPart;
use serde_json::json;

use super::response::rows;
use crate::text::content;
use crate::world::{Suite, send};

#[given(expr = "a multipart upload of the object {string}")]
async fn an_upload(world: &mut Suite, key: String) {
    initiate(world, key, |call| call).await;
    world.must_succeed();
}

#[given(expr = "a multipart upload of the object {string} with")]
async fn an_upload_with(world: &mut Suite, step: &Step, key: String) {
    let rows = rows(world, step);
    let headers = rows.iter().map(|(name, value)| (&**name, &**value));
    initiate(world, key, |call| {
        headers.fold(call, |call, (name, value)| call.header(name, value))
    })
    .await;
    world.must_succeed();
}

#[given(expr = "a multipart upload of the object {string} that was never initiated")]
fn an_unknown_upload(world: &mut Suite, key: String) {
    world.upload_key = key;
    world.upload_id = "0123456789abcdef0123456789abcdef".to_owned();
}

#[when(expr = "a multipart upload of the object {string} is initiated")]
async fn is_initiated(world: &mut Suite, key: String) {
    initiate(world, key, |call| call).await;
}

type InitiateMultipartUpload = Call<InitiateMultipartUploadInput>;

pub(super) async fn initiate(
    world: &mut Suite,
    key: String,
    set_options: impl FnOnce(InitiateMultipartUpload) -> InitiateMultipartUpload,
) {
    let call = set_options(world.bucket().initiate_multipart_upload(&key));
    if let Some(output) = send!(world, call) {
        world.response.json = json!({ "bucket": output.bucket, "key": output.key });
        world.upload_id = output.upload_id;
        world.upload_key = key;
        world.parts.clear();
    }
}

#[given(expr = "part {int} with content {string}")]
async fn part(world: &mut Suite, number: u32, text: String) {
    upload(world, number, |call| call.body(content(&text))).await;
    world.must_succeed();
}

#[when(expr = "part {int} is uploaded with content {string}")]
async fn is_uploaded(world: &mut Suite, number: u32, text: String) {
    upload(world, number, |call| call.body(content(&text))).await;
}

#[when(expr = "part {int} is copied from the object {string}")]
async fn is_copied(world: &mut Suite, number: u32, key: String) {
    let source = (world.bucket.clone(), key);
    upload(world, number, |call| call.copy_source(source)).await;
}

#[when(expr = "part {int} is copied from {string} of the object {string}")]
async fn range_is_copied(world: &mut Suite, number: u32, range: String, key: String) {
    let source = (world.bucket.clone(), key);
    upload(world, number, |call| {
        call.copy_source(source).copy_range(range)
    })
    .await;
}

type UploadMultipart = Call<UploadMultipartInput>;

pub(super) async fn upload(
    world: &mut Suite,
    number: u32,
    set_options: impl FnOnce(UploadMultipart) -> UploadMultipart,
) {
    let (key, id) = (&world.upload_key, &world.upload_id);
    let call = set_options(world.bucket().upload_multipart(key, id, number));
    if let Some(output) = send!(world, call) {
        let part = ObjectPart::new(number).etag(output.etag);
        world.parts.insert(number, part);
    }
}

#[when(expr = "the parts are listed")]
async fn the_parts_are_listed(world: &mut Suite) {
    list(world, None, None).await;
}

#[when(expr = "the parts after {int} are listed with limit {int}")]
async fn parts_are_listed_after(world: &mut Suite, after: u32, limit: u32) {
    list(world, Some(after), Some(limit)).await;
}

async fn list(world: &mut Suite, after: Option<u32>, limit: Option<u32>) {
    let (key, id) = (&world.upload_key, &world.upload_id);
    let mut call = world.bucket().list_multipart(key, id);
    if let Some(after) = after {
        call = call.part_number_marker(after);
    }
    if let Some(limit) = limit {
        call = call.limit(limit);
    }
    if let Some(output) = send!(world, call) {
        for part in &output.object_parts {
            let etag = part.etag.as_deref().unwrap();
            assert!(!etag.is_empty() && !etag.contains('"'), "{part:?}");
        }
        world.response.json = json!({ "count": output.count, "object_parts": output.object_parts });
    }
}

#[when(expr = "the upload is completed")]
async fn is_completed(world: &mut Suite) {
    let parts = world.parts.values().cloned().collect();
    complete(world, parts, None).await;
}

#[when(expr = "the upload is completed with the ETag {string}")]
async fn is_completed_with_an_etag(world: &mut Suite, etag: String) {
    let parts = world.parts.values().cloned().collect();
    complete(world, parts, Some(etag)).await;
}

#[when(expr = "the upload is completed with the parts {string}")]
async fn is_completed_with(world: &mut Suite, numbers: String) {
    let parts = numbers
        .split(", ")
        .map(|number| ObjectPart::new(number.parse().unwrap()));
    complete(world, parts.collect(), None).await;
}

#[when(expr = "the upload is completed with the ETag {string} for part {int}")]
async fn is_completed_with_a_part_etag(world: &mut Suite, etag: String, number: u32) {
    complete(world, vec![ObjectPart::new(number).etag(etag)], None).await;
}

async fn complete(world: &mut Suite, parts: Vec<ObjectPart>, etag: Option<String>) {
    let (key, id) = (&world.upload_key, &world.upload_id);
    let mut call = world.bucket().complete_multipart_upload(key, id, parts);
    if let Some(etag) = etag {
        call = call.etag(format!("\"{etag}\""));
    }
    send!(world, call);
}

#[when(expr = "the upload is aborted")]
async fn is_aborted(world: &mut Suite) {
    let (key, id) = (&world.upload_key, &world.upload_id);
    send!(world, world.bucket().abort_multipart_upload(key, id));
}
