//! The packages contain what users need and nothing else, and every file that their code includes.
//!
//! `make package` also builds them, which takes minutes.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use qingstor_suite::repository::{read, root};

use crate::CRATES;
#[cfg(unix)]
use crate::programs::program_output;

/// Files that every package contains. Cargo adds the last four.
const EVERYWHERE: &[&str] = &[
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
];

/// Further files and folders of each package, besides `src/`.
const FURTHER: &[(&str, &[&str])] = &[
    ("codegen", &["LINTS.md", "build.rs", "packs/"]),
    ("sdk/md5", &[]),
    ("tests/emulator", &["console/", "images/"]),
    ("sdk", &["examples/"]),
    ("sdk/object_store", &["examples/"]),
    ("sdk/cli", &[]),
];

#[test]
fn packages_contain_what_users_need() {
    for (folder, further) in FURTHER {
        let files = package(folder);
        for file in EVERYWHERE.iter().chain(*further) {
            let is_there = match file.strip_suffix('/') {
                Some(_) => files.iter().any(|one| one.starts_with(file)),
                None => files.contains(*file),
            };
            assert!(is_there, "{folder}: no {file}");
        }
        let excess: Vec<_> = files
            .iter()
            .filter(|file| {
                let expected = EVERYWHERE.contains(&file.as_str())
                    || further
                        .iter()
                        .any(|one| one == file || one.ends_with('/') && file.starts_with(one));
                !(expected || file.starts_with("src/"))
            })
            .collect();
        assert!(excess.is_empty(), "{folder}: {excess:?}");
    }
    let folders: Vec<_> = FURTHER.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(folders, CRATES);
}

/// `include_str!` of a file outside of the package compiles here, but not for users.
#[test]
fn packages_contain_every_included_file() {
    let mut included = 0;
    for folder in CRATES {
        let files = package(folder);
        let sources = files.iter().filter(|file| file.ends_with(".rs"));
        for source in sources.filter(|file| !is_of_tests(file)) {
            let text = read(format!("{folder}/{source}"));
            let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            for path in code.lines().filter_map(included_path) {
                let parent = Path::new(source).parent().unwrap();
                let path = normalized(&parent.join(path));
                assert!(
                    files.contains(path.to_str().unwrap()),
                    "{folder}: {source} includes {}, which is not in the package",
                    path.display()
                );
                included += 1;
            }
        }
    }
    assert!(included > 40, "{included}");
}

/// A publication that was interrupted can be repeated. It runs no code of the crates, which could
/// read the token of the registry.
#[test]
#[cfg(unix)]
fn publishes_the_crates_that_the_registry_does_not_have() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let cargo = folder.path().join("cargo");
    let registry = "case \"$*\" in *-emulator@* | *-cli@*) exit 101 ;; esac";
    std::fs::write(&cargo, format!("#!/bin/sh\n{registry}\n")).unwrap();
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    let published = |dry_run: &str| {
        let mut make = Command::new("make");
        make.args(["--dry-run", "publish", dry_run]);
        make.arg(format!("CARGO={}", cargo.display()));
        let output = program_output(make.current_dir(root()));
        for command in ["test-package", " build ", " test ", " run "] {
            assert!(!output.contains(command), "{output}");
        }
        let (_, flags) = output.split_once(" publish --no-verify ").unwrap();
        flags.lines().next().unwrap().trim().to_owned()
    };
    let rest = "--package qingstor-emulator --package qingstor-cli";
    assert_eq!(published("DRY_RUN="), rest);
    assert!(published("DRY_RUN=--dry-run").starts_with("--dry-run --package qingstor-codegen "));
}

/// Returns the path of the file that a line of code includes.
fn included_path(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = match line.strip_prefix("#[path = \"") {
        Some(rest) => rest,
        None if line.starts_with("//") => return None,
        None => ["include_str!(\"", "include_bytes!(\""]
            .iter()
            .find_map(|start| line.split_once(start))
            .map(|(_, rest)| rest)?,
    };
    rest.split('"').next()
}

fn is_of_tests(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// Returns the files of a package, as Cargo selects them.
fn package(folder: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--offline", "--allow-dirty", "--quiet"])
        .current_dir(root().join(folder))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{folder}: {stderr}");
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

/// Resolves `..` without the file system. A path that leaves the package keeps its `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if normalized.pop() => {}
            other => normalized.push(other),
        }
    }
    normalized
}
