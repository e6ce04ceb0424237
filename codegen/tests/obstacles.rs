//! Names that are difficult to convert, with the naming rules of a Rust pack.
#![cfg(test)]

mod common;

use std::collections::HashSet;

use common::{Workspace, tests};
use qingstor_codegen::Generator;
use serde_json::Value;

const PACK: &str = r#"{ "model": "1", "files": [], "naming": {
    "acronyms": ["ETag", "MD5", "ACL", "CORS", "CNAME"],
    "keywords": ["type", "self", "Self", "fn", "match"],
    "reserved_types": ["Result", "Option", "Error", "String", "Bucket", "Call"],
    "reserved_methods": ["send", "presign", "build", "timeout"],
    "reserved_values": ["Unknown"] } }"#;

fn lowered() -> Value {
    let workspace = Workspace::new();
    workspace.write("pack/pack.json", PACK);
    let model = Generator::new()
        .spec(tests().join("obstacles.json"))
        .pack(workspace.path("pack"))
        .model()
        .unwrap();
    serde_json::to_value(model).unwrap()
}

fn idents(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["ident"].as_str().unwrap())
        .collect()
}

fn pairs<'v>(list: &'v Value, key: &str) -> Vec<(&'v str, &'v str)> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| (one[key].as_str().unwrap(), one["ident"].as_str().unwrap()))
        .collect()
}

#[test]
fn parameters_are_renamed_by_rule() {
    let model = lowered();
    let operation = &model["resources"][0]["operations"][0];
    insta::assert_debug_snapshot!(pairs(&operation["request"]["properties"], "name"));
}

#[test]
fn types_and_values_are_renamed_by_rule() {
    let model = lowered();
    insta::assert_debug_snapshot!(pairs(&model["types"], "name"));
    let odd = model["types"].as_array().unwrap();
    let odd = odd.iter().find(|one| one["name"] == "odd").unwrap();
    insta::assert_debug_snapshot!(pairs(&odd["values"], "value"));
}

#[test]
fn identifiers_do_not_collide() {
    let model = lowered();
    let unique = |list: &Value| {
        let all = idents(list);
        let set: HashSet<_> = all.iter().collect();
        assert_eq!(set.len(), all.len(), "{all:?}");
    };
    unique(&model["types"]);
    unique(&model["resources"]);
    for resource in model["resources"].as_array().unwrap() {
        unique(&resource["operations"]);
        for operation in resource["operations"].as_array().unwrap() {
            unique(&operation["request"]["properties"]);
            unique(&operation["response"]["properties"]);
        }
    }
    for one in model["types"].as_array().unwrap() {
        unique(&one["properties"]);
        unique(&one["values"]);
    }
}

#[test]
fn operations_have_the_official_method_names() {
    let model = lowered();
    let resources = model["resources"].as_array().unwrap().iter();
    let operations = resources.flat_map(|resource| resource["operations"].as_array().unwrap());
    let names: Vec<_> = operations
        .map(|one| ["id", "ident", "method_ident"].map(|key| one[key].as_str().unwrap()))
        .collect();
    assert!(
        names.contains(&["PutBucketACL", "PutBucketAcl", "put_acl"]),
        "{names:?}"
    );
    assert!(names.contains(&["DeleteBucketCNAME", "DeleteBucketCname", "delete_cname"]));
    assert!(names.contains(&["PutBucket", "PutBucket", "put"]));
    assert!(names.contains(&["ListObjects", "ListObjects", "list_objects"]));
}

#[test]
fn unresolvable_collisions_are_refused_with_both_places() {
    let parameter = |name: &str| serde_json::json!({ "name": name, "in": "query", "type": "string", "x-name": "same" });
    let names = ["a", "b", "c", "d", "e"].map(parameter);
    let spec = common::spec(
        serde_json::json!({ "/": { "get": common::operation(names.to_vec().into()) } }),
    );
    let error = common::model(&spec).unwrap_err().to_string();
    assert!(error.contains("error[name-collision]"), "{error}");
    assert!(error.contains("note: taken here"), "{error}");
    assert!(
        error.contains("help: rename one of them with `x-name`"),
        "{error}"
    );
}

#[test]
fn paths_with_equal_ends_have_different_files() {
    let get = |id: &str| {
        serde_json::json!({ "get": { "operationId": id, "summary": "s",
            "parameters": [{ "name": "id", "in": "path", "required": true, "type": "string" }],
            "responses": { "200": { "description": "OK" } } } })
    };
    let paths = serde_json::json!({ "/users/{id}": get("GetUser"), "/teams/{id}": get("GetTeam") });
    let model = common::model(&common::spec(paths)).unwrap();
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&model["resources"]), ["id", "users_id"]);
}

#[test]
fn aliases_of_scalars_are_resolved() {
    let spec = serde_json::json!({
        "swagger": "2.0", "info": { "title": "T", "version": "1" }, "paths": {},
        "definitions": {
            "moment": { "type": "string", "format": "date-time-rfc822" },
            "instant": { "$ref": "#/definitions/moment" },
            "event": { "type": "object", "properties": { "at": { "$ref": "#/definitions/instant" } } }
        }
    });
    let model = common::model(&spec).unwrap();
    let types = model["types"].as_array().unwrap();
    let event = types.iter().find(|one| one["name"] == "event").unwrap();
    let shape = &event["properties"][0]["shape"];
    assert_eq!(
        shape,
        &serde_json::json!({ "kind": "time", "format": "http_date" })
    );
}

#[test]
fn a_list_knows_the_type_of_its_items() {
    let operation = common::only_operation(&common::spec(serde_json::json!({ "/": { "put":
        common::operation(serde_json::json!([{ "name": "Body", "in": "body", "schema": {
            "type": "object", "properties": { "grid": { "type": "array", "items":
                { "type": "array", "items": { "type": "string" } } } } } }])) } })));
    let property = &operation["request"]["properties"][0];
    assert_eq!(property["type"], "list<list<text>>");
    assert_eq!(property["item_type"], "list<text>");
}

#[test]
fn parameters_can_keep_their_wire_names() {
    let ident = |naming: &str| {
        let workspace = Workspace::new();
        let pack = format!(r#"{{"model": "1", "files": [], "naming": {naming}}}"#);
        workspace.write("pack/pack.json", pack);
        let model = Generator::new()
            .spec(tests().join("obstacles.json"))
            .pack(workspace.path("pack"))
            .model()
            .unwrap();
        let mut properties = model.resources.iter().flat_map(|resource| {
            let operations = resource.operations.iter();
            operations.flat_map(|operation| &operation.request.properties)
        });
        let name = "X-QS-Encryption-Customer-Key-MD5";
        let property = properties.find(|property| property.name == name);
        property.unwrap().ident.clone()
    };
    assert_eq!(ident("{}"), "encryption_customer_key_md5");
    let sent = ident(r#"{"wire_names": true}"#);
    assert_eq!(sent, "x_qs_encryption_customer_key_md5");
}
