//! Tests of the API reference: every operation has a page, every link has a target, and the Chinese
//! pages are translated and state the same facts. The example programs are documentation tests of this
//! crate.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use qingstor_suite::repository::{CHINESE, generator, read, root};
use serde_json::Value;

const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

/// Returns the model with the overlays of a language.
fn model(language: &str) -> Value {
    let generator = match language {
        "en" => generator(),
        _ => generator().overlay(root().join(CHINESE)),
    };
    serde_json::to_value(
        generator
            .pack(root().join("templates/reference"))
            .model()
            .unwrap(),
    )
    .unwrap()
}

fn operations(model: &Value) -> impl Iterator<Item = &Value> {
    let resources = model["resources"].as_array().unwrap().iter();
    resources.flat_map(|resource| resource["operations"].as_array().unwrap())
}

/// Returns the pages of a language: the path relative to `sdk/docs`, and the text.
fn pages(language: &str) -> BTreeMap<PathBuf, String> {
    let docs = root().join("sdk/docs");
    let mut pages = BTreeMap::new();
    for folder in [docs.join(language), docs.join(language).join("operations")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = std::fs::read_to_string(&path).unwrap();
                pages.insert(path.strip_prefix(&docs).unwrap().to_owned(), text);
            }
        }
    }
    pages
}

/// Returns a page without its code blocks.
fn prose(page: &str) -> String {
    let parts = page.split("```").step_by(2);
    parts.collect()
}

/// Returns the targets of all links that are not URLs.
fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    let targets = prose.split("](").skip(1);
    targets
        .filter(|rest| !rest.starts_with("<https://"))
        .map(|rest| rest[..rest.find(')').unwrap()].to_owned())
        .collect()
}

/// Returns the anchors that GitHub generates for the headings of a page.
fn anchors(page: &str) -> HashSet<String> {
    let prose = prose(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text
                .chars()
                .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Resolves `..`, for example `a/../b` to `b`.
fn normalize(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(normalized.pop(), "{}", path.display()),
            part => normalized.push(part),
        }
    }
    normalized
}

/// Returns the only program of a page.
fn program(page: &str) -> &str {
    let mut programs = page.split("```rust no_run\n").skip(1);
    let program = programs.next().expect("a page without a program");
    assert!(programs.next().is_none(), "two programs on one page");
    &program[..program.find("```").unwrap()]
}

#[test]
fn every_link_targets_an_existing_page_and_heading() {
    let all: BTreeMap<_, _> = LANGUAGES.into_iter().flat_map(pages).collect();
    for (path, text) in &all {
        let links = links(text);
        assert!(links.len() >= 3, "{}: {links:?}", path.display());
        for link in links {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => normalize(&path.parent().unwrap().join(file)),
            };
            let location = format!("{}: {link}", path.display());
            let target = all
                .get(&target)
                .unwrap_or_else(|| panic!("{location}: page not found"));
            assert!(
                anchor.is_empty() || anchors(target).contains(anchor),
                "{location}: heading not found"
            );
        }
    }
}

#[test]
fn every_page_is_reachable_from_the_index() {
    for language in LANGUAGES {
        let pages = pages(language);
        let mut reached = BTreeSet::new();
        let mut next = vec![PathBuf::from(language).join("README.md")];
        while let Some(path) = next.pop() {
            let Some(text) = pages.get(&path) else {
                continue; // A page in the other language.
            };
            if reached.insert(path.clone()) {
                let folder = path.parent().unwrap();
                let files = links(text)
                    .into_iter()
                    .filter(|link| !link.starts_with('#'));
                next.extend(files.map(|link| {
                    let file = link.split('#').next().unwrap();
                    normalize(&folder.join(file))
                }));
            }
        }
        assert!(reached.iter().eq(pages.keys()), "{language}: {reached:?}");
    }
}

#[test]
fn every_operation_has_a_page_with_the_same_program_in_both_languages() {
    let model = model("en");
    let operations: Vec<_> = operations(&model).collect();
    let [english, chinese] = LANGUAGES.map(pages);
    let on_pages = english
        .keys()
        .filter(|path| path.starts_with("en/operations"));
    assert_eq!(on_pages.count(), operations.len());
    for operation in operations {
        let title = format!("# {}\n", operation["id"].as_str().unwrap());
        let mut found = english.iter().filter(|(_, text)| text.contains(&title));
        let (path, page) = found
            .next()
            .unwrap_or_else(|| panic!("{title}: page not found"));
        assert!(found.next().is_none(), "{title}: two pages");
        let file = path.strip_prefix("en").unwrap();
        let other = &chinese[&Path::new("zh-CN").join(file)];
        assert_eq!(program(page), program(other), "{title}");
        let call = format!(".{}(", operation["method_ident"].as_str().unwrap());
        assert!(program(page).contains(&call), "{title}: {call}");
    }
}

