//! `make demo`.

#![cfg(unix)]

use std::process::Command;

use qingstor_suite::repository::root;

use crate::programs::{folder, program_output, without_settings};

/// In a copy of the repository, because the demo writes the generated files, and with a folder
/// `target` like that of a new clone.
#[test]
fn the_demo_runs_in_a_plain_clone() {
    let clone = tempfile::tempdir().unwrap();
    let list = program_output(
        Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(root()),
    );
    for file in list.split_terminator('\0') {
        let (from, to) = (root().join(file), clone.path().join(file));
        // The index can name files that were deleted.
        if from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
    }
    let target = clone.path().join("target/debug");
    std::fs::create_dir_all(&target).unwrap();
    let programs = folder();
    for (name, program) in [
        ("codegen", "codegen"),
        ("qingstor", "qingstor"),
        ("walkthrough", "examples/walkthrough"),
    ] {
        std::os::unix::fs::symlink(programs.join(program), target.join(name)).unwrap();
    }

    let mut demo = make();
    // The programs are built already.
    demo.args(["demo", "CARGO=true"]).current_dir(clone.path());
    demo.env_remove("CARGO_TARGET_DIR");
    let output = program_output(without_settings(&mut demo));
    for line in [
        "\n0 written, ",
        "\nemulator           http://127.0.0.1:",
        "\nread it back       200 OK  ",
        "\ndelete bucket      204 No Content  nothing is left behind\n",
        "\n$ qingstor cp -r photos qs://demo-bucket/photos\n",
    ] {
        assert!(output.contains(line), "no {line:?} in:\n{output}");
    }
    assert!(output.ends_with("\na fox\n"), "{output}");
}

/// The flags of the build name existing packages and features, and select neither image processing
/// nor crates of tests.
#[test]
fn the_demo_compiles_each_crate_once_and_only_what_it_needs() {
    let dry_run = ["--dry-run", "demo", "CARGO=cargo"];
    let recipe = program_output(make().args(dry_run).current_dir(root()));
    let builds: Vec<_> = recipe
        .lines()
        .filter_map(|line| line.strip_prefix("cargo build "))
        .map(|flags| flags.split_once(" --bin ").unwrap())
        .collect();
    let programs: Vec<_> = builds.iter().map(|(_, program)| *program).collect();
    assert_eq!(programs, ["codegen", "walkthrough", "qingstor"]);
    let (flags, _) = builds[0];
    // With other flags, Cargo would compile some crates again.
    assert!(
        builds.iter().all(|(others, _)| *others == flags),
        "{recipe}"
    );

    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let tree = program_output(cargo.args(flags.split_whitespace()).current_dir(root()));
    let contains = |name: &str| {
        tree.lines()
            .any(|line| line.starts_with(&format!("{name} v")))
    };
    for name in ["qingstor-codegen", "qingstor-sdk", "qingstor-emulator"] {
        assert!(contains(name), "{name}:\n{tree}");
    }
    for name in ["image", "criterion", "opentelemetry", "proptest"] {
        assert!(!contains(name), "{name}:\n{tree}");
    }
}

/// Returns `make` as a person calls it, also if `make` runs this test: a `make` that was called by
/// another one prints the folders that it enters.
fn make() -> Command {
    let mut make = Command::new("make");
    for variable in ["MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL"] {
        make.env_remove(variable);
    }
    make
}
