//! Every rule of the linter reports its mistakes, and nothing in a correct specification.
#![cfg(test)]

#[path = "../common/mod.rs"]
mod common;
mod mistakes;

use std::path::Path;
use std::process::Command;

use common::{Workspace, copy, tests};
use qingstor_codegen::Generator;
use qingstor_codegen::diagnostic::{Report, rules};
use serde_json::{Value, json};

/// Returns a specification without findings.
fn clean() -> Value {
    let operation = |id: &str| {
        json!({
            "operationId": id, "summary": "s", "tags": ["Letters"],
            "parameters": [
                { "name": "limit", "in": "query", "type": "integer", "description": "d", "default": 1, "maximum": 5 },
                { "name": "version", "in": "query", "type": "string", "description": "d", "x-signed": true },
            ],
            "responses": { "200": { "description": "d", "schema": { "$ref": "#/definitions/big_thing" } } }
        })
    };
    json!({
        "swagger": "2.0", "info": { "title": "T", "version": "1" },
        "tags": [{ "name": "Letters", "description": "d" }],
        "x-error-codes": [{ "code": "gone", "status": 404, "description": "d", "retry": "no" }],
        "paths": {
            "/a": { "get": operation("GetA") }, "/b": { "get": operation("GetB") },
            "/c": { "get": operation("GetC") }, "/d": { "get": operation("GetD") },
        },
        "definitions": {
            "big_thing": { "description": "d", "type": "object", "properties": {
                "a_b": { "$ref": "#/definitions/the_state" }, "c": { "$ref": "#/definitions/c_d" },
                "e": { "$ref": "#/definitions/e_f" }, "h": { "$ref": "#/definitions/g_h" } } },
            "the_state": { "description": "d", "type": "string", "enum": ["on", "off"] },
            "c_d": { "description": "d", "type": "array", "items": { "type": "string" } },
            "e_f": { "description": "d", "type": "object", "properties": {
                "g": { "type": "string", "description": "d" }, "i": { "type": "boolean", "description": "d" } } },
            "g_h": { "description": "d", "type": "integer", "example": 3 },
        }
    })
}

fn lint(spec: &Value) -> Report {
    let workspace = Workspace::new();
    workspace.write("api.json", serde_json::to_string_pretty(spec).unwrap());
    Generator::new()
        .spec(workspace.path("api.json"))
        .lint()
        .unwrap()
}

fn found(report: &Report) -> Vec<(&'static str, String)> {
    let place = |finding: &qingstor_codegen::diagnostic::Finding| {
        let place = finding
            .place
            .as_ref()
            .and_then(|place| place.pointer.clone());
        (finding.rule, place.unwrap_or_default())
    };
    report.findings.iter().map(place).collect()
}

#[test]
fn a_correct_specification_has_no_findings() {
    let report = lint(&clean());
    assert_eq!(found(&report), [], "{report}");
}

/// Inserts a value at a pointer, whose last step can be new.
fn put(spec: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match spec.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        object => object[key.replace("~1", "/")] = value,
    }
}

#[test]
fn each_mistake_is_found_at_its_place() {
    for (rule, at, value, place) in mistakes::changes() {
        let mut spec = clean();
        put(&mut spec, at, value);
        let report = lint(&spec);
        let wanted = (rule, place.to_owned());
        assert!(
            found(&report).contains(&wanted),
            "{rule} at {place}: {report}"
        );
        assert!(!report.has_errors(), "{report}");
        assert!(report.findings.iter().all(|finding| finding.help.is_some()));
    }
}

#[test]
fn warnings_can_be_allowed_and_errors_cannot() {
    let mut spec = clean();
    put(&mut spec, "/definitions/c_d/description", json!(""));
    for at in [
        "/definitions/c_d",
        "$.definitions.c_d",
        "$",
        "$.definitions[*]",
    ] {
        spec["x-lint-allow"] =
            json!([{ "rule": "definition-no-description", "at": at, "reason": "r" }]);
        assert_eq!(found(&lint(&spec)), [], "{at}");
    }
    for (entry, place) in [
        (
            json!({ "rule": "definition-no-description", "at": "$", "reason": "" }),
            "/x-lint-allow/0/reason",
        ),
        (
            json!({ "rule": "definition-no-description", "at": "$" }),
            "/x-lint-allow/0",
        ),
        (
            json!({ "rule": "no-such-rule", "at": "$", "reason": "r" }),
            "/x-lint-allow/0/rule",
        ),
        (
            json!({ "rule": "paging", "at": "$", "reason": "r" }),
            "/x-lint-allow/0/rule",
        ),
        (
            json!({ "rule": "enum-case", "at": "definitions", "reason": "r" }),
            "/x-lint-allow/0/at",
        ),
    ] {
        spec["x-lint-allow"] = json!([entry]);
        let report = lint(&spec);
        let rules = found(&report);
        let found = rules
            .iter()
            .any(|(rule, at)| at == place && (*rule == "lint-allow" || *rule == "wrong-type"));
        assert!(found && report.has_errors(), "{entry}: {report}");
    }
}

