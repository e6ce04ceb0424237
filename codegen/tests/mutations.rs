//! Every value of a specification replaced by every kind of other: refused or taken, never a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{Workspace, tests};
use qingstor_codegen::{Error, Generator};
use serde_json::{Value, json};

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let mut visit = |token: String, value| {
        let token = token.replace('~', "~0").replace('/', "~1");
        pointers(value, &format!("{at}/{token}"), found);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(k, v)| visit(k.clone(), v)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, v)| visit(index.to_string(), v));
        }
        _ => {}
    }
}

fn try_each(file: &str) {
    let text = std::fs::read_to_string(tests().join(file)).unwrap();
    let original: Value = serde_json::from_str(&text).unwrap();
    let mut all = Vec::new();
    pointers(&original, "", &mut all);
    let workspace = Workspace::notes();
    let spec = workspace.path("specs/notes.json");
    for pointer in all {
        for other in [json!(null), json!("a{b"), json!([[{}]]), json!({})] {
            let mut changed = original.clone();
            *changed.pointer_mut(&pointer).unwrap() = other.clone();
            workspace.write("specs/notes.json", changed.to_string());
            let generator = Generator::new().spec(&spec).pack(workspace.path("pack"));
            match generator.render() {
                Ok(_) | Err(Error::Render(_)) => {}
                Err(Error::Spec(report)) => {
                    let explained = report
                        .findings
                        .iter()
                        .all(|f| f.help.is_some() && f.place.is_some());
                    assert!(explained, "{pointer} = {other}: {report}");
                }
                Err(error) => panic!("{pointer} = {other}: {error}"),
            }
        }
    }
}

#[test]
fn the_notes_survive_every_change() {
    try_each("specs/notes.json");
}

#[test]
fn the_obstacles_survive_every_change() {
    try_each("obstacles.json");
}

#[test]
fn a_specification_cut_anywhere_is_refused() {
    let text = std::fs::read_to_string(tests().join("specs/notes.json")).unwrap();
    let workspace = Workspace::notes();
    let end = text.trim_end().len();
    for length in (0..end).step_by(7) {
        workspace.write("specs/notes.json", &text[..length]);
        let error = workspace.generator().model().unwrap_err().to_string();
        assert!(error.contains("error[json-"), "{length}: {error}");
    }
}
