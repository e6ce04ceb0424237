//! `codegen diff`: input and output.
#![cfg(test)]

mod common;

use std::process::Command;

use common::{Workspace, tests};
use serde_json::json;

/// Returns the specification `notes.json`, and a version with several changes.
fn changed() -> Workspace {
    let workspace = Workspace::notes();
    for file in [
        "notes.json",
        "parts/acl.json",
        "parts/note.json",
        "parts/types.json",
    ] {
        let text = std::fs::read_to_string(tests().join("specs").join(file)).unwrap();
        workspace.write(&format!("new/{file}"), text);
    }
    workspace
        .replace("new/notes.json", "ListFolders", "ListAllFolders")
        .replace("new/notes.json", "\"shut\"", "\"closed\"")
        .replace("new/notes.json", "\"created\": {", "\"made\": {")
        .replace("new/parts/note.json", "Writes a note", "Writes one note")
        .replace("new/parts/note.json", "\"201\"", "\"204\"")
        .replace(
            "new/parts/acl.json",
            "\"required\": [\"acl\"]",
            "\"required\": []",
        );
    workspace
}

fn codegen(workspace: &Workspace, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_codegen"))
        .args(arguments)
        .current_dir(workspace.path(""))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

fn git(workspace: &Workspace, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let mut command = Command::new("git");
    command.args(who).args(arguments);
    let output = command.current_dir(workspace.path("")).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn text_and_json_report_the_same_changes() {
    let workspace = changed();
    let both = ["diff", "specs/notes.json", "new/notes.json"];
    let (code, text, err) = codegen(&workspace, &both);
    assert_eq!((code, &*err), (0, ""));
    insta::assert_snapshot!("text", text);
    let json = [&both[..], &["--format", "json", "--exit-code"]].concat();
    let (code, json, _) = codegen(&workspace, &json);
    assert_eq!(code, 1, "a change is breaking");
    insta::assert_snapshot!("json", json);
}

/// Without `--template`, the names are those of the pack `rust`, which clash more often than others.
#[test]
fn the_names_are_those_of_the_rust_pack() {
    let workspace = Workspace::new();
    let book = |operations: &[(&str, &str)]| {
        let paths = operations.iter().map(|(path, id)| {
            let shelf =
                json!({ "name": "shelf", "in": "path", "required": true, "type": "string" });
            let responses = json!({ "200": { "description": "OK" } });
            let get = json!({ "operationId": id, "summary": "x", "responses": responses });
            (
                format!("/{{shelf}}/{path}"),
                json!({ "parameters": [shelf], "get": get }),
            )
        });
        let paths: serde_json::Map<_, _> = paths.collect();
        json!({
            "swagger": "2.0", "info": { "title": "Books", "version": "1" }, "paths": paths,
            "x-handles": [{ "name": "Shelf", "binds": ["shelf"] }],
        })
    };
    workspace.write("old.json", book(&[("b", "GetBook")]).to_string());
    workspace.write(
        "new.json",
        book(&[("a", "GetBookInput"), ("b", "GetBook")]).to_string(),
    );
    let (code, text, err) = codegen(&workspace, &["diff", "old.json", "new.json", "--exit-code"]);
    assert_eq!((code, &*err), (1, ""), "{text}");
    assert!(
        text.contains("`GetBookInput`, `GetBookOutput` are now called `GetBookMixedInput`"),
        "{text}"
    );
}

#[test]
fn the_root_file_of_a_folder_is_found() {
    let workspace = changed();
    let (code, text, _) = codegen(&workspace, &["diff", "specs", "specs", "--exit-code"]);
    assert_eq!((code, &*text), (0, "no changes\n"));
    workspace.write("specs/parts/other.json", r#"{"openapi": "3.1.0"}"#);
    let (code, _, err) = codegen(&workspace, &["diff", "specs", "new"]);
    assert_eq!(code, 1);
    let names = "specs/notes.json, specs/parts/other.json";
    assert!(
        err.contains("several files can be the root file") && err.contains(names),
        "{err}"
    );
    let (_, _, err) = codegen(&workspace, &["diff", "pack", "new"]);
    assert!(
        err.contains("no JSON file in this folder has `swagger`"),
        "{err}"
    );
    let (_, _, err) = codegen(&workspace, &["diff", "nowhere", "new"]);
    assert!(err.contains("nowhere: no such file"), "{err}");
}

#[test]
fn a_revision_is_read_with_all_its_files() {
    let workspace = changed();
    git(&workspace, &["init", "--quiet"]);
    git(&workspace, &["add", "."]);
    git(&workspace, &["commit", "--quiet", "--message", "one"]);
    git(&workspace, &["tag", "v1"]);
    workspace.replace("specs/parts/note.json", "PutNote", "WriteNote");
    let (code, text, err) = codegen(&workspace, &["diff", "v1:specs/notes.json", "specs"]);
    assert_eq!((code, &*err), (0, ""));
    assert!(
        text.contains("[operation-renamed]") && !text.contains("field"),
        "{text}"
    );
    let (_, text, _) = codegen(&workspace, &["diff", "specs", "v1:new"]);
    assert!(text.contains("v1:new/parts/note.json:"), "{text}");

    for (given, says) in [
        ("v2:specs/notes.json", "git does not know the revision `v2`"),
        ("v1:none.json", "`v1` does not contain `none.json`"),
        ("v1:../x", "without `..`"),
        ("--upload-pack=x:y", "git does not know the revision"),
    ] {
        let (code, _, err) = codegen(&workspace, &["diff", "--", given, "specs"]);
        assert!(code == 1 && err.contains(says), "{given}: {err}");
    }
    let mut no_git = Command::new(env!("CARGO_BIN_EXE_codegen"));
    no_git.args(["diff", "v1:specs", "specs"]).env("PATH", "");
    let output = no_git.current_dir(workspace.path("")).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("cannot run git; install it"), "{err}");
}

#[test]
fn a_revision_can_have_parts_in_another_folder() {
    let workspace = changed();
    workspace.move_note_out();
    git(&workspace, &["init", "--quiet"]);
    git(&workspace, &["add", "."]);
    git(&workspace, &["commit", "--quiet", "--message", "one"]);
    let diff = |root: &str| {
        let given = ["HEAD:specs/notes.json", "specs", "--spec-root-new", "."];
        let root = ["--spec-root-old", root];
        let roots = root.iter().filter(|_| !root[1].is_empty());
        let words = ["diff"].iter().chain(&given).chain(roots);
        codegen(&workspace, &words.copied().collect::<Vec<_>>())
    };
    let (code, _, err) = diff("");
    assert_eq!(code, 1);
    let expected =
        "error[ref-outside]: `../elsewhere/note.json#/note` is outside the folder `HEAD:specs`,";
    assert!(err.starts_with(expected), "{err}");
    for root in ["HEAD:", "HEAD:."] {
        let (code, text, err) = diff(root);
        assert_eq!((code, &*text, &*err), (0, "no changes\n", ""), "{root}");
    }
}

/// An error in an old specification names the revision instead of the temporary folder.
#[test]
fn an_error_in_a_revision_names_the_revision() {
    let workspace = changed();
    workspace.replace("specs/notes.json", "\"operationId\": \"ListFolders\",", "");
    git(&workspace, &["init", "--quiet"]);
    git(&workspace, &["add", "."]);
    git(&workspace, &["commit", "--quiet", "--message", "one"]);
    let (code, _, err) = codegen(&workspace, &["diff", "HEAD:specs/notes.json", "new"]);
    assert!(code == 1 && err.contains("HEAD:specs/notes.json:"), "{err}");
}
