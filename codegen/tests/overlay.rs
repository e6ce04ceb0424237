//! Overlays: what they change, and when they are refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::Workspace;
use qingstor_codegen::Error;
use serde_json::{Value, json};

fn apply(actions: &Value) -> Result<Value, Error> {
    let workspace = Workspace::notes();
    let overlay =
        json!({ "overlay": "1.0.0", "info": { "title": "T", "version": "1" }, "actions": actions });
    workspace.write(
        "overlay.json",
        serde_json::to_string_pretty(&overlay).unwrap(),
    );
    let generator = workspace
        .generator()
        .overlay(workspace.path("overlay.json"));
    Ok(serde_json::to_value(generator.model()?).unwrap())
}

fn refused(action: Value) -> (String, String) {
    match apply(&json!([action])) {
        Err(Error::Spec(report)) => {
            let finding = &report.findings[0];
            let place = finding.place.as_ref().unwrap();
            assert!(place.file.ends_with("overlay.json"), "{report}");
            (finding.rule.to_owned(), place.pointer.clone().unwrap())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn objects_are_merged_lists_appended_values_replaced() {
    let model = apply(&json!([
        { "target": "$.paths['/'].get", "description": "d", "update": { "x-slow": true, "summary": "New" } },
        { "target": "$.definitions.folder.required", "description": "d", "update": ["created"] },
        { "target": "$.definitions.folder.properties.access.enum", "description": "d", "update": "ajar" },
    ]))
    .unwrap();
    let list = &model["service"]["operations"][0];
    assert_eq!(
        (&list["slow"], &list["summary"]),
        (&json!(true), &json!("New"))
    );
    let types = model["types"].as_array().unwrap();
    let folder = types.iter().find(|one| one["name"] == "folder").unwrap();
    assert_eq!(folder["required"][1]["name"], "created");
    let access = types
        .iter()
        .find(|one| one["ident"] == "FolderAccess")
        .unwrap();
    assert_eq!(access["values"][2]["value"], "ajar");
}

#[test]
fn an_action_reaches_every_match_and_removes_them() {
    let model = apply(&json!([
        { "target": "$..parameters[?@.name=='limit']", "description": "d", "remove": true },
        { "target": "$.definitions.folder.properties['labels','access']", "description": "d", "remove": true },
    ]))
    .unwrap();
    let properties = &model["service"]["operations"][0]["request"]["properties"];
    assert_eq!(properties.as_array().unwrap().len(), 1);
    let folder = &model["types"][0];
    assert_eq!(
        folder["properties"].as_array().unwrap().len(),
        4,
        "{folder}"
    );
}

#[test]
fn what_an_overlay_adds_stands_in_the_overlay() {
    let model = apply(
        &json!([{ "target": "$.paths", "description": "d", "update": {
        "/new": { "get": { "operationId": "New", "responses": { "200": {} } } } } }]),
    )
    .unwrap();
    let resources = model["resources"].as_array().unwrap();
    let new = resources.iter().find(|one| one["path"] == "/new").unwrap();
    assert_eq!(new["source"]["file"], "overlay.json");
}

#[test]
fn an_action_that_does_nothing_is_refused() {
    let cases = [
        (
            json!({ "target": "$.paths['/gone']", "description": "d", "remove": true }),
            "overlay-no-match",
            "/actions/0/target",
        ),
        (
            json!({ "target": "$.info", "description": "d", "update": { "title": "Notes" } }),
            "overlay-no-change",
            "/actions/0/target",
        ),
        (
            json!({ "target": "$.info", "update": { "title": "X" } }),
            "overlay-invalid",
            "/actions/0",
        ),
        (
            json!({ "target": "$.info", "description": " ", "update": { "title": "X" } }),
            "overlay-invalid",
            "/actions/0",
        ),
        (
            json!({ "target": "$.info", "description": "d" }),
            "overlay-invalid",
            "/actions/0",
        ),
        (
            json!({ "target": "$.info", "description": "d", "update": {}, "remove": true }),
            "overlay-invalid",
            "/actions/0",
        ),
        (
            json!({ "target": "info[", "description": "d", "remove": true }),
            "overlay-invalid",
            "/actions/0/target",
        ),
        (
            json!({ "target": "$.info", "description": "d", "update": 1 }),
            "overlay-invalid",
            "/actions/0/update",
        ),
        (
            json!({ "target": "$.info", "description": "d", "remove": true, "why": 1 }),
            "overlay-invalid",
            "/actions/0/why",
        ),
    ];
    for (action, rule, pointer) in cases {
        let text = action.to_string();
        assert_eq!(
            refused(action),
            (rule.to_owned(), pointer.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn an_overlay_of_another_version_is_refused() {
    let workspace = Workspace::notes();
    workspace.write("overlay.json", r#"{ "overlay": "2.0.0", "actions": [] }"#);
    let generator = workspace
        .generator()
        .overlay(workspace.path("overlay.json"));
    let error = generator.run().unwrap_err().to_string();
    assert!(error.contains("overlay.json:1:14   #/overlay"), "{error}");
    assert!(!workspace.path("out").exists());
}
