//! What was answered last, and who calls.

use cucumber::gherkin::Step;
use cucumber::{given, then};
use serde_json::Value;

use crate::text;
use crate::world::Suite;

#[given(regex = "^the caller is (?:a |the )?(owner|stranger|anonymous)$")]
fn the_caller_is(world: &mut Suite, who: String) {
    world.caller = world.client(world.credentials(&who));
}

#[then(regex = r"^the answer is (\d+) ?(\w*)$")]
fn the_answer_is(world: &mut Suite, status: u16, code: String) {
    let answer = &world.answer;
    let known = if code.is_empty() { "" } else { &answer.code };
    assert_eq!(
        (answer.status, known),
        (status, &*code),
        "{}",
        answer.message
    );
}

/// Where the documents do not say which status or code.
#[then(expr = "the answer is a refusal")]
fn the_answer_is_a_refusal(world: &mut Suite) {
    let answer = &world.answer;
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

#[then(expr = "the call is refused before it is sent")]
fn the_call_is_not_sent(world: &mut Suite) {
    assert_eq!(world.answer.status, 0, "{:?}", world.answer);
    assert!(!world.answer.message.is_empty());
}

#[then(expr = "the header {word} is {string}")]
fn the_header_is(world: &mut Suite, name: String, value: String) {
    assert_eq!(header(world, &name), Some(value));
}

#[then(expr = "there is a header {word}")]
fn there_is_a_header(world: &mut Suite, name: String) {
    assert!(header(world, &name).is_some_and(|value| !value.is_empty()));
}

#[then(expr = "there is no header {word}")]
fn there_is_no_header(world: &mut Suite, name: String) {
    assert_eq!(header(world, &name), None);
}

fn header(world: &Suite, name: &str) -> Option<String> {
    let value = world.answer.headers.get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

#[then(expr = "the content is {string}")]
fn the_content_is(world: &mut Suite, content: String) {
    assert_eq!(world.answer.body, content, "{}", world.answer.message);
}

#[then(expr = "the document holds")]
fn the_document_holds(world: &mut Suite, step: &Step) {
    text::assert_holds(&world.answer.json, &document(world, step));
}

/// The JSON document below a step.
pub(super) fn document(world: &Suite, step: &Step) -> Value {
    serde_json::from_str(&fill(world, step.docstring.as_ref().unwrap())).unwrap()
}

/// The rows of the table below a step: a name and a value each.
pub(super) fn rows(world: &Suite, step: &Step) -> Vec<(String, String)> {
    let table = step.table.as_ref().unwrap();
    let pairs = table
        .rows
        .iter()
        .map(|row| (row[0].clone(), fill(world, &row[1])));
    pairs.collect()
}

/// Puts in what only a run knows.
pub(super) fn fill(world: &Suite, text: &str) -> String {
    let origin = world.origin.as_ref().map(|server| server.endpoint());
    text.replace("{stranger}", world.emulator.accounts()[1].user_id())
        .replace("{etag}", &world.etag)
        .replace("{origin}", &origin.unwrap_or_default())
}
