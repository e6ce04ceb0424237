//! Contradictions within a specification are reported, and never resolved silently.
#![cfg(test)]

mod common;

use common::{Workspace, model, operation, spec};
use qingstor_codegen::Generator;
use serde_json::{Value, json};

fn text() -> Value {
    json!({ "type": "string" })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

/// Returns a definition `thing` with two parts that describe the property `x`.
fn two_parts(first: &Value, second: &Value) -> Value {
    let mut spec = spec(json!({}));
    spec["definitions"] = json!({
        "thing": { "allOf": [object(&json!({ "x": first })), object(&json!({ "x": second }))] },
        "base": object(&json!({ "a": text() })),
        "derived": { "allOf": [reference("base"), object(&json!({ "b": text() }))] },
        "other": object(&json!({ "a": text() })),
        "name": text(),
    });
    spec
}

fn property_of_thing(model: &Value) -> Value {
    let types = model["types"].as_array().unwrap();
    let thing = types.iter().find(|one| one["name"] == "thing").unwrap();
    thing["properties"][0].clone()
}

#[test]
fn contradicting_parts_of_an_object_are_refused_with_both_places() {
    for (first, second, expected) in [
        (
            text(),
            json!({ "type": "integer" }),
            "`x` is an integer here and a string in another part",
        ),
        (
            json!({ "type": "boolean" }),
            text(),
            "`x` is a string here and a boolean in another part",
        ),
        (
            json!({ "type": "string", "format": "date" }),
            json!({ "type": "string", "format": "byte" }),
            "a string of the format `byte` here and a string of the format `date` in",
        ),
        (
            json!({ "type": "integer", "format": "int32" }),
            json!({ "type": "integer", "format": "int64" }),
            "an integer of the format `int64` here",
        ),
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            json!({ "type": "string", "enum": ["b", "c"] }),
            "`x` is one of `b`, `c` here and one of `a`, `b` in",
        ),
        (
            json!({ "type": "array", "items": text() }),
            text(),
            "`x` is a string here and a list of strings in",
        ),
        (
            json!({ "type": "array", "items": text() }),
            json!({ "type": "array", "items": { "type": "integer" } }),
            "a list of integers here and a list of strings in",
        ),
        (
            object(&json!({ "a": text() })),
            object(&json!({ "b": text() })),
            "`x` is an object here and an object in",
        ),
        (
            reference("base"),
            object(&json!({ "b": text() })),
            "`x` is an object here and `base` in",
        ),
        (
            reference("name"),
            reference("base"),
            "`x` is `base` here and `name` in",
        ),
    ] {
        let error = model(&two_parts(&first, &second)).unwrap_err().to_string();
        for part in [
            "error[all-of-conflict]",
            "#/definitions/thing/allOf/1/properties/x",
            "note: the other part",
            "#/definitions/thing/allOf/0/properties/x",
            expected,
        ] {
            assert!(error.contains(part), "{first} {second}: {part}\n{error}");
        }
        assert_eq!(error.matches("error[").count(), 1, "{error}");
    }
}

#[test]
fn the_narrower_of_two_parts_counts_regardless_of_order() {
    for (wide, narrow, type_name) in [
        (text(), text(), "text"),
        (json!({}), json!({ "type": "integer" }), "int64"),
        (text(), json!({ "type": "string", "enum": ["a"] }), "ThingX"),
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            json!({ "type": "string", "enum": ["b"] }),
            "ThingX",
        ),
        (
            text(),
            json!({ "type": "string", "format": "byte" }),
            "bytes",
        ),
        (
            json!({ "type": "number" }),
            json!({ "type": "integer" }),
            "int64",
        ),
        (
            json!({ "type": "array", "items": {} }),
            json!({ "type": "array", "items": text() }),
            "list<text>",
        ),
        (text(), reference("name"), "text"),
        (json!({ "type": "object" }), reference("base"), "Base"),
        (reference("base"), reference("derived"), "Derived"),
        (
            json!({ "description": "d", "allOf": [reference("base")] }),
            reference("base"),
            "Base",
        ),
    ] {
        for (first, second) in [(&wide, &narrow), (&narrow, &wide)] {
            let model = model(&two_parts(first, second)).unwrap();
            let property = property_of_thing(&model);
            assert_eq!(property["type"], type_name, "{first} {second}");
            let types = model["types"].as_array().unwrap();
            let of_x = types.iter().find(|one| one["name"] == "ThingX");
            if let Some(values) = narrow["enum"].as_array() {
                let found = of_x.unwrap()["values"].as_array().unwrap().len();
                assert_eq!(found, values.len(), "{first} {second}");
            }
        }
    }
}

#[test]
fn contradicting_success_responses_are_refused_with_both_places() {
    let responses = |first: Value, second: Value| {
        let mut one = operation(json!([]));
        one["responses"] = json!({ "200": first, "201": second });
        spec(json!({ "/": { "get": one } }))
    };
    let header =
        |kind: &str| json!({ "description": "d", "headers": { "X-Size": { "type": kind } } });
    let body = |kind: &str| json!({ "description": "d", "schema": object(&json!({ "size": { "type": kind } })) });
    for (first, second, rule, note) in [
        (
            header("integer"),
            header("string"),
            "response-header-differs",
            "the other header",
        ),
        (
            body("integer"),
            body("string"),
            "response-bodies",
            "the other body",
        ),
    ] {
        let same = responses(first.clone(), first.clone());
        assert!(model(&same).is_ok(), "{first}");
        let error = model(&responses(first, second)).unwrap_err().to_string();
        for part in [
            format!("error[{rule}]"),
            format!("note: {note}"),
            "#/paths/~1/get/responses/201/".to_owned(),
            "#/paths/~1/get/responses/200/".to_owned(),
        ] {
            assert!(error.contains(&part), "{part}\n{error}");
        }
    }
}

