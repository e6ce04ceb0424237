//! Specifications whose files can't be read, or are wrong in a part.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::Workspace;
use qingstor_codegen::Generator;

#[test]
fn bytes_that_are_no_text_are_shown_with_their_place() {
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
fn a_mistake_in_a_part_is_shown_in_the_part() {
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

#[cfg(unix)]
#[test]
fn a_part_without_an_end_is_refused() {
    let workspace = Workspace::notes();
    let part = workspace.path("specs/parts/note.json");
    std::fs::remove_file(&part).unwrap();
    std::os::unix::fs::symlink("/dev/zero", part).unwrap();
    let report = workspace.refusal();
    assert_eq!(report.findings[0].rule, "file-unreadable");
    let message = &report.findings[0].message;
    assert!(message.ends_with("it is no regular file"), "{message}");
    assert!(report.findings[0].place.is_some());
}

#[test]
fn a_file_that_is_far_too_large_is_refused() {
    let workspace = Workspace::notes();
    let spec = workspace.path("specs/notes.json");
    let file = std::fs::File::create(spec).unwrap();
    file.set_len((256 << 20) + 1).unwrap();
    let report = workspace.refusal();
    assert_eq!(report.findings[0].rule, "file-unreadable");
    let message = &report.findings[0].message;
    assert!(message.ends_with("larger than 256 MiB"), "{message}");
}
