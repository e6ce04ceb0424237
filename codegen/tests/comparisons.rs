//! Properties of comparisons of two specifications.
#![cfg(test)]

mod common;

use common::{Workspace, spec, tests};
use qingstor_codegen::Generator;
use qingstor_codegen::diff::{Bump, Class, Report, Rule};
use serde_json::{Value, json};

fn compared(old: &Value, new: &Value) -> Report {
    let workspace = Workspace::new();
    workspace.write("old.json", old.to_string());
    workspace.write("new.json", new.to_string());
    let generator = |name: &str| Generator::new().spec(workspace.path(name));
    generator("new.json")
        .changes_since(&generator("old.json"))
        .unwrap()
}

#[test]
fn equal_specifications_have_no_changes() {
    for file in ["specs/notes.json", "obstacles.json"] {
        let generator = Generator::new().spec(tests().join(file));
        let report = generator.changes_since(&generator).unwrap();
        assert_eq!(report.changes, [], "{file}");
        assert_eq!(report.bump, Bump::None);
    }
}

/// A change that adds something in one direction removes it in the other.
#[test]
fn reverse_comparison_reports_reverse_changes() {
    let reversed = |rule: Rule| match rule {
        Rule::OperationAdded => Rule::OperationRemoved,
        Rule::OperationRemoved => Rule::OperationAdded,
        Rule::ParameterAdded => Rule::ParameterRemoved,
        Rule::ParameterRemoved => Rule::ParameterAdded,
        Rule::ArgumentAdded => Rule::ArgumentRemoved,
        Rule::ArgumentRemoved => Rule::ArgumentAdded,
        Rule::ParameterRequired => Rule::ParameterOptional,
        Rule::ParameterOptional => Rule::ParameterRequired,
        Rule::FieldAdded => Rule::FieldRemoved,
        Rule::FieldRemoved => Rule::FieldAdded,
        Rule::TypeAdded => Rule::TypeRemoved,
        Rule::TypeRemoved => Rule::TypeAdded,
        Rule::TypeSent => Rule::TypeNotSent,
        Rule::TypeNotSent => Rule::TypeSent,
        Rule::TraitLost => Rule::TraitGained,
        Rule::TraitGained => Rule::TraitLost,
        Rule::ValueAdded => Rule::ValueRemoved,
        Rule::ValueRemoved => Rule::ValueAdded,
        Rule::ErrorCodeAdded => Rule::ErrorCodeRemoved,
        Rule::ErrorCodeRemoved => Rule::ErrorCodeAdded,
        Rule::ConversionGained => Rule::ConversionLost,
        Rule::ConversionLost => Rule::ConversionGained,
        other => other,
    };
    let ids = |report: &Report, of: &dyn Fn(Rule) -> Rule| -> Vec<&str> {
        let mut ids: Vec<_> = report.changes.iter().map(|one| of(one.rule).id()).collect();
        ids.sort_unstable();
        ids
    };
    let text = std::fs::read_to_string(tests().join("obstacles.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for key in ["paths", "definitions", "x-error-codes"] {
        let members: Vec<String> = match &whole[key] {
            Value::Object(object) => object.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => continue,
        };
        for member in members {
            let mut less = whole.clone();
            match &mut less[key] {
                Value::Object(object) => drop(object.remove(&member)),
                Value::Array(items) => drop(items.remove(member.parse::<usize>().unwrap())),
                _ => {}
            }
            let workspace = Workspace::new();
            workspace
                .write("old.json", whole.to_string())
                .write("new.json", less.to_string());
            let generator = |name: &str| Generator::new().spec(workspace.path(name));
            let there = generator("new.json").changes_since(&generator("old.json"));
            // A referenced value cannot be removed.
            let Ok(there) = there else { continue };
            let back = generator("old.json")
                .changes_since(&generator("new.json"))
                .unwrap();
            assert_eq!(
                ids(&there, &reversed),
                ids(&back, &|rule| rule),
                "{key} {member}"
            );
            assert!(there.is_breaking(), "{key} {member}: {there}");
            seen += 1;
        }
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn changes_of_the_service_are_documentation() {
    let old = spec(json!({}));
    let mut new = old.clone();
    new["info"]["version"] = json!("2");
    new["info"]["description"] = json!("Words.");
    let report = compared(&old, &new);
    let rules: Vec<_> = report.changes.iter().map(|one| one.rule).collect();
    assert_eq!(rules, [Rule::Service, Rule::Words]);
    assert_eq!(report.count(Class::Documentation), 2);
    assert_eq!(
        (report.bump, report.bump_before_1_0),
        (Bump::Patch, Bump::Patch)
    );
    assert!(report.changelog.is_empty());
}

/// Readers of the changelog need the name, the old value and the new value.
#[test]
fn changelog_lines_name_old_and_new_values() {
    let base = || {
        spec(
            json!({"/": {"get": {"operationId": "Op", "summary": "s", "parameters": [
            {"name": "flag", "in": "query", "type": "boolean"}],
            "responses": {"200": {"description": "OK", "schema": {"properties": {
                "at": {"type": "string", "format": "date-time"}}}}}}}}),
        )
    };
    let lines = |change: fn(&mut Value)| {
        let mut new = base();
        change(&mut new["paths"]["/"]["get"]);
        let both = [compared(&base(), &new), compared(&new, &base())];
        both.map(|report| report.changelog.into_values().flatten().collect::<String>())
    };
    let status = lines(|op| op["responses"]["201"] = json!({"description": "Done"}));
    assert!(
        status[0].ends_with("now also succeeds with 201."),
        "{status:?}"
    );
    assert!(
        status[1].ends_with("no longer succeeds with 201."),
        "{status:?}"
    );
    let place = lines(|op| op["parameters"][0]["in"] = "header".into());
    assert!(
        place[0].ends_with("is now sent in a header instead of the query."),
        "{place:?}"
    );
    let time = lines(|op| {
        let fields = &mut op["responses"]["200"]["schema"]["properties"];
        fields["at"]["format"] = "date-time-rfc822".into();
    });
    let expected = "is now encoded as an HTTP date instead of ISO 8601.";
    assert!(time[0].ends_with(expected), "{time:?}");
}

#[test]
fn hostile_names_do_not_break_lines() {
    let operation = |name: &str| {
        spec(
            json!({"/": {"get": {"operationId": "Op", "summary": "s", "parameters": [
            {"name": name, "in": "query", "type": "string"}],
            "responses": {"200": {"description": "OK"}}}}}),
        )
    };
    let report = compared(&operation("a"), &operation("b\n### `x`\u{1b}[0m"));
    let lines = report.to_string();
    assert!(
        !lines.contains("\n### `") && !lines.contains('\u{1b}'),
        "{lines}"
    );
}

/// Replaces each value by values of all other kinds. Compares the result if it is a valid
/// specification.
#[test]
fn any_two_specifications_can_be_compared() {
    let text = std::fs::read_to_string(tests().join("obstacles.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut pointers = Vec::new();
    walk(&whole, String::new(), &mut pointers);
    let workspace = Workspace::new();
    workspace.write("old.json", &text);
    let old = Generator::new().spec(workspace.path("old.json"));
    let new = Generator::new().spec(workspace.path("new.json"));
    let mut compared = 0;
    for pointer in pointers {
        for other in [json!("other"), json!(true), json!([]), json!({})] {
            let mut changed = whole.clone();
            *changed.pointer_mut(&pointer).unwrap() = other;
            workspace.write("new.json", changed.to_string());
            if let (Ok(there), Ok(back)) = (new.changes_since(&old), old.changes_since(&new)) {
                assert_eq!(
                    there.changes.is_empty(),
                    back.changes.is_empty(),
                    "{pointer}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

fn walk(value: &Value, at: String, found: &mut Vec<String>) {
    let below = |token: String| format!("{at}/{}", token.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(k, v)| walk(v, below(k.clone()), found)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, v)| walk(v, below(index.to_string()), found));
        }
        _ => {}
    }
    found.push(at);
}

/// Returns a specification with one of everything that the following changes touch.
fn shelf() -> Value {
    let mut shelf = spec(json!({
        "/{shelf}": { "get": {
            "operationId": "ListBooks", "summary": "s", "tags": ["Shelf"],
            "parameters": [
                { "name": "shelf", "in": "path", "required": true, "type": "string" },
                { "name": "limit", "in": "query", "type": "integer", "default": 10, "minimum": 1,
                  "maximum": 20, "description": "d" },
                { "name": "X-Mark", "in": "header", "type": "string" },
            ],
            "responses": { "200": { "description": "d", "schema": { "type": "object", "properties": {
                "books": { "type": "array", "items": { "$ref": "#/definitions/book" } },
                "kind": { "$ref": "#/definitions/kind" } } } } } } },
        "/{shelf}?rules": { "put": {
            "operationId": "PutRules", "summary": "s", "tags": ["Shelf"],
            "parameters": [
                { "name": "shelf", "in": "path", "required": true, "type": "string" },
                { "name": "body", "in": "body", "schema": { "type": "object", "required": ["kind"],
                    "properties": { "kind": { "$ref": "#/definitions/kind" } } } },
            ],
            "responses": { "204": { "description": "d" } } } },
    }));
    shelf["tags"] = json!([{ "name": "Shelf", "description": "d" }]);
    shelf["definitions"] = json!({
        "book": { "type": "object", "description": "d", "properties": {
            "title": { "type": "string", "description": "d" },
            "pages": { "type": "integer" } } },
        "kind": { "type": "string", "description": "d", "enum": ["open", "shut"] },
    });
    shelf
}

#[test]
fn one_changed_fact_is_one_change() {
    let list = "/paths/~1{shelf}/get";
    let limit = "/paths/~1{shelf}/get/parameters/1";
    let fields = "/paths/~1{shelf}/get/responses/200/schema/properties";
    let book = "/definitions/book/properties";
    for (name, edits) in [
        ("a new tag", vec![(list, "tags", json!(["Book"]))]),
        (
            "a new tag with a description",
            vec![
                (list, "tags", json!(["Book"])),
                (
                    "",
                    "tags",
                    json!([{ "name": "Shelf", "description": "d" }, { "name": "Book", "description": "b" }]),
                ),
            ],
        ),
        ("a new type", vec![(limit, "type", json!("number"))]),
        (
            "a new type with its default and limits",
            vec![(
                "/paths/~1{shelf}/get/parameters",
                "1",
                json!({ "name": "limit", "in": "query", "type": "string", "default": "10", "description": "d" }),
            )],
        ),
        (
            "a new type of a field",
            vec![(book, "pages", json!({ "type": "string" }))],
        ),
        (
            "a list instead of a value",
            vec![(
                book,
                "title",
                json!({ "type": "array", "items": { "type": "string" }, "description": "d" }),
            )],
        ),
        (
            "a renamed operation",
            vec![(list, "operationId", json!("FindBooks"))],
        ),
        (
            "a renamed operation of which the method keeps its name",
            vec![(list, "x-name", json!("ListBooksOfShelf"))],
        ),
        ("a renamed parameter", vec![(limit, "name", json!("most"))]),
        (
            "a parameter in another place",
            vec![(limit, "in", json!("header"))],
        ),
        (
            "a renamed identifier",
            vec![(limit, "x-name", json!("most"))],
        ),
        (
            "a required parameter",
            vec![(limit, "required", json!(true))],
        ),
        ("another default", vec![(limit, "default", json!(11))]),
        ("another limit", vec![(limit, "maximum", json!(21))]),
        (
            "another description",
            vec![(limit, "description", json!("e"))],
        ),
        ("another summary", vec![(list, "summary", json!("t"))]),
        ("a deprecation", vec![(list, "deprecated", json!(true))]),
        (
            "another value of an enum",
            vec![("/definitions/kind", "enum", json!(["open", "shut", "lost"]))],
        ),
        (
            "another status",
            vec![(
                "/paths/~1{shelf}?rules/put",
                "responses",
                json!({ "200": { "description": "d" } }),
            )],
        ),
        (
            "a new field",
            vec![(fields, "more", json!({ "type": "boolean" }))],
        ),
        (
            "a renamed field",
            vec![(
                "/definitions/book",
                "properties",
                json!({ "name": { "type": "string", "description": "d" }, "pages": { "type": "integer" } }),
            )],
        ),
        (
            "a new operation",
            vec![(
                "/paths/~1{shelf}",
                "delete",
                json!({ "operationId": "DeleteShelf", "summary": "s", "tags": ["Shelf"],
                    "parameters": [{ "name": "shelf", "in": "path", "required": true, "type": "string" }],
                    "responses": { "204": { "description": "d" } } }),
            )],
        ),
    ] {
        let mut new = shelf();
        for (pointer, key, value) in edits {
            match new.pointer_mut(pointer).unwrap() {
                Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
                object => object[key] = value,
            }
        }
        let report = compared(&shelf(), &new);
        assert_eq!(report.changes.len(), 1, "{name}: {report}");
    }
    // A renamed definition changes every reference to it.
    let renamed = shelf().to_string();
    let renamed = renamed
        .replace("#/definitions/book", "#/definitions/volume")
        .replace("\"book\":", "\"volume\":");
    let report = compared(&shelf(), &serde_json::from_str(&renamed).unwrap());
    assert_eq!(report.changes.len(), 1, "{report}");
}
