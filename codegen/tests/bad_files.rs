//! Specifications whose files cannot be read, or with an invalid part.
#![cfg(test)]

mod common;

use common::Workspace;
use qingstor_codegen::Generator;

#[test]
fn invalid_utf8_is_reported_with_its_place() {
    let workspace = Workspace::notes();
    workspace.write("specs/notes.json", b"{\n\"a\": \"\xff\"}");
    let report = workspace.refusal();
    let place = report.findings[0].place.as_ref().unwrap();
    assert_eq!(
        (report.findings[0].rule, place.line, place.column),
        ("json-utf8", 2, 7)
    );
}

#[test]
fn a_missing_specification_is_named() {
    let error = Generator::new()
        .spec("no/such.json")
        .model()
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("error[file-unreadable]: no/such.json: "),
        "{error}"
    );
}

#[test]
fn an_error_in_a_part_is_reported_in_the_part() {
    let workspace = Workspace::notes();
    workspace.replace(
        "specs/parts/note.json",
        "\"in\": \"header\"",
        "\"in\": \"head\"",
    );
    let error = workspace.generator().run().unwrap_err().to_string();
    let shown = error.replace(workspace.path("").to_str().unwrap(), "");
    insta::assert_snapshot!(shown);
}

#[test]
fn the_same_broken_part_is_reported_once() {
    let workspace = Workspace::notes();
    workspace.write("specs/parts/note.json", "{");
    workspace.replace("specs/notes.json", "./parts/acl.json", "./parts/note.json");
    assert_eq!(workspace.refusal().findings.len(), 1);
}

/// In a part, `#/..` refers to the root document, so the typing error is about its names.
#[test]
fn the_intended_target_of_a_reference_is_named() {
    for (typo, end) in [
        (
            "#/definitions/ruel",
            "notes.json has no value at `/definitions/ruel`; did you mean `rule`?",
        ),
        (
            "#/definition/rule",
            "notes.json has no value at `/definition/rule`; did you mean `definitions`?",
        ),
        (
            "./note.json#/note/gett",
            "note.json has no value at `/note/gett`",
        ),
        (
            "./note.json#/note/paramters/0",
            "note.json has no value at `/note/paramters/0`; did you mean `parameters`?",
        ),
    ] {
        let workspace = Workspace::notes();
        workspace.replace("specs/parts/acl.json", "#/definitions/rule", typo);
        let report = workspace.refusal();
        let finding = &report.findings[0];
        assert_eq!((report.findings.len(), finding.rule), (1, "ref-missing"));
        assert!(finding.message.ends_with(end), "{report}");
        let place = finding.place.as_ref().unwrap();
        assert!(place.file.ends_with("parts/acl.json"), "{report}");
    }
}

#[test]
fn a_reference_without_a_number_sign_and_slash_is_explained() {
    for reference in [
        "rule",
        "definitions/rule",
        "/definitions/rule",
        "#definitions/rule",
        "#rule",
    ] {
        let workspace = Workspace::notes();
        workspace.replace("specs/parts/acl.json", "#/definitions/rule", reference);
        let report = workspace.refusal();
        let finding = &report.findings[0];
        assert_eq!((report.findings.len(), finding.rule), (1, "ref-invalid"));
        let meant = "; did you mean `#/definitions/rule`?";
        assert!(finding.message.ends_with(meant), "{report}");
    }
}

