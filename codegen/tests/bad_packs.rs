//! Invalid packs are refused with a reason, and nothing is written.
#![cfg(test)]

mod common;

use common::Workspace;

/// A manifest, a template `t.tera`, and the expected parts of the message.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        r#"{"model": "1", "files": [], "colour": 1}"#,
        "",
        &["pack.json:1:", "unknown field `colour`"],
    ),
    (
        r#"{"model": "0", "files": []}"#,
        "",
        &["pack.json:1:11: requires model \"0\"", "codegen dump"],
    ),
    (
        "{\"model\": \"1\", \"files\": [],\n\"options\": {\"client\": 42}}",
        "",
        &["pack.json:2:23: the option `client` must be a string"],
    ),
    (
        r#"{"model": "1", "files": ["#,
        "",
        &[
            "pack.json:1:",
            "expected a JSON value, found the end of the file; ",
        ],
    ),
    (
        "{\"model\": \"1\",\n\"files\": [ }",
        "",
        &["pack.json:2:12: expected a JSON value, found '}'; correct the JSON here"],
    ),
    (
        FILES_MISSING,
        "",
        &["the template `gone.tera` does not exist", "t.tera"],
    ),
    (
        r#"{"model":"1","formatter":["gofmt"],"files":[{"template":"t.tera","for":"once","to":"x"}]}"#,
        "",
        &["`formatter` formats no file without `formatter_extensions`"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once"}]}"#,
        "",
        &["pack.json:1:23: `t.tera` needs exactly one of `to` and `into`"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"x","comment_end":"*/"}]}"#,
        "",
        &["`comment_end` needs a `comment` beside it"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"often","to":"x"}]}"#,
        "",
        &["unknown variant `often`"],
    ),
    (
        "{\"model\":\"1\",\"files\":[{\"template\":\"t.tera\",\n\"for\":42,\"to\":\"x\"}]}",
        "",
        &["pack.json:2:", "invalid type: integer `42`"],
    ),
    (
        "{\"model\":\"1\",\"files\":[],\"types\":{\n\"test\":\"x\"}}",
        "",
        &["pack.json:2:8: unknown key `test` in `types`"],
    ),
    (
        r#"{"model":"1","files":[],"types":{"text":"x"}}"#,
        "",
        &["`types` lacks `bool`"],
    ),
    (
        r#"{"model":"1","files":[],"types":{"list":"List<{type}>"}}"#,
        "",
        &["`list` in `types` can contain `{item}`, not `{type}`"],
    ),
    (
        r#"{"model":"1","files":[],"naming":{"operation_methods":["send"]}}"#,
        "",
        &[
            "`operation_methods` in `naming` must contain `{method}`",
            "`send`",
        ],
    ),
    (
        r#"{"model":"1","files":[],"naming":{"operation_types":["{idnt}Input"]}}"#,
        "",
        &[
            "`operation_types` in `naming` must contain `{ident}`",
            "`{idnt}Input`",
        ],
    ),
    (
        r#"{"model":"1","files":[],"always_set":["int"]}"#,
        "",
        &[
            "pack.json:1:39: unknown kind `int` in `always_set`; known are list, map, bool, bytes, binary, free, recursive",
        ],
    ),
    (ONCE, "a\n{% if %}", &["template-invalid", "t.tera:2:"]),
    (
        ONCE,
        "a\nb {{ nothing }}",
        &["template-name", "t.tera:2:6", "`nothing`", "resources"],
    ),
    (ONCE, "{{ service.nothing }}", &["`nothing`", "base_path"]),
    (
        ONCE,
        "{{ service.name | nothing }}",
        &[
            "unknown filter `nothing`",
            "t.tera:1:19\n",
            " 1 | {{ service.name | nothing }}\n",
            "rust_str",
        ],
    ),
    (
        ONCE,
        "{% for type in types %}\n{{ type.name | coment(prefix='#') }} {{ <part /> }}{% endfor %}",
        &[
            "unknown filter `coment`; did you mean `comment`?",
            "t.tera:2:16\n",
            "unknown component `part`",
            "t.tera:2:41\n",
        ],
    ),
    (
        ONCE,
        "{% component part() %}{% endcomponent part %}{% for x in types %}{{ <prat /> }}{% endfor %}",
        &[
            "unknown component `prat`; did you mean `part`?",
            "t.tera:1:69\n",
        ],
    ),
    (
        ONCE,
        "{% component ui.bold() %}{% endcomponent ui.bold %}{{ <ui.bolt /> }}",
        &["unknown component `ui.bolt`; did you mean `ui.bold`?"],
    ),
    (ONCE, "{{ 1 | rust_str }}", &["t.tera:1:"]),
    (
        ONCE,
        "{% include \"tt.tera\" %}",
        &[
            "unknown template `tt.tera`; did you mean `t.tera`?",
            "t.tera:1:12\n",
            "help: the pack has the templates t.tera\n",
        ],
    ),
    (
        ONCE,
        "\n{% extends \"other-template.tera\" %}",
        &[
            "unknown template `other-template.tera`\n",
            "t.tera:2:12\n",
            "help: the pack has the templates t.tera\n",
        ],
    ),
    (
        EACH,
        "{{ it.path }} {% if it.sub_resource %}{{ 1 | rust_str }}{% endif %}",
        &["resource `folder_acl`"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"../x"}]}"#,
        "",
        &["leads out of the output folder"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"/x"}]}"#,
        "",
        &["leads out of the output folder"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":""}]}"#,
        "",
        &["it is empty"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"{% for i in range(end=300) %}é{% endfor %}"}]}"#,
        "",
        &["éé...`: it has more than 1024 bytes, or a part of it has more than 255;"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"resource","to":"x"}]}"#,
        "",
        &["two files would be written to `x`", "resource `service`"],
    ),
    (
        SAME_BUT_FOR_CASE,
        "",
        &["two files would be written to `A.TXT`"],
    ),
    (
        FILE_AND_FOLDER,
        "",
        &[
            "`resources/note.txt` would be a file and a folder: a file by `t.tera` for resource `note` (",
            "), a folder by `t.tera`; change",
        ],
    ),
    (
        FOLDER_AND_FILE,
        "",
        &["`A` would be a file and a folder: a file by `t.tera`, a folder by `t.tera`;"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"codegen.lock.json"}]}"#,
        "",
        &[
            "cannot write the output of `t.tera` to `codegen.lock.json`",
            "lock file",
        ],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"codegen.lock.json/x"}]}"#,
        "",
        &["lock file"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","into":{"file":"../x","marker":"m"}}]}"#,
        "",
        &["leads out of the output folder; correct `into` in pack.json"],
    ),
    (
        WHOLE_AND_SECTIONS,
        "",
        &["`x` would be written as a whole by `t.tera`, and in sections by `t.tera`;"],
    ),
    (
        SECTION_TWICE,
        "",
        &["the section `m` of `x` would be written twice: `t.tera` and `t.tera`;"],
    ),
    (
        SECTIONS_AND_WHOLE,
        "",
        &["`x` would be written as a whole by `t.tera`, and in sections by `t.tera`;"],
    ),
    (
        r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"x","when":"(("}]}"#,
        "",
        &["pack.json:1:", "#/files/0/when"],
    ),
];

