//! Lowering of `x-paging`.
#![cfg(test)]

mod common;

use common::{model, only_operation, operation, spec};
use serde_json::{Value, json};

#[test]
fn paging_resolves_names() {
    let mut one = operation(json!([{ "name": "marker", "in": "query", "type": "string" }]));
    one["responses"]["200"]["schema"] =
        json!({ "properties": { "keys": {}, "next_marker": { "type": "string" } } });
    one["x-paging"] = json!({ "items": "keys", "next": { "next_marker": "marker" } });
    let paths = |one: &Value| spec(json!({ "/": { "get": one } }));
    let paging = only_operation(&paths(&one))["paging"].clone();
    assert_eq!(paging["next"][0]["to"]["ident"], "marker");
    one["x-paging"]["next"] = json!({ "next_marker": "token" });
    let error = model(&paths(&one)).unwrap_err().to_string();
    assert!(
        error.contains("names `token`, which the request does not have"),
        "{error}"
    );
}

#[test]
fn paging_resolves_names_of_items_and_counts() {
    let parameters = json!([
        { "name": "after", "in": "query", "type": "integer" },
        { "name": "skip", "in": "query", "type": "integer" },
        { "name": "limit", "in": "query", "type": "integer" },
    ]);
    let mut one = operation(parameters);
    one["responses"]["200"]["schema"] = json!({ "properties": {
        "parts": { "type": "array", "items": { "properties": { "number": { "type": "integer" } } } },
        "count": { "type": "integer" },
    } });
    one["x-paging"] = json!({
        "items": "parts", "limit": "limit", "last": { "number": "after" },
        "offset": "skip", "total": "count",
    });
    let paths = |one: &Value| spec(json!({ "/": { "get": one } }));
    let paging = only_operation(&paths(&one))["paging"].clone();
    assert_eq!(paging["last"][0]["from"]["ident"], "number");
    assert_eq!(paging["last"][0]["to"]["ident"], "after");
    for (key, name) in [("limit", "limit"), ("offset", "skip"), ("total", "count")] {
        assert_eq!(paging[key]["name"], name);
    }
    assert!(paging["item_type"].is_string(), "{paging}");
    one["x-paging"]["last"] = json!({ "etag": "after" });
    let error = model(&paths(&one)).unwrap_err().to_string();
    assert!(
        error.contains("names `etag`, which the item does not have"),
        "{error}"
    );
}

/// A parameter of the next page must have the type of the property that it is copied from.
#[test]
fn paging_requires_matching_types() {
    let one = |parameter: Value, paging: Value| {
        let mut one = operation(json!([parameter]));
        one["responses"]["200"]["schema"] = json!({ "properties": {
            "list": { "type": "array", "items": { "type": "string" } }, "map": { "type": "map" },
            "text": { "type": "string" }, "big": { "type": "integer", "format": "int64" },
            "tone": { "type": "string", "enum": ["a"] }, "flag": { "type": "boolean" },
        } });
        one["x-paging"] = paging;
        spec(json!({ "/": { "get": one } }))
    };
    let text = json!({ "name": "p", "in": "query", "type": "string" });
    let mut required = text.clone();
    required["required"] = true.into();
    let small = json!({ "name": "p", "in": "query", "type": "integer", "format": "int32" });
    let with = |key: &str, value: Value| json!({ "items": "list", (key): value });
    for (parameter, paging, expected) in [
        (
            &text,
            json!({ "items": "map" }),
            "`map`, which is `map<text>`, not a list",
        ),
        (
            &text,
            with("more", "text".into()),
            "`text`, which is `text`, not a flag",
        ),
        (
            &text,
            with("total", "flag".into()),
            "`flag`, which is `bool`, not an integer",
        ),
        (
            &text,
            with("limit", "p".into()),
            "`p`, which is `text`, not an integer",
        ),
        (
            &text,
            with("next", json!({ "big": "p" })),
            "`big` of type `int64` to `p` of type `text`",
        ),
        (
            &small,
            with("next", json!({ "big": "p" })),
            "`big` of type `int64` to `p` of type `int32`",
        ),
        (
            &text,
            with("next", json!({ "flag": "p" })),
            "`flag`, which is `bool`, not text or an integer",
        ),
        (
            &required,
            with("next", json!({ "text": "p" })),
            "sets `p`, which is required",
        ),
        (
            &text,
            with("next", json!({ "tone": "p" })),
            "not text or an integer",
        ),
    ] {
        let error = model(&one(parameter.clone(), paging))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("error[paging]"), "{error}");
        assert!(error.contains(expected), "{expected}: {error}");
        // The example helps only with missing and unknown names.
        assert!(!error.contains("for example"), "{error}");
    }
    let fits = one(text, with("next", json!({ "text": "p" })));
    assert_eq!(
        only_operation(&fits)["paging"]["next"][0]["to"]["name"],
        "p"
    );
}
