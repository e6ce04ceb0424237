//! The same API in Swagger 2.0, OpenAPI 3.0 and 3.1 has the same model.
#![cfg(test)]

mod common;

use common::{Workspace, tests};
use qingstor_codegen::diagnostic::{Report, Severity};
use qingstor_codegen::{Error, Generator};
use serde_json::{Value, json};

/// Removes the places from a model.
fn placeless(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.remove("source");
            // Swagger 2.0 cannot express null.
            object.remove("nullable");
            object.values_mut().for_each(placeless);
        }
        Value::Array(items) => items.iter_mut().for_each(placeless),
        _ => {}
    }
}

fn model_of(file: &str) -> Value {
    let spec = tests().join("openapi").join(file);
    let mut model = serde_json::to_value(Generator::new().spec(spec).model().unwrap()).unwrap();
    placeless(&mut model);
    model
}

#[test]
fn the_same_api_gives_the_same_model() {
    let swagger = model_of("swagger2.json");
    let properties = &swagger["resources"][0]["operations"][0]["request"]["properties"];
    assert_eq!(properties.as_array().unwrap().len(), 9);
    for file in ["openapi30.json", "openapi31.json"] {
        assert!(
            model_of(file) == swagger,
            "{file}: compare by `codegen dump -f`"
        );
    }
}

#[test]
fn the_three_specifications_have_no_findings() {
    for file in ["swagger2.json", "openapi30.json", "openapi31.json"] {
        let report = Generator::new()
            .spec(tests().join("openapi").join(file))
            .lint()
            .unwrap();
        let worse = report
            .findings
            .iter()
            .filter(|one| one.severity != Severity::Note);
        let unused = worse
            .filter(|one| !matches!(one.rule, "status-no-schema" | "required-null"))
            .count();
        assert_eq!(unused, 0, "{file}: {report}");
    }
}

#[test]
fn packs_render_all_three_specifications() {
    let templates = tests().join("../../templates");
    // The runtime of the pack has a `Bucket`. Only the rendered text matters here.
    let workspace = Workspace::new();
    workspace.write("other/pack.json", r#"{ "handles": ["Folder"] }"#);
    for file in ["openapi30.json", "openapi31.json"] {
        let spec = tests().join("openapi").join(file);
        let rendered = Generator::new()
            .spec(spec)
            .pack(templates.join("rust"))
            .override_templates(workspace.path("other"))
            .render();
        let rendered = rendered.unwrap().files;
        let text: String = rendered.iter().map(|file| file.text.as_str()).collect();
        syn::parse_file(&rendered[0].text).unwrap();
        assert!(
            text.contains("PutFolder") && text.contains("many"),
            "{file}"
        );
    }
}

/// Returns an OpenAPI 3.1 document with one path and some schemas.
fn around(item: Value, schemas: Value) -> Value {
    json!({ "openapi": "3.1.0", "info": { "title": "T", "version": "1" },
            "paths": { "/": item }, "components": { "schemas": schemas } })
}

fn get(parameters: Value) -> Value {
    json!({ "get": { "operationId": "Op", "summary": "s", "parameters": parameters,
                     "responses": { "200": { "description": "OK" } } } })
}

fn generator(spec: &Value) -> (Workspace, Generator) {
    let workspace = Workspace::new();
    workspace.write("api.json", serde_json::to_string_pretty(spec).unwrap());
    let generator = Generator::new().spec(workspace.path("api.json"));
    (workspace, generator)
}

fn shape(schema: Value) -> Value {
    let schemas = json!({ "d": { "type": "object", "properties": { "p": schema } },
        "color": { "type": "string", "enum": ["red"] }, "size": { "type": "integer", "format": "int32" } });
    let (_workspace, generator) = generator(&around(json!({}), schemas));
    let model = serde_json::to_value(generator.model().unwrap()).unwrap();
    let types = model["types"].as_array().unwrap();
    let one = types.iter().find(|one| one["name"] == "d").unwrap();
    one["properties"][0]["shape"].clone()
}

#[test]
fn every_schema_has_a_shape() {
    let text = json!({ "kind": "text" });
    let free = json!({ "kind": "free" });
    let int = json!({ "kind": "int", "bits": 32, "signed": true });
    for (schema, expected) in [
        (json!(true), &free),
        (json!({}), &free),
        (json!({ "type": ["string", "null"] }), &text),
        (json!({ "type": ["string", "integer"] }), &free),
        (json!({ "type": "null" }), &free),
        (json!({ "type": "string", "format": "binary" }), &text),
        (json!({ "const": 3 }), &free),
        (
            json!({ "oneOf": [{ "type": "null" }, { "type": "string" }] }),
            &text,
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "string", "enum": ["a"] }] }),
            &text,
        ),
        (
            json!({ "oneOf": [{ "type": "string" }, { "type": "boolean" }] }),
            &free,
        ),
        (
            json!({ "type": "string", "anyOf": [{ "pattern": "a" }, { "pattern": "b" }] }),
            &text,
        ),
        (json!({ "$ref": "#/components/schemas/size" }), &int),
        (
            json!({ "allOf": [{ "$ref": "#/components/schemas/size" }, { "description": "d" }] }),
            &int,
        ),
        (
            json!({ "allOf": [{ "type": "string" }, { "type": "boolean" }] }),
            &free,
        ),
        (
            json!({ "type": "integer", "format": "uint16" }),
            &json!({ "kind": "int", "bits": 32, "signed": false }),
        ),
        (
            json!({ "type": "array" }),
            &json!({ "kind": "list", "item": { "kind": "free" } }),
        ),
        (
            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            &json!({ "kind": "map", "value": { "kind": "text" } }),
        ),
    ] {
        assert_eq!(&shape(schema.clone()), expected, "{schema}");
    }
}

