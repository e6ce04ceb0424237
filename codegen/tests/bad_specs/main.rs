//! Invalid specifications are refused with the place, and nothing is written.
#![cfg(test)]

#[path = "../common/mod.rs"]
mod common;
mod rules;

use common::Workspace;

/// A description, the text of the specification, and the expected finding: rule, line, column,
/// pointer.
type Case = (&'static str, String, Found);
type Found = &'static [(&'static str, usize, usize, &'static str)];

/// Returns a root document with some lines of `paths`, which begin in line 4.
fn root(paths: &str) -> String {
    format!(
        "{{\n\"swagger\": \"2.0\", \"info\": {{ \"title\": \"T\", \"version\": \"1\" }},\n\"paths\": {{\n{paths}\n}}\n}}"
    )
}

/// Returns an operation of the path `/` with some lines of parameters, which begin in line 8.
fn parameters(lines: &str) -> String {
    root(&format!(
        "\"/\": {{\n\"get\": {{\n\"operationId\": \"A\",\n\"parameters\": [\n{lines}\n],\n\"responses\": {{ \"200\": {{}} }}\n}}\n}}"
    ))
}

fn cases() -> Vec<Case> {
    let mut cases = json_cases();
    cases.extend(shape_cases());
    cases.extend(rules::rule_cases());
    cases.extend(rules::wire_cases());
    cases
}

fn json_cases() -> Vec<Case> {
    vec![
        ("empty", String::new(), &[("json-empty", 1, 1, "")]),
        ("blank", " \n ".to_owned(), &[("json-empty", 2, 2, "")]),
        (
            "no JSON",
            "swagger: 2".to_owned(),
            &[("json-yaml", 1, 1, "")],
        ),
        (
            "truncated",
            "{\n\"swagger\": \"2.".to_owned(),
            &[("json-syntax", 2, 12, "")],
        ),
        (
            "cut in an object",
            "{\n\"a\": {".to_owned(),
            &[("json-syntax", 2, 7, "")],
        ),
        (
            "trailing comma",
            "{\n\"a\": 1,\n}".to_owned(),
            &[("json-syntax", 3, 1, "")],
        ),
        (
            "something behind",
            "{}\n{}".to_owned(),
            &[("json-syntax", 2, 1, "")],
        ),
        (
            "control character",
            "{\n\"a\": \"b\tc\"}".to_owned(),
            &[("json-syntax", 2, 8, "")],
        ),
        (
            "bad escape",
            "{\n\"é\": \"\\q\"}".to_owned(),
            &[("json-syntax", 2, 6, "")],
        ),
        (
            "byte order mark",
            "\u{feff}{\"swagger\": \"1.2\"}".to_owned(),
            &[("swagger-version", 1, 13, "/swagger")],
        ),
        (
            "huge number",
            "{\n\"a\": 1e999}".to_owned(),
            &[("json-number", 2, 6, "")],
        ),
        (
            "leading zero",
            "{\n\"a\": 01}".to_owned(),
            &[("json-number", 2, 6, "")],
        ),
        ("deep", "[".repeat(100_000), &[("json-depth", 1, 129, "")]),
        (
            "deep objects",
            "{\"a\":".repeat(100_000),
            &[("json-depth", 1, 641, "")],
        ),
        (
            "duplicate keys, all of them",
            "{\n\"a\": 1,\n\"a\": 2, \"b\": { \"c\": 1, \"c\": 1 }\n}".to_owned(),
            &[
                ("json-duplicate-key", 3, 1, ""),
                ("json-duplicate-key", 3, 24, ""),
            ],
        ),
    ]
}

fn shape_cases() -> Vec<Case> {
    vec![
        ("no object", "[]".to_owned(), &[("wrong-type", 1, 1, "")]),
        (
            "no version",
            "{\n}".to_owned(),
            &[("swagger-version", 1, 1, "")],
        ),
        (
            "OpenAPI 3",
            "{ \"openapi\": \"3.0.0\" }".to_owned(),
            &[("paths-missing", 1, 1, "")],
        ),
        (
            "Swagger 1.2",
            "{ \"swagger\": \"1.2\" }".to_owned(),
            &[("swagger-version", 1, 14, "/swagger")],
        ),
        (
            "version as a number",
            "{ \"swagger\": 2.0 }".to_owned(),
            &[("swagger-version", 1, 14, "/swagger")],
        ),
        (
            "no paths",
            "{\n\"swagger\": \"2.0\" }".to_owned(),
            &[("paths-missing", 1, 1, "")],
        ),
        (
            "path without slash",
            root("\"x\": {}"),
            &[("path-slash", 4, 1, "/paths/x")],
        ),
        (
            "host with a scheme",
            "{\n\"swagger\": \"2.0\",\n\"host\": \"https://a.example\",\n\"paths\": {}\n}".to_owned(),
            &[("host-text", 3, 9, "/host")],
        ),
        (
            "two tags with the same name",
            "{\n\"swagger\": \"2.0\",\n\"tags\": [{ \"name\": \"A\" },\n{ \"name\": \"A\" }],\n\"paths\": {}\n}".to_owned(),
            &[("tag-duplicate", 4, 11, "/tags/1/name")],
        ),
        (
            "base paths that begin no URL",
            "{\n\"swagger\": \"2.0\",\n\"basePath\": \"v2/../\",\n\"paths\": {}\n}".to_owned(),
            &[
                ("path-slash", 3, 13, "/basePath"),
                ("path-text", 3, 13, "/basePath"),
            ],
        ),
        (
            "several at once",
            parameters(
                "{ \"name\": \"a\", \"in\": \"pathh\", \"type\": \"string\" },\n{ \"in\": \"query\", \"type\": \"string\" }",
            ),
            &[
                ("parameter-place", 8, 22, "/paths/~1/get/parameters/0/in"),
                ("parameter-name", 9, 1, "/paths/~1/get/parameters/1"),
            ],
        ),
        (
            "unknown type",
            parameters("{ \"name\": \"a\", \"in\": \"query\", \"type\": \"strin\" }"),
            &[("type-unknown", 8, 39, "/paths/~1/get/parameters/0/type")],
        ),
        (
            "no type",
            parameters("{ \"name\": \"a\", \"in\": \"query\" }"),
            &[("type-missing", 8, 1, "/paths/~1/get/parameters/0")],
        ),
        (
            "array without items",
            parameters("{ \"name\": \"a\", \"in\": \"query\", \"type\": \"array\" }"),
            &[("items-missing", 8, 1, "/paths/~1/get/parameters/0")],
        ),
        (
            "a flag that is none",
            parameters(
                "{ \"name\": \"a\", \"in\": \"query\", \"type\": \"string\", \"required\": 1 }",
            ),
            &[("wrong-type", 8, 61, "/paths/~1/get/parameters/0/required")],
        ),
        (
            "body without schema",
            parameters("{ \"name\": \"a\", \"in\": \"body\" }"),
            &[("body-schema-missing", 8, 1, "/paths/~1/get/parameters/0")],
        ),
        (
            "no operationId, no responses",
            root("\"/\": { \"get\": {\n} }"),
            &[
                ("operation-id-missing", 4, 15, "/paths/~1/get"),
                ("responses-missing", 4, 15, "/paths/~1/get"),
            ],
        ),
        (
            "no status",
            root("\"/\": { \"get\": { \"operationId\": \"A\", \"responses\": { \"2xx\": {} } } }"),
            &[("response-status", 4, 52, "/paths/~1/get/responses/2xx")],
        ),
        (
            "a status with a leading zero",
            root("\"/\": { \"get\": { \"operationId\": \"A\", \"responses\": { \"0200\": {} } } }"),
            &[("response-status", 4, 52, "/paths/~1/get/responses/0200")],
        ),
    ]
}

#[test]
fn invalid_specifications_are_refused_with_the_place() {
    let mut failures = Vec::new();
    for (name, text, expected) in cases() {
        let workspace = Workspace::notes();
        workspace.write("specs/notes.json", text);
        let report = workspace.refusal();
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|finding| {
                let place = finding.place.as_ref().unwrap();
                let pointer = place.pointer.clone().unwrap_or_default();
                (finding.rule, place.line, place.column, pointer)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(r, l, c, p)| (*r, *l, *c, (*p).to_owned()))
            .collect();
        if found != expected {
            failures.push(format!("{name}\n  wanted {expected:?}\n  found  {found:?}"));
        }
        assert!(
            !workspace.path("out").exists(),
            "{name}: something was written"
        );
        assert!(
            report.findings.iter().all(|finding| finding.help.is_some()),
            "{name}: no help"
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_long_chain_of_definitions_does_not_exhaust_the_stack() {
    let mut definitions = serde_json::Map::new();
    for n in 0..4_000 {
        let next = format!("#/definitions/d{}", (n + 1) % 4_000);
        let value = serde_json::json!({ "properties": { "next": { "$ref": next } } });
        definitions.insert(format!("d{n}"), value);
    }
    let mut spec = common::spec(serde_json::json!({}));
    spec["definitions"] = definitions.into();
    let model = common::model(&spec).unwrap();
    assert_eq!(
        model["types"][0]["properties"][0]["shape"]["recursive"],
        true
    );
}

#[test]
fn a_long_chain_of_references_is_not_a_cycle() {
    let mut paths = serde_json::Map::new();
    for n in 0..60 {
        let next = format!("#/paths/~1p{}", n + 1);
        paths.insert(format!("/p{n}"), serde_json::json!({ "$ref": next }));
    }
    let last = serde_json::json!({ "get": common::operation(serde_json::json!([])) });
    paths.insert("/p60".to_owned(), last);
    let spec = common::spec(paths.into());
    let error = common::model(&spec).unwrap_err();
    let qingstor_codegen::Error::Spec(report) = error else {
        panic!("{error}");
    };
    assert!(!report.findings.is_empty());
    for finding in report.findings {
        assert_eq!(finding.rule, "ref-depth", "{}", finding.message);
    }
}
