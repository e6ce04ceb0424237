//! No text of a specification becomes code or markup, with any pack of this repository.
//!
//! The test appends a hostile text to each distinct text of a specification, everywhere it occurs. The
//! generator refuses the result, or the hostile text only occurs in literals, comments and escaped
//! Markdown.
#![cfg(test)]

mod checks;
#[path = "../common/mod.rs"]
mod common;

use std::path::Path;

use checks::{check_markdown, check_python, check_rust};
use common::Workspace;
use qingstor_codegen::{Error, Generator};
use serde_json::{Map, Value, json};

/// Ends comments, literals, table cells and code in each language. `~` is a line end.
const HOSTILE: &str = "`.~canary!();~/// `\"# */ --> \"\"\" ''' | ](canary) <canary> ``` \\~canary~| canary~# canary~\
                       ```~canary()~\"; canary(); //";

/// Keys whose values the specification language defines. Every other text can be chosen freely.
const DEFINED: &[&str] = &[
    "$ref",
    "collectionFormat",
    "format",
    "in",
    "schemes",
    "swagger",
    "type",
    "x-language",
];

/// Keys of objects whose members have names that can be chosen freely.
const NAMES: &[&str] = &[
    "definitions",
    "fixed",
    "headers",
    "next",
    "properties",
    "request",
    "x-constructors",
    "x-enum-descriptions",
    "x-enum-names",
];

fn api() -> Value {
    let bucket = json!({ "name": "bucketName", "in": "path", "required": true, "type": "string",
                         "description": "About the bucket" });
    let shared = json!({ "name": "shared", "in": "query", "type": "string", "description": "About sharing",
                         "enum": ["one", "two"], "default": "one", "x-enum-descriptions": { "one": "About one" } });
    let common = json!({ "name": "common", "in": "query", "type": "string", "description": "About everything" });
    json!({
        "swagger": "2.0",
        "info": { "title": "Hostile", "version": "1", "description": "About the API" },
        "host": "hostile.example",
        "schemes": ["https"],
        "externalDocs": { "url": "https://example.com/api" },
        "tags": [{ "name": "Bucket", "description": "About the tag" }],
        "x-handles": [{ "name": "Bucket", "binds": ["bucketName"] }],
        "x-error-codes": [{ "code": "too_many", "status": 429, "description": "About the error", "retry": "yes" }],
        "paths": {
            "/": { "get": {
                "operationId": "ListThings", "summary": "About listing", "description": "About all",
                "externalDocs": { "url": "https://example.com/list" },
                "x-errors": ["too_many"],
                "parameters": [
                    shared, common,
                    { "name": "pattern", "in": "query", "type": "string", "pattern": "^a+$", "default": "aa" },
                    { "name": "numbers", "in": "query", "type": "array", "items": { "type": "integer" },
                      "collectionFormat": "csv", "default": "1,2" },
                    { "name": "marker", "in": "query", "type": "string" },
                    { "name": "X-Header", "in": "header", "type": "string" },
                    { "name": "x-meta", "in": "header", "type": "map", "x-prefix": "X-Meta-" }
                ],
                "x-paging": { "items": "things", "next": { "next_marker": "marker" } },
                "responses": { "200": { "description": "About success",
                    "headers": { "X-Answer": { "type": "string", "description": "About the header" } },
                    "schema": { "type": "object", "properties": {
                        "things": { "type": "array", "items": { "$ref": "#/definitions/Thing" } },
                        "next_marker": { "type": "string" }
                    } } } }
            } },
            "/{bucketName}?tagging": {
                "parameters": [bucket],
                "put": {
                    "operationId": "PutTags", "tags": ["Bucket"], "summary": "About tags",
                    "parameters": [shared, common, { "name": "Body", "in": "body", "schema": { "type": "object",
                        "properties": {
                            "tag": { "$ref": "#/definitions/Thing" },
                            "kind": { "type": "string", "enum": ["hot", "cold"], "x-enum-names": { "hot": "warm" } },
                            "free": {}
                        }, "required": ["tag"] } }],
                    "x-examples": [{ "request": { "shared": "two", "tag": { "label": "An example" } } }],
                    "responses": { "201": { "description": "About creation" } }
                },
                "post": {
                    "operationId": "PostForm", "summary": "About forms", "consumes": ["multipart/form-data"],
                    "parameters": [{ "name": "field", "in": "formData", "type": "string" },
                                   { "name": "upload", "in": "formData", "type": "file" }],
                    "responses": { "200": { "description": "About the form" } }
                }
            }
        },
        "definitions": {
            "Thing": { "type": "object", "description": "About a thing", "required": ["label"],
                "properties": {
                    "label": { "type": "string", "description": "About the label" },
                    "size": { "type": "integer", "minimum": 1, "maximum": 5 },
                    "color": { "type": "string", "enum": ["red", "green"] },
                    "parts": { "type": "array", "items": { "$ref": "#/definitions/Thing" } }
                },
                "x-constructors": { "small": { "description": "About small things", "args": ["label"],
                                               "fixed": { "color": "red" } } } },
            "Alias": { "type": "array", "description": "About aliases", "items": { "$ref": "#/definitions/Thing" } }
        }
    })
}