/// A handle and a tag with a typing error have no effect. The findings name the intended ones.
#[test]
fn names_that_refer_to_nothing_are_found_with_the_intended_ones() {
    let mut spec = clean();
    let path = json!({ "name": "bucketName", "in": "path", "required": true, "type": "string", "description": "d" });
    spec["paths"]["/{bucketName}"] = json!({ "get": spec["paths"]["/a"]["get"] });
    spec["paths"]["/{bucketName}"]["get"]["operationId"] = json!("GetE");
    spec["paths"]["/{bucketName}"]["get"]["parameters"] = json!([path]);
    spec["x-handles"] = json!([{ "name": "Bucket", "binds": ["bucketName"] }]);
    assert_eq!(found(&lint(&spec)), []);
    spec["x-handles"][0]["binds"] = json!(["bucketname"]);
    spec["paths"]["/a"]["get"]["tags"] = json!(["Leters"]);
    let report = lint(&spec).to_string();
    for part in [
        "error[handle-parameter-unknown]: the handle `Bucket` binds `bucketname`, but no path begins with \
         `/{bucketname}`; did you mean `bucketName`?",
        "warning[tag-undeclared]: the tag `Leters` is not among the root's `tags`; did you mean `Letters`?",
    ] {
        assert!(report.contains(part), "{report}");
    }
}

/// The order in the file decides which of two items is renamed, so each renamed item is reported.
#[test]
fn renamed_items_are_found() {
    let mut spec = clean();
    spec["definitions"]["the_state"]["enum"] = json!(["on", "off", "On"]);
    let parameters = spec["paths"]["/a"]["get"]["parameters"]
        .as_array_mut()
        .unwrap();
    parameters
        .push(json!({ "name": "Version", "in": "header", "type": "string", "description": "d" }));
    let report = lint(&spec);
    let text = report.to_string();
    for part in [
        "warning[name-taken]: `On` is called `OnMixed`, because another item is called `On`",
        "warning[name-taken]: `Version` is called `version_header`, because another item is called `version`",
        "help: rename one of them with `x-name`",
    ] {
        assert!(text.contains(part), "{text}");
    }
    spec["paths"]["/a"]["get"]["parameters"][2]["name"] = json!("Kind");
    assert!(!lint(&spec).to_string().contains("`version_header`"));
    spec["paths"]["/a"]["get"]["parameters"][2]["x-name"] = json!("version");
    let text = lint(&spec).to_string();
    assert!(
        text.contains("error[name-collision]: the identifier `version` of `Kind` is already taken"),
        "{text}"
    );
}

/// The pack `rust` does not name a type like one of the standard library.
#[test]
fn names_are_those_of_a_pack() {
    let mut spec = clean();
    for name in ["box", "box_type"] {
        let kind = json!({ "description": "d", "type": "string", "enum": [name] });
        spec["definitions"][name] = kind;
        let property = json!({ "$ref": format!("#/definitions/{name}") });
        spec["definitions"]["e_f"]["properties"][name] = property;
    }
    let text = lint(&spec).to_string();
    let renamed = "warning[name-taken]: `box_type` is called `BoxTypeType`, because another item \
                   is called `BoxType`";
    assert!(text.contains(renamed), "{text}");
    let workspace = Workspace::new();
    workspace.write("api.json", spec.to_string());
    copy(&tests().join("packs/minimal"), &workspace.path("pack"));
    let generator = Generator::new().spec(workspace.path("api.json"));
    let generator = generator.pack(workspace.path("pack"));
    assert_eq!(found(&generator.lint().unwrap()), []);
    assert!(generator.pack(workspace.path("absent")).lint().is_err());
}

#[test]
fn a_fact_without_its_prefix_is_named() {
    let mut spec = clean();
    spec["definitions"]["e_f"]["properties"]["g"]["deprecated"] = json!(true);
    let text = lint(&spec).to_string();
    let warning = "warning[unknown-key]: Swagger 2.0 does not have `deprecated` here";
    assert!(text.contains(warning), "{text}");
    assert!(text.contains("help: write `x-deprecated`\n"), "{text}");
}