#[test]
fn schemas_are_found_by_their_own_names() {
    let schemas = json!({
        "pet": { "$id": "/schemas/pet", "type": "object", "properties": {
            "id": { "$anchor": "pet_id", "type": "integer" }, "mate": { "$ref": "/schemas/pet" } } },
        "d": { "type": "object", "properties": {
            "pet": { "$ref": "/schemas/pet" }, "id": { "$ref": "/schemas/pet#pet_id" },
            "inner": { "$ref": "#/components/schemas/pet/properties/id" } } },
    });
    let (_workspace, generator) = generator(&around(json!({}), schemas));
    let model = serde_json::to_value(generator.model().unwrap()).unwrap();
    let types = model["types"].as_array().unwrap();
    let d = types.iter().find(|one| one["name"] == "d").unwrap();
    assert_eq!(d["properties"][2]["shape"]["name"], "pet");
    assert_eq!(d["properties"][1]["shape"]["kind"], "int");
    assert_eq!(d["properties"][0]["shape"]["kind"], "int");
}

#[test]
fn parameters_keep_shared_enums_and_omit_unsupported_types() {
    let parameters = json!([
        { "name": "color", "in": "query", "schema": { "$ref": "#/components/schemas/color" } },
        { "name": "json", "in": "query", "content": { "application/json": {} } },
        { "name": "deep", "in": "query", "style": "deepObject", "schema": { "type": "object" } },
        { "name": "id", "in": "cookie", "required": true, "schema": { "type": "string" } },
        { "name": "Accept", "in": "header", "schema": { "type": "string" } },
    ]);
    let schemas = json!({ "color": { "type": "string", "enum": ["red"] } });
    let (_workspace, generator) = generator(&around(get(parameters), schemas));
    let model = serde_json::to_value(generator.model().unwrap()).unwrap();
    let properties = &model["resources"][0]["operations"][0]["request"]["properties"];
    let properties = properties.as_array().unwrap();
    let names: Vec<_> = properties.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["color", "json"]);
    assert_eq!(properties[0]["shape"]["name"], "color");
    assert_eq!(properties[1]["shape"]["kind"], "text");
    let report = generator.lint().unwrap();
    let noted = report
        .findings
        .iter()
        .filter(|one| one.rule == "openapi-ignored");
    assert_eq!(noted.count(), 2, "{report}");
}

fn refusal(spec: &Value) -> Report {
    let (_workspace, generator) = generator(spec);
    match generator.model() {
        Err(Error::Spec(report)) => report,
        other => panic!("{spec}: {other:?}"),
    }
}

#[test]
fn parameters_that_cannot_be_sent_are_refused() {
    let parameter = |schema: Value, style: &str| {
        let one = json!([{ "name": "p", "in": "path", "required": true, "style": style, "schema": schema }]);
        let mut spec = around(json!({}), json!({}));
        spec["paths"] = json!({ "/{p}": get(one) });
        spec
    };
    let text = json!({ "type": "string" });
    let mut server = parameter(text.clone(), "simple");
    server["servers"] = json!([{ "url": "https://{host}" }]);
    let mut host = parameter(text.clone(), "simple");
    host["servers"] = json!([{ "url": "https://user@a.example" }]);
    let missing = around(
        json!({}),
        json!({ "a": { "$ref": "#/components/schemas/b" } }),
    );
    let circle = around(
        json!({}),
        json!({ "a": { "$ref": "#/components/schemas/a" } }),
    );
    let version = json!({ "openapi": "4.0.0", "paths": {} });
    let both = json!({ "openapi": "3.0.0", "swagger": "2.0", "paths": {} });
    for (spec, rule, pointer) in [
        (
            parameter(json!({ "type": "object" }), "simple"),
            "openapi-place",
            "/paths/~1{p}/get/parameters/0/name",
        ),
        (
            parameter(text, "matrix"),
            "collection-format",
            "/paths/~1{p}/get/parameters/0/style",
        ),
        (server, "openapi-server", "/servers/0/url"),
        (host, "host-text", "/servers/0"),
        (missing, "ref-missing", "/components/schemas/a/$ref"),
        (circle, "ref-circular", "/components/schemas/a"),
        (version, "swagger-version", "/openapi"),
        (both, "swagger-version", "/openapi"),
    ] {
        let report = refusal(&spec);
        let found = report.findings.iter().any(|finding| {
            let place = finding
                .place
                .as_ref()
                .and_then(|place| place.pointer.as_deref());
            finding.rule == rule && place == Some(pointer)
        });
        assert!(found, "{rule} at {pointer}: {report}");
    }
}

#[test]
fn overlays_apply_to_openapi() {
    let (workspace, generator) = generator(&around(get(json!([])), json!({})));
    let overlay = json!({ "overlay": "1.0.0", "info": { "title": "T", "version": "1" }, "actions": [
        { "target": "$.paths['/'].get", "description": "d", "update": { "x-slow": true } } ] });
    workspace.write("overlay.json", overlay.to_string());
    let model = generator
        .overlay(workspace.path("overlay.json"))
        .model()
        .unwrap();
    assert!(serde_json::to_value(model).unwrap()["resources"][0]["operations"][0]["slow"] == true);
}