/// Collects the texts that can be chosen freely.
fn texts(value: &Value, found: &mut Vec<String>) {
    let mut add = |text: &String| {
        if !found.contains(text) {
            found.push(text.clone());
        }
    };
    match value {
        Value::String(text) => add(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => {
            for (key, member) in members {
                if let Some(names) = member.as_object().filter(|_| NAMES.contains(&key.as_str())) {
                    for name in names
                        .keys()
                        .filter(|name| !found.contains(name))
                        .cloned()
                        .collect::<Vec<_>>()
                    {
                        found.push(name);
                    }
                }
                if !DEFINED.contains(&key.as_str()) {
                    texts(member, found);
                }
            }
        }
        _ => {}
    }
}

/// Appends a text to all occurrences of the chosen texts.
fn with(value: &Value, chosen: &[String], hostile: &str, parent: &str) -> Value {
    let changed = |text: &String| match chosen.contains(text) {
        true => format!("{text} {hostile}"),
        false => text.clone(),
    };
    match value {
        Value::String(text) if parent == "$ref" => {
            let definition = text.strip_prefix("#/definitions/").unwrap().to_owned();
            let escaped = changed(&definition).replace('~', "~0").replace('/', "~1");
            format!("#/definitions/{escaped}").into()
        }
        Value::String(text) if !DEFINED.contains(&parent) => changed(text).into(),
        Value::Array(items) => items
            .iter()
            .map(|item| with(item, chosen, hostile, parent))
            .collect(),
        Value::Object(members) => {
            let has_names = NAMES.contains(&parent);
            let members = members.iter().map(|(key, member)| {
                let name = if has_names { changed(key) } else { key.clone() };
                // A property can have any name, also one of a key.
                let context = if has_names { "" } else { key };
                (name, with(member, chosen, hostile, context))
            });
            members.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Renders the specification with the chosen texts changed. If the generator or the pack refuses it, changes half
/// of the texts at a time. Returns the number of texts that were changed.
fn try_texts(pack: &Pack, spec: &Value, chosen: &[String], hostile: &str) -> usize {
    let workspace = Workspace::new();
    workspace.write("api.json", with(spec, chosen, hostile, "").to_string());
    let generator = Generator::new()
        .spec(workspace.path("api.json"))
        .pack(packs().join(pack.name))
        .without_formatter();
    match generator.render() {
        Ok(rendered) => {
            for file in rendered.files {
                if let Err(problem) = (pack.check)(&file.path.to_string(), &file.text) {
                    panic!(
                        "{}: {}: {problem}\n{chosen:#?}\n{}",
                        pack.name, file.path, file.text
                    );
                }
            }
            chosen.len()
        }
        Err(Error::Spec(_) | Error::Render(_)) if chosen.len() > 1 => {
            let (first, second) = chosen.split_at(chosen.len() / 2);
            try_texts(pack, spec, first, hostile) + try_texts(pack, spec, second, hostile)
        }
        Err(Error::Spec(_) | Error::Render(_)) if chosen.len() == 1 => 0,
        Err(error) => panic!("{}: {error}\n{chosen:#?}", pack.name),
    }
}

fn packs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packs")
}

struct Pack {
    name: &'static str,
    language: &'static str,
    check: fn(&str, &str) -> Result<(), String>,
}

const PACKS: [Pack; 7] = {
    const fn pack(name: &'static str, check: fn(&str, &str) -> Result<(), String>) -> Pack {
        Pack {
            name,
            language: "en",
            check,
        }
    }
    [
        pack("rust", check_rust),
        pack("emulator", check_rust),
        pack("cli", check_rust),
        Pack {
            language: "zh-CN",
            ..pack("cli", check_rust)
        },
        pack("reference", check_markdown),
        Pack {
            language: "zh-CN",
            ..pack("reference", check_markdown)
        },
        pack("python", check_python),
    ]
};

#[test]
fn every_pack_is_tested() {
    let folders = std::fs::read_dir(packs()).unwrap().map(Result::unwrap);
    let mut names: Vec<_> = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut tested = PACKS.map(|pack| pack.name).to_vec();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(names, tested);
}

#[test]
fn no_text_becomes_code() {
    let spec = api();
    let mut all = Vec::new();
    texts(&spec, &mut all);
    for line_end in ["\n", "\r\u{2028}", " "] {
        let hostile = HOSTILE.replace('~', line_end);
        let allowed = allowed(&spec, &all, &hostile);
        for pack in &PACKS {
            let mut spec = spec.clone();
            if pack.language != "en" {
                spec["x-language"] = pack.language.into();
            }
            try_texts(pack, &spec, &[], "");
            let changed = try_texts(pack, &spec, &allowed, &hostile);
            // Host, URLs, headers, handles and the like must have another form.
            assert!(
                changed * 3 > all.len() * 2,
                "{}: {changed} of {}",
                pack.name,
                all.len()
            );
        }
    }
}

/// Returns the texts that a specification can contain with the hostile text.
fn allowed(spec: &Value, chosen: &[String], hostile: &str) -> Vec<String> {
    let workspace = Workspace::new();
    workspace.write("api.json", with(spec, chosen, hostile, "").to_string());
    match Generator::new().spec(workspace.path("api.json")).model() {
        Ok(_) => chosen.to_vec(),
        Err(_) if chosen.len() == 1 => Vec::new(),
        Err(_) => {
            let (first, second) = chosen.split_at(chosen.len() / 2);
            let mut all = allowed(spec, first, hostile);
            all.extend(allowed(spec, second, hostile));
            all
        }
    }
}