#[test]
fn maps_without_a_prefix_are_reported_with_their_effect() {
    let mut spec = clean();
    let get = &mut spec["paths"]["/a"]["get"];
    let map = json!({ "name": "meta", "in": "header", "type": "map", "description": "d" });
    get["parameters"][0] = map;
    get["responses"]["200"]["headers"] = json!({ "info": { "type": "map", "description": "d" } });
    let text = lint(&spec).to_string();
    for part in [
        "`meta` has no `x-prefix`, so its entries can replace every other header of the request",
        "`info` has no `x-prefix`, so every header of the response belongs to it",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

/// Names get into logs, where escape sequences and changes of direction could hide a finding.
#[test]
fn control_characters_of_names_are_escaped_in_reports() {
    let mut spec = clean();
    spec["paths"]["/a"]["get"]["operationId"] = json!("Get\u{1b}[31m\u{202e}A");
    spec["definitions"]["big\u{2066}"] = json!({ "type": "string" });
    // The source line contains this character unescaped.
    spec["info"]["x\u{202e}"] = json!({ "x-name": "a" });
    let report = lint(&spec);
    let rules = found(&report);
    assert!(rules.iter().any(|(rule, _)| *rule == "operation-id-text"));
    let text = report.to_string();
    assert!(
        text.contains("the ID `Get\\u{1b}[31m\\u{202e}A` contains a character that changes how it is displayed"),
        "{text}"
    );
    let shows_raw = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}".contains(c);
    for shown in [text, report.github()] {
        assert!(!shown.contains(shows_raw), "{shown:?}");
    }
}

#[test]
fn a_prefix_without_effect_is_explained() {
    let mut spec = clean();
    let at = "/paths/~1a/get/parameters/1/x-prefix";
    put(&mut spec, at, json!("x-a-"));
    let report = lint(&spec);
    let expected = "`x-prefix` has no effect here, because this value is not a map of headers or \
                    form fields";
    assert_eq!(report.findings[0].message, expected, "{report}");
}

#[test]
fn a_lone_default_response_is_a_success() {
    let mut spec = clean();
    let ok = spec["paths"]["/a"]["get"]["responses"]["200"].clone();
    put(
        &mut spec,
        "/paths/~1a/get/responses",
        json!({ "default": ok }),
    );
    let report = lint(&spec);
    assert_eq!(found(&report), [], "{report}");
    // The response stands for several statuses, but is reported once.
    let default = "/paths/~1a/get/responses/default";
    put(&mut spec, &format!("{default}/description"), json!(""));
    assert_eq!(
        found(&lint(&spec)),
        [("status-no-description", default.to_owned())]
    );
    put(&mut spec, &format!("{default}/x-success"), json!(false));
    assert_eq!(found(&lint(&spec))[0].0, "no-success");
}

/// Returns an operation whose body has parts, one of them a reference.
fn with_body() -> Value {
    let mut spec = clean();
    let thing = json!({ "description": "d", "type": "object", "properties": {
        "size": { "type": "integer", "description": "d" },
        "tags": { "type": "array", "description": "d", "items": { "$ref": "#/definitions/e_f" } },
        "free": { "type": "object", "description": "d", "additionalProperties": { "type": "integer" } } } });
    put(&mut spec, "/definitions/the_thing", thing);
    let body = json!([{ "name": "body", "in": "body", "description": "d", "schema": {
        "allOf": [{ "$ref": "#/definitions/the_thing" }, { "type": "object", "properties": {
            "state": { "$ref": "#/definitions/the_state" } } }] } }]);
    let put_a = json!({ "operationId": "PutA", "summary": "s", "parameters": body,
        "responses": { "204": { "description": "d" } } });
    put(&mut spec, "/paths/~1a/put", put_a);
    spec
}

#[test]
fn example_values_must_be_parameters_or_fields() {
    let fits = json!({ "size": 3, "state": "on", "free": { "any": 1 }, "tags": [{ "g": "x", "i": true }] });
    for (request, finding) in [
        (fits, None),
        // The values of an object in the body are listed by field.
        (
            json!({ "body": {} }),
            Some(("example-unknown-parameter", "body")),
        ),
        (
            json!({ "sise": 3 }),
            Some(("example-unknown-parameter", "sise")),
        ),
        (
            json!({ "tags": [{ "h": "x" }] }),
            Some(("example-unknown-parameter", "tags/0/h")),
        ),
        (
            json!({ "tags": [{ "g": 1 }] }),
            Some(("example-misfit", "tags/0/g")),
        ),
        (
            json!({ "tags": { "g": "x" } }),
            Some(("example-misfit", "tags")),
        ),
        (
            json!({ "state": "maybe" }),
            Some(("example-misfit", "state")),
        ),
        (
            json!({ "free": { "any": "x" } }),
            Some(("example-misfit", "free/any")),
        ),
    ] {
        let mut spec = with_body();
        put(
            &mut spec,
            "/paths/~1a/put/x-examples",
            json!([{ "request": request }]),
        );
        let report = lint(&spec);
        let expected: Vec<_> = finding
            .map(|(rule, at)| (rule, format!("/paths/~1a/put/x-examples/0/request/{at}")))
            .into_iter()
            .collect();
        assert_eq!(found(&report), expected, "{report}");
    }
    let mut spec = with_body();
    put(
        &mut spec,
        "/paths/~1a/put/x-examples",
        json!([{ "reqest": {} }]),
    );
    let report = lint(&spec);
    assert!(report.has_errors(), "{report}");
    let key = "/paths/~1a/put/x-examples/0/reqest".to_owned();
    assert_eq!(found(&report), [("misspelled-key", key)]);
}

#[test]
fn values_of_recursive_objects_are_checked() {
    for all_of in [
        json!([{ "$ref": "#/definitions/own" }]),
        json!([{ "$ref": "#/definitions/own" }, { "type": "object", "properties": {
            "x": { "$ref": "#/definitions/own" } } }]),
    ] {
        let mut spec = clean();
        let own = json!({ "description": "d", "allOf": all_of, "default": { "x": { "x": {} } } });
        put(&mut spec, "/definitions/own", own);
        let body = json!([{ "name": "b", "in": "body", "description": "d", "schema": { "$ref": "#/definitions/own" } }]);
        let put_a = json!({ "operationId": "PutA", "summary": "s", "parameters": body,
            "x-examples": [{ "request": { "x": { "x": {} } } }], "responses": { "204": { "description": "d" } } });
        put(&mut spec, "/paths/~1a/put", put_a);
        let report = lint(&spec);
        assert!(report.to_string().contains("all-of-circular"), "{report}");
    }
}

#[test]
fn references_with_descriptions_are_resolved() {
    let mut spec = clean();
    let state = json!({ "description": "d", "allOf": [{ "$ref": "#/definitions/the_state" }], "default": "on" });
    put(&mut spec, "/definitions/e_f/properties/state", state);
    assert_eq!(found(&lint(&spec)), []);
    let default = "/definitions/e_f/properties/state/default";
    put(&mut spec, default, json!("maybe"));
    assert_eq!(
        found(&lint(&spec)),
        [("default-misfit", default.to_owned())]
    );
}

#[test]
fn equal_objects_share_a_type_or_are_reported() {
    let object = |name: Option<&str>| {
        let mut object = json!({ "type": "object", "properties": {
            "x": { "type": "string", "description": "d" }, "y": { "type": "integer", "description": "d" } } });
        if let Some(name) = name {
            object["x-type-name"] = json!(name);
        }
        object["description"] = json!("d");
        object
    };
    let found_in = |one: Option<&str>, other: Option<&str>| {
        let mut spec = clean();
        put(&mut spec, "/definitions/e_f/properties/one", object(one));
        let list = json!({ "type": "array", "description": "d", "items": object(other) });
        put(&mut spec, "/definitions/e_f/properties/other", list);
        let report = lint(&spec);
        found(&report)
    };
    let expected = (
        "object-alike",
        "/definitions/e_f/properties/other/items".to_owned(),
    );
    for (one, other) in [
        (None, None),
        (Some("Point"), None),
        (Some("Point"), Some("Dot")),
    ] {
        assert_eq!(
            found_in(one, other),
            std::slice::from_ref(&expected),
            "{one:?} {other:?}"
        );
    }
    assert_eq!(found_in(Some("Point"), Some("Point")), []);
    // The properties of bodies become fields, so bodies are not types.
    let mut spec = clean();
    for path in ["a", "b"] {
        let schema = format!("/paths/~1{path}/get/responses/200/schema");
        put(&mut spec, &schema, object(None));
    }
    let rules = found(&lint(&spec));
    assert!(
        rules.iter().all(|(rule, _)| *rule != "object-alike"),
        "{rules:?}"
    );
}

#[test]
fn lints_md_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("LINTS.md");
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(
        written == rules::document(),
        "codegen/LINTS.md is stale: `cargo run -p qingstor-codegen -- lint --rules > codegen/LINTS.md`"
    );
}

#[test]
fn warnings_only_fail_if_denied() {
    let workspace = Workspace::new();
    let mut spec = clean();
    put(&mut spec, "/definitions/c_d/description", json!(""));
    workspace.write("api.json", spec.to_string());
    let run = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codegen"));
        let command = command.args(["lint"]).args(arguments.split_whitespace());
        let output = command.current_dir(workspace.path("")).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(run("-f api.json").0, 0);
    assert_eq!(run("-f api.json --deny warnings").0, 1);
    let (code, out) = run("-f api.json --format github --deny notes");
    assert_eq!(code, 1);
    let start = "::warning file=api.json,line=1,col=";
    assert!(
        out.starts_with(start) && out.contains(",title=definition-no-description::`c_d`"),
        "{out}"
    );
    assert_eq!(run("--rules"), (0, rules::document()));
    assert_eq!(run("").0, 2, "neither a specification nor `--rules`");
}
