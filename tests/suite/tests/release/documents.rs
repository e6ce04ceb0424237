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
    "sdk/README.md",
    "sdk/md5/README.md",
    "sdk/object_store/README.md",
    "sdk/cli/README.md",
];

enum Proof {
    /// `programs.rs` runs the command as it is written.
    Run,
    /// The file of a test that runs the command, or a command that differs in paths only.
    Test(&'static str),
    /// The reason why no test runs the command.
    NotRun(&'static str),
}

use Proof::{NotRun, Run, Test};

/// First words of commands, and their proof. The first entry that fits counts.
///
/// Targets of `make` that `make test` includes need no entry.
const COMMANDS: &[(&str, Proof)] = &[
    ("make demo", Test("tests/suite/tests/release/demo.rs")),
    ("make generate", Test("tests/suite/tests/release/demo.rs")),
    ("make test", NotRun("it is the command that runs the tests")),
    ("make python", Test("tests/suite/tests/python/main.rs")),
    ("make examples", Test("sdk/tests/examples.rs")),
    ("make console-test", Test(".github/workflows/ci.yml")),
    ("make package", Test(".github/workflows/ci.yml")),
    ("make msrv", Test(".github/workflows/ci.yml")),
    ("make powerset", Test(".github/workflows/ci.yml")),
    ("make deny", Test(".github/workflows/ci.yml")),
    ("make semver", Test(".github/workflows/ci.yml")),
    ("make minimal-versions", Test(".github/workflows/ci.yml")),
    ("make typos", Test(".github/workflows/ci.yml")),
    ("make actionlint", Test(".github/workflows/ci.yml")),
    ("make integrations", Test(".github/workflows/ci.yml")),
    ("make release-check", Test(".github/workflows/release.yml")),
    ("make publish DRY_RUN=", NotRun("it publishes the crates")),
    ("make publish", NotRun("it asks a registry")),
    ("make bench", NotRun("it needs minutes and an idle machine")),
    (
        "make compare",
        NotRun("it needs minutes and an idle machine"),
    ),
    (
        "make emulator",
        NotRun("it needs a fixed port; `programs.rs` starts the same program"),
    ),
    ("make format", NotRun("it changes files of the repository")),
    (
        "make public-api UPDATE=1",
        NotRun("it changes files of the repository"),
    ),
    (
        "make spec-diff",
        NotRun("its output depends on the commits; `codegen/tests/diff.rs` tests the command"),
    ),
    ("git push", NotRun("it changes another repository")),
    ("git tag", NotRun("it changes the repository")),
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
        "cargo install",
        NotRun("it compiles for minutes, and writes to the home folder"),
    ),
    (
        "cargo run -p qingstor-sdk --example ",
        Test("sdk/tests/examples.rs"),
    ),
    (
        "cargo run --release -p qingstor-codegen -- ",
        Test("codegen/tests/guide.rs"),
    ),
    ("rm templates/", Test("codegen/tests/guide.rs")),
    ("qingstor-emulator ", Run),
    ("--fault ", Run),
    ("codegen ", Run),
    ("qingstor ", Run),
    ("echo 'source <(qingstor ", Run),
    ("mkdir -p ~/.config/fish", Run),
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
    ("docker ", NotRun("it needs a container engine")),
];

#[test]
fn every_command_in_a_document_has_a_proof() {
    let mut used = BTreeSet::new();
    for document in DOCUMENTS {
        let text = read(document);
        for command in commands(&text).chain(commands_in_sentences(&text)) {
            check_syntax(document, &command);
            if !is_part_of_the_tests(&command) {
                used.insert(position(document, &command));
            }
        }
    }
    for (position, (start, proof)) in COMMANDS.iter().enumerate() {
        assert!(used.contains(&position), "no document contains: {start}");
        match proof {
            Run => {}
            Test(path) => {
                assert!(place(path).is_file(), "{path}");
                // A workflow and a script contain the command.
                if !path.ends_with(".rs") {
                    assert!(read(path).contains(start), "{path}: no {start}");
                }
            }
            NotRun(reason) => assert!(!reason.is_empty(), "{start}"),
        }
    }
}

/// Both READMEs and the guide contain the test of a new crate as this repository runs it.
#[test]
fn documents_contain_the_test_of_a_new_crate() {
    let block = format!(
        "```rust\n{}```\n",
        read("tests/suite/tests/scenarios/new_crate.rs")
    );
    let guide = "sdk/src/guide/testing.md";
    for document in ["README.md", "README.zh-CN.md", guide] {
        assert!(read(document).contains(&block), "{document}");
    }
}

/// Returns the commands in code blocks whose proof is [`Run`], in the order of the documents.
pub(crate) fn commands_to_run() -> Vec<String> {
    let mut to_run = Vec::new();
    for document in DOCUMENTS {
        let commands = commands(&read(document));
        to_run.extend(commands.filter(|one| matches!(COMMANDS[position(document, one)].1, Run)));
    }
    to_run
}

/// Returns the position of the first entry in [`COMMANDS`] that fits.
fn position(document: &str, command: &str) -> usize {
    COMMANDS
        .iter()
        .position(|(start, _)| format!("{command} ").starts_with(start))
        .unwrap_or_else(|| panic!("{document}: no entry in `COMMANDS` for: {command}"))
}

/// Returns whether `make test` includes a target.
fn is_part_of_the_tests(command: &str) -> bool {
    let makefile = read("Makefile");
    let words = |start: &str| {
        let line = makefile.lines().find_map(|line| line.strip_prefix(start));
        let targets = line.unwrap().split(" ##").next().unwrap();
        targets.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let mut included = words("test: ");
    assert!(included.contains(&"unit-and-checks".to_owned()));
    included.push("unit".to_owned());
    included.extend(words("CHECKS := "));
    let target = command.strip_prefix("make ");
    target.is_some_and(|target| included.iter().any(|one| one == target))
}

/// Returns the commands in the code blocks for shells, without comments and line continuations.
fn commands(text: &str) -> impl Iterator<Item = String> + use<> {
    let mut commands = Vec::new();
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
    assert!(!commands.is_empty(), "{text}");
    commands.into_iter()
}

/// Returns the commands of `make`, `cargo` and `git` between backquotes outside of code blocks.
fn commands_in_sentences(text: &str) -> impl Iterator<Item = String> {
    let mut in_block = false;
    let sentences = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    let spans = sentences.flat_map(|line| line.split('`').skip(1).step_by(2));
    spans.filter_map(|span| {
        let (program, rest) = span.split_once(' ')?;
        // Readers replace a word in capital letters.
        let is_pattern = rest.split(' ').any(|word| word.ends_with("NAME"));
        let is_command = ["make", "cargo"].contains(&program)
            || ["git push", "git tag"]
                .iter()
                .any(|one| span.starts_with(one));
        (is_command && !is_pattern).then(|| span.to_owned())
    })
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
        ["cargo", "test"] => {}
        ["cargo", "run" | "test" | "bench", ..] => {
            let folder = match value(&["-p", "--package"]).unwrap() {
                "qingstor-sdk" => "sdk",
                "qingstor-codegen" => "codegen",
                "qingstor-emulator" => "tests/emulator",
                "qingstor-md5" => "sdk/md5",
                "qingstor-object-store" => "sdk/object_store",
                "qingstor-cli" => "sdk/cli",
                "qingstor-suite" => "tests/suite",
                other => panic!("{document}: no crate {other}: {command}"),
            };
            for (flags, subfolder) in [
                (["--example"], "examples"),
                (["--test"], "tests"),
                (["--bench"], "benches"),
            ] {
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
