//! Specifications that can be read, but violate a rule.

use crate::{Case, parameters, root};

/// Specifications that can be read but describe requests that cannot be sent.
pub(crate) fn wire_cases() -> Vec<Case> {
    const NAME: Place = (8, 11, "/paths/~1/get/parameters/0/name");
    const WHOLE: Place = (8, 1, "/paths/~1/get/parameters/0");
    type Place = (usize, usize, &'static str);
    let parameter = |text: &str| parameters(&format!("{{ \"name\": {text} }}"));
    let path = |path: &str| {
        root(&format!(
            "\"{path}\": {{ \"get\": {{ \"operationId\": \"A\", \"responses\": {{ \"200\": {{}} }} }} }}"
        ))
    };
    let fact = |fact: &str| {
        root(&format!(
            "\"/\": {{ \"get\": {{ \"operationId\": \"A\", {fact}, \"responses\": {{ \"200\": {{}} }} }} }}"
        ))
    };
    let list = |rest: &str| parameter(&format!(r#""A", "type": "array", {rest}"#));
    let case = |what, spec, rule, (line, column, pointer): Place| -> Case {
        (what, spec, Vec::leak(vec![(rule, line, column, pointer)]))
    };
    vec![
        case(
            "space in a header",
            parameter(r#""a b", "in": "header", "type": "string""#),
            "header-name",
            NAME,
        ),
        case(
            "header beyond ASCII",
            parameter(r#""größe", "in": "header", "type": "string""#),
            "header-name",
            NAME,
        ),
        case(
            "a header that is not sent, beside a body",
            fact(r#""x-excludes-body": ["B"]"#),
            "x-excludes-body",
            (4, 57, "/paths/~1/get/x-excludes-body/0"),
        ),
        case(
            "no list of headers",
            fact(r#""x-excludes-body": "B""#),
            "x-excludes-body",
            (4, 56, "/paths/~1/get/x-excludes-body"),
        ),
        case(
            "a header that is no name",
            fact(r#""x-excludes-body": [7]"#),
            "x-excludes-body",
            (4, 57, "/paths/~1/get/x-excludes-body/0"),
        ),
        case(
            "a script as the documentation",
            fact(r#""externalDocs": { "url": "javascript:1" }"#),
            "docs-url",
            (4, 62, "/paths/~1/get/externalDocs/url"),
        ),
        case(
            "two lines as the documentation",
            fact(r#""externalDocs": { "url": "https://a.example/\r| b" }"#),
            "docs-url",
            (4, 62, "/paths/~1/get/externalDocs/url"),
        ),
        case(
            "bad prefix",
            parameter(r#""m", "in": "header", "type": "map", "x-prefix": "a:""#),
            "header-name",
            NAME,
        ),
        case(
            "map in a query",
            parameter(r#""m", "in": "query", "type": "map""#),
            "map-place",
            NAME,
        ),
        case(
            "bytes in a query",
            parameter(r#""A", "in": "query", "type": "file""#),
            "binary-place",
            WHOLE,
        ),
        case(
            "bytes in a list",
            list(r#""in": "formData", "items": { "type": "string", "format": "binary" }"#),
            "binary-place",
            WHOLE,
        ),
        case(
            "time in a list",
            list(r#""in": "query", "items": { "type": "integer", "format": "unix-time" }"#),
            "time-place",
            WHOLE,
        ),
        case(
            "repeated header",
            list(r#""in": "header", "collectionFormat": "multi", "items": { "type": "string" }"#),
            "collection-format",
            WHOLE,
        ),
        case(
            "space in a path",
            path("/a b"),
            "path-text",
            (4, 1, "/paths/~1a b"),
        ),
        case(
            "fragment in a path",
            path("/a?b#c"),
            "path-text",
            (4, 1, "/paths/~1a?b#c"),
        ),
        case(
            "empty sub-resource",
            path("/a?"),
            "path-text",
            (4, 1, "/paths/~1a?"),
        ),
        case(
            "path that leads elsewhere",
            path("/a/../b"),
            "path-text",
            (4, 1, "/paths/~1a~1..~1b"),
        ),
        case(
            "brace that closes nothing",
            path("/a}"),
            "path-brace",
            (4, 1, "/paths/~1a}"),
        ),
    ]
}

pub(crate) fn rule_cases() -> Vec<Case> {
    let ok = "\"responses\": { \"200\": {} }";
    let operation = |path: &str, id: &str, rest: &str| {
        format!("\"{path}\": {{ \"get\": {{ \"operationId\": \"{id}\", {rest} {ok} }} }}")
    };
    let path = "{ \"name\": \"b\", \"in\": \"path\", \"required\": true, \"type\": \"string\" }";
    let body = "{ \"name\": \"b\", \"in\": \"body\", \"schema\": {} }";
    let constructors = |constructors: &str| {
        let properties = r#""k": { "type": "string" }, "u": { "type": "integer", "format": "int32", "minimum": 0 },
            "i": { "type": "integer", "format": "int32" }, "f": { "type": "number", "format": "float" }"#;
        let properties = properties.replace('\n', " ");
        root("").replace("\"paths\"", &format!(
            "\"definitions\": {{ \"a\": {{ \"properties\": {{ {properties} }}, \"x-constructors\": {{ {constructors} }} }} }}, \"paths\""
        ))
    };
    let keyed = |name: &str| {
        format!(
            "\"/{{{name}}}\": {{ \"get\": {{ \"operationId\": \"{name}\", \"parameters\": [{{ \"name\": \"{name}\", \"in\": \"path\", \"required\": true, \"type\": \"string\" }}], \"responses\": {{ \"200\": {{}} }} }} }}"
        )
    };
    vec![
        (
            "duplicate operationId",
            root(&format!("{},\n{}", operation("/", "A", ""), operation("/x", "A", ""))),
            &[("operation-id-duplicate", 5, 33, "/paths/~1x/get/operationId")],
        ),
        (
            "undeclared path parameter",
            root(&operation("/{a}", "A", "")),
            &[("path-parameter-undeclared", 4, 35, "/paths/~1{a}/get/operationId")],
        ),
        (
            "path parameter that is not in the path",
            parameters(path),
            &[("path-parameter-unknown", 8, 11, "/paths/~1/get/parameters/0/name")],
        ),
        (
            "path parameter that is not required",
            root(&operation("/{b}", "A", "\"parameters\": [\n{ \"name\": \"b\", \"in\": \"path\", \"type\": \"string\" }],")),
            &[("path-parameter-required", 5, 1, "/paths/~1{b}/get/parameters/0")],
        ),
        (
            "two bodies",
            parameters(&format!("{body},\n{}", body.replace("\"b\"", "\"c\""))),
            &[("body-duplicate", 9, 1, "/paths/~1/get/parameters/1")],
        ),
        (
            "body and form",
            parameters(&format!("{body},\n{{ \"name\": \"f\", \"in\": \"formData\", \"type\": \"string\" }}")),
            &[("body-and-form", 9, 1, "/paths/~1/get/parameters/1")],
        ),
        (
            "no response",
            root("\"/\": { \"get\": {\n\"operationId\": \"A\", \"responses\": {} } }"),
            &[("responses-empty", 5, 16, "/paths/~1/get/operationId")],
        ),
        (
            "empty names",
            root("\"/\": { \"get\": { \"x-name\": \"\", \"operationId\": \"A\", \"parameters\": [\n\
                  { \"name\": \"a\", \"in\": \"query\", \"type\": \"string\", \"x-name\": \"\" },\n\
                  { \"name\": \"b\", \"in\": \"query\", \"type\": \"string\", \"enum\": [\"c\"], \"x-type-name\": \"\" },\n\
                  { \"name\": \"d\", \"in\": \"query\", \"type\": \"string\", \"enum\": [\"c\"], \"x-enum-names\": { \"c\": \"\" } }\n\
                  ], \"responses\": { \"200\": {} } } }"),
            &[
                ("name-empty", 4, 27, "/paths/~1/get/x-name"),
                ("name-empty", 5, 59, "/paths/~1/get/parameters/0/x-name"),
                ("name-empty", 6, 79, "/paths/~1/get/parameters/1/x-type-name"),
                ("name-empty", 7, 87, "/paths/~1/get/parameters/2/x-enum-names/c"),
            ],
        ),
        (
            "chosen names with other characters",
            parameters("{ \"name\": \"a{}\", \"in\": \"query\", \"type\": \"string\",\n\"x-name\": \"fn a(){}\" }"),
            &[("name-text", 9, 11, "/paths/~1/get/parameters/0/x-name")],
        ),
        (
            "missing definition",
            parameters("{ \"name\": \"b\", \"in\": \"body\", \"schema\": {\n\"$ref\": \"#/definitions/gone\" } }"),
            &[("ref-missing", 9, 9, "/paths/~1/get/parameters/0/schema/$ref")],
        ),
        (
            "missing file",
            root("\"/\": { \"$ref\": \"./gone.json\" }"),
            &[("file-unreadable", 4, 16, "/paths/~1/$ref")],
        ),
        (
            "missing file of two references",
            root("\"/\": { \"$ref\": \"./gone.json#/a\" },\n\"/b\": { \"$ref\": \"./gone.json#/b\" }"),
            &[("file-unreadable", 4, 16, "/paths/~1/$ref"), ("file-unreadable", 5, 17, "/paths/~1b/$ref")],
        ),
        (
            "reference instead of an operation",
            root("\"/\": { \"get\": { \"$ref\": \"./parts/acl.json\" } }"),
            &[("ref-invalid", 4, 25, "/paths/~1/get/$ref")],
        ),
        (
            "references instead of maps",
            root("\"$ref\": \"./parts/acl.json\"")
                .replace("\"paths\"", "\"definitions\": { \"$ref\": \"./parts/acl.json\" },\n\"paths\""),
            &[("ref-invalid", 3, 26, "/definitions/$ref"), ("ref-invalid", 5, 9, "/paths/$ref")],
        ),
        (
            "reference instead of a list",
            root("\"/\": { \"parameters\": { \"$ref\": \"./parts/acl.json\" } }"),
            &[("ref-invalid", 4, 32, "/paths/~1/parameters/$ref")],
        ),
        (
            "reference to a server",
            root("\"/\": { \"$ref\": \"https://example.com/a.json\" }"),
            &[("ref-invalid", 4, 16, "/paths/~1/$ref")],
        ),
        (
            "reference to an absolute path",
            root("\"/\": { \"$ref\": \"/etc/passwd\" }"),
            &[("ref-invalid", 4, 16, "/paths/~1/$ref")],
        ),
        (
            "paths in a circle",
            root("\"/\": { \"$ref\": \"#/paths/~1a\" },\n\"/a\": { \"$ref\": \"#/paths/~1\" }"),
            &[("ref-circular", 4, 16, "/paths/~1/$ref"), ("ref-circular", 5, 17, "/paths/~1a/$ref")],
        ),
        (
            "parameters in a circle",
            parameters("{ \"$ref\": \"#/parameters/p\" }")
                .replace("\"paths\"", "\"parameters\": { \"p\": { \"$ref\": \"#/parameters/p\" } }, \"paths\""),
            &[("ref-circular", 3, 32, "/parameters/p/$ref")],
        ),
        (
            "definitions in a circle",
            root("").replace("\"paths\"", "\"definitions\": { \"a\": { \"$ref\": \"#/definitions/b\" },\n\"b\": { \"$ref\": \"#/definitions/a\" } }, \"paths\""),
            &[("ref-circular", 3, 18, "/definitions/a"), ("ref-circular", 4, 1, "/definitions/b")],
        ),
        (
            "allOf in a circle",
            root("").replace("\"paths\"", "\"definitions\": { \"a\": { \"allOf\": [{ \"$ref\": \"#/definitions/a\" },\n{ \"properties\": {} }] } }, \"paths\""),
            &[("all-of-circular", 3, 35, "/definitions/a/allOf/0")],
        ),
        (
            "one error code twice",
            root("").replace("\"paths\"", "\"x-error-codes\": [{ \"code\": \"a\" },\n{ \"code\": \"a\" }], \"paths\""),
            &[("error-code", 4, 11, "/x-error-codes/1/code")],
        ),
        (
            "handles whose parameters begin no path",
            root(&keyed("a")).replace(
                "\"paths\"",
                "\"x-handles\": [{ \"name\": \"A\", \"binds\": [\"A\"] },\n{ \"name\": \"B\", \"binds\": [\"a\", \"b\"] },\n{ \"name\": \"C\", \"binds\": [\"a\"] }], \"paths\"",
            ),
            &[
                ("handle-parameter-unknown", 3, 25, "/x-handles/0/name"),
                ("handle-parameter-unknown", 4, 11, "/x-handles/1/name"),
            ],
        ),
        (
            "a path with one parameter twice",
            root(&keyed("a").replace("/{a}", "/{a}/{a}")),
            &[("path-parameter-duplicate", 4, 1, "/paths/~1{a}~1{a}")],
        ),
        (
            "paths that differ in the name of a parameter",
            root(&format!("{},\n{}", keyed("a"), keyed("b"))),
            &[("path-duplicate", 5, 11, "/paths/~1{b}/get")],
        ),
        (
            "one or many of what is no list",
            root("").replace("\"paths\"", "\"definitions\": { \"a\": { \"properties\": { \"b\": { \"type\": \"string\",\n\"x-one-or-many\": true } } } }, \"paths\""),
            &[("x-one-or-many", 4, 18, "/definitions/a/properties/b/x-one-or-many")],
        ),
        (
            "a constructor that is not an object",
            root("").replace("\"paths\"", "\"definitions\": { \"a\": { \"properties\": { \"b\": { \"type\": \"string\" } }, \"x-constructors\": {\n\"new\": 42 } } }, \"paths\""),
            &[("wrong-type", 4, 8, "/definitions/a/x-constructors/new")],
        ),
        (
            "constructors with the same method",
            constructors(r#""a-b": { "args": ["k"] },
"a_b": { "args": ["k"] }"#),
            &[("name-collision", 4, 1, "/definitions/a/x-constructors/a_b")],
        ),
        (
            "an argument twice",
            constructors("\n\"of\": { \"args\": [\"k\", \"k\"] }"),
            &[("constructor", 4, 23, "/definitions/a/x-constructors/of/args/1")],
        ),
        (
            "an argument that is fixed",
            constructors("\n\"of\": { \"fixed\": { \"u\": 1 }, \"args\": [\"u\"] }"),
            &[("constructor", 4, 39, "/definitions/a/x-constructors/of/args/0")],
        ),
        (
            "fixed values that do not fit",
            constructors(
                "\"a\": { \"fixed\": {\n\"u\": -1 } }, \"b\": { \"fixed\": {\n\"i\": 4294967296 } },\n\"c\": { \"fixed\": { \"f\": 1e39 } }, \"d\": { \"fixed\": {\n\"u\": 1.0 } }",
            ),
            &[
                ("constructor", 4, 6, "/definitions/a/x-constructors/a/fixed/u"),
                ("constructor", 5, 6, "/definitions/a/x-constructors/b/fixed/i"),
                ("constructor", 6, 24, "/definitions/a/x-constructors/c/fixed/f"),
                ("constructor", 7, 6, "/definitions/a/x-constructors/d/fixed/u"),
            ],
        ),
        (
            "limits that no integer is within",
            parameters(
                r#"{ "name": "a", "in": "query", "type": "integer", "minimum": 1e30 },
{ "name": "b", "in": "query", "type": "integer", "maximum": 0, "exclusiveMaximum": -1e30 },
{ "name": "c", "in": "query", "type": "integer", "minimum": 9223372036854775807, "exclusiveMinimum": true }"#,
            ),
            &[
                ("integer-limit", 8, 61, "/paths/~1/get/parameters/0/minimum"),
                ("integer-limit", 9, 84, "/paths/~1/get/parameters/1/exclusiveMaximum"),
                ("integer-limit", 10, 61, "/paths/~1/get/parameters/2/minimum"),
            ],
        ),
        (
            "required, but not there",
            root("").replace("\"paths\"", "\"definitions\": { \"a\": { \"properties\": { \"b\": {} }, \"required\": [\"c\"] } }, \"paths\""),
            &[("required-unknown", 3, 65, "/definitions/a/required/0")],
        ),
    ]
}
