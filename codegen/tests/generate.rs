//! Complete runs of the generator: written, unchanged and refused files.
#![cfg(test)]

mod common;

use std::io::Write;
use std::process::{Command, Stdio};

use common::Workspace;
use qingstor_codegen::Error;

#[test]
fn the_minimal_pack_renders_these_files() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    let mut all = String::new();
    for (name, bytes) in workspace.files("out") {
        all += &format!("=== {name}\n{}", String::from_utf8(bytes).unwrap());
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    let first = workspace.files("out");
    std::fs::remove_dir_all(workspace.path("out")).unwrap();
    workspace.generator().run().unwrap();
    assert_eq!(workspace.files("out"), first);
}

#[test]
fn unchanged_files_are_not_touched() {
    let workspace = Workspace::notes();
    let first = workspace.generator().run().unwrap();
    let modified = || {
        std::fs::metadata(workspace.path("out/types.txt"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified();
    let second = workspace.generator().run().unwrap();
    assert_eq!(second.written, Vec::<String>::new());
    assert_eq!(second.unchanged, first.written.len());
    assert_eq!(modified(), before);
    assert_eq!(workspace.generator().check().unwrap(), []);
}

#[test]
fn a_failing_template_leaves_all_files_unchanged() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    let before = workspace.files("out");
    workspace.replace("specs/notes.json", "All folders", "Every folder");
    workspace.write("pack/types.txt.tera", "{{ nothing }}");
    workspace.generator().run().unwrap_err();
    assert_eq!(workspace.files("out"), before);
}

#[test]
fn a_failing_template_does_not_create_the_output_folder() {
    let workspace = Workspace::notes();
    workspace.write("pack/errors.txt.tera", "{{ it.name }}");
    workspace.generator().run().unwrap_err();
    assert!(!workspace.path("out").exists());
}

#[test]
fn a_failing_formatter_is_reported_with_file_and_template() {
    let workspace = rust_workspace("fn f( {}\n");
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("b.rs"), "{error}");
    assert!(error.contains("b.rs.tera"), "{error}");
    assert!(!workspace.path("out").exists());
}

#[test]
fn rust_files_with_module_declarations_are_formatted() {
    let workspace = rust_workspace("pub   mod a ;pub mod  c;\npub mod a;\n");
    workspace.generator().run().unwrap();
    assert!(workspace.read("out/a.rs").ends_with("fn f() {}\n"));
    assert_eq!(
        workspace.names("out"),
        ["a.rs", "b.rs", "codegen.lock.json"]
    );
}

fn rust_workspace(second: &str) -> Workspace {
    let workspace = Workspace::notes();
    workspace.write(
        "pack/pack.json",
        r#"{ "model": "1", "comment": "//", "formatter": ["rustfmt", "--edition", "2024"],
             "formatter_extensions": ["rs"], "files": [
               { "template": "a.rs.tera", "for": "once", "to": "a.rs" },
               { "template": "b.rs.tera", "for": "once", "to": "b.rs" } ] }"#,
    );
    workspace.write("pack/a.rs.tera", "fn f( )  { }");
    workspace.write("pack/b.rs.tera", second);
    workspace
}

#[test]
fn unchanged_files_do_not_need_the_formatter() {
    let workspace = rust_workspace("fn  g() {}");
    workspace.generator().run().unwrap();
    let lock = workspace.read("out/codegen.lock.json");
    for file in ["pack/pack.json", "out/codegen.lock.json"] {
        workspace.replace(file, "\"rustfmt\"", "\"no-such-rustfmt\"");
    }
    // The lock file shows that this formatter formatted the files, so it does not run again.
    workspace.generator().run().unwrap();
    workspace.replace("pack/a.rs.tera", "f( )", "h( )");
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(
        error.contains("cannot start the formatter `no-such-rustfmt --edition 2024`"),
        "{error}"
    );
    assert!(lock.contains("rustfmt"));
}

#[test]
fn only_orphaned_files_are_removed() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    workspace.write("out/resources/mine.txt", "by hand");
    workspace.replace(
        "pack/pack.json",
        "resources/{{ it.name }}.txt",
        "{{ it.name }}.txt",
    );
    let summary = workspace.generator().run().unwrap();
    let gone = [
        "resources/folder_acl.txt",
        "resources/note.txt",
        "resources/service.txt",
    ];
    assert_eq!(summary.removed, gone);
    assert_eq!(workspace.names("out/resources"), ["mine.txt"]);

    std::fs::remove_file(workspace.path("out/resources/mine.txt")).unwrap();
    workspace.replace(
        "pack/pack.json",
        "{{ it.name }}.txt",
        "deep/er/{{ it.name }}.txt",
    );
    workspace.generator().run().unwrap();
    workspace.replace(
        "pack/pack.json",
        "deep/er/{{ it.name }}.txt",
        "{{ it.name }}.txt",
    );
    workspace.generator().run().unwrap();
    assert!(
        !workspace.path("out/deep").exists(),
        "empty folders are left behind"
    );
}

#[test]
fn a_lock_file_cannot_remove_files_outside_the_folder() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    workspace.write("precious.txt", "mine");
    workspace.replace(
        "out/codegen.lock.json",
        "\"types.txt\"",
        "\"../precious.txt\"",
    );
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("is outside the folder"), "{error}");
    assert_eq!(workspace.read("precious.txt"), "mine");
}

