//! Overlays: their changes and their errors.
#![cfg(test)]

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
    let properties = folder["properties"].as_array().unwrap();
    let created = properties.iter().find(|one| one["name"] == "created");
    assert_eq!(created.unwrap()["required"], true);
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
fn places_of_added_values_are_in_the_overlay() {
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
fn an_action_without_effect_is_refused() {
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
            json!({ "target": "$.info", "description": "d" }),
            "overlay-invalid",
            "/actions/0",
        ),
        (
            json!({ "target": "$", "description": "d", "remove": true }),
            "overlay-invalid",
            "/actions/0/target",
        ),
        (
            json!({ "target": "$.info", "description": "d", "remove": "yes" }),
            "overlay-invalid",
            "/actions/0/remove",
        ),
        (
            json!({ "target": "$.info", "description": "d", "copy": "$.tags" }),
            "overlay-invalid",
            "/actions/0/copy",
        ),
        (
            json!({ "target": "$['info','schemes']", "description": "d", "update": {} }),
            "overlay-invalid",
            "/actions/0/target",
        ),
        (
            json!({ "target": "$.info", "description": "d", "update": { "title": ["T"] } }),
            "overlay-invalid",
            "/actions/0/update/title",
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
        (
            json!({ "target": "$.info", "description": 1, "remove": true }),
            "overlay-invalid",
            "/actions/0/description",
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

/// Applies an overlay of version 1.1.
fn apply_file(overlay: &Value) -> Result<Value, Error> {
    let workspace = Workspace::notes();
    workspace.write("overlay.json", overlay.to_string());
    let generator = workspace.generator();
    let generator = generator.overlay(workspace.path("overlay.json"));
    Ok(serde_json::to_value(generator.model()?).unwrap())
}

fn rule(overlay: &Value) -> String {
    match apply_file(overlay) {
        Err(Error::Spec(report)) => report.findings[0].rule.to_owned(),
        other => panic!("{overlay}: {other:?}"),
    }
}

fn version(version: &str, actions: Value) -> Value {
    json!({ "overlay": version, "info": { "title": "T", "version": "1" }, "actions": actions })
}

/// References to files are resolved before overlays apply.
#[test]
fn wrong_references_of_an_overlay_are_explained() {
    let parameters = "$.paths['/'].get.parameters";
    let reference = |target: &str| json!({ "$ref": target });
    for (target, update, expected) in [
        (
            parameters,
            json!([reference("./parts/note.json#/note")]),
            "error[ref-invalid]: `./parts/note.json#/note` does not refer to the specification\n",
        ),
        (
            parameters,
            json!([reference("#/parameters/folderNam")]),
            "error[ref-missing]: the specification has no value at `/parameters/folderNam`; did you mean `folderName`?\n",
        ),
        (
            "$.parameters",
            json!({ "p": reference("#/parameters/q"), "q": reference("#/parameters/p") }),
            "error[ref-circular]: this reference refers to itself\n",
        ),
        (
            "$.definitions.folder.properties",
            json!({ "z": reference("#/definitions/foldr") }),
            "error[ref-missing]: the definition `foldr` does not exist; did you mean `folder`?\n",
        ),
        (
            "$.definitions",
            json!({ "z": { "allOf": [reference("#/definitions/foldr")] } }),
            "error[ref-missing]: the definition `foldr` does not exist; did you mean `folder`?\n",
        ),
        (
            "$.paths['/']",
            json!({ "put": reference("./parts/note.json#/note/put") }),
            "error[ref-invalid]: an operation cannot be a reference\n",
        ),
    ] {
        let mut actions = vec![json!({ "target": target, "description": "d", "update": update })];
        if target == "$.parameters" {
            let update = json!([reference("#/parameters/p")]);
            actions.push(json!({ "target": parameters, "description": "d", "update": update }));
        }
        let error = apply(&actions.into()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn copied_values_are_merged_and_can_be_moved() {
    let model = apply_file(&version(
        "1.1.0",
        json!([
            { "target": "$.definitions", "update": { "shelf": { "type": "object" } } },
            { "target": "$.definitions.shelf", "copy": "$.definitions.folder" },
            { "target": "$.definitions.shelf.required", "copy": "$.definitions.folder.required" },
            { "target": "$.info.title", "copy": "$.host" },
        ]),
    ))
    .unwrap();
    assert_eq!(model["service"]["title"], "notes.example");
    let types = model["types"].as_array().unwrap();
    let properties = |name: &str| {
        let one = types.iter().find(|one| one["name"] == name).unwrap();
        one["properties"].as_array().unwrap().len()
    };
    assert_eq!(properties("shelf"), properties("folder"));
    let again = json!([{ "target": "$.info", "copy": "$.tags[0]" }]);
    assert_eq!(
        rule(&version("1.0.0", again.clone())),
        "overlay-invalid",
        "1.0 cannot copy"
    );
    apply_file(&version("1.1.7", again)).unwrap();
    let many = json!([{ "target": "$.info", "copy": "$.paths[*]" }]);
    assert_eq!(rule(&version("1.1.0", many)), "overlay-invalid");
}

#[test]
fn indices_of_removed_items_refer_to_the_original_list() {
    let model = apply(&json!([
        { "target": "$.definitions.folder.properties.access", "description": "d",
          "update": { "enum": ["a", "b", "c", "d"] } },
        { "target": "$.definitions.folder.properties.access.enum[4,0,2,0]", "description": "d", "remove": true },
    ]))
    .unwrap();
    let types = model["types"].as_array().unwrap();
    let access = types
        .iter()
        .find(|one| one["ident"] == "FolderAccess")
        .unwrap();
    let values: Vec<_> = access["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| &v["value"])
        .collect();
    assert_eq!(values, ["shut", "b", "d"]);
}

#[test]
fn remove_takes_precedence_over_update_with_a_warning() {
    let workspace = Workspace::notes();
    let overlay = json!({ "overlay": "1.0.1", "actions": [
        { "target": "$.tags", "update": [], "remove": true } ] });
    workspace.write("overlay.json", overlay.to_string());
    let generator = workspace
        .generator()
        .overlay(workspace.path("overlay.json"));
    let model = serde_json::to_value(generator.model().unwrap()).unwrap();
    assert_eq!(model["sub_services"][0]["description"], "");
    let report = generator.lint().unwrap();
    let rules: Vec<_> = report.findings.iter().map(|finding| finding.rule).collect();
    for expected in ["overlay-action", "overlay-info"] {
        assert!(rules.contains(&expected), "{report}");
    }
}

#[test]
fn an_overlay_only_applies_to_the_file_in_extends() {
    let with = |extends: &str| {
        let mut overlay = version("1.0.0", json!([{ "target": "$.tags", "remove": true }]));
        overlay["extends"] = json!(extends);
        overlay
    };
    for fits in [
        "specs/notes.json",
        "./specs/../specs/notes.json",
        "https://x.example/a/notes.json?v=1",
    ] {
        apply_file(&with(fits)).unwrap();
    }
    for other in [
        "notes.json",
        "specs/parts/acl.json",
        "https://x.example/notes.json/other.json",
    ] {
        assert_eq!(rule(&with(other)), "overlay-extends", "{other}");
    }
}

#[test]
fn a_file_that_is_not_an_overlay_is_refused() {
    let action = json!([{ "target": "$.tags", "remove": true }]);
    for version_text in ["1", "1.0", "1.2.0", "2.0.0", "1.1.x", ""] {
        assert_eq!(
            rule(&version(version_text, action.clone())),
            "overlay-invalid"
        );
    }
    assert_eq!(rule(&version("1.1.0", json!([]))), "overlay-invalid");
    assert_eq!(rule(&version("1.1.0", json!({}))), "overlay-invalid");
    assert_eq!(
        rule(&json!({ "overlay": "1.0.0", "info": 1, "actions": action })),
        "overlay-invalid"
    );
}

#[test]
fn repeated_copies_are_limited() {
    // Each action doubles the document, which would exceed any memory after forty actions.
    let wrap =
        |index: usize| json!({ "target": "$.x-all", "update": { (format!("x-{index}")): {} } });
    let fill = |index: usize| json!({ "target": format!("$.x-all.x-{index}"), "copy": "$.paths" });
    let mut actions = vec![json!({ "target": "$", "update": { "x-all": {} } })];
    for index in 0..60 {
        actions.extend([wrap(index), fill(index)]);
        actions.push(json!({ "target": "$.paths", "update": { (format!("x-{index}")): {} } }));
        actions.push(json!({ "target": format!("$.paths.x-{index}"), "copy": "$.x-all" }));
    }
    assert_eq!(rule(&version("1.1.0", json!(actions))), "overlay-invalid");
}
