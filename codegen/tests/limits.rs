//! Limits, patterns, enums and defaults that contradict each other are reported with their place.
#![cfg(test)]

mod common;

use common::Workspace;
use qingstor_codegen::Generator;
use serde_json::{Value, json};

fn text() -> Value {
    json!({ "type": "string" })
}

/// Returns the findings of an API that has only definitions.
fn report(definitions: &Value, version: &str) -> qingstor_codegen::diagnostic::Report {
    let api = match version {
        "2.0" => json!({ "swagger": version, "info": { "title": "T", "version": "1" }, "paths": {},
            "definitions": definitions }),
        _ => json!({ "openapi": version, "info": { "title": "T", "version": "1" }, "paths": {},
            "components": { "schemas": definitions } }),
    };
    let workspace = Workspace::new();
    workspace.write("api.json", serde_json::to_string_pretty(&api).unwrap());
    Generator::new()
        .spec(workspace.path("api.json"))
        .lint()
        .unwrap()
}

/// Returns the findings of a property with these keys, in one version of the specification
/// language.
fn found(property: &Value, version: &str) -> Vec<&'static str> {
    let definitions = json!({ "thing": { "type": "object", "properties": { "x": property } } });
    let report = report(&definitions, version);
    let rules = report.findings.iter().map(|finding| finding.rule);
    let other = |rule: &&str| !rule.contains("description") && !rule.contains("unused");
    rules.filter(other).collect()
}

#[test]
fn limits_that_no_value_satisfies_are_reported() {
    let integer = |limits: Value| {
        let mut property = json!({ "type": "integer" });
        let limits = limits.as_object().unwrap().clone();
        property.as_object_mut().unwrap().extend(limits);
        property
    };
    let contradict: &[&str] = &["limits-contradict"];
    for (version, property, expected) in [
        (
            "2.0",
            integer(json!({ "minimum": 2, "maximum": 1 })),
            contradict,
        ),
        ("2.0", integer(json!({ "minimum": 1, "maximum": 1 })), &[]),
        (
            "2.0",
            integer(json!({ "minimum": -1.5, "maximum": 1e3 })),
            &[],
        ),
        (
            "2.0",
            integer(json!({ "minimum": 1, "maximum": 1, "exclusiveMaximum": true })),
            contradict,
        ),
        (
            "3.0.3",
            integer(json!({ "minimum": 1, "maximum": 1, "exclusiveMinimum": true })),
            contradict,
        ),
        (
            "3.1.0",
            integer(json!({ "exclusiveMinimum": 5, "maximum": 5 })),
            contradict,
        ),
        (
            "3.1.0",
            integer(json!({ "minimum": 9, "exclusiveMinimum": 1, "exclusiveMaximum": 9 })),
            contradict,
        ),
        (
            "3.1.0",
            integer(json!({ "exclusiveMinimum": 4, "exclusiveMaximum": 6 })),
            &[],
        ),
        (
            "2.0",
            json!({ "type": "string", "minLength": 3, "maxLength": 2 }),
            contradict,
        ),
        (
            "2.0",
            json!({ "type": "string", "minLength": 2, "maxLength": 2.0 }),
            &[],
        ),
        (
            "3.1.0",
            json!({ "type": "array", "items": text(), "minItems": 3, "maxItems": 0 }),
            contradict,
        ),
        (
            "3.0.3",
            json!({ "type": "object", "minProperties": 2, "maxProperties": 1 }),
            contradict,
        ),
        (
            "2.0",
            json!({ "type": "string", "minLength": -1 }),
            &["wrong-type"],
        ),
        (
            "2.0",
            json!({ "type": "array", "items": text(), "maxItems": "9" }),
            &["wrong-type"],
        ),
        (
            "2.0",
            json!({ "type": "string", "maxLength": 1.5 }),
            &["wrong-type"],
        ),
        (
            "2.0",
            json!({ "type": "string", "enum": [] }),
            &["enum-empty"],
        ),
        (
            "3.1.0",
            json!({ "type": "string", "enum": [] }),
            &["enum-empty"],
        ),
        (
            "2.0",
            json!({ "type": "integer", "enum": [] }),
            &["enum-empty"],
        ),
        ("3.1.0", json!({ "enum": [] }), &["enum-empty"]),
    ] {
        assert_eq!(found(&property, version), expected, "{version} {property}");
    }
}

