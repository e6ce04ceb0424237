//! Lowering of specifications to the model.
#![cfg(test)]

mod common;

use common::{Workspace, model, only_operation, operation, spec};
use serde_json::{Value, json};

fn query(schema: &Value) -> Value {
    let mut parameter = schema.clone();
    parameter["name"] = json!("p");
    parameter["in"] = json!("query");
    let spec = spec(json!({ "/": { "get": operation(json!([parameter])) } }));
    only_operation(&spec)["request"]["properties"][0].clone()
}

fn property(schema: Value) -> Value {
    let mut spec = spec(json!({}));
    spec["definitions"] =
        json!({ "d": { "properties": { "p": schema } }, "e": { "properties": { "x": {} } } });
    let types = model(&spec).unwrap()["types"].clone();
    let types = types.as_array().unwrap();
    types.iter().find(|one| one["name"] == "d").unwrap()["properties"][0]["shape"].clone()
}

#[test]
fn every_type_and_format_has_a_shape() {
    for (schema, shape) in [
        (json!({ "type": "string" }), json!({ "kind": "text" })),
        (
            json!({ "type": "string", "format": "password" }),
            json!({ "kind": "text" }),
        ),
        (
            json!({ "type": "string", "format": "of-its-own" }),
            json!({ "kind": "text" }),
        ),
        (
            json!({ "type": "string", "format": "byte" }),
            json!({ "kind": "bytes" }),
        ),
        (
            json!({ "type": "string", "format": "date" }),
            json!({ "kind": "time", "format": "date" }),
        ),
        (
            json!({ "type": "string", "format": "date-time" }),
            json!({ "kind": "time", "format": "iso8601" }),
        ),
        (
            json!({ "type": "string", "format": "date-time-rfc822" }),
            json!({ "kind": "time", "format": "http_date" }),
        ),
        (
            json!({ "type": "integer", "format": "unix-time" }),
            json!({ "kind": "time", "format": "unix" }),
        ),
        (
            json!({ "type": "integer" }),
            json!({ "kind": "int", "bits": 64, "signed": true }),
        ),
        (
            json!({ "type": "integer", "format": "int32" }),
            json!({ "kind": "int", "bits": 32, "signed": true }),
        ),
        (
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
            json!({ "kind": "int", "bits": 64, "signed": false }),
        ),
        (
            json!({ "type": "integer", "minimum": -1 }),
            json!({ "kind": "int", "bits": 64, "signed": true }),
        ),
        (
            json!({ "type": "number" }),
            json!({ "kind": "float", "bits": 64 }),
        ),
        (
            json!({ "type": "number", "format": "float" }),
            json!({ "kind": "float", "bits": 32 }),
        ),
        (
            json!({ "type": "number", "format": "double" }),
            json!({ "kind": "float", "bits": 64 }),
        ),
        (json!({ "type": "boolean" }), json!({ "kind": "bool" })),
        (json!({ "type": "object" }), json!({ "kind": "free" })),
        (json!({}), json!({ "kind": "free" })),
        (
            json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            json!({ "kind": "map", "value": { "kind": "int", "bits": 64, "signed": true } }),
        ),
        (
            json!({ "type": "array", "items": { "type": "array", "items": { "type": "boolean" } } }),
            json!({ "kind": "list", "item": { "kind": "list", "item": { "kind": "bool" } } }),
        ),
        (
            json!({ "allOf": [{ "$ref": "#/definitions/e" }], "description": "more" }),
            json!({ "kind": "named", "name": "e", "ident": "E", "type_kind": "object", "recursive": false }),
        ),
        (
            json!({ "properties": { "q": { "enum": ["a"], "type": "string" } } }),
            json!({ "kind": "named", "name": "DP", "ident": "DP", "type_kind": "object", "recursive": false }),
        ),
    ] {
        assert_eq!(property(schema.clone()), shape, "{schema}");
    }
}

/// Returns the model for a pack whose booleans, lists and maps are always set.
fn model_with_kinds_that_are_always_set(spec: &Value) -> Value {
    let workspace = Workspace::notes();
    workspace.replace(
        "pack/pack.json",
        "[\"list\", \"map\"]",
        "[\"list\", \"map\", \"bool\"]",
    );
    workspace.write(
        "specs/notes.json",
        serde_json::to_string_pretty(spec).unwrap(),
    );
    serde_json::to_value(workspace.generator().model().unwrap()).unwrap()
}

