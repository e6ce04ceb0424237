//! Formatters that hang, print too much or lose the text, and packs whose formatter is disabled.
#![cfg(test)]
#![cfg(unix)]

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use common::{Workspace, codegen};

const ALL: &str = "-f specs/notes.json -t pack -o out";

/// Creates a pack with a shell script as its formatter.
fn workspace(script: &str) -> Workspace {
    let workspace = Workspace::notes();
    workspace.write(
        "pack/pack.json",
        serde_json::json!({ "model": "1", "comment": "#",
            "formatter": ["sh", "-c", script], "formatter_extensions": ["txt"],
            "files": [
                { "template": "t.tera", "for": "once", "to": "a.txt" },
                { "template": "t.tera", "for": "once", "to": "b.md" }
            ] })
        .to_string(),
    );
    workspace.write("pack/t.tera", "one   two");
    workspace
}

/// Runs all commands that run the formatter, and checks that each fails with this message.
fn refused(workspace: &Workspace, options: &str, expected: &[&str]) {
    for command in [
        format!("generate {ALL}"),
        format!("check {ALL}"),
        "test-pack pack --update".to_owned(),
    ] {
        let start = Instant::now();
        let (code, _, error) = codegen(workspace, &format!("{command} {options}"));
        assert_eq!(code, 1, "{command}");
        for part in ["a.txt", "t.tera", "the formatter `sh -c "]
            .iter()
            .chain(expected)
        {
            assert!(error.contains(part), "{command} lacks {part}: {error}");
        }
        assert!(start.elapsed() < Duration::from_secs(40));
        assert!(!workspace.path("out").exists(), "something was written");
    }
}

fn is_running(process: &str) -> bool {
    let listed = Command::new("ps")
        .args(["-o", "stat=", "-p", process.trim()])
        .output()
        .unwrap();
    let state = String::from_utf8(listed.stdout).unwrap();
    // A killed process whose parent does not wait for it stays a zombie.
    !state.trim().is_empty() && !state.starts_with('Z')
}

/// The scripts run at the same time, because the test waits for each until its time limit.
#[test]
fn a_hanging_formatter_is_killed_with_its_children() {
    std::thread::scope(|scope| {
        for script in [
            "sleep 300 & echo $! > \"$PIDS\"; sleep 300",
            // The formatter exits, but its child process keeps the output open.
            "cat; sleep 300 & echo $! > \"$PIDS\"",
            // The formatter closes its output, but does not exit.
            "cat; echo $$ > \"$PIDS\"; exec >&- 2>&-; sleep 300",
            // The formatter does not read its input.
            "echo $$ > \"$PIDS\"; while :; do sleep 1; done",
            // The formatter prints error messages endlessly.
            "echo $$ > \"$PIDS\"; yes error >&2",
        ] {
            scope.spawn(move || is_killed_with_its_children(script));
        }
    });
}

