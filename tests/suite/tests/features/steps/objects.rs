//! Steps that put, copy, move, fetch, read, append to and delete objects.

use std::time::Duration;

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Call, Intercept, InterceptedRequest, Operation};
use qingstor_suite::client::fetch;
use qingstor_suite::{CannedResponse, Server};

use super::response::{fill, rows};
use crate::text::content;
use crate::world::{Suite, ZONE, send};

/// Long enough: the scenarios use their presigned URLs immediately.
const URL_LIFETIME: Duration = Duration::from_secs(60);

#[given(expr = "the object {string} with content {string}")]
async fn the_object(world: &mut Suite, key: String, text: String) {
    put(world, world.bucket().put_object(key).body(content(&text))).await;
    world.must_succeed();
}

#[given(expr = "the object {string} with")]
async fn the_object_with(world: &mut Suite, step: &Step, key: String) {
    is_put_with(world, step, key).await;
    world.must_succeed();
}

#[when(expr = "the object {string} is put with content {string}")]
async fn is_put(world: &mut Suite, key: String, text: String) {
    put(world, world.bucket().put_object(key).body(content(&text))).await;
}

#[when(expr = "the object {string} is put with")]
async fn is_put_with(world: &mut Suite, step: &Step, key: String) {
    let call = with_headers(world.bucket().put_object(key), world, step);
    put(world, call.body("content")).await;
}

#[when(expr = "the object {string} is copied to {string}")]
async fn is_copied(world: &mut Suite, source: String, target: String) {
    let call = world.bucket().put_object(target);
    put(world, call.copy_source((&world.bucket, source))).await;
}

#[when(expr = "the object {string} is copied to {string} with")]
async fn is_copied_with(world: &mut Suite, step: &Step, source: String, target: String) {
    let (metadata, other): (Vec<_>, Vec<_>) = rows(world, step)
        .into_iter()
        .partition(|(name, _)| name == "Content-Type" || name.starts_with("x-qs-meta-"));
    let config = world.credentials("owner").interceptor(Metadata(metadata));
    let bucket = world.client(config).bucket(&world.bucket, ZONE).unwrap();
    let call = bucket
        .put_object(target)
        .copy_source((&world.bucket, source));
    let call = other
        .iter()
        .fold(call, |call, (name, value)| call.header(name, value));
    put(world, call).await;
}

/// Adds metadata to each request. Calls of the SDK refuse metadata that a copy ignores, but other
/// clients send it.
struct Metadata(Vec<(String, String)>);

impl Intercept for Metadata {
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for (name, value) in &self.0 {
            request.set_header(name, value)?;
        }
        Ok(())
    }
}

#[when(expr = "the object {string} of the bucket {string} is copied to {string}")]
async fn is_copied_from(world: &mut Suite, key: String, bucket: String, target: String) {
    put(
        world,
        world.bucket().put_object(target).copy_source((bucket, key)),
    )
    .await;
}

#[when(expr = "the object {string} is moved to {string}")]
async fn is_moved(world: &mut Suite, source: String, target: String) {
    let call = world.bucket().put_object(target);
    put(world, call.move_source((&world.bucket, source))).await;
}

#[when(expr = "the object {string} is moved to {string} with")]
async fn is_moved_with(world: &mut Suite, step: &Step, source: String, target: String) {
    let call = world.bucket().put_object(target);
    let call = with_headers(call.move_source((&world.bucket, source)), world, step);
    put(world, call).await;
}

#[given(expr = "an origin that responds with {int} {string}")]
async fn an_origin(world: &mut Suite, status: u16, text: String) {
    world.origin = Some(Server::start(CannedResponse::new(status).body(text)).await);
}

#[when(expr = "the object {string} is fetched from {string}")]
async fn is_fetched(world: &mut Suite, key: String, url: String) {
    let url = fill(world, &url);
    put(world, world.bucket().put_object(key).fetch_source(url)).await;
}

#[when(expr = "the object {string} is fetched from the presigned URL of {string}")]
async fn is_fetched_from_presigned_url(world: &mut Suite, key: String, source: String) {
    let url = world
        .bucket()
        .get_object(source)
        .presign(URL_LIFETIME)
        .unwrap();
    let call = world.bucket().put_object(key).fetch_source(url.to_string());
    put(world, call).await;
}