const FILES_MISSING: &str =
    r#"{"model":"1","files":[{"template":"gone.tera","for":"once","to":"x"}]}"#;
const ONCE: &str = r#"{"model":"1","files":[{"template":"t.tera","for":"once","to":"x"}]}"#;
const EACH: &str =
    r#"{"model":"1","files":[{"template":"t.tera","for":"resource","to":"{{ it.name }}"}]}"#;
const SAME_BUT_FOR_CASE: &str = r#"{"model":"1","files":[
    {"template":"t.tera","for":"once","to":"a.txt"}, {"template":"t.tera","for":"once","to":"A.TXT"}]}"#;
const FILE_AND_FOLDER: &str = r#"{"model":"1","files":[
    {"template":"t.tera","for":"once","to":"resources/note.txt/x"},
    {"template":"t.tera","for":"resource","to":"resources/{{ it.name }}.txt"}]}"#;
const FOLDER_AND_FILE: &str = r#"{"model":"1","files":[
    {"template":"t.tera","for":"once","to":"a"}, {"template":"t.tera","for":"once","to":"A/b/c"}]}"#;
const WHOLE_AND_SECTIONS: &str = r#"{"model":"1","files":[
    {"template":"t.tera","for":"once","to":"x"},
    {"template":"t.tera","for":"once","into":{"file":"x","marker":"m"}}]}"#;
const SECTION_TWICE: &str = r#"{"model":"1","files":[
    {"template":"t.tera","for":"once","into":{"file":"x","marker":"m"}},
    {"template":"t.tera","for":"once","into":{"file":"x","marker":"m"}}]}"#;
const SECTIONS_AND_WHOLE: &str = r#"{"model":"1","files":[
    {"template":"t.tera","for":"once","into":{"file":"x","marker":"m"}},
    {"template":"t.tera","for":"once","to":"x"}]}"#;

