//! Commands in documents: each is well-formed, and is run by a test or listed with the reason why not.

use std::collections::BTreeSet;

use qingstor_suite::repository::read;

use crate::place;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "README.zh-CN.md",
    "CONTRIBUTING.md",
    "codegen/README.md",
    "templates/README.md",
    "tests/emulator/README.md",
    "sdk/object_store/README.md",
    "sdk/cli/README.md",
];

enum Proof {
    /// The file of a test that runs the command, or a command that differs in paths only.
    Test(&'static str),
    /// The reason why no test runs the command.
    NotRun(&'static str),
}

use Proof::{NotRun, Test};

/// First words of commands, and their proof. The first entry that fits counts.
const COMMANDS: &[(&str, Proof)] = &[
    ("make demo", Test("sdk/tests/examples.rs")),
    ("make test", NotRun("it is the command that runs the tests")),
    (
        "cargo new",
        NotRun("it creates a crate elsewhere; `scenarios/new_crate.rs` is its test"),
    ),
    (
        "cd hello-qingstor",
        NotRun("it changes the folder of a shell"),
    ),
    (
        "cargo add",
        NotRun("it changes the manifest of another package, and asks a registry"),
    ),
    ("cargo test", NotRun("it runs a part of the tests")),
    (
        "cargo bench",
        NotRun("it needs minutes and an idle machine"),
    ),
    (
        "INSTA_UPDATE=",
        NotRun("it changes files of the repository"),
    ),
    (
        "QINGSTOR_FAULT_RUNS=",
        NotRun("it runs a part of the tests for a long time"),
    ),
    (
        "QINGSTOR_MEMORY_MIB=",
        NotRun("it needs minutes and an idle machine"),
    ),
    ("QINGSTOR_ACCESS_KEY_ID=", NotRun("it needs an account")),
    ("QINGSTOR_BUCKET=", NotRun("it needs an account")),
    (
        "cargo install --path",
        NotRun("it writes to the home folder"),
    ),
    ("codegen ", Test("codegen/tests/cli.rs")),
    (
        "cargo run --release -p qingstor-codegen -- ",
        Test("codegen/tests/guide.rs"),
    ),
    ("rm templates/", Test("codegen/tests/guide.rs")),
    (
        "cargo run -p qingstor-emulator -- ",
        Test("tests/emulator/tests/api/program.rs"),
    ),
    (
        "qingstor-emulator ",
        Test("tests/emulator/tests/api/program.rs"),
    ),
    (
        "export http_proxy=",
        NotRun("it changes the environment of a shell"),
    ),
    (
        "rclone ",
        NotRun("it needs rclone; `outside_clients.rs` sends its requests"),
    ),
    (
        "qsctl ",
        NotRun("it needs qsctl; `outside_clients.rs` sends its requests"),
    ),
    ("qingstor api ", Test("sdk/cli/tests/cli/api.rs")),
    ("qingstor emulator ", Test("sdk/cli/tests/cli/shell.rs")),
    ("qingstor ls", Test("sdk/cli/tests/cli/buckets.rs")),
    ("qingstor ", Test("sdk/cli/tests/cli/folders.rs")),
    (
        "echo 'source <(qingstor ",
        NotRun("it changes the settings of a shell"),
    ),
    ("docker ", NotRun("it needs a container engine")),
    ("--fault ", Test("tests/emulator/tests/api/faults.rs")),
];

#[test]
fn every_command_in_a_document_has_a_proof() {
    let mut used = BTreeSet::new();
    for document in DOCUMENTS {
        for command in commands(document) {
            check_syntax(document, &command);
            let position = COMMANDS
                .iter()
                .position(|(start, _)| command.starts_with(start));
            let position = position
                .unwrap_or_else(|| panic!("{document}: no entry in `COMMANDS` for: {command}"));
            used.insert(position);
        }
    }
    for (position, (start, proof)) in COMMANDS.iter().enumerate() {
        assert!(used.contains(&position), "no document contains: {start}");
        match proof {
            Test(path) => assert!(place(path).is_file(), "{path}"),
            NotRun(reason) => assert!(!reason.is_empty(), "{start}"),
        }
    }
}

/// Both READMEs contain the test of a new crate as this repository runs it.
#[test]
fn the_readmes_contain_the_test_of_a_new_crate() {
    let block = format!(
        "```rust\n{}```\n",
        read("tests/suite/tests/scenarios/new_crate.rs")
    );
    for document in ["README.md", "README.zh-CN.md"] {
        assert!(read(document).contains(&block), "{document}");
    }
}

/// Returns the commands in the code blocks for shells, without comments and line continuations.
fn commands(document: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let text = read(document);
    let mut lines = text.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if ["", "sh"].contains(&language) {
            let block = block.join("\n").replace("\\\n", " ");
            let lines = block.lines().map(|line| {
                let line = line.split(" # ").next().unwrap_or_default();
                line.split_whitespace().collect::<Vec<_>>().join(" ")
            });
            commands.extend(lines.filter(|line| !line.is_empty()));
        }
    }
    assert!(!commands.is_empty(), "{document}");
    commands
}

/// Checks the names in commands of `make` and `cargo`.
fn check_syntax(document: &str, command: &str) {
    let words: Vec<_> = command
        .split_whitespace()
        .skip_while(|word| word.contains('='))
        .collect();
    let value = |flags: &[&str]| {
        let position = words.iter().position(|word| flags.contains(word))?;
        words.get(position + 1).copied()
    };
    match words.as_slice() {
        ["make", targets @ ..] => {
            for target in targets.iter().filter(|word| !word.contains('=')) {
                let rule = format!("\n{target}:");
                assert!(read("Makefile").contains(&rule), "{document}: {command}");
            }
        }
        ["cargo", "run" | "test", ..] => {
            let folder = match value(&["-p", "--package"]).unwrap() {
                "qingstor-sdk" => "sdk",
                "qingstor-codegen" => "codegen",
                "qingstor-emulator" => "tests/emulator",
                "qingstor-object-store" => "sdk/object_store",
                "qingstor-cli" => "sdk/cli",
                "qingstor-suite" => "tests/suite",
                other => panic!("{document}: no crate {other}: {command}"),
            };
            for (flags, subfolder) in [(["--example"], "examples"), (["--test"], "tests")] {
                if let Some(name) = value(&flags) {
                    let path = format!("{folder}/{subfolder}/{name}");
                    let file = place(&format!("{path}.rs"));
                    let found = file.is_file() || place(&path).join("main.rs").is_file();
                    assert!(found, "{document}: no {path}: {command}");
                }
            }
        }
        _ => {}
    }
}
