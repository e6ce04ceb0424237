//! Output folders: ownership of files, unusual folders, killed runs, and many files.
#![cfg(test)]

mod common;

use common::Workspace;

/// Creates a pack with one file without a header for each name.
fn pack(workspace: &Workspace, files: &[&str], text: &str) {
    pack_with(workspace, "", files, text);
}

fn pack_with(workspace: &Workspace, keys: &str, files: &[&str], text: &str) {
    let rule = |name: &&str| format!(r#"{{"template": "t.tera", "for": "once", "to": "{name}"}}"#);
    let rules: Vec<String> = files.iter().map(rule).collect();
    let manifest = format!(
        r#"{{"model": "1", {keys} "files": [{}]}}"#,
        rules.join(", ")
    );
    workspace.write("pack/pack.json", manifest);
    workspace.write("pack/t.tera", text);
}

fn workspace(files: &[&str], text: &str) -> Workspace {
    let workspace = Workspace::notes();
    std::fs::remove_dir_all(workspace.path("pack")).unwrap();
    pack(&workspace, files, text);
    workspace
}

fn refused(workspace: &Workspace, expected: &[&str]) {
    let before = workspace.files("out");
    for error in [
        workspace.generator().run().unwrap_err().to_string(),
        workspace.generator().check().unwrap_err().to_string(),
    ] {
        for part in expected {
            assert!(error.contains(part), "lacks {part}: {error}");
        }
    }
    assert_eq!(workspace.files("out"), before);
}

#[test]
fn a_listed_file_that_was_edited_is_not_replaced() {
    let workspace = workspace(&["a", "b"], "one");
    workspace.generator().run().unwrap();
    workspace.write("out/b", "my own");
    pack(&workspace, &["a", "b"], "two");
    refused(
        &workspace,
        &["out/b is in the way", "edited by hand", "delete it"],
    );
    std::fs::remove_file(workspace.path("out/b")).unwrap();
    workspace.generator().run().unwrap();
    assert_eq!(workspace.read("out/b"), "two\n");
}

#[test]
fn a_listed_file_that_was_edited_is_not_removed() {
    let workspace = workspace(&["a", "b"], "one");
    workspace.generator().run().unwrap();
    workspace.write("out/b", "my own");
    pack(&workspace, &["a"], "two");
    refused(
        &workspace,
        &["out/b is in the way", "would remove it", "move it"],
    );
    std::fs::rename(workspace.path("out/b"), workspace.path("b")).unwrap();
    workspace.generator().run().unwrap();
    std::fs::rename(workspace.path("b"), workspace.path("out/b")).unwrap();
    workspace.generator().run().unwrap();
    assert_eq!(workspace.read("out/b"), "my own");
}

#[test]
fn a_hand_written_file_in_the_lock_file_is_kept() {
    let workspace = workspace(&["a"], "one");
    workspace.generator().run().unwrap();
    workspace.write("out/notes", "my own");
    let lock = workspace.read("out/codegen.lock.json");
    for listed in [
        lock.replace("\"a\": {", "\"notes\": {"),
        lock.replace("\"outputs\"", "\"pending\": {\"notes\": []}, \"outputs\""),
    ] {
        workspace.write("out/codegen.lock.json", listed);
        refused(&workspace, &["out/notes is in the way"]);
    }
}

#[test]
fn a_file_with_a_header_is_replaced_and_removed() {
    let workspace = Workspace::notes();
    workspace.generator().run().unwrap();
    let text = workspace.read("out/errors.txt") + "an edit\n";
    workspace.write("out/errors.txt", &text);
    workspace.generator().run().unwrap();
    assert!(!workspace.read("out/errors.txt").contains("an edit"));
    workspace.write("out/errors.txt", &text);
    pack(&workspace, &["a"], "one");
    let summary = workspace.generator().run().unwrap();
    assert!(summary.removed.contains(&"errors.txt".to_owned()));
    assert!(!workspace.path("out/errors.txt").exists());
}

#[test]
fn an_identical_foreign_file_is_accepted() {
    let workspace = workspace(&["a"], "one");
    workspace.write("out/a", "one\n");
    workspace.generator().run().unwrap();
    assert_eq!(workspace.generator().check().unwrap(), []);
}

#[test]
fn other_line_endings_are_reported() {
    let workspace = workspace(&["a", "b"], "one\ntwo");
    workspace.generator().run().unwrap();
    let crlf = |name: &str| workspace.read(name).replace('\n', "\r\n");
    for name in ["out/a", "out/b", "out/codegen.lock.json"] {
        workspace.write(name, crlf(name));
    }
    for name in [
        "specs/notes.json",
        "specs/parts/acl.json",
        "pack/t.tera",
        "pack/pack.json",
    ] {
        workspace.write(name, crlf(name));
    }
    let stale = workspace.generator().check().unwrap();
    assert_eq!(stale.len(), 3, "{stale:?}");
    for one in stale {
        assert!(
            one.why
                .starts_with("only its line endings differ: it has CRLF"),
            "{one}"
        );
        assert!(one.why.contains("`* text eol=lf` to "), "{one}");
        assert!(one.why.ends_with("out/.gitattributes"), "{one}");
        assert_eq!(one.diff, "");
    }
    pack(&workspace, &["a"], "three");
    workspace.generator().run().unwrap();
    assert_eq!(workspace.names("out"), ["a", "codegen.lock.json"]);
    assert_eq!(workspace.read("out/a"), "three\n");
}

#[test]
fn a_file_can_become_a_folder_and_vice_versa() {
    let workspace = workspace(&["a", "b/c/d", "b/e"], "one");
    workspace.generator().run().unwrap();
    std::fs::create_dir_all(workspace.path("out/b/empty")).unwrap();
    pack(&workspace, &["a/f", "b"], "one");
    workspace.generator().run().unwrap();
    assert_eq!(workspace.names("out"), ["a/f", "b", "codegen.lock.json"]);

    workspace.write("out/a/mine", "my own");
    pack(&workspace, &["a"], "one");
    refused(
        &workspace,
        &["out/a/mine is in the way", "it conflicts with `a`,"],
    );
    std::fs::remove_dir_all(workspace.path("out/a")).unwrap();
    workspace.write("out/a", "my own");
    pack(&workspace, &["a/f", "b"], "one");
    refused(
        &workspace,
        &["out/a is in the way", "it conflicts with `a/f`"],
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;

    let files = &["a", "b/c"];
    for link in ["out/a", "out/b", "out/b/c", "out/codegen.lock.json"] {
        // The link is in the path of a written file, and in the path of a removed file.
        for next in [&["a", "b/c"][..], &["d"]] {
            let workspace = workspace(files, "one");
            workspace.generator().run().unwrap();
            let (link, elsewhere) = (workspace.path(link), workspace.path("elsewhere"));
            std::fs::rename(&link, &elsewhere).unwrap();
            symlink(&elsewhere, &link).unwrap();
            let before = workspace.files("elsewhere");
            pack(&workspace, next, "two");
            let name = link.file_name().unwrap().to_str().unwrap();
            refused(&workspace, &[&format!("{name} is a symbolic link")]);
            assert_eq!(workspace.files("elsewhere"), before);
        }
    }
}

#[cfg(unix)]
#[test]
fn dangling_links_and_links_in_replaced_folders_are_refused() {
    use std::os::unix::fs::symlink;

    let workspace = workspace(&["a"], "one");
    std::fs::create_dir(workspace.path("out")).unwrap();
    symlink(workspace.path("nothing"), workspace.path("out/a")).unwrap();
    let error = workspace.generator().run().unwrap_err().to_string();
    assert!(error.contains("out/a is a symbolic link"), "{error}");
    assert!(!workspace.path("nothing").exists());

    std::fs::remove_file(workspace.path("out/a")).unwrap();
    std::fs::create_dir(workspace.path("out/a")).unwrap();
    symlink(workspace.path("pack"), workspace.path("out/a/link")).unwrap();
    refused(&workspace, &["out/a/link is a symbolic link"]);
    assert!(workspace.path("pack/pack.json").exists());
}

#[cfg(unix)]
#[test]
fn the_output_folder_can_be_a_link() {
    let workspace = workspace(&["a"], "one");
    std::fs::create_dir(workspace.path("real")).unwrap();
    std::os::unix::fs::symlink(workspace.path("real"), workspace.path("out")).unwrap();
    workspace.generator().run().unwrap();
    assert_eq!(workspace.read("real/a"), "one\n");
}

#[cfg(unix)]
#[test]
fn pipes_are_not_read() {
    let workspace = workspace(&["a"], "one");
    std::fs::create_dir(workspace.path("out")).unwrap();
    let pipe = workspace.path("out/a");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for error in [
        workspace.generator().run().unwrap_err().to_string(),
        workspace.generator().check().unwrap_err().to_string(),
    ] {
        assert!(
            error.contains("out/a is neither a file nor a folder"),
            "{error}"
        );
    }
}

#[cfg(all(unix, feature = "cli"))]
mod processes {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::common::codegen;
    use super::*;

    const ALL: &str = "-f specs/notes.json -t pack -o out";

    fn many(workspace: &Workspace, keys: &str, count: usize, text: &str) {
        let names: Vec<String> = (0..count).map(|n| format!("f{}/{n}.rs", n % 7)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        pack_with(workspace, keys, &names, text);
    }

    fn generate(workspace: &Workspace) {
        let (code, _, errors) = codegen(workspace, &format!("generate {ALL}"));
        assert_eq!((code, errors.as_str()), (0, ""));
    }

    #[test]
    fn many_files_need_few_descriptors() {
        let rustfmt =
            r#""formatter": ["rustfmt", "--edition", "2024"], "formatter_extensions": ["rs"],"#;
        for (count, keys, expected) in [(300, rustfmt, "fn b() {}\n"), (1_100, "", "fn  b() {}\n")]
        {
            let workspace = workspace(&[], "");
            many(&workspace, keys, count, "");
            // The second text replaces the files of the first one.
            for text in ["fn  a() {}", "fn  b() {}"] {
                workspace.write("pack/t.tera", text);
                let program = env!("CARGO_BIN_EXE_codegen");
                let output = Command::new("sh")
                    .args([
                        "-c",
                        &format!("ulimit -n 64; exec {program} generate {ALL}"),
                    ])
                    .current_dir(workspace.path(""))
                    .output()
                    .unwrap();
                assert!(output.status.success(), "{output:?}");
            }
            assert_eq!(workspace.names("out").len(), count + 1);
            assert_eq!(workspace.read("out/f1/1.rs"), expected);
        }
    }

    /// Starts the command, and kills it if it has not exited after some time.
    fn generate_until(workspace: &Workspace, time: Duration) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_codegen"))
            .arg("generate")
            .args(ALL.split(' '))
            .current_dir(workspace.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(time);
        let _ = child.kill();
        child.wait().unwrap();
    }

    #[test]
    fn the_next_run_repairs_a_killed_run() {
        const KILLS: u32 = 15;
        let workspace = workspace(&[], "");
        let old = || many(&workspace, "", 40, "old");
        let new = || many(&workspace, "", 50, "new");
        new();
        generate(&workspace);
        let expected_new = workspace.files("out");
        old();
        let start = Instant::now();
        generate(&workspace);
        let whole = start.elapsed();
        let expected_old = workspace.files("out");

        for kill in 0..KILLS {
            new();
            generate_until(&workspace, whole * kill / KILLS);
            let is_old = kill % 3 > 0;
            if is_old {
                old();
            }
            let expected = if is_old { &expected_old } else { &expected_new };
            let is_done = workspace.files("out") == *expected;
            let (code, out, _) = codegen(&workspace, &format!("check {ALL}"));
            assert_eq!(code == 0, is_done, "{out}");
            generate(&workspace);
            assert!(
                workspace.files("out") == *expected,
                "killed after {kill}/{KILLS}"
            );
            let (code, out, errors) = codegen(&workspace, &format!("check {ALL}"));
            assert_eq!(code, 0, "killed after {kill}/{KILLS}: {out}{errors}");
            if !is_old {
                old();
                generate(&workspace);
            }
        }
    }
}