/// A name of the specification is in the path, and in the message about it.
#[test]
fn names_in_messages_about_paths_are_escaped() {
    let workspace = Workspace::notes();
    let manifest =
        r#"{"model":"1","files":[{"template":"t.tera","for":"type","to":"{{ it.name }}"}]}"#;
    workspace
        .write("pack/pack.json", manifest)
        .write("pack/t.tera", "");
    workspace.replace("specs/notes.json", "\"rule\": {", "\"r\\u001b\\u202e\": {");
    workspace.replace("specs/parts/acl.json", "/rule", "/r\\u001b\\u202e");
    let error = workspace.generator().run().unwrap_err().to_string();
    let expected =
        "cannot write the output of `t.tera` for type `r\\u{1b}\\u{202e}` to `r\\u{1b}\\u{202e}`: ";
    assert!(error.contains(expected), "{error:?}");
}

/// A template, and the help of its error.
const ADVICE: &[(&str, &str)] = &[
    (
        "{{ source | comment }}",
        "add it, for example `comment(prefix=\"#\")`",
    ),
    ("{{ source | replace(from=\"a\") }}", "add it: `to=...`"),
    (
        "{% set a = {} %}{{ a.b }}",
        "`codegen dump --file SPEC -t PACK` shows the model; test an optional value with `is defined` or `default`",
    ),
    (
        "{{ 1 | rust_str }}",
        "`codegen dump --file SPEC -t PACK` shows the model",
    ),
    (
        "{{ 1 / 0 }}",
        "test the divisor before, for example with `{% if n != 0 %}`",
    ),
    (
        "{{ throw(message=\"undefined\") }}",
        "the template refuses this specification: change one of them",
    ),
    (
        "{% for a b %}{% endfor %}",
        "the syntax of templates is described at https://keats.github.io/tera/",
    ),
];

#[test]
fn the_advice_fits_the_error_of_a_template() {
    for (template, expected) in ADVICE {
        let workspace = Workspace::notes();
        workspace
            .write("pack/pack.json", ONCE)
            .write("pack/t.tera", template);
        let error = workspace.generator().run().unwrap_err().to_string();
        let help = format!("  help: {expected}\n");
        assert!(error.ends_with(&help), "{template}: {error}");
        assert!(!error.contains("rendering for"), "{error}");
    }
}

#[test]
fn an_unfinished_tag_is_named() {
    for (template, tag) in [
        ("{% if a %}{{ b", "`{{` has no `}}`"),
        ("{{ b }}\n{% if", "`{%` has no `%}`"),
    ] {
        let workspace = Workspace::notes();
        workspace
            .write("pack/pack.json", ONCE)
            .write("pack/t.tera", template);
        let error = workspace.generator().run().unwrap_err().to_string();
        let expected = format!("the template ends, but its last {tag}\n");
        assert!(error.contains(&expected), "{template}: {error}");
    }
}

#[test]
fn a_line_that_is_not_utf8_is_named() {
    let workspace = Workspace::notes();
    workspace.write("pack/errors.txt.tera", b"a\nb \xff");
    let error = workspace.generator().run().unwrap_err().to_string();
    let expected = "errors.txt.tera: line 2 is not UTF-8; save the file as UTF-8";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn invalid_packs_are_refused_with_a_reason() {
    for (manifest, template, expected) in CASES {
        let workspace = Workspace::notes();
        std::fs::remove_dir_all(workspace.path("pack")).unwrap();
        workspace
            .write("pack/pack.json", manifest)
            .write("pack/t.tera", template);
        let error = workspace.generator().run().expect_err(manifest).to_string();
        for part in *expected {
            assert!(
                error.contains(part),
                "{manifest} {template}\nlacks {part}:\n{error}"
            );
        }
        assert!(
            !workspace.path("out").exists(),
            "{manifest}: something was written"
        );
    }
}

#[test]
fn deep_brackets_do_not_exhaust_the_stack() {
    for open in [
        "(",
        "[",
        "{% if a %}",
        "{% for a in b %}",
        "{{ not ",
        "{{ a ~ ",
    ] {
        let workspace = Workspace::notes();
        let opener = if open.len() == 1 { "{{ " } else { "" };
        workspace.write(
            "pack/types.txt.tera",
            format!("{opener}{}", open.repeat(50_000)),
        );
        workspace.generator().run().unwrap_err();
    }
}

#[test]
fn a_missing_pack_is_named() {
    let workspace = Workspace::notes();
    std::fs::remove_dir_all(workspace.path("pack")).unwrap();
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("pack: the folder does not exist"), "{error}");
    std::fs::create_dir(workspace.path("pack")).unwrap();
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("pack/pack.json"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_template_that_is_an_endless_device_is_refused() {
    for name in ["types.txt.tera", "pack.json"] {
        let workspace = Workspace::notes();
        let path = workspace.path(&format!("pack/{name}"));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let error = workspace.generator().run().unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("not a regular file"),
            "{error}"
        );
    }
}