/// A definition is not allowed in the place of a parameter.
#[test]
fn a_suggested_reference_has_the_right_kind() {
    for (reference, meant) in [
        ("folder", None),
        ("definitions/folder", None),
        ("info", None),
        (
            "folderName",
            Some("; did you mean `#/parameters/folderName`?"),
        ),
        (
            "parameters/folderName",
            Some("; did you mean `#/parameters/folderName`?"),
        ),
    ] {
        let workspace = Workspace::notes();
        let inline = r#"{ "name": "limit", "in": "query", "type": "integer", "format": "int32", "minimum": 0 }"#;
        let parameter = format!(r#"{{ "$ref": "{reference}" }}"#);
        workspace.replace("specs/notes.json", inline, &parameter);
        let report = workspace.refusal();
        let message = &report.findings[0].message;
        match meant {
            Some(meant) => assert!(message.ends_with(meant), "{report}"),
            None => assert!(!message.contains("did you mean"), "{report}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_part_that_is_an_endless_device_is_refused() {
    let workspace = Workspace::notes();
    let part = workspace.path("specs/parts/note.json");
    std::fs::remove_file(&part).unwrap();
    std::os::unix::fs::symlink("/dev/zero", part).unwrap();
    assert_eq!(workspace.refusal().findings[0].rule, "ref-outside");
    let error = workspace.generator().spec_root("/").run().unwrap_err();
    let qingstor_codegen::Error::Spec(report) = error else {
        panic!("{error}");
    };
    assert_eq!(report.findings[0].rule, "file-unreadable");
    let message = &report.findings[0].message;
    assert!(message.ends_with("it is not a regular file"), "{message}");
    assert!(report.findings[0].place.is_some());
}

#[test]
fn a_too_large_file_is_refused() {
    let workspace = Workspace::notes();
    let spec = workspace.path("specs/notes.json");
    let file = std::fs::File::create(spec).unwrap();
    file.set_len((256 << 20) + 1).unwrap();
    let report = workspace.refusal();
    assert_eq!(report.findings[0].rule, "file-unreadable");
    let message = &report.findings[0].message;
    assert!(message.ends_with("larger than 256 MiB"), "{message}");
}

#[test]
fn references_to_files_are_percent_decoded() {
    for (reference, file) in [
        ("./sub%20dir/more%20notes.json", "sub dir/more notes.json"),
        ("./sub dir/100%.json", "sub dir/100%.json"),
        ("parts/%E4%BD%A0%23.json", "parts/\u{4f60}#.json"),
        ("parts/%2e%2E/acl%2b.json", "acl+.json"),
    ] {
        let workspace = Workspace::notes();
        let text = workspace.read("specs/parts/acl.json");
        workspace.write(&format!("specs/{file}"), text);
        workspace.replace("specs/notes.json", "./parts/acl.json", reference);
        std::fs::remove_file(workspace.path("specs/parts/acl.json")).unwrap();
        workspace.generator().run().unwrap();
        let lock = workspace.read("out/codegen.lock.json");
        assert!(lock.contains(file), "{lock}");
    }
}

#[test]
fn references_that_cannot_be_file_names_are_refused() {
    for reference in [
        "parts%2Facl.json",
        "parts/%2E%2E%2fnotes.json",
        "parts/acl%00.json",
        "parts/acl%FF.json",
        "parts\\\\acl.json",
        "parts%5Cacl.json",
        "C:/acl.json",
        "C%3A/acl.json",
        "file:///acl.json",
        "urn:acl",
        "//host/acl.json",
        "/acl.json",
    ] {
        let workspace = Workspace::notes();
        workspace.replace("specs/notes.json", "./parts/acl.json", reference);
        let report = workspace.refusal();
        let finding = &report.findings[0];
        assert_eq!(finding.rule, "ref-invalid", "{reference}: {report}");
        let place = finding.place.as_ref().unwrap();
        assert!(place.file.ends_with("specs/notes.json"), "{report}");
        assert!(place.text.contains("$ref"), "{report}");
    }
}

/// Texts that can be confidential, and that are not JSON.
const SECRETS: &[&str] = &[
    "root:x:0:0:secret:/root:/bin/sh\n",
    "# secret\n",
    "-----BEGIN PRIVATE secret KEY-----\n",
    "[default]\nkey = secret\n",
    "\"secret\" x",
    "secret: 1",
    "{ \"secret\": secret }",
    "{ \"secret\": 1, \"secret\": 2 }",
    "\u{feff}secret",
    "secret \u{7}",
];

#[test]
fn a_file_outside_the_folder_is_named_and_not_quoted() {
    for text in SECRETS {
        let workspace = Workspace::notes();
        workspace.write("outside/key", text);
        workspace.replace("specs/notes.json", "./parts/acl.json", "../outside/key");
        let report = workspace.refusal();
        let finding = &report.findings[0];
        assert_eq!(
            (report.findings.len(), finding.rule),
            (1, "ref-outside"),
            "{report}"
        );
        let place = finding.place.as_ref().unwrap();
        assert!(place.file.ends_with("specs/notes.json"), "{report}");
        assert!(place.text.contains("\"../outside/key\""), "{report}");
        let message = &finding.message;
        assert!(
            message.contains("`../outside/key` is outside the folder"),
            "{message}"
        );
        not_quoted(&report);
    }
}

#[test]
fn files_that_are_not_documents_are_not_quoted_anywhere() {
    let workspace = Workspace::notes();
    for text in SECRETS.iter().filter(|text| !text.starts_with('{')) {
        workspace.write("specs/.env", text);
        let spec = workspace.read("specs/notes.json");
        workspace.replace("specs/notes.json", "./parts/acl.json", "./.env");
        let part = workspace.refusal();
        assert_eq!(part.findings[0].rule, "ref-not-json");
        not_quoted(&part);
        workspace.write("specs/notes.json", spec);

        let root = Generator::new()
            .spec(workspace.path("specs/.env"))
            .lint()
            .unwrap();
        let overlay = workspace.generator().overlay(workspace.path("specs/.env"));
        for report in [root, overlay.lint().unwrap()] {
            let place = report.findings[0].place.as_ref().unwrap();
            assert!(place.file.ends_with("specs/.env"), "{report}");
            not_quoted(&report);
        }
    }
}

fn not_quoted(report: &qingstor_codegen::diagnostic::Report) {
    let json = serde_json::to_string(report).unwrap();
    for text in [report.to_string(), report.github(), json] {
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn an_invalid_part_is_reported_with_its_reference() {
    let workspace = Workspace::notes();
    workspace.write("specs/parts/acl.json", "{\n  \"get\": oops\n}");
    let report = workspace.refusal();
    let finding = &report.findings[0];
    let place = finding.place.as_ref().unwrap();
    assert!(place.file.ends_with("parts/acl.json"), "{report}");
    assert_eq!((place.line, place.text.as_str()), (2, "  \"get\": oops"));
    let note = &finding.notes[0];
    assert_eq!(note.label, "this reference refers to the file");
    assert!(note.place.file.ends_with("specs/notes.json"), "{report}");
}

#[test]
fn byte_order_marks_and_line_endings_change_nothing() {
    let workspace = Workspace::notes();
    let overlay = r#"{ "overlay": "1.0.0", "info": { "title": "T", "version": "1" },
        "actions": [ { "target": "$.info", "update": { "title": "Overlaid" } } ] }"#;
    workspace.write("overlay.json", overlay);
    let generator = || {
        workspace
            .generator()
            .overlay(workspace.path("overlay.json"))
    };
    generator().run().unwrap();
    let inputs = [
        "specs/notes.json",
        "specs/parts/acl.json",
        "overlay.json",
        "pack/pack.json",
        "pack/types.txt.tera",
        "out/codegen.lock.json",
    ];
    for name in inputs {
        let text = workspace.read(name).replace('\n', "\r\n");
        workspace.write(name, text);
    }
    let stale = generator().check().unwrap();
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert!(stale[0].path.ends_with("codegen.lock.json"), "{stale:?}");
    generator().run().unwrap();
    let before = workspace.files("out");
    for name in inputs {
        let text = workspace.read(name);
        workspace.write(name, format!("\u{feff}{text}"));
    }
    generator().run().unwrap();
    for (name, bytes) in workspace.files("out") {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(['\u{feff}', '\r']), "{name}");
        if name != "codegen.lock.json" {
            assert!(before.contains(&(name, text.into_bytes())));
        }
    }

    workspace.replace("specs/notes.json", "{", "{ \"swagger\": 3,");
    let report = workspace.refusal();
    let place = report.findings[0].place.as_ref().unwrap();
    assert_eq!((place.line, place.column), (2, 3), "{report}");
}

#[test]
fn messages_do_not_contradict_themselves() {
    let workspace = Workspace::notes();
    for (text, expected) in [
        (
            "{ \"swagger\": 2.0 }",
            "`swagger` must be a string in quotes, this is a number",
        ),
        (
            "{ \"swagger\": 2 }",
            "`swagger` must be a string in quotes, this is a number",
        ),
        (
            "{ \"openapi\": 3.1 }",
            "`openapi` must be a string in quotes, this is a number",
        ),
        (
            "{ \"openapi\": null }",
            "`openapi` must be a string in quotes, this is null",
        ),
        (
            "{ \"swagger\": \"2.1\" }",
            "Swagger version \"2.1\" is not supported",
        ),
        ("", "written in Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1"),
        (
            " \r\n\t",
            "written in Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1",
        ),
        (
            "\u{feff}",
            "written in Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1",
        ),
    ] {
        workspace.write("specs/notes.json", text);
        let report = workspace.refusal().to_string();
        assert!(report.contains(expected), "{report}");
    }
    let workspace = Workspace::notes();
    let overlay = workspace
        .generator()
        .overlay(workspace.path("overlay.json"));
    for (text, expected) in [
        (
            "{ \"overlay\": 1.0 }",
            "`overlay` must be a string, this is a number",
        ),
        (
            "{ \"overlay\": \"1.0\" }",
            "version \"1.0\"; supported are 1.0.0 and 1.1.0",
        ),
        ("{}", "`overlay` is missing"),
        ("", "write a JSON document"),
    ] {
        workspace.write("overlay.json", text);
        let report = overlay.lint().unwrap().to_string();
        assert!(report.contains(expected), "{report}");
    }
    workspace.write("overlay.json", b"\xff\xfe{\0");
    let report = overlay.lint().unwrap().to_string();
    assert!(report.contains("seems to be UTF-16"), "{report}");
}
