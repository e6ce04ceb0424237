//! Mistakes in specifications, overlays, templates and pack.json never change the output silently.
#![cfg(test)]

mod common;

use common::{Workspace, codegen};
use serde_json::{Value, json};

const GENERATE: &str = "generate -f specs/notes.json -t pack -o out";
const CHECK: &str = "check -f specs/notes.json -t pack -o out";

/// Returns the workspace of `notes.json` with a value inserted into a file of the specification.
fn with(file: &str, pointer: &str, key: &str, value: &Value) -> Workspace {
    let workspace = Workspace::notes();
    let path = format!("specs/{file}");
    let mut spec: Value = serde_json::from_str(&workspace.read(&path)).unwrap();
    let object = spec.pointer_mut(pointer).expect(pointer);
    object[key] = value.clone();
    workspace.write(&path, serde_json::to_string_pretty(&spec).unwrap());
    workspace
}

#[test]
fn a_misspelled_key_stops_generate_and_check() {
    let parameter = "/paths/~1/get/parameters/0";
    for (pointer, key, value, meant) in [
        (
            parameter,
            "requierd",
            json!(true),
            "did you mean `required`?",
        ),
        (parameter, "Default", json!(1), "did you mean `default`?"),
        (
            "/paths/~1/get",
            "paramters",
            json!([]),
            "did you mean `parameters`?",
        ),
        (
            "/paths/~1/get",
            "x-pagin",
            json!({}),
            "did you mean `x-paging`?",
        ),
        (
            "/definitions/folder",
            "requried",
            json!([]),
            "did you mean `required`?",
        ),
        (
            parameter,
            "x-object-kye",
            json!(true),
            "did you mean `x-object-key`?",
        ),
        (
            "/definitions/folder",
            "x-nam",
            json!("F"),
            "did you mean `x-name`?",
        ),
        ("/info", "titel", json!("T"), "did you mean `title`?"),
        (
            "/definitions/folder/properties",
            "a",
            json!({ "$rfe": "#/definitions/folder" }),
            "does not have `$rfe` here; did you mean `$ref`?",
        ),
        (
            "/definitions/folder/properties",
            "a",
            json!({ "reference": "#/definitions/folder" }),
            "does not have `reference` here; did you mean `$ref`?",
        ),
        (
            "/definitions/folder/properties",
            "a",
            json!({ "typ": "integer" }),
            "does not have `typ` here; did you mean `type`?",
        ),
        (
            "/paths/~1",
            "gte",
            json!({}),
            "does not have `gte` here; did you mean `get`?",
        ),
        (
            "/paths/~1",
            "ptu",
            json!({}),
            "does not have `ptu` here; did you mean `put`?",
        ),
        (
            "",
            "x-error-codes",
            json!([{ "code": "c", "staus": 404 }]),
            "`x-error-codes` does not have `staus`",
        ),
        (
            "",
            "x-handles",
            json!([{ "name": "Folder", "bind": ["folder"] }]),
            "`x-handles` does not have `bind`",
        ),
    ] {
        let workspace = with("notes.json", pointer, key, &value);
        for command in [GENERATE, CHECK] {
            let (code, _, errors) = codegen(&workspace, command);
            assert_eq!(code, 1, "{command} {key}: {errors}");
            assert!(errors.contains(meant), "{command} {key}: {errors}");
            assert!(errors.contains("error[misspelled-key]"), "{key}: {errors}");
        }
        assert!(!workspace.path("out").exists(), "{key}");
    }
}

#[test]
fn an_operation_under_an_unknown_method_stops_generate_and_check() {
    let operation =
        json!({ "operationId": "Other", "responses": { "200": { "description": "d" } } });
    for method in ["fetch", "trace", "gt", "QUERY"] {
        let workspace = with("notes.json", "/paths/~1", method, &operation);
        for command in [GENERATE, CHECK] {
            let (code, _, errors) = codegen(&workspace, command);
            assert_eq!(code, 1, "{command} {method}: {errors}");
            let message =
                format!("error[method-unknown]: Swagger 2.0 does not have the method `{method}`");
            assert!(errors.contains(&message), "{method}: {errors}");
        }
    }
    let workspace = with("notes.json", "/paths/~1", "x-fetch", &operation);
    assert_eq!(codegen(&workspace, GENERATE).0, 0);
}

#[test]
fn generate_and_check_print_probable_mistakes() {
    for (pointer, key, value, rule) in [
        ("/paths/~1/get", "speed", json!("high"), "unknown-key"),
        ("/paths/~1/get", "descripton", json!("d"), "unknown-key"),
        ("/paths/~1/get", "x-present", json!(true), "misplaced-fact"),
        (
            "/paths/~1/get/parameters/0",
            "format",
            json!("int46"),
            "format-alike",
        ),
        (
            "/paths/~1/get/parameters/0",
            "default",
            json!("x"),
            "default-misfit",
        ),
        (
            "/paths/~1/get",
            "x-examples",
            json!([{ "request": { "limit": "ten" } }]),
            "example-misfit",
        ),
        (
            "/paths/~1/get/parameters/0",
            "enum",
            json!([]),
            "enum-empty",
        ),
        (
            "/paths/~1/get/parameters/0",
            "maximum",
            json!(-1),
            "limits-contradict",
        ),
        (
            "/paths/~1/get",
            "operationId",
            json!("!!!"),
            "name-without-letters",
        ),
    ] {
        let workspace = with("notes.json", pointer, key, &value);
        for command in [GENERATE, CHECK] {
            let (code, _, errors) = codegen(&workspace, command);
            assert_eq!(code, 0, "{errors}");
            assert!(
                errors.contains(&format!("warning[{rule}]")),
                "{key}: {errors}"
            );
        }
    }
    let workspace = Workspace::notes();
    let (code, _, errors) = codegen(&workspace, GENERATE);
    assert_eq!((code, errors.as_str()), (0, ""));
}