/// A property needs an `Option` if its absence differs from the empty value of its type.
#[test]
fn a_property_is_always_set_only_if_absent_and_empty_mean_the_same() {
    let flag = |default: Value| json!({ "type": "boolean", "default": default });
    let list = |default: Value| json!({ "type": "array", "items": { "type": "string" }, "default": default });
    for (schema, always_set) in [
        (json!({ "type": "boolean" }), true),
        (flag(json!(false)), true),
        (flag(json!(true)), false),
        (list(json!([])), true),
        (list(json!(["a"])), false),
        (json!({ "type": "integer", "format": "int32" }), false),
    ] {
        for place in ["query", "header"] {
            let mut parameter = schema.clone();
            parameter["name"] = json!("p");
            parameter["in"] = json!(place);
            let spec = spec(json!({ "/": { "get": operation(json!([parameter])) } }));
            let found = &model_with_kinds_that_are_always_set(&spec)["resources"][0]["operations"]
                [0]["request"]["properties"][0]["always_set"];
            assert_eq!(found, always_set, "{place} {schema}");
        }
    }
}

#[test]
fn the_json_of_a_request_can_have_empty_lists_and_objects() {
    let fields = json!({
        "flag": { "type": "boolean" },
        "on": { "$ref": "#/definitions/on" },
        "list": { "type": "array", "items": { "type": "string" } },
        "map": { "type": "object", "additionalProperties": { "type": "string" } },
        "ten": { "type": "integer", "format": "int32", "default": 10, "x-present": true },
        "zero": { "type": "integer", "format": "int32", "default": 0, "x-present": true },
        "must": { "type": "array", "items": { "type": "string" } },
    });
    let object = json!({ "type": "object", "required": ["must"], "properties": fields });
    let always_set = |properties: &Value| -> Vec<String> {
        let properties = properties.as_array().unwrap().iter();
        let always_set = properties.filter(|one| one["always_set"] == true);
        always_set
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let model_of = |body: Value, response: Value| {
        let mut put = operation(json!([{ "name": "body", "in": "body", "schema": body }]));
        put["responses"] = json!({ "200": { "description": "OK", "schema": response } });
        let mut spec = spec(json!({ "/": { "put": put } }));
        spec["definitions"] = json!({ "on": { "type": "boolean", "default": true }, "d": object });
        model_with_kinds_that_are_always_set(&spec)
    };
    let reference = json!({ "$ref": "#/definitions/d" });
    let within = json!({ "type": "object", "properties": { "d": reference } });
    let (sent, read) = (["flag", "must"], ["flag", "list", "map", "must", "zero"]);

    let model = model_of(object.clone(), object.clone());
    let operation = &model["resources"][0]["operations"][0];
    assert_eq!(always_set(&operation["request"]["properties"]), sent);
    assert_eq!(always_set(&operation["response"]["properties"]), read);

    let type_of = |model: &Value| -> Value {
        let types = model["types"].as_array().unwrap();
        types.iter().find(|one| one["name"] == "d").unwrap()["properties"].clone()
    };
    let empty = json!({ "type": "object", "properties": { "x": { "type": "string" } } });
    assert_eq!(
        always_set(&type_of(&model_of(within.clone(), empty.clone()))),
        sent
    );
    assert_eq!(always_set(&type_of(&model_of(empty, within))), read);
}

#[test]
fn lists_in_queries_have_a_format() {
    let list = |format: Option<&str>| {
        let mut schema = json!({ "type": "array", "items": { "type": "string" } });
        if let Some(format) = format {
            schema["collectionFormat"] = json!(format);
        }
        query(&schema)["place"]["collection"].clone()
    };
    assert_eq!(list(None), "csv");
    for format in ["csv", "ssv", "tsv", "pipes", "multi"] {
        assert_eq!(list(Some(format)), format);
    }
}

#[test]
fn parts_of_an_all_of_are_merged_in_order() {
    let mut spec = spec(json!({}));
    spec["definitions"] = json!({
        "base": { "properties": { "a": { "type": "string" } }, "required": ["a"] },
        "whole": { "allOf": [{ "$ref": "#/definitions/base" }, { "properties": { "b": { "type": "boolean" } } }] },
    });
    let whole = model(&spec).unwrap()["types"][1].clone();
    let properties = [("a", true), ("b", false)];
    for (index, (ident, is_required)) in properties.into_iter().enumerate() {
        assert_eq!(whole["properties"][index]["ident"], ident);
        assert_eq!(whole["properties"][index]["required"], is_required);
    }
}

#[test]
fn only_cycles_without_a_list_need_indirection() {
    let mut spec = spec(json!({}));
    let reference = |name: &str| json!({ "$ref": format!("#/definitions/{name}") });
    spec["definitions"] = json!({
        "a": { "properties": { "b": reference("b"), "own": reference("a"),
                               "many": { "type": "array", "items": reference("a") }, "c": reference("c") } },
        "b": { "properties": { "a": reference("a") } },
        "c": { "properties": { "x": { "type": "string" } } },
    });
    let model = model(&spec).unwrap();
    let a = model["types"][0]["properties"].as_array().unwrap();
    let types: Vec<_> = a.iter().map(|p| p["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["recursive<B>", "C", "list<A>", "recursive<A>"]);
}

#[test]
fn enums_of_one_name_are_united() {
    let kind = |values: Value| json!({ "name": "k", "in": "query", "type": "string", "enum": values, "x-type-name": "Kind" });
    let spec = spec(json!({
        "/a": { "get": { "operationId": "A", "parameters": [kind(json!(["x", "y"]))], "responses": { "200": {} } } },
        "/b": { "get": { "operationId": "B", "parameters": [kind(json!(["y", "z"]))], "responses": { "200": {} } } },
    }));
    let model = model(&spec).unwrap();
    assert_eq!(model["types"].as_array().unwrap().len(), 1);
    let values = model["types"][0]["values"].as_array().unwrap();
    let values: Vec<_> = values
        .iter()
        .map(|value| value["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, ["x", "y", "z"]);
}

#[test]
fn inline_objects_of_one_name_must_be_the_same() {
    let object =
        |kind: &str| json!({ "x-type-name": "Thing", "properties": { "a": { "type": kind } } });
    let mut spec = spec(json!({}));
    spec["definitions"] =
        json!({ "d": { "properties": { "x": object("string"), "y": object("string") } } });
    assert_eq!(model(&spec).unwrap()["types"].as_array().unwrap().len(), 2);
    spec["definitions"]["d"]["properties"]["y"] = object("integer");
    let error = model(&spec).unwrap_err().to_string();
    assert!(error.starts_with("error[type-name-differs]"), "{error}");
}

#[test]
fn object_bodies_become_properties_and_others_values() {
    let body = |schema: Value| {
        let spec = spec(
            json!({ "/": { "put": operation(json!([{ "name": "B", "in": "body", "schema": schema }])) } }),
        );
        let request = only_operation(&spec)["request"].clone();
        let property = &request["properties"][0];
        (
            request["body"]["kind"].clone(),
            property["place"]["kind"].clone(),
            property["ident"].clone(),
        )
    };
    let is = |a: &str, b: &str, c: &str| (json!(a), json!(b), json!(c));
    assert_eq!(
        body(json!({ "properties": { "f": { "type": "string" } } })),
        is("json", "json", "f")
    );
    assert_eq!(
        body(json!({ "type": "array", "items": { "type": "string" } })),
        is("value", "value", "body")
    );
    assert_eq!(
        body(json!({ "type": "string", "format": "binary" })),
        is("stream", "stream", "body")
    );
}

#[test]
fn forms_have_fields_and_files() {
    let field = |name: &str, kind: &str| json!({ "name": name, "in": "formData", "type": kind });
    let spec = spec(
        json!({ "/": { "post": operation(json!([field("a", "string"), field("b", "file")])) } }),
    );
    let operation = only_operation(&spec);
    assert_eq!(operation["request"]["body"]["kind"], "form");
    assert_eq!(
        operation["request"]["properties"][1]["place"]["kind"],
        "form_file"
    );
    assert_eq!(operation["repeatable"]["kind"], "never");
}

#[test]
fn success_responses_are_merged_and_others_ignored() {
    let mut one = operation(json!([]));
    one["responses"] = json!({
        "200": { "headers": { "ETag": { "type": "string" } }, "schema": { "properties": { "a": {} } } },
        "206": { "headers": { "Content-Range": { "type": "string" }, "etag": { "type": "string" } }, "schema": { "properties": { "b": {} } } },
        "304": { "headers": { "Age": { "type": "string" } } },
    });
    let response = only_operation(&spec(json!({ "/": { "get": one } })))["response"].clone();
    assert_eq!(response["success"], json!([200, 206]));
    let names = response["properties"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|p| p["ident"].as_str().unwrap()).collect();
    assert_eq!(names, ["e_tag", "content_range", "a", "b"]);
    assert_eq!(response["statuses"][2]["status"], 304);
}

#[test]
fn a_path_can_name_its_resource() {
    let named = |name: serde_json::Value| {
        let get = operation(json!([]));
        only_operation(&spec(
            json!({ "/?location": { "x-name": name, "get": get } }),
        ))
    };
    assert_eq!(named(json!("Zones of all"))["resource"], "zones_of_all");
    // The name is a device on Windows.
    assert_eq!(named(json!("con"))["resource"], "con_resource");
}

#[test]
fn path_segments_follow_the_bound_parameters() {
    let path =
        |name: &str| json!({ "name": name, "in": "path", "required": true, "type": "string" });
    let mut spec = spec(json!({
        "/{bucketName}/{objectKey}?upload_id": { "put": operation(json!([
            path("bucketName"), path("objectKey"), { "name": "upload_id", "in": "query", "type": "string" }])) },
    }));
    spec["x-handles"] = json!([{ "name": "Bucket", "binds": ["bucketName"] }]);
    let operation = only_operation(&spec);
    assert_eq!(operation["handle"], "Bucket");
    assert_eq!(operation["resource"], "object_upload_id");
    assert_eq!(
        operation["path_segments"],
        json!([
            { "kind": "literal", "text": "/" },
            { "kind": "parameter", "property": "objectKey", "ident": "object_key", "encoding": "text", "collection": null },
        ])
    );
    assert_eq!(
        (&operation["sub_resource"], &operation["marker"]),
        (&json!("upload_id"), &Value::Null)
    );
    let properties = operation["request"]["properties"].as_array().unwrap();
    let required = properties.iter().filter(|one| one["required"] == true);
    assert_eq!(required.count(), 1, "the handle sets the bucket's name");
}

#[test]
fn constructors_name_values_and_arguments() {
    let mut spec = spec(json!({}));
    spec["definitions"] = json!({ "grantee": {
        "properties": { "type": { "type": "string", "enum": ["user", "group"] }, "id": { "type": "string" } },
        "required": ["type"], "x-constructors": { "user": { "fixed": { "type": "user" }, "args": ["id"] } } } });
    let grantee = model(&spec).unwrap()["types"][1].clone();
    let user = &grantee["constructors"][0];
    assert_eq!(user["fixed"][0]["value_ident"], "User");
    assert_eq!(user["fixed"][0]["type_ident"], "GranteeType");
    assert_eq!(user["args"][0]["ident"], "id");
    spec["definitions"]["grantee"]["x-constructors"]["user"]["fixed"]["type"] = json!("robot");
    let error = model(&spec).unwrap_err().to_string();
    assert!(error.starts_with("error[constructor]"), "{error}");
}

#[test]
fn a_lone_default_response_stands_for_successes() {
    let response_of = |responses: Value| {
        let mut one = operation(json!([]));
        one["responses"] = responses;
        only_operation(&spec(json!({ "/": { "get": one } })))["response"].clone()
    };
    let object = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let default = json!({ "description": "d", "schema": object });
    let response = response_of(json!({ "default": default }));
    assert_eq!(response["success"], json!([200, 201, 202, 203]));
    assert_eq!(response["properties"][0]["name"], "a");
    let statuses = response["statuses"].as_array().unwrap();
    let is_rest = |one: &Value| one["status"].is_null() && one["success"] == false;
    assert!(is_rest(statuses.last().unwrap()), "{response}");
    // Beside other responses, `default` stands for failures.
    let response = response_of(json!({ "404": { "description": "d" }, "default": default }));
    assert_eq!(response["success"], json!([]));
    let mut failure = default;
    failure["x-success"] = json!(false);
    assert_eq!(
        response_of(json!({ "default": failure }))["success"],
        json!([])
    );
}

#[test]
fn operations_have_neighbors_by_tag() {
    let named = |id: &str, tag: Option<&str>| {
        let mut one = operation(json!([
            { "name": "b", "in": "path", "required": true, "type": "string" } ]));
        one["operationId"] = json!(id);
        one["tags"] = json!(tag.into_iter().collect::<Vec<_>>());
        one
    };
    let mut whole = operation(json!([]));
    whole["operationId"] = json!("Whole");
    whole["tags"] = json!(["B"]);
    let mut spec = spec(json!({
        "/{b}": { "get": named("GetB", Some("B")), "put": named("PutB", None) },
        "/{b}?o": { "get": named("GetO", Some("O")) },
        "/{b}?c": { "get": named("GetC", Some("B")) },
        "/": { "get": whole },
    }));
    spec["x-handles"] = json!([{ "name": "B", "binds": ["b"] }]);
    let model = model(&spec).unwrap();
    let resources = model["resources"].as_array().unwrap().iter();
    let operations: Vec<&Value> = resources
        .flat_map(|resource| resource["operations"].as_array().unwrap())
        .collect();
    let order = ["Whole", "GetB", "GetC", "GetO", "PutB"];
    for (at, id) in order.into_iter().enumerate() {
        let found = operations.iter().find(|one| one["id"] == id).unwrap();
        let before = at.checked_sub(1).map(|at| order[at]);
        assert_eq!(found["previous"], json!(before), "{id}");
        assert_eq!(found["next"], json!(order.get(at + 1)), "{id}");
    }
    // The operations of services and tags are the same as those of resources.
    assert_eq!(model["service"]["operations"][0]["next"], "GetB");
}
