//! Numbers of a specification are valid literals of the generated types.
#![cfg(test)]

mod common;

use std::path::Path;

use common::Workspace;
use qingstor_codegen::Generator;
use serde_json::{Value, json};

/// Returns all files of a pack of this repository in one text.
fn rendered(pack: &str, spec: &Value) -> String {
    let workspace = Workspace::new();
    workspace.write("api.json", spec.to_string());
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
    let generator = Generator::new()
        .spec(workspace.path("api.json"))
        .pack(packs.join(pack))
        .without_formatter();
    let files = generator.render().unwrap().files;
    files.into_iter().map(|file| file.text).collect()
}

/// Returns a specification with a required query parameter.
fn with_parameter(mut parameter: Value, example: &Value) -> Value {
    parameter["name"] = "a".into();
    parameter["in"] = "query".into();
    parameter["required"] = true.into();
    let mut operation = common::operation(json!([parameter]));
    operation["x-examples"] = json!([{ "request": { "a": example } }]);
    common::spec(json!({ "/": { "get": operation } }))
}

#[test]
fn limits_of_integers_are_integers_of_64_bits() {
    let facts = |limits: Value| {
        let mut parameter = json!({ "type": "integer" });
        let members = limits.as_object().unwrap().clone();
        parameter.as_object_mut().unwrap().extend(members);
        let text = rendered("emulator", &with_parameter(parameter, &json!(1)));
        let (_, rest) = text.split_once("ParameterType::Integer").unwrap();
        rest.split_once(')').unwrap().0.to_owned() + ")"
    };
    for (limits, expected) in [
        (json!({ "minimum": 1, "maximum": 1000 }), "(1, 1000)"),
        (json!({ "minimum": 0.5, "maximum": 10.5 }), "(1, 10)"),
        (json!({ "minimum": -0.5, "maximum": -0.5 }), "(0, -1)"),
        (json!({ "minimum": 1.0, "maximum": 1e3 }), "(1, 1000)"),
        (
            json!({ "minimum": -1e30, "maximum": 18_446_744_073_709_551_615_u64 }),
            "(i64::MIN, i64::MAX)",
        ),
        (
            json!({ "minimum": 0, "exclusiveMinimum": true, "maximum": 9.5, "exclusiveMaximum": true }),
            "(1, 9)",
        ),
        (
            json!({ "minimum": i64::MIN, "maximum": i64::MAX }),
            "(-9223372036854775808, 9223372036854775807)",
        ),
    ] {
        assert_eq!(facts(limits.clone()), expected, "{limits}");
    }
}

#[test]
fn examples_are_literals_of_their_types() {
    let argument = |schema: Value, example: Value| {
        let text = rendered("rust", &with_parameter(schema, &example));
        let (_, rest) = text.split_once(".op(").unwrap();
        rest.split_once(")").unwrap().0.to_owned()
    };
    let unsigned = json!({ "type": "integer", "format": "int32", "minimum": 0 });
    let signed = json!({ "type": "integer", "format": "int32" });
    let large = json!({ "type": "integer", "minimum": 0.5 });
    let float = json!({ "type": "number", "format": "float" });
    let list = json!({ "type": "array", "items": { "type": "integer" }, "minimum": 0.5 });
    for (schema, example, expected) in [
        (&unsigned, json!(7), "7"),
        (&unsigned, json!(-1), "0"),
        (&unsigned, json!(4_294_967_296_u64), "0"),
        (&signed, json!(-5), "-5"),
        (&signed, json!(2_147_483_648_u64), "1"),
        (&large, json!(0.5), "1"),
        (&large, json!(i64::MAX), "9223372036854775807"),
        (&float, json!(0.25), "0.25"),
        (&float, json!(1e39), "1.0"),
        (&float, json!(3), "1.0"),
        (&list, json!([]), "[1]"),
    ] {
        let shown = argument(schema.clone(), example.clone());
        assert_eq!(shown, expected, "{schema} {example}");
    }
}

#[test]
fn fixed_floats_are_floats() {
    let mut spec = common::spec(json!({ "/": { "put": common::operation(json!([
        { "name": "Body", "in": "body", "schema": { "type": "object", "properties": { "area": { "$ref": "#/definitions/area" } } } }
    ])) } }));
    spec["definitions"] = json!({ "area": {
        "type": "object",
        "properties": {
            "name": { "type": "string" }, "width": { "type": "number" },
            "count": { "type": "integer", "format": "int32", "minimum": 0 }
        },
        "required": ["name"],
        "x-constructors": { "square": {
            "description": "A square.", "args": ["name"], "fixed": { "width": 1, "count": 4_294_967_295_u32 }
        } }
    } });
    let text = rendered("rust", &spec);
    for line in ["width: Some(1.0),", "count: Some(4294967295),"] {
        let found: String = text.split_whitespace().collect();
        let line: String = line.split_whitespace().collect();
        assert!(found.contains(&line), "no {line} in {text}");
    }
}
