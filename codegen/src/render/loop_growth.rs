//! Tests that the loop iterations of the packs in this repository grow linearly with the
//! specification.

use std::path::Path;

use serde_json::{Value, json};

use super::render_within;
use crate::Generator;
use crate::pack::Pack;

/// Number of operations, types, parameters, properties, enum values and error codes in each
/// specification.
const SIZE: usize = 150;

/// Allowed iterations per item in one file. Nested loops over all items need 150.
const ROUNDS: u64 = 60;

fn specification(paths: Value, definitions: Value) -> Value {
    json!({
        "swagger": "2.0", "info": { "title": "T", "version": "1" },
        "paths": paths, "definitions": definitions,
    })
}

fn operation(id: &str, parameters: Value, response: Value) -> Value {
    json!({ "operationId": id, "summary": "s", "parameters": parameters,
        "responses": { "200": { "description": "d", "schema": response } } })
}

fn body(schema: Value) -> Value {
    json!([{ "name": "body", "in": "body", "schema": schema }])
}

fn each(value: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..SIZE).map(value).collect())
}

/// Returns specifications that grow in different dimensions.
fn specifications() -> Vec<(&'static str, Value)> {
    let names: Vec<String> = (0..SIZE).map(|n| format!("v{n}")).collect();
    let kind = |n: usize| {
        let kind = json!({ "type": "string", "enum": ["a", "b"], "description": "d" });
        (format!("k{n}"), kind)
    };
    let thing = |n: usize| {
        let properties = json!({ "key": { "type": "string" }, "kind": { "$ref": format!("#/definitions/k{n}") } });
        let thing = json!({ "type": "object", "properties": properties, "required": ["key"] });
        (format!("t{n}"), thing)
    };
    let reference = |name: String| json!({ "$ref": format!("#/definitions/{name}") });
    let operations = each(|n| {
        let id = format!("PutThing{n}");
        let list = json!({ "type": "array", "items": reference(format!("t{n}")) });
        let object =
            json!({ "type": "object", "properties": { "all": list }, "required": ["all"] });
        let put = operation(&id, body(object.clone()), object);
        (format!("/t{n}"), json!({ "put": put }))
    });
    let mut types = each(thing);
    let kinds = each(kind);
    if let (Value::Object(types), Value::Object(kinds)) = (&mut types, kinds) {
        types.extend(kinds);
    }
    let parameters: Vec<Value> = names
        .iter()
        .map(|name| json!({ "name": name, "in": "query", "type": "string", "enum": ["a", "b"], "required": true }))
        .collect();
    let properties = each(|n| {
        (
            format!("p{n}"),
            json!({ "type": "string", "description": "d" }),
        )
    });
    let object = json!({ "type": "object", "properties": properties, "required": [] });
    let mut required = object.clone();
    required["required"] = (0..SIZE).map(|n| format!("p{n}")).collect();
    let values = json!([{ "name": "one", "in": "query", "type": "string", "enum": names, "required": true },
        { "name": "number", "in": "query", "type": "integer", "enum": (0..SIZE).collect::<Vec<_>>() }]);
    let aliases = each(|n| (format!("a{n}"), reference(format!("a{}", n + 1))));
    let mut aliases_and_end = aliases;
    aliases_and_end[format!("a{SIZE}")] = json!({ "type": "array", "items": { "type": "string" } });
    let list =
        |name: &str| json!({ "type": "object", "properties": { "x": reference(name.to_owned()) } });
    let one =
        |parameters, response| json!({ "/a": { "put": operation("PutA", parameters, response) } });
    let mut codes = specification(one(json!([]), json!({ "type": "string" })), json!({}));
    codes["x-error-codes"] = names
        .iter()
        .map(|name| json!({ "code": name, "status": 400, "description": "d", "retry": "yes" }))
        .collect();
    vec![
        ("operations and types", specification(operations, types)),
        (
            "parameters",
            specification(one(json!(parameters), object.clone()), json!({})),
        ),
        (
            "properties",
            specification(one(body(list("o")), list("o")), json!({ "o": object })),
        ),
        (
            "required properties",
            specification(one(body(list("o")), list("o")), json!({ "o": required })),
        ),
        (
            "enum values",
            specification(one(values, list("a0")), aliases_and_end),
        ),
        ("error codes", codes),
    ]
}

#[test]
fn loop_iterations_grow_linearly() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.json");
    for (growing, spec) in specifications() {
        std::fs::write(&path, spec.to_string()).unwrap();
        for name in ["rust", "emulator", "reference", "python"] {
            let generator = Generator::new().spec(&path).pack(templates.join(name));
            let model = generator.model().unwrap();
            let pack = Pack::load(&templates.join(name), &[]).unwrap();
            let most = ROUNDS * u64::try_from(SIZE).unwrap();
            let rendered = render_within(&model, &pack, most);
            assert!(
                rendered.is_ok(),
                "{name}, {growing}: {}",
                rendered.unwrap_err()
            );
        }
    }
}
