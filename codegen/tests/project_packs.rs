//! Specifications that need special treatment in the templates of this project.
#![cfg(test)]

mod common;

use std::path::Path;

use common::{Workspace, operation, spec};
use serde_json::{Value, json};

/// Renders a pack of this project. Returns the rendered files as one text.
fn rendered(pack: &str, spec: &Value) -> Result<String, String> {
    let workspace = Workspace::new();
    workspace.write("api.json", spec.to_string());
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let rendered = qingstor_codegen::Generator::new()
        .spec(workspace.path("api.json"))
        .pack(templates.join(pack))
        .render()
        .map_err(|error| error.to_string())?;
    let texts = rendered.files.into_iter().map(|file| file.text);
    Ok(texts.collect())
}

#[test]
fn an_empty_enum_value_is_visible_in_documents() {
    let kind = json!({ "name": "kind", "in": "query", "type": "string", "description": "The kind",
                       "enum": ["", "b"] });
    let spec = spec(json!({ "/": { "get": operation(json!([kind])) } }));
    for (pack, expected) in [
        ("rust", "/// The empty value.\n"),
        ("reference", "| `\"\"` | `"),
        ("reference", "`\"\"`, `b`"),
        ("cli", "One of: \\\"\\\", b."),
    ] {
        let text = rendered(pack, &spec).unwrap();
        assert!(text.contains(expected), "{pack}: {text}");
    }
}

#[test]
fn a_language_without_texts_is_refused() {
    let mut spec = spec(json!({ "/": { "get": operation(json!([])) } }));
    for pack in ["reference", "cli"] {
        spec["x-language"] = json!("ja");
        let error = rendered(pack, &spec).unwrap_err();
        let expected = "x-language is `ja`; the pack has en, zh-CN\n";
        assert!(error.contains(expected), "{pack}: {error}");
        spec["x-language"] = json!("zh-CN");
        rendered(pack, &spec).unwrap();
    }
}