#[test]
fn defaults_outside_their_limits_are_reported() {
    let int = |format: &str| json!({ "type": "integer", "format": format });
    for (version, mut property, default, fits) in [
        (
            "2.0",
            json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
            json!(1000),
            true,
        ),
        (
            "2.0",
            json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
            json!(1),
            true,
        ),
        (
            "2.0",
            json!({ "type": "integer", "maximum": 1000 }),
            json!(1001),
            false,
        ),
        (
            "2.0",
            json!({ "type": "integer", "minimum": 1 }),
            json!(0),
            false,
        ),
        (
            "2.0",
            json!({ "type": "integer", "minimum": -5 }),
            json!(-6),
            false,
        ),
        (
            "2.0",
            json!({ "type": "integer", "maximum": 9_007_199_254_740_992_i64 }),
            json!(9_007_199_254_740_993_i64),
            false,
        ),
        (
            "2.0",
            json!({ "type": "number", "minimum": 0.5 }),
            json!(0.25),
            false,
        ),
        (
            "2.0",
            json!({ "type": "number", "minimum": 0.5 }),
            json!(1),
            true,
        ),
        (
            "2.0",
            json!({ "type": "integer", "maximum": 5, "exclusiveMaximum": true }),
            json!(5),
            false,
        ),
        (
            "2.0",
            json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true }),
            json!(0),
            false,
        ),
        (
            "2.0",
            json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true }),
            json!(0.5),
            true,
        ),
        (
            "3.1.0",
            json!({ "type": "number", "exclusiveMaximum": 1 }),
            json!(1),
            false,
        ),
        (
            "3.1.0",
            json!({ "type": "number", "exclusiveMaximum": 1 }),
            json!(0.9),
            true,
        ),
        (
            "3.1.0",
            json!({ "type": ["integer", "null"], "minimum": 1 }),
            json!(null),
            true,
        ),
        (
            "2.0",
            json!({ "type": "string", "maxLength": 3 }),
            json!("abc"),
            true,
        ),
        (
            "2.0",
            json!({ "type": "string", "maxLength": 3 }),
            json!("äöü"),
            true,
        ),
        (
            "2.0",
            json!({ "type": "string", "maxLength": 3 }),
            json!("abcd"),
            false,
        ),
        (
            "2.0",
            json!({ "type": "string", "minLength": 1 }),
            json!(""),
            false,
        ),
        (
            "3.0.3",
            json!({ "type": "array", "items": text(), "maxItems": 1 }),
            json!(["a", "b"]),
            false,
        ),
        (
            "2.0",
            json!({ "type": "array", "items": text(), "minItems": 1 }),
            json!([]),
            false,
        ),
        (
            "2.0",
            json!({ "type": "array", "items": { "type": "integer", "maximum": 9 } }),
            json!([9, 10]),
            false,
        ),
        ("2.0", int("int32"), json!(i32::MAX), true),
        ("2.0", int("int32"), json!(i32::MIN), true),
        ("2.0", int("int32"), json!(i64::from(i32::MAX) + 1), false),
        ("2.0", int("int32"), json!(i64::from(i32::MIN) - 1), false),
        ("2.0", int("uint32"), json!(u32::MAX), true),
        ("2.0", int("uint32"), json!(-1), false),
        ("2.0", int("int64"), json!(i64::MAX), true),
        ("2.0", int("int64"), json!(1e19), false),
        ("2.0", int("uint64"), json!(u64::MAX), true),
        ("2.0", int("uint64"), json!(1e19), true),
        ("2.0", int("uint64"), json!(1e20), false),
        (
            "2.0",
            json!({ "type": "object", "properties": { "a": { "type": "integer", "maximum": 9 } } }),
            json!({ "a": 10 }),
            false,
        ),
    ] {
        property["default"] = default;
        let expected: &[&str] = if fits { &[] } else { &["default-misfit"] };
        assert_eq!(found(&property, version), expected, "{version} {property}");
    }
}

#[test]
fn limits_of_a_referenced_definition_count_for_defaults() {
    let size = json!({ "type": "integer", "maximum": 10 });
    let property = json!({ "allOf": [{ "$ref": "#/definitions/size" }], "default": 11 });
    let thing = json!({ "type": "object", "properties": { "x": property } });
    let text = report(&json!({ "size": size, "thing": thing }), "2.0").to_string();
    for part in [
        "warning[default-misfit]",
        "#/definitions/thing/properties/x/default",
        "11 is outside the maximum 10",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn patterns_that_are_not_regular_expressions_are_reported() {
    for (pattern, is_valid) in [
        ("^[a-z0-9-]{3,63}$", true),
        ("^(?!-)[^/]+$", true),
        (r"^(a|b)\1$", true),
        ("^[[a]$", true),
        ("{x}", true),
        ("a{,3}", true),
        (r"\cA", true),
        ("", true),
        ("[a-z", false),
        ("(a", false),
        ("a)", false),
        ("*a", false),
        ("a|+", false),
        ("[z-a]", false),
        ("a{3,1}", false),
        ("a\\", false),
    ] {
        for version in ["2.0", "3.1.0"] {
            let property = json!({ "type": "string", "pattern": pattern });
            let expected: &[&str] = if is_valid { &[] } else { &["pattern-invalid"] };
            assert_eq!(found(&property, version), expected, "{version} {pattern}");
        }
    }
}