fn is_killed_with_its_children(script: &str) {
    let pids = tempfile::NamedTempFile::new().unwrap();
    let script = script.replace("$PIDS", pids.path().to_str().unwrap());
    let workspace = workspace(&script);
    workspace.write(
        "pack/t.tera",
        "{% for a in range(end=30000) %}long line\n{% endfor %}",
    );
    let expected = [
        "ran longer than 1 s",
        "--formatter-timeout",
        "--no-formatter",
    ];
    refused(&workspace, "--formatter-timeout 1", &expected);
    let process = std::fs::read_to_string(pids.path()).unwrap();
    // On a loaded machine, a killed process takes a moment to exit.
    let deadline = Instant::now() + Duration::from_secs(20);
    while is_running(&process) {
        assert!(Instant::now() < deadline, "{script}: {process} is running");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_formatter_with_endless_output_is_killed() {
    refused(
        &workspace("yes"),
        "",
        &["larger than 64 MiB", "--no-formatter"],
    );
}

#[test]
fn a_formatter_that_loses_the_text_is_refused() {
    for (script, expected) in [
        ("cat > /dev/null", "its output is empty"),
        ("cat > /dev/null; echo; echo ' '", "its output is empty"),
        ("exit 0", "its output is empty"),
        ("sed 1d", "does not begin with the `@generated` line"),
        ("echo; cat", "does not begin with the `@generated` line"),
        ("cat; printf '\\377'", "its output is not UTF-8"),
        ("echo wrong >&2; exit 3", "wrong"),
        ("cat > /dev/null; exit 3", "failed with exit status: 3"),
        ("cat; echo >&2; exit 1", "failed with exit status: 1"),
        ("cat; kill -9 $$", "signal: 9"),
    ] {
        refused(&workspace(script), "", &[expected]);
    }
    // Batches are formatted through files.
    let workspace = workspace("");
    workspace.write(
        "bin/rustfmt",
        "#!/bin/sh\nfor file; do : > \"$file\"; done\n",
    );
    let program = workspace.path("bin/rustfmt");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let manifest = workspace.read("pack/pack.json");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    manifest["formatter"] = serde_json::json!([program]);
    workspace.write("pack/pack.json", manifest.to_string());
    let (code, _, error) = codegen(&workspace, &format!("generate {ALL}"));
    assert_eq!(code, 1);
    assert!(
        error.contains("failed on a.txt") && error.contains("its output is empty"),
        "{error}"
    );
    assert!(!workspace.path("out").exists());
}

#[test]
fn an_empty_template_can_render_an_empty_file() {
    let workspace = workspace("cat");
    workspace.replace("pack/pack.json", "\"comment\":\"#\"", "\"comment\":\"\"");
    workspace.write("pack/t.tera", "");
    assert_eq!(codegen(&workspace, &format!("generate {ALL}")).0, 0);
}

#[test]
fn no_formatter_runs_no_program() {
    let workspace = workspace("touch PROOF; cat");
    let proof = workspace.path("proof");
    workspace.replace("pack/pack.json", "PROOF", proof.to_str().unwrap());
    for command in [
        format!("check {ALL}"),
        format!("generate {ALL}"),
        format!("check {ALL}"),
        "test-pack pack --update".to_owned(),
        "test-pack pack".to_owned(),
    ] {
        codegen(&workspace, &format!("{command} --no-formatter"));
        assert!(!proof.exists(), "{command}");
    }
    assert_eq!(codegen(&workspace, "dump -f specs/notes.json -t pack").0, 0);
    assert!(!proof.exists());
    assert_eq!(codegen(&workspace, &format!("generate {ALL}")).0, 0);
    assert!(proof.exists());
}

#[test]
fn formatted_files_pass_check_without_the_formatter() {
    let workspace = workspace("tr -s ' '");
    let generate = format!("generate {ALL}");
    let check = format!("check {ALL}");
    let without = format!("{check} --no-formatter");
    assert_eq!(codegen(&workspace, &generate).0, 0);
    assert!(workspace.read("out/a.txt").ends_with("\none two\n"));
    assert_eq!(codegen(&workspace, &without).0, 0);

    // The next run with the formatter formats files that were written without it.
    workspace.write("pack/t.tera", "two   three");
    assert_eq!(codegen(&workspace, &without).0, 1);
    assert_eq!(
        codegen(&workspace, &format!("{generate} --no-formatter")).0,
        0
    );
    assert!(workspace.read("out/a.txt").ends_with("\ntwo   three\n"));
    assert_eq!(codegen(&workspace, &without).0, 0);
    assert_eq!(codegen(&workspace, &check).0, 1);
    assert_eq!(codegen(&workspace, &generate).0, 0);
    assert!(workspace.read("out/a.txt").ends_with("\ntwo three\n"));
    assert_eq!(codegen(&workspace, &check).0, 0);
}

#[test]
fn the_help_of_commands_mentions_the_formatter() {
    let workspace = Workspace::new();
    for command in ["generate", "check", "test-pack"] {
        let (_, help, _) = codegen(&workspace, &format!("{command} --help"));
        // The help is wrapped to the width of the terminal.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "Runs the pack's formatter",
            "--no-formatter",
            "--formatter-timeout",
        ] {
            assert!(help.contains(part), "{command} lacks {part}: {help}");
        }
    }
}

#[test]
fn a_build_script_can_disable_the_formatter() {
    let workspace = workspace("exit 1");
    workspace.generator().run().unwrap_err();
    workspace.generator().without_formatter().run().unwrap();
    assert!(workspace.read("out/a.txt").ends_with("\none   two\n"));
    let slow = self::workspace("sleep 300");
    let slow = slow
        .generator()
        .formatter_time_limit(Duration::from_millis(200));
    let error = slow.run().unwrap_err().to_string();
    assert!(error.contains("ran longer than 0.2 s"), "{error}");
}

/// A process is listed as long as it runs, which the other tests rely on.
#[test]
fn running_processes_are_detected() {
    let mut child = Command::new("sleep").arg("300").spawn().unwrap();
    assert!(is_running(&child.id().to_string()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_running(&child.id().to_string()));
}
