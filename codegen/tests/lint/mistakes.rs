//! Mistakes in specifications, and the finding of each.

use serde_json::{Value, json};

/// A rule, a pointer, the value to insert there, and the pointer of the finding.
pub(crate) type Change = (&'static str, &'static str, Value, &'static str);

pub(crate) fn changes() -> Vec<Change> {
    vec![
        (
            "no-description",
            "/paths/~1a/get/summary",
            json!(""),
            "/paths/~1a/get/operationId",
        ),
        (
            "parameter-no-description",
            "/paths/~1a/get/parameters/0/description",
            json!(""),
            "/paths/~1a/get/parameters/0/name",
        ),
        (
            "property-no-description",
            "/definitions/e_f/properties/g/description",
            json!(" "),
            "/definitions/e_f/properties/g",
        ),
        (
            "definition-no-description",
            "/definitions/c_d/description",
            json!(""),
            "/definitions/c_d",
        ),
        (
            "error-code-no-description",
            "/x-error-codes/0/description",
            json!(""),
            "/x-error-codes/0/code",
        ),
        (
            "status-no-description",
            "/paths/~1a/get/responses/200/description",
            json!(""),
            "/paths/~1a/get/responses/200",
        ),
        (
            "status-no-schema",
            "/paths/~1a/get/responses/201",
            json!({ "description": "d" }),
            "/paths/~1a/get/responses/201",
        ),
        (
            "schema-without-body",
            "/paths/~1a/get/responses/204",
            json!({ "description": "d", "schema": { "$ref": "#/definitions/big_thing" } }),
            "/paths/~1a/get/responses/204",
        ),
        (
            "no-success",
            "/paths/~1a/get/responses/200/x-success",
            json!(false),
            "/paths/~1a/get/operationId",
        ),
        (
            "definition-unused",
            "/definitions/own_circle",
            json!({ "description": "d", "type": "object", "properties": { "next": { "$ref": "#/definitions/own_circle" } } }),
            "/definitions/own_circle",
        ),
        (
            "parameter-unused",
            "/parameters",
            json!({ "spare": { "name": "spare", "in": "query", "type": "string" } }),
            "/parameters/spare",
        ),
        (
            "enum-case",
            "/definitions/the_state/enum",
            json!(["on", "off", "Broken"]),
            "/definitions/the_state/enum/2",
        ),
        (
            "enum-duplicate",
            "/definitions/the_state/enum",
            json!(["on", "off", "on"]),
            "/definitions/the_state/enum/2",
        ),
        (
            "unsigned-sub-resource",
            "/paths/~1a/get/parameters/1/x-signed",
            json!(false),
            "/paths/~1a/get/parameters/1/name",
        ),
        (
            "operation-id-case",
            "/paths/~1a/get/operationId",
            json!("get_a"),
            "/paths/~1a/get/operationId",
        ),
        (
            "operation-id-verb",
            "/paths/~1e",
            json!({ "get": { "operationId": "FolderGet", "summary": "s", "responses": { "200": { "description": "d" } } }, "put": { "operationId": "GetMore", "summary": "s", "responses": { "200": { "description": "d" } } } }),
            "/paths/~1e/get/operationId",
        ),
        (
            "operation-id-alike",
            "/paths/~1a/get/operationId",
            json!("GETB"),
            "/paths/~1b/get/operationId",
        ),
        (
            "definition-name-case",
            "/definitions/TheOther",
            json!({ "description": "d", "type": "string" }),
            "/definitions/TheOther",
        ),
        (
            "parameter-alike",
            "/paths/~1b/get/parameters/0/name",
            json!("Limit"),
            "/paths/~1b/get/parameters/0/name",
        ),
        (
            "parameter-type-differs",
            "/paths/~1b/get/parameters/0",
            json!({ "name": "limit", "in": "query", "type": "string", "description": "d" }),
            "/paths/~1b/get/parameters/0/name",
        ),
        (
            "default-misfit",
            "/paths/~1a/get/parameters/0/default",
            json!("one"),
            "/paths/~1a/get/parameters/0/default",
        ),
        (
            "example-misfit",
            "/definitions/g_h/example",
            json!(3.5),
            "/definitions/g_h/example",
        ),
        (
            "example-misfit",
            "/paths/~1a/get/responses/200/examples",
            json!({ "application/json": { "a_b": "maybe" } }),
            "/paths/~1a/get/responses/200/examples/application~1json/a_b",
        ),
        (
            "example-misfit",
            "/paths/~1a/get/x-examples",
            json!([{ "request": { "limit": "ten" } }]),
            "/paths/~1a/get/x-examples/0/request/limit",
        ),
        (
            "example-unknown-parameter",
            "/paths/~1a/get/x-examples",
            json!([{ "request": { "limit": 1 } }, { "request": { "limmit": 1 } }]),
            "/paths/~1a/get/x-examples/1/request/limmit",
        ),
        (
            "error-code-unknown",
            "/paths/~1a/get/x-errors",
            json!(["gone", "lost"]),
            "/paths/~1a/get/x-errors/1",
        ),
        (
            "enum-value-unknown",
            "/definitions/the_state/x-enum-descriptions",
            json!({ "on": "d", "of": "d" }),
            "/definitions/the_state",
        ),
        (
            "enum-value-unknown",
            "/definitions/the_state/x-enum-names",
            json!({ "On": "Active" }),
            "/definitions/the_state",
        ),
        (
            "type-name-unused",
            "/definitions/e_f/properties/g/x-type-description",
            json!("d"),
            "/definitions/e_f/properties/g/x-type-description",
        ),
        (
            "definition-alike",
            "/definitions/x_y",
            json!({ "description": "d", "type": "object", "properties": {
            "i": { "type": "boolean", "description": "d" }, "g": { "type": "string", "description": "d" } } }),
            "/definitions/x_y",
        ),
        (
            "object-alike",
            "/definitions/c_d/items",
            json!({ "description": "d", "type": "object", "properties": {
            "i": { "type": "boolean", "description": "d" }, "g": { "type": "string", "description": "d" } } }),
            "/definitions/c_d/items",
        ),
        (
            "unknown-key",
            "/paths/~1a/get/sumary",
            json!(""),
            "/paths/~1a/get/sumary",
        ),
        (
            "type-name-unused",
            "/paths/~1a/get/parameters/0/x-type-name",
            json!("N"),
            "/paths/~1a/get/parameters/0/x-type-name",
        ),
        (
            "header-prefix-unused",
            "/x-header-prefix",
            json!("X-QZ-"),
            "/x-header-prefix",
        ),
        (
            "tag-undeclared",
            "/paths/~1a/get/tags",
            json!(["Leters"]),
            "/paths/~1a/get/tags/0",
        ),
        (
            "misplaced-fact",
            "/paths/~1a/get/parameters/0/x-object-key",
            json!(true),
            "/paths/~1a/get/parameters/0/x-object-key",
        ),
        (
            "misplaced-fact",
            "/paths/~1a/get/parameters/1/x-into",
            json!(true),
            "/paths/~1a/get/parameters/1/x-into",
        ),
        (
            "misplaced-fact",
            "/paths/~1a/get/parameters/1/x-prefix",
            json!("x-a-"),
            "/paths/~1a/get/parameters/1/x-prefix",
        ),
        (
            "map-prefix",
            "/paths/~1a/get/parameters/1",
            json!({ "name": "meta", "in": "header", "type": "map", "description": "d" }),
            "/paths/~1a/get/parameters/1/name",
        ),
        (
            "media-type-unsupported",
            "/paths/~1a/get/produces",
            json!(["application/xml"]),
            "/paths/~1a/get/produces",
        ),
        (
            "media-type-unsupported",
            "/produces",
            json!(["text/plain; charset=utf-8", "application/xml"]),
            "/produces",
        ),
        (
            "security-ignored",
            "/securityDefinitions",
            json!({ "key": { "type": "apiKey", "in": "header", "name": "X-Key" } }),
            "/securityDefinitions",
        ),
        (
            "limits-contradict",
            "/paths/~1a/get/parameters/0/minimum",
            json!(9),
            "/paths/~1a/get/parameters/0/minimum",
        ),
        (
            "enum-empty",
            "/definitions/the_state/enum",
            json!([]),
            "/definitions/the_state/enum",
        ),
        (
            "name-without-letters",
            "/paths/~1a/get/operationId",
            json!("?!"),
            "/paths/~1a/get/operationId",
        ),
        (
            "name-without-letters",
            "/definitions/++",
            json!({ "description": "d", "type": "string" }),
            "/definitions/++",
        ),
        (
            "lint-allow-unused",
            "/x-lint-allow",
            json!([{ "rule": "enum-case", "at": "$", "reason": "r" }]),
            "/x-lint-allow/0",
        ),
    ]
}