#[test]
fn facts_of_a_wrong_type_are_refused() {
    for key in [
        "x-into",
        "x-object-key",
        "x-signed",
        "x-slow",
        "x-errors",
        "x-examples",
    ] {
        for value in [json!(42), json!("true"), json!(null), json!({})] {
            let mut one = operation(json!([{ "name": "x", "in": "query", "type": "string" }]));
            if matches!(key, "x-slow" | "x-errors" | "x-examples") {
                one[key] = value.clone();
            } else {
                one["parameters"][0][key] = value.clone();
            }
            let error = model(&spec(json!({ "/": { "get": one } })));
            let error = error.expect_err(key).to_string();
            assert!(
                error.contains("error[wrong-type]") && error.contains(key),
                "{key} {value}: {error}"
            );
        }
    }
    for (key, value, what) in [
        ("x-errors", json!(["a", 1]), "each entry of `x-errors`"),
        ("x-examples", json!([[]]), "each entry of `x-examples`"),
        ("x-examples", json!([{ "request": "x" }]), "`request`"),
    ] {
        let mut one = operation(json!([]));
        one[key] = value.clone();
        let error = model(&spec(json!({ "/": { "get": one } })));
        let error = error.expect_err(key).to_string();
        assert!(
            error.contains("error[wrong-type]") && error.contains(what),
            "{key} {value}: {error}"
        );
    }
    let mut api = spec(json!({}));
    api["x-language"] = json!(["en"]);
    let error = model(&api).unwrap_err().to_string();
    assert!(error.contains("`x-language` must be a string"), "{error}");
}

/// Returns the identifiers of the types of a specification, with the naming rules of a pack.
fn idents(pack: &str, definitions: &Value) -> Result<Vec<String>, String> {
    let workspace = Workspace::new();
    let mut spec = spec(json!({ "/": { "get": operation(json!([])) } }));
    spec["definitions"] = definitions.clone();
    workspace.write("api.json", spec.to_string());
    let packs = common::tests().join("../../templates");
    let generator = Generator::new()
        .spec(workspace.path("api.json"))
        .pack(packs.join(pack));
    let model = generator.model().map_err(|error| error.to_string())?;
    let idents = model.types.iter().map(|one| one.ident.clone());
    Ok(idents.collect())
}

#[test]
fn colliding_definitions_get_the_same_names_in_every_pack() {
    let thing = object(&json!({ "x": text() }));
    let packs = ["rust", "emulator", "python", "reference"];
    for (names, expected) in [
        (
            &["FooBar", "foo-bar", "foo_bar"][..],
            Some(vec!["FooBar", "FooBarType", "FooUnderscoreBar"]),
        ),
        (
            &["FOO", "Foo", "foo"],
            Some(vec!["Foo", "FooType", "FooLower"]),
        ),
        (&["a", "b", "c", "d"], None),
    ] {
        let definitions: serde_json::Map<String, Value> = names
            .iter()
            .map(|name| {
                let mut thing = thing.clone();
                if expected.is_none() {
                    thing["x-name"] = json!("same");
                }
                ((*name).to_owned(), thing)
            })
            .collect();
        for pack in packs {
            let idents = idents(pack, &Value::Object(definitions.clone()));
            match (&expected, idents) {
                (Some(expected), Ok(idents)) => assert_eq!(&idents, expected, "{pack} {names:?}"),
                (None, Err(error)) => {
                    assert!(error.contains("error[name-collision]"), "{pack}: {error}");
                    assert!(error.contains("`x-name`"), "{pack}: {error}");
                }
                (_, other) => panic!("{pack} {names:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn operation_ids_that_differ_in_case_have_different_files() {
    let get = |id: &str, name: Option<&str>| {
        let mut one = operation(json!([]));
        one["operationId"] = json!(id);
        if let Some(name) = name {
            one["x-name"] = json!(name);
        }
        json!({ "get": one })
    };
    let workspace = Workspace::new();
    let packs = common::tests().join("../../templates");
    let generator = |pack: std::path::PathBuf| {
        Generator::new()
            .spec(workspace.path("api.json"))
            .pack(pack)
            .out_dir(workspace.path("out"))
    };
    let write = |name: Option<&str>| {
        let paths = json!({ "/a": get("getThing", None), "/b": get("GetThing", name) });
        workspace.write(
            "api.json",
            serde_json::to_string_pretty(&spec(paths)).unwrap(),
        );
    };
    for (name, file, link) in [
        (
            None,
            "get-thing-mixed.md",
            "[GetThing](get-thing-mixed.md) →",
        ),
        (Some("FetchIt"), "fetch-it.md", "[GetThing](fetch-it.md) →"),
    ] {
        write(name);
        generator(packs.join("reference")).run().unwrap();
        assert!(workspace.path(&format!("out/operations/{file}")).exists());
        let first = workspace.read("out/operations/get-thing.md");
        assert!(first.contains(link), "{first}");
    }

    // A pack that names files after IDs can only have one of these files.
    write(None);
    workspace.write("pack/t.tera", "x").write(
        "pack/pack.json",
        r#"{"model":"1","comment":"//","files":[{"template":"t.tera","for":"operation","to":"{{ it.id }}"}]}"#,
    );
    let error = generator(workspace.path("pack"))
        .run()
        .unwrap_err()
        .to_string();
    for part in [
        "operation `getThing` (api.json:",
        "operation `GetThing` (api.json:",
        "`x-name`",
    ] {
        assert!(error.contains(part), "{error}");
    }
}