/// Calls `visit` with the location and both texts of every description in two models of the same shape.
fn texts(one: &Value, other: &Value, location: &str, visit: &mut impl FnMut(&str, &str, &str)) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one {
                let location = format!("{location}/{key}");
                let other = other
                    .get(key)
                    .unwrap_or_else(|| panic!("{location}: missing in the other model"));
                match (key.as_str(), value, other) {
                    ("description" | "summary", Value::String(one), Value::String(other)) => {
                        visit(&location, one, other);
                    }
                    _ => texts(value, other, &location, visit),
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{location}");
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                texts(one, other, &format!("{location}/{index}"), visit);
            }
        }
        _ => {}
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Returns the code between backquotes and the numbers elsewhere. Both are the same in every language.
fn facts(text: &str) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 1 {
            facts.insert(format!("`{piece}`"));
        } else {
            let numbers = piece.split(|c: char| !c.is_ascii_digit());
            facts.extend(
                numbers
                    .filter(|number| !number.is_empty())
                    .map(str::to_owned),
            );
        }
    }
    facts
}

/// Fails after a change of an English text whose translation has other code or numbers.
#[test]
fn every_text_has_a_translation_with_the_same_facts() {
    let mut seen = 0;
    let [english, chinese] = LANGUAGES.map(model);
    texts(&english, &chinese, "", &mut |location, english, chinese| {
        if english.is_empty() {
            return;
        }
        seen += 1;
        assert!(
            is_chinese(chinese),
            "{location} is not translated: {chinese}"
        );
        if location.ends_with("/description") {
            assert_eq!(
                facts(english),
                facts(chinese),
                "{location}: {english}\n{chinese}"
            );
        }
    });
    assert!(seen > 500, "{seen} texts");
}

#[test]
fn the_pack_has_the_same_terms_in_both_languages() {
    let pack: Value = serde_json::from_str(&read("templates/reference/pack.json")).unwrap();
    let words = &pack["options"]["words"];
    let [english, chinese] = LANGUAGES.map(|language| words[language].as_object().unwrap());
    assert!(english.keys().eq(chinese.keys()));
    for (key, word) in chinese {
        let text = word.as_str().unwrap_or_default();
        // Only sentences must be translated. A single word can be a term of the protocol.
        if text.contains(' ') {
            assert!(is_chinese(text), "{key}: {text}");
        }
    }
}

#[test]
fn packs_that_call_the_sdk_use_its_names() {
    let [rust, reference, cli] = ["rust", "reference", "cli"].map(|pack| {
        let text = read(format!("templates/{pack}/pack.json"));
        serde_json::from_str::<Value>(&text).unwrap()
    });
    for key in ["naming", "computed", "always_set"] {
        assert_eq!(reference[key], rust[key], "{key}");
        assert_eq!(cli[key], rust[key], "{key}");
    }
    let mut types = rust["types"].clone();
    types["named"] = "{ident}".into();
    assert_eq!(reference["types"], types);
    // The command line imports no types, so its types have paths.
    let names = |pack: &Value| {
        pack["types"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&cli), names(&rust));
}

#[test]
fn errors_of_operations_are_known_error_codes() {
    let model = model("en");
    let codes = model["error_codes"].as_array().unwrap().iter();
    let codes: BTreeSet<_> = codes.map(|code| code["code"].as_str().unwrap()).collect();
    let mut listed = 0;
    for operation in operations(&model) {
        let errors = operation["ext"]["x-errors"].as_array();
        for code in errors.into_iter().flatten() {
            listed += 1;
            let code = code.as_str().unwrap();
            assert!(codes.contains(code), "{}: {code}", operation["id"]);
        }
    }
    assert!(listed > 0);
}

/// The templates are not specific to QingStor: they also render the reference of other services.
#[test]
fn the_pack_renders_other_services() {
    for spec in [
        "codegen/tests/specs/notes.json",
        "tests/suite/specs/dialect.json",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let generator = qingstor_codegen::Generator::new().spec(root().join(spec));
        let pack = root().join("templates/reference");
        let made = generator.pack(pack).out_dir(folder.path()).run();
        let made = made.unwrap_or_else(|error| panic!("{spec}: {error}"));
        assert!(
            made.written
                .iter()
                .any(|path| path.starts_with("operations/")),
            "{spec}"
        );
    }
}

/// No example program can write out a value of a type that requires itself, but rendering must end.
#[test]
fn rendering_recursive_types_ends() {
    let folder = tempfile::tempdir().unwrap();
    let node = serde_json::json!({ "$ref": "#/definitions/node" });
    let nodes = serde_json::json!({ "type": "array", "items": node });
    let properties: serde_json::Map<_, _> = (0..6)
        .map(|number| (format!("branch_{number}"), nodes.clone()))
        .collect();
    let names: Vec<_> = properties.keys().collect();
    let spec = serde_json::json!({
        "swagger": "2.0",
        "info": { "title": "Trees", "version": "1" },
        "paths": { "/": { "put": {
            "operationId": "PutTree",
            "parameters": [{ "in": "body", "name": "Body", "schema": {
                "type": "object", "required": ["root"], "properties": { "root": node }
            } }],
            "responses": { "200": { "description": "Stored." } }
        } } },
        "definitions": { "node": {
            "type": "object", "required": names, "properties": properties
        } }
    });
    let path = folder.path().join("spec.json");
    std::fs::write(&path, spec.to_string()).unwrap();
    let generator = qingstor_codegen::Generator::new().spec(path);
    let pack = root().join("templates/reference");
    let out = folder.path().join("docs");
    generator.pack(pack).out_dir(&out).run().unwrap();
    let page = std::fs::read_to_string(out.join("operations/put-tree.md")).unwrap();
    assert!(program(&page).contains("Default::default()"), "{page}");
}
