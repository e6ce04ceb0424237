//! Steps that select the caller and check the last response.

use cucumber::gherkin::Step;
use cucumber::{given, then};
use serde_json::Value;

use crate::text;
use crate::world::Suite;

#[given(regex = "^the caller is (?:the )?(owner|another user|anonymous)$")]
fn the_caller_is(world: &mut Suite, caller: String) {
    world.caller = world.client(world.credentials(&caller));
}

#[then(regex = r"^the response is (\d+) ?(\w*)$")]
fn the_response_is(world: &mut Suite, status: u16, code: String) {
    let response = &world.response;
    let actual_code = if code.is_empty() { "" } else { &response.code };
    assert_eq!(
        (response.status, actual_code),
        (status, &*code),
        "{}",
        response.message
    );
}

/// For failures whose status and code are not documented.
#[then(expr = "the response is a client error")]
fn the_response_is_a_client_error(world: &mut Suite) {
    let response = &world.response;
    assert!((400..500).contains(&response.status), "{response:?}");
}

#[then(expr = "the client rejects the request before sending it")]
fn the_client_rejects_the_request(world: &mut Suite) {
    assert_eq!(world.response.status, 0, "{:?}", world.response);
    assert!(!world.response.message.is_empty());
}

#[then(expr = "the header {word} is {string}")]
fn the_header_is(world: &mut Suite, name: String, value: String) {
    assert_eq!(header(world, &name), Some(value));
}

#[then(expr = "the header {word} is present")]
fn the_header_is_present(world: &mut Suite, name: String) {
    assert!(header(world, &name).is_some_and(|value| !value.is_empty()));
}

#[then(expr = "the header {word} is absent")]
fn the_header_is_absent(world: &mut Suite, name: String) {
    assert_eq!(header(world, &name), None);
}

fn header(world: &Suite, name: &str) -> Option<String> {
    let value = world.response.headers.get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

#[then(expr = "the content is {string}")]
fn the_content_is(world: &mut Suite, content: String) {
    assert_eq!(world.response.body, content, "{}", world.response.message);
}

#[then(expr = "the JSON body contains")]
fn the_json_body_contains(world: &mut Suite, step: &Step) {
    text::assert_contains(&world.response.json, &document(world, step));
}

/// Returns the JSON document in the doc string of a step.
pub(super) fn document(world: &Suite, step: &Step) -> Value {
    serde_json::from_str(&fill(world, step.docstring.as_ref().unwrap())).unwrap()
}

/// Returns the rows of the table of a step, as pairs of name and value.
pub(super) fn rows(world: &Suite, step: &Step) -> Vec<(String, String)> {
    let table = step.table.as_ref().unwrap();
    let pairs = table
        .rows
        .iter()
        .map(|row| (row[0].clone(), fill(world, &row[1])));
    pairs.collect()
}

/// Replaces placeholders with values that are only known at run time.
pub(super) fn fill(world: &Suite, text: &str) -> String {
    let origin = world.origin.as_ref().map(|server| server.endpoint());
    text.replace("{other_user_id}", world.emulator.accounts()[1].user_id())
        .replace("{etag}", &world.etag)
        .replace("{origin}", &origin.unwrap_or_default())
}