#[test]
fn an_allowed_warning_is_not_printed() {
    let workspace = with("notes.json", "/paths/~1/get", "speed", &json!("high"));
    let overlay = json!({ "overlay": "1.0.0", "info": { "title": "T", "version": "1" }, "actions": [
        { "target": "$", "description": "d", "update": { "x-lint-allow": [
            { "rule": "unknown-key", "at": "$.paths['/'].get", "reason": "r" }] } }] });
    workspace.write("overlay.json", overlay.to_string());
    let command = format!("{GENERATE} --overlay overlay.json");
    assert_eq!(codegen(&workspace, &command).2, "");
}

#[test]
fn every_name_of_a_union_must_match() {
    for (target, idle) in [
        ("$.definitions['folder','fodler']", "`'fodler'`"),
        (
            "$.definitions['folder', \"gone\"].properties.name",
            "`\"gone\"`",
        ),
        (
            "$..parameters[?@.name=='limit' || @.name=='offset']",
            "`@.name=='offset'`",
        ),
    ] {
        let workspace = Workspace::notes();
        let overlay = json!({ "overlay": "1.0.0", "info": { "title": "T", "version": "1" }, "actions": [
            { "target": target, "description": "d", "update": { "x-owner": "us" } }] });
        workspace.write("overlay.json", overlay.to_string());
        let command = format!("{GENERATE} --overlay overlay.json");
        let (code, _, errors) = codegen(&workspace, &command);
        assert_eq!(code, 1, "{target}: {errors}");
        let message = format!("has no match for {idle}: {target}");
        assert!(
            errors.contains("error[overlay-no-match]") && errors.contains(&message),
            "{target}: {errors}"
        );
    }
}