pub(super) async fn put(world: &mut Suite, call: Call<PutObjectInput>) {
    if let Some(output) = send!(world, call) {
        world.etag = output.etag;
    }
}

#[when(expr = "the object {string} is read")]
async fn is_read(world: &mut Suite, key: String) {
    if let Some(output) = send!(world, world.bucket().get_object(key)) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "the object {string} is read with")]
async fn is_read_with(world: &mut Suite, step: &Step, key: String) {
    let call = with_headers(world.bucket().get_object(key), world, step);
    if let Some(output) = send!(world, call) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(
    expr = "the object {string} is read with the response type {string} and the file name {string}"
)]
async fn is_read_as(world: &mut Suite, key: String, kind: String, name: String) {
    let call = world.bucket().get_object(key).response_content_type(kind);
    let call = call.response_content_disposition(format!("attachment; filename=\"{name}\""));
    if let Some(output) = send!(world, call) {
        world.response.body = output.body.bytes().await.unwrap();
    }
}

#[when(expr = "the metadata of the object {string} is read")]
async fn metadata_is_read(world: &mut Suite, key: String) {
    send!(world, world.bucket().head_object(key));
}

#[when(expr = "the metadata of the object {string} is read with")]
async fn metadata_is_read_with(world: &mut Suite, step: &Step, key: String) {
    let call = with_headers(world.bucket().head_object(key), world, step);
    send!(world, call);
}

#[when(expr = "the object {string} is deleted")]
async fn is_deleted(world: &mut Suite, key: String) {
    send!(world, world.bucket().delete_object(key));
}

#[when(expr = "the presigned URL for reading the object {string} is used")]
async fn a_presigned_url_is_read(world: &mut Suite, key: String) {
    let call = world.bucket().get_object(key);
    world.record_operation(&call);
    let url = call.presign(URL_LIFETIME).unwrap();
    let response = fetch("GET", &url.to_string(), url.headers(), "").await;
    world.record_response(response);
}

#[when(expr = "the presigned URL for putting the object {string} is used with {string}")]
async fn a_presigned_url_is_put_to(world: &mut Suite, key: String, text: String) {
    let call = world.bucket().put_object(key);
    world.record_operation(&call);
    let url = call.presign(URL_LIFETIME).unwrap();
    let response = fetch("PUT", &url.to_string(), url.headers(), &text).await;
    world.record_response(response);
}

/// Sends the preflight request that a browser sends before a cross-origin request.
#[when(expr = "a preflight request from {string} asks to {word} the object {string}")]
async fn a_preflight_request_asks(world: &mut Suite, origin: String, method: String, key: String) {
    send!(world, world.bucket().options_object(key, origin, method));
}

#[when(
    expr = "a preflight request from {string} asks to {word} the object {string} with the headers {string}"
)]
async fn a_preflight_request_asks_with(
    world: &mut Suite,
    origin: String,
    method: String,
    key: String,
    headers: String,
) {
    let call = world.bucket().options_object(key, origin, method);
    send!(world, call.access_control_request_headers(headers));
}

#[when(expr = "{string} is appended to the object {string} at {int}")]
async fn is_appended(world: &mut Suite, text: String, key: String, position: u64) {
    let call = world.bucket().append_object(key, position);
    send!(world, call.body(content(&text)));
}

#[then(expr = "the object {string} contains {string}")]
async fn the_object_contains(world: &mut Suite, key: String, text: String) {
    let output = send!(world, world.bucket().get_object(key));
    world.must_succeed();
    let body = output.unwrap().body.bytes().await.unwrap();
    // Not `assert_eq`, which would print contents of several megabytes.
    assert!(
        body == content(&text),
        "got {} bytes that are not {text:?}",
        body.len()
    );
}

#[then(expr = "the object {string} does not exist")]
async fn the_object_does_not_exist(world: &mut Suite, key: String) {
    send!(world, world.bucket().head_object(key));
    assert_eq!(world.response.status, 404, "{:?}", world.response);
}

fn with_headers<I: Operation>(call: Call<I>, world: &Suite, step: &Step) -> Call<I> {
    let rows = rows(world, step);
    rows.iter()
        .fold(call, |call, (name, value)| call.header(name, value))
}
