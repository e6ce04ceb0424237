//! Facts of OpenAPI that types cannot express are reported, and are in the model.
#![cfg(test)]

mod common;

use common::{Workspace, model};
use qingstor_codegen::Generator;
use serde_json::{Value, json};

fn api(dialect: &str, schemas: &Value, form: &Value) -> Value {
    json!({
        "openapi": dialect, "info": { "title": "T", "version": "1" },
        "paths": { "/a": { "post": {
            "operationId": "Post", "summary": "s",
            "requestBody": { "content": { "multipart/form-data": { "schema": form } } },
            "responses": { "200": { "description": "d",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/note" } } } } },
        } } },
        "components": { "schemas": schemas },
    })
}

fn note(properties: &Value) -> Value {
    json!({ "note": { "type": "object", "required": ["id"], "properties": properties } })
}

fn found(api: &Value) -> Vec<&'static str> {
    let workspace = Workspace::new();
    workspace.write("api.json", serde_json::to_string_pretty(api).unwrap());
    let report = Generator::new()
        .spec(workspace.path("api.json"))
        .lint()
        .unwrap();
    let rules = report.findings.iter().map(|finding| finding.rule);
    rules.filter(|rule| !rule.contains("description")).collect()
}

#[test]
fn each_loss_is_reported_and_in_the_model() {
    let form = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    for (dialect, id, rule, fact) in [
        (
            "3.0.3",
            json!({ "type": "string", "nullable": true }),
            "required-null",
            "nullable",
        ),
        (
            "3.1.0",
            json!({ "type": ["string", "null"] }),
            "required-null",
            "nullable",
        ),
        (
            "3.0.3",
            json!({ "type": "array", "items": { "type": "string", "nullable": true } }),
            "null-items",
            "nullable_items",
        ),
        (
            "3.1.0",
            json!({ "type": "array", "items": { "type": ["integer", "null"] } }),
            "null-items",
            "nullable_items",
        ),
        (
            "3.1.0",
            json!({ "type": "object", "additionalProperties": { "type": ["integer", "null"] } }),
            "null-items",
            "nullable_items",
        ),
        (
            "3.0.3",
            json!({ "type": "string", "readOnly": true }),
            "one-direction",
            "read_only",
        ),
        (
            "3.0.3",
            json!({ "type": "string", "writeOnly": true }),
            "one-direction",
            "write_only",
        ),
    ] {
        let api = api(dialect, &note(&json!({ "id": id })), &form);
        assert!(found(&api).contains(&rule), "{id}: {:?}", found(&api));
        let model = model(&api).unwrap();
        let types = model["types"].as_array().unwrap();
        let note = types.iter().find(|one| one["name"] == "note").unwrap();
        assert_eq!(note["properties"][0][fact], true, "{id}");
    }
    let plain = api(
        "3.0.3",
        &note(&json!({ "id": { "type": "string" } })),
        &form,
    );
    assert_eq!(found(&plain), [""; 0]);
}

#[test]
fn a_list_of_files_in_a_form_is_reported() {
    let file = json!({ "type": "string", "format": "binary" });
    let schemas = json!({
        "note": { "type": "object", "properties": { "id": { "type": "string" } } },
        "file": file,
    });
    for list in [
        json!({ "type": "array", "items": file }),
        json!({ "type": "array", "items": { "$ref": "#/components/schemas/file" } }),
    ] {
        let form = json!({ "type": "object", "properties": { "files": list, "names": {
            "type": "array", "items": { "type": "string" } } } });
        let api = api("3.0.3", &schemas, &form);
        let rules = found(&api);
        let count = rules.iter().filter(|rule| **rule == "file-list").count();
        assert_eq!(count, 1, "{list}: {rules:?}");
        let model = model(&api).unwrap();
        let properties = &model["resources"][0]["operations"][0]["request"]["properties"];
        let facts = |index: usize| properties[index]["file_list"].as_bool().unwrap();
        assert_eq!((facts(0), facts(1)), (true, false), "{list}");
    }
}

#[test]
fn an_inline_type_does_not_take_the_name_of_a_definition() {
    for taken in ["NoteState", "note_state"] {
        let api = json!({
            "swagger": "2.0", "info": { "title": "T", "version": "1" }, "paths": {},
            "definitions": {
                "note": { "type": "object", "properties": { "state": { "type": "string", "enum": ["a"] } } },
                taken: { "type": "object", "properties": { "x": { "type": "string" } } },
            },
        });
        let model = model(&api).unwrap();
        let idents: Vec<&str> = model["types"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["ident"].as_str().unwrap())
            .collect();
        assert!(
            idents.contains(&"NoteState") && idents.contains(&"NoteStateValue"),
            "{idents:?}"
        );
    }
}

#[test]
fn a_shared_inline_type_has_its_own_description() {
    let described = |first: &Value, second: &Value| {
        let field = |own: &Value, text: &str| {
            let mut field = json!({ "type": "string", "enum": ["on"], "x-type-name": "Switch" });
            field["description"] = json!(text);
            if let Some(own) = own.as_str() {
                field["x-type-description"] = json!(own);
            }
            field
        };
        let properties = json!({ "a": field(first, "Of a."), "b": field(second, "Of b.") });
        let form = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
        let model = model(&api("3.0.3", &note(&properties), &form));
        model.map(|model| {
            let types = model["types"].as_array().unwrap();
            let switch = types.iter().find(|one| one["name"] == "Switch").unwrap();
            let note = types.iter().find(|one| one["name"] == "note").unwrap();
            assert_eq!(note["properties"][1]["description"], "Of b.");
            switch["description"].as_str().unwrap().to_owned()
        })
    };
    let (none, one, other) = (Value::Null, json!("A switch."), json!("A lever."));
    assert_eq!(described(&none, &none).unwrap(), "Of a.");
    for (first, second) in [(&one, &none), (&none, &one), (&one, &one)] {
        assert_eq!(
            described(first, second).unwrap(),
            "A switch.",
            "{first} {second}"
        );
    }
    let error = described(&one, &other).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("type-name-differs") && error.contains("Switch"),
        "{error}"
    );
}

#[test]
fn diff_reports_changes_of_these_facts() {
    let form = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    let workspace = Workspace::new();
    for (name, id) in [
        ("old.json", json!({ "type": "string" })),
        ("new.json", json!({ "type": "string", "readOnly": true })),
    ] {
        let api = api("3.0.3", &note(&json!({ "id": id })), &form);
        workspace.write(name, api.to_string());
    }
    let generator = |name: &str| Generator::new().spec(workspace.path(name));
    let report = generator("new.json")
        .changes_since(&generator("old.json"))
        .unwrap();
    let report = report.to_string();
    assert!(report.contains("is now read-only"), "{report}");
}