/// Creates a pack with one template and these options.
fn pack(template: &str, options: &str) -> Workspace {
    let workspace = Workspace::notes();
    std::fs::remove_dir_all(workspace.path("pack")).unwrap();
    let rule = r#"{"template":"t.tera","for":"once","to":"x"}"#;
    let manifest = format!(r#"{{"model":"1","options":{options},"files":[{rule}]}}"#);
    workspace
        .write("pack/pack.json", manifest)
        .write("pack/t.tera", template);
    workspace
}

#[test]
fn unknown_arguments_are_refused() {
    for (template, message) in [
        (
            "{{ service.name | comment(prefix=\"#\", widht=40) }}",
            "the filter `comment` has no argument `widht`; did you mean `width`?",
        ),
        (
            "{% if not service.name %}{{ types | json(prety=true) }}{% endif %}",
            "the filter `json` has no argument `prety`; did you mean `pretty`?",
        ),
        (
            "{{ service.name | md(code=true) }}",
            "the filter `md` has no argument `code` (it has none)",
        ),
        (
            "{% for a in range(end=3, by=2) %}{% endfor %}",
            "the function `range` has no argument `by`",
        ),
        (
            "{% filter indent(depth=2) %}x{% endfilter %}",
            "the filter `indent` has no argument `depth`",
        ),
        (
            "{% if service.name is starting_with(pat=\"a\", case=true) %}{% endif %}",
            "the test `starting_with` has no argument `case`",
        ),
        (
            "{% component c(a, b=1) %}{{ a }}{{ b }}{% endcomponent c %}\
             {% if not service.name %}{{ <c a={1} bb={2} /> }}{% endif %}",
            "the component `c` has no argument `bb`",
        ),
    ] {
        let (code, _, errors) = codegen(&pack(template, "{}"), GENERATE);
        assert_eq!(code, 1, "{template}");
        assert!(errors.contains(message), "{template}: {errors}");
    }
    let fine = "{% component c(a, ...rest) %}{{ a }}{% endcomponent c %}{{ <c a={1} other={2} /> }}\
                {{ types | default(value=[1 if 1 == 1 else 2]) | length }}";
    let (code, _, errors) = codegen(&pack(fine, "{}"), GENERATE);
    assert_eq!(code, 0, "{errors}");
}

#[test]
fn an_open_block_is_reported_with_its_line() {
    for (template, message) in [
        (
            "{% for a in types %}\n{% if a.name %}\nx\n{% endfor %}",
            "found `endfor`, expected `endif`: `if` is not closed since line 2",
        ),
        (
            "{% if types %}\n{% for a in types %}\n{% endif %}",
            "found `endif`, expected `endfor`: `for` is not closed since line 2",
        ),
        ("a\n{% if types %}\nb", "`if` has no `endif`"),
        ("a\n{% endif %}\nb", "`endif` without an open block"),
    ] {
        let (code, _, errors) = codegen(&pack(template, "{}"), GENERATE);
        assert_eq!(code, 1);
        assert!(errors.contains(message), "{template}: {errors}");
    }
}

#[test]
fn options_that_no_template_reads_are_reported() {
    let template = "{{ pack.words.title }}{{ pack.words.summary }}{{ pack.samples[service.name] | default(value=1) }}";
    let options = r#"{"words": {"title": "t", "summary": "s"}, "samples": {"a": 1}}"#;
    let workspace = pack(template, options);
    for (patch, message) in [
        (
            r#"{"options": {"wrods": {}}}"#,
            "no template reads the option `wrods`; did you mean `words`?",
        ),
        (
            r#"{"options": {"words": {"titel": "x"}}}"#,
            "no template reads the option `words/titel`; did you mean `title`?",
        ),
        (
            r#"{"options": {"wrods": null}}"#,
            "null removes `options/wrods`",
        ),
        (
            r#"{"options": {"words": "x"}}"#,
            "over/pack.json:2:23: this option must be an object, not a string",
        ),
        (
            r#"{"options": {"words": {"title": 42}}}"#,
            "over/pack.json:2:33: this option must be a string, not a number",
        ),
        (
            r#"{"model": "1", "formatter": 42}"#,
            "over/pack.json:2:29: invalid type: integer `42`",
        ),
        (
            r#"{"naming": {"acronyms": ["A", 1]}}"#,
            "over/pack.json:2:12: invalid type: integer `1`",
        ),
        (r#"{"formater": null}"#, "null removes `formater`"),
        (r#"{"optoins": {}}"#, "unknown field `optoins`"),
        (r#"{"naming": {"keyword": []}}"#, "unknown field `keyword`"),
        (r#"{"computed": {"header": []}}"#, "unknown field `header`"),
        (
            r#"{"options": {"samples": {"b": 1, "b": 2}}}"#,
            "over/pack.json:2:34: duplicate key",
        ),
    ] {
        workspace.write("over/pack.json", format!("\n{patch}"));
        let command = format!("{GENERATE} --override over");
        let (code, _, errors) = codegen(&workspace, &command);
        assert_eq!(code, 1, "{patch}: {errors}");
        assert!(errors.contains(message), "{patch}: {errors}");
    }
    for patch in [
        r#"{"options": {"samples": {"b": 1}}}"#,
        r#"{"options": {"words": {"title": "x"}}}"#,
    ] {
        workspace.write("over/pack.json", patch);
        let (code, _, errors) = codegen(&workspace, &format!("{GENERATE} --override over"));
        assert_eq!((code, errors.as_str()), (0, ""), "{patch}");
    }
    let workspace = pack("{{ service.name }}", r#"{"siez": 2}"#);
    let (code, _, errors) = codegen(&workspace, GENERATE);
    assert_eq!(code, 0);
    assert!(
        errors.contains("warning[option-unread]: no template reads the option `siez`"),
        "{errors}"
    );
}

#[test]
fn generate_prints_files_with_their_folder() {
    let workspace = Workspace::notes();
    let (_, out, _) = codegen(&workspace, GENERATE);
    assert!(out.contains("wrote out/types.txt\n"), "{out}");
    workspace.replace("pack/pack.json", "\"types.txt\"", "\"kinds.txt\"");
    let (_, out, _) = codegen(&workspace, GENERATE);
    assert!(out.contains("removed out/types.txt\n"), "{out}");
}

#[test]
fn untranslated_texts_are_reported() {
    let description = |text: &str| json!({ "description": text });
    let overlay = |more: Value| {
        let mut actions = vec![
            json!({ "target": "$", "description": "d", "update": { "x-language": "zh-CN" } }),
            json!({ "target": "$.definitions.folder", "description": "d", "update": description("文件夹") }),
        ];
        actions.extend(more.as_array().unwrap().clone());
        json!({ "overlay": "1.0.0", "info": { "title": "T", "version": "1" }, "actions": actions })
    };
    let workspace = Workspace::notes();
    let command = format!("{GENERATE} --overlay overlay.json");
    workspace.write("overlay.json", overlay(json!([])).to_string());
    let (code, _, errors) = codegen(&workspace, &command);
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("warning[text-untranslated]"), "{errors}");
    assert!(errors.contains("/paths/~1/get/summary"), "{errors}");
    assert!(
        !errors.contains("/definitions/folder/description"),
        "{errors}"
    );
    let operation = json!([{ "target": "$.paths['/'].get", "description": "d", "update": { "summary": "列出" } }]);
    workspace.write("overlay.json", overlay(operation).to_string());
    let (_, _, errors) = codegen(&workspace, &command);
    assert!(!errors.contains("/paths/~1/get/summary"), "{errors}");
    // Without another language, texts need no translation.
    assert_eq!(codegen(&workspace, GENERATE).2, "");
}
