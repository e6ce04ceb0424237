//! Replaces every value of a specification by values of other kinds. The generator must accept or
//! refuse the result, and never panic.
//!
//! The kinds take turns. With `ALL_MUTATIONS` set, every value is replaced by every kind.
#![cfg(test)]

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

/// Yields the specification with each of its values replaced, and a description of the change.
fn mutations(file: &str, others: &[Value]) -> impl Iterator<Item = (Value, String)> {
    let text = std::fs::read_to_string(tests().join(file)).unwrap();
    let original: Value = serde_json::from_str(&text).unwrap();
    let mut all = Vec::new();
    pointers(&original, "", &mut all);
    let step = match std::env::var_os("ALL_MUTATIONS") {
        Some(_) => 1,
        // One more than the number of kinds, so that the kinds take turns over the values.
        None => others.len() + 1,
    };
    let both = all
        .into_iter()
        .flat_map(|at| others.iter().map(move |other| (at.clone(), other.clone())));
    let both: Vec<_> = both.step_by(step).collect();
    both.into_iter().map(move |(at, other)| {
        let mut changed = original.clone();
        let what = format!("{at} = {other}");
        *changed.pointer_mut(&at).unwrap() = other;
        (changed, what)
    })
}

fn try_each(file: &str) {
    let workspace = Workspace::notes();
    let spec = workspace.path("specs/notes.json");
    let others = [json!(null), json!("a{b"), json!([[{}]]), json!({})];
    for (changed, what) in mutations(file, &others) {
        workspace.write("specs/notes.json", changed.to_string());
        let generator = Generator::new().spec(&spec).pack(workspace.path("pack"));
        match generator.render() {
            Ok(_) | Err(Error::Render(_)) => {}
            Err(error) => explained(&error, &what),
        }
    }
}

/// Checks that each finding has a place and advice.
fn explained(error: &Error, what: &str) {
    let Error::Spec(report) = error else {
        panic!("{what}: {error}");
    };
    let findings = &report.findings;
    let explained = findings
        .iter()
        .all(|one| one.help.is_some() && one.place.is_some());
    assert!(explained && !findings.is_empty(), "{what}: {report}");
}

#[test]
fn the_notes_with_any_change_do_not_panic() {
    try_each("specs/notes.json");
}

#[test]
fn the_obstacles_with_any_change_do_not_panic() {
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

/// Deep, long, wide, recursive and odd specifications are accepted or refused with a place, in
/// bounded time.
fn hostile() -> Vec<(&'static str, Value)> {
    let swagger = |definitions: Value| {
        json!({ "swagger": "2.0", "info": { "title": "T", "version": "1" }, "paths": {},
                "definitions": definitions })
    };
    let open = |schemas: Value| {
        json!({ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": {},
                "components": { "schemas": schemas } })
    };
    let map = |count: usize, entry: &dyn Fn(usize) -> Value| -> Value {
        (0..count)
            .map(|index| (format!("d{index}"), entry(index)))
            .collect()
    };
    let reference = |at: &str, index: usize| json!({ "$ref": format!("#{at}/d{index}") });
    // Each object contains the next one twice: 2^60 parts if shared parts were merged repeatedly.
    let twice = |at: &'static str| {
        map(60, &move |index| match index {
            59 => json!({ "type": "object", "properties": { "p": { "type": "string" } } }),
            _ => json!({ "allOf": [reference(at, index + 1), reference(at, index + 1)] }),
        })
    };
    // Each object contains all earlier ones and adds a property: a quadratic number of properties.
    let all_before = map(200, &|index| {
        let parts = (0..index).map(|before| reference("/definitions", before));
        let own = json!({ "type": "object", "properties": { (format!("p{index}")): {} } });
        json!({ "allOf": parts.chain([own]).collect::<Vec<_>>() })
    });
    let mut deep = json!({ "type": "string" });
    for _ in 0..100 {
        deep = json!({ "type": "array", "items": deep });
    }
    vec![
        ("parts of parts", swagger(twice("/definitions"))),
        ("parts of parts, 3.1", open(twice("/components/schemas"))),
        ("made of all before", swagger(all_before)),
        (
            "many keys",
            swagger(map(10_000, &|_| json!({ "type": "string" }))),
        ),
        ("deep", swagger(json!({ "a": deep.clone() }))),
        ("deep, 3.1", open(json!({ "a": deep }))),
        (
            "a chain",
            open(map(5_000, &|index| {
                reference("/components/schemas", index + 1)
            })),
        ),
        (
            "a circle",
            open(map(50, &|index| {
                reference("/components/schemas", (index + 1) % 50)
            })),
        ),
        (
            "a long name",
            swagger(json!({ ("é".repeat(100_000)): { "type": "object" } })),
        ),
        (
            "strange names",
            swagger(json!({ "\u{202e}\u{0}\u{1f600}": {}, "a\u{301}": {}, "~/%": {} })),
        ),
        (
            "large numbers",
            open(
                json!({ "a": { "type": "integer", "exclusiveMinimum": i64::MAX,
            "minimum": u64::MAX, "maximum": 1e308, "maxLength": -1 } }),
            ),
        ),
    ]
}

#[test]
fn hostile_specifications_take_bounded_time() {
    for (what, spec) in hostile() {
        let workspace = Workspace::new();
        workspace.write("api.json", spec.to_string());
        let generator = Generator::new().spec(workspace.path("api.json"));
        if let Err(error) = generator.model() {
            explained(&error, what);
        }
        generator.lint().unwrap();
    }
}

#[test]
fn openapi_with_any_change_does_not_panic() {
    let workspace = Workspace::new();
    let tag = std::fs::read(tests().join("openapi/parts/tag.json")).unwrap();
    workspace.write("parts/tag.json", tag);
    let others = [
        json!(null),
        json!([{ "$ref": "#/" }]),
        json!({ "oneOf": [1] }),
    ];
    for (changed, what) in mutations("openapi/openapi31.json", &others) {
        workspace.write("api.json", changed.to_string());
        let generator = Generator::new().spec(workspace.path("api.json"));
        if let Err(error) = generator.model() {
            explained(&error, &what);
        }
    }
}
