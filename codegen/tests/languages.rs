//! Languages with one namespace for all types, nullable pointers, or acronyms in capitals.
#![cfg(test)]

mod common;

use common::Workspace;
use serde_json::{Value, json};

/// Creates a pack that prints names and types, and a specification with difficult names.
fn rendered(changes: &[(&str, &str, Value)]) -> String {
    let workspace = Workspace::notes();
    std::fs::remove_dir_all(workspace.path("pack")).unwrap();
    let mut manifest = json!({
        "model": "1",
        "files": [{ "template": "t.tera", "for": "once", "to": "x" }],
        "naming": { "property": "pascal", "acronyms": ["ID"] },
        "types": {
            "text": "string", "bool": "bool", "int32": "int32", "int64": "int64", "uint32": "uint32",
            "uint64": "uint64", "float32": "float32", "float64": "float64", "bytes": "[]byte",
            "time": "Time", "date": "string", "list": "[]{item}", "map": "map[string]{value}",
            "named": "{ident}", "recursive": "*{type}", "free": "any", "binary": "Reader",
            "optional": "*{type}"
        },
        "always_set": ["list"]
    });
    for (part, key, value) in changes {
        match *part {
            "" => manifest[*key] = value.clone(),
            part => manifest[part][*key] = value.clone(),
        }
    }
    let template = "{% for t in types %}{{ t.ident }}:\
        {% for p in t.properties %} {{ p.ident }} {{ p.field_type }}{% endfor %}\n{% endfor %}\
        {% for r in resources %}{% for o in r.operations %}{{ o.ident }}\n{% endfor %}{% endfor %}";
    let reference = json!({ "$ref": "#/definitions/ListIDOutput" });
    let spec = json!({
        "swagger": "2.0",
        "info": { "title": "t", "version": "1" },
        "host": "x.example",
        "schemes": ["https"],
        "paths": { "/": { "get": {
            "operationId": "ListID",
            "summary": "Lists",
            "responses": { "200": { "description": "ok", "schema": reference } }
        } } },
        "definitions": { "ListIDOutput": { "type": "object", "properties": {
            "any": {},
            "parent": reference,
            "raw": { "type": "string", "format": "byte" },
            "upload_id": { "type": "string" }
        } } }
    });
    workspace
        .write("pack/pack.json", manifest.to_string())
        .write("pack/t.tera", template)
        .write("spec.json", spec.to_string());
    let out = workspace.path("out");
    qingstor_codegen::Generator::new()
        .spec(workspace.path("spec.json"))
        .pack(workspace.path("pack"))
        .out_dir(&out)
        .run()
        .unwrap();
    std::fs::read_to_string(out.join("x")).unwrap()
}

#[test]
fn by_default_acronyms_are_lower_case_and_optional_values_have_option() {
    assert_eq!(
        rendered(&[]),
        "ListIdOutput: Any *any Parent **ListIdOutput Raw *[]byte UploadId *string\nListId\n"
    );
}

#[test]
fn acronyms_keep_their_capitals() {
    assert_eq!(
        rendered(&[("naming", "written_acronyms", json!(true))]),
        "ListIDOutput: Any *any Parent **ListIDOutput Raw *[]byte UploadID *string\nListID\n"
    );
}

#[test]
fn nullable_types_need_no_option() {
    assert_eq!(
        rendered(&[("", "always_set", json!(["recursive", "bytes", "free"]))]),
        "ListIdOutput: Any any Parent *ListIdOutput Raw []byte UploadId *string\nListId\n"
    );
}

#[test]
fn names_of_operation_types_are_reserved() {
    let patterns = json!(["{ident}Input", "{ident}Output"]);
    assert_eq!(
        rendered(&[("naming", "operation_types", patterns)]),
        "ListIdOutputType: Any *any Parent **ListIdOutputType Raw *[]byte UploadId *string\nListId\n"
    );
}
