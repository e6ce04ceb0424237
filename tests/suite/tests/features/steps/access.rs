//! Steps for form uploads.

use cucumber::gherkin::Step;
use cucumber::{then, when};

use super::response::rows;
use crate::world::{Suite, send};

#[when(expr = "a form uploads {string} as {string}")]
async fn a_form_uploads(world: &mut Suite, text: String, key: String) {
    send!(world, world.bucket().post_object(key, text));
}

#[when(expr = "a form uploads {string} as {string} with")]
async fn a_form_uploads_with(world: &mut Suite, step: &Step, text: String, key: String) {
    let rows = rows(world, step);
    let call = world.bucket().post_object(key, text);
    let call = rows
        .into_iter()
        .fold(call, |call, (name, value)| match &*name {
            "content-type" => call.content_type(value),
            "redirect" => call.redirect(value),
            "policy" => call.policy(value),
            "x-qs-storage-class" => call.storage_class(value.into()),
            other => match other.strip_prefix("x-qs-meta-") {
                Some(name) => call.metadata([(name.to_owned(), value)]),
                None => panic!("unknown form field {other}"),
            },
        });
    send!(world, call);
}

#[then(expr = "the response redirects to {string} with the code {string}")]
fn the_response_redirects_to(world: &mut Suite, page: String, code: String) {
    let location = world.response.headers["location"].to_str().unwrap();
    let (to, query) = location.split_once('?').unwrap();
    let pairs: Vec<_> = query.split('&').collect();
    assert_eq!(to, page);
    assert!(pairs.contains(&"status=201"), "{location}");
    assert!(pairs.contains(&&*format!("code={code}")), "{location}");
}