#[test]
fn a_file_written_by_hand_is_not_overwritten() {
    let workspace = Workspace::notes();
    workspace.write("out/types.txt", "my own notes\n");
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("types.txt is in the way"), "{error}");
    assert_eq!(workspace.names("out"), ["types.txt"]);
}

#[test]
fn check_distinguishes_hand_edits_from_changed_inputs() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();

    workspace.replace("out/types.txt", "Open", "Opened");
    let stale = workspace.generator().check().unwrap();
    let [only] = stale.as_slice() else {
        panic!("{stale:?}")
    };
    assert!(only.path.ends_with("out/types.txt"));
    assert!(only.why.contains("edited by hand"), "{}", only.why);
    assert!(only.diff.contains("-  Opened = \"open\""), "{}", only.diff);
    assert!(only.diff.contains("+  Open = \"open\""), "{}", only.diff);

    workspace.generator().run().unwrap();
    workspace.replace("pack/errors.txt.tera", "{{ e.code }}", "[{{ e.code }}]");
    let stale = workspace.generator().check().unwrap();
    let errors = stale
        .iter()
        .find(|one| one.path.ends_with("errors.txt"))
        .unwrap();
    assert_eq!(errors.why, "pack/errors.txt.tera changed since");

    workspace.generator().run().unwrap();
    workspace.replace("specs/parts/note.json", "Writes a note", "Stores a note");
    let stale = workspace.generator().check().unwrap();
    let note = stale
        .iter()
        .find(|one| one.path.ends_with("note.txt"))
        .unwrap();
    assert_eq!(note.why, "parts/note.json changed since");

    std::fs::remove_file(workspace.path("out/errors.txt")).unwrap();
    let stale = workspace.generator().check().unwrap();
    assert!(stale.iter().any(|one| one.why == "it is missing"));
}

#[test]
fn sections_are_replaced_in_place_without_a_lock_file() {
    let workspace = Workspace::notes();
    workspace.write(
        "pack/pack.json",
        r#"{ "model": "1", "files": [
            { "template": "list.tera", "for": "once", "into": { "file": "README.md", "marker": "list" } } ] }"#,
    );
    workspace.write(
        "pack/list.tera",
        "{% for r in resources %}- {{ r.path | md }}\n{% endfor %}",
    );
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("<!-- list:begin -->"), "{error}");
    workspace.write(
        "out/README.md",
        "# Notes\n<!-- list:begin -->\n<!-- list:end -->\nEnd\n",
    );
    assert_eq!(workspace.generator().check().unwrap().len(), 1);
    workspace.generator().run().unwrap();
    assert_eq!(workspace.names("out"), ["README.md"]);
    let text = workspace.read("out/README.md");
    assert!(
        text.starts_with("# Notes\n<!-- list:begin -->\n- /\n- /"),
        "{text}"
    );
    assert!(text.ends_with("\n<!-- list:end -->\nEnd\n"), "{text}");
    assert_eq!(workspace.generator().check().unwrap(), []);
}

/// Returns the ID that git gives to a file.
fn blob_id(text: &str) -> String {
    let mut git = Command::new("git")
        .args(["hash-object", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = git.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_lock_file_has_relative_paths_and_git_blob_ids() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    let text = workspace.read("out/codegen.lock.json");
    assert!(
        !text.contains(workspace.path("").to_str().unwrap()),
        "{text}"
    );
    let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
    let types = workspace.read("out/types.txt");
    let expected = blob_id(&types);
    assert_eq!(lock["outputs"]["types.txt"]["id"], expected);
    let spec = workspace.read("specs/parts/acl.json");
    let expected = blob_id(&spec);
    assert_eq!(lock["inputs"]["parts/acl.json"], expected);
}

#[test]
fn a_generator_without_a_pack_returns_an_error() {
    let workspace = Workspace::notes();
    let generator = qingstor_codegen::Generator::new().spec(workspace.path("specs/notes.json"));
    assert!(matches!(generator.run(), Err(Error::NoPack)));
    assert!(generator.model().is_ok());
}

/// A folder with files in several languages has a header in each of them, except in files that
/// cannot have one.
#[test]
fn a_file_can_have_its_own_comment_syntax() {
    let workspace = Workspace::notes();
    workspace.write(
        "pack/pack.json",
        r##"{"model": "1", "comment": "#", "comment_end": "end", "files": [
            {"template": "t.tera", "for": "once", "to": "a"},
            {"template": "t.tera", "for": "once", "to": "b", "comment": "<!--", "comment_end": "-->"},
            {"template": "t.tera", "for": "once", "to": "c", "comment": ";"},
            {"template": "t.tera", "for": "once", "to": "d", "comment": ""}]}"##,
    );
    workspace.write("pack/t.tera", "text");
    workspace.generator().run().unwrap();
    for (name, begin, end) in [
        ("a", "# @", " end\ntext\n"),
        ("b", "<!-- @", " -->\ntext\n"),
    ] {
        let text = workspace.read(&format!("out/{name}"));
        assert!(text.starts_with(begin) && text.ends_with(end), "{text}");
    }
    let text = workspace.read("out/c");
    assert!(
        text.starts_with("; @") && text.ends_with(".json\ntext\n"),
        "{text}"
    );
    assert_eq!(workspace.read("out/d"), "text\n");
}
