//! Checks of what a release needs: commands in documents work, workflows call existing targets, and
//! the packages are complete.

#![cfg(test)]

mod demo;
mod documents;
mod packages;
mod platforms;
mod programs;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use qingstor_suite::repository::{host, read, root};
use serde_json::Value;

/// Folders of the published crates, in the order of publication.
const CRATES: &[&str] = &[
    "codegen",
    "sdk/md5",
    "tests/emulator",
    "sdk",
    "sdk/object_store",
    "sdk/cli",
];

#[test]
fn every_published_crate_contains_its_licence_changelog_and_readme() {
    for folder in CRATES {
        for file in ["LICENSE", "CHANGELOG.md"] {
            assert_eq!(
                read(format!("{folder}/{file}")),
                read(file),
                "{folder}/{file}"
            );
        }
        assert!(read(format!("{folder}/README.md")).len() > 1000, "{folder}");
    }
}

/// Registries resolve a relative link from the folder of the crate, even if its README is a link to a
/// file in another folder.
#[test]
fn relative_links_in_the_readme_of_a_crate_lead_to_files() {
    for folder in CRATES {
        let readme = read(format!("{folder}/README.md"));
        for link in readme.split("](").skip(1) {
            let (link, _) = link.split_once(')').unwrap();
            let (path, _) = link.split_once('#').unwrap_or((link, ""));
            if path.is_empty() || path.starts_with("https://") {
                continue;
            }
            assert!(place(folder).join(path).exists(), "{folder}: {link}");
        }
    }
}

#[test]
fn the_makefile_publishes_every_crate_that_can_be_published() {
    let metadata = metadata();
    let published: BTreeSet<_> = packages(&metadata)
        .filter(|package| package["source"].is_null() && package["publish"].is_null())
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    let makefile = read("Makefile");
    let list = makefile
        .lines()
        .find_map(|line| line.strip_prefix("CRATES := "))
        .unwrap();
    let listed: Vec<_> = list.split_whitespace().map(str::to_owned).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), published);

    let names: Vec<_> = CRATES
        .iter()
        .map(|folder| {
            let manifest = read(format!("{folder}/Cargo.toml"));
            let name = manifest
                .lines()
                .find_map(|line| line.strip_prefix("name = "));
            name.unwrap().trim_matches('"').to_owned()
        })
        .collect();
    assert_eq!(listed, names);
}

/// The Rust version is written once, is not older than what a dependency requires, and is the one in
/// the READMEs.
#[test]
fn the_rust_version_is_correct() {
    let metadata = metadata();
    let number = |version: &str| -> Vec<u32> {
        let parts = version.split('.').map(|part| part.parse().unwrap());
        parts.take(2).collect()
    };
    let newest = packages(&metadata)
        .filter(|package| !package["source"].is_null())
        .filter_map(|package| package["rust_version"].as_str())
        .map(number)
        .max()
        .unwrap();
    let ours: BTreeSet<_> = packages(&metadata)
        .filter(|package| package["source"].is_null())
        .map(|package| package["rust_version"].as_str().unwrap())
        .collect();
    let ours: Vec<_> = ours.into_iter().collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert!(number(ours[0]) >= newest, "{ours:?} {newest:?}");
    for readme in ["README.md", "sdk/README.md"] {
        let says = format!("Rust {} or newer", ours[0]);
        assert!(read(readme).contains(&says), "{readme}");
    }
    assert!(read("README.zh-CN.md").contains(&format!("Rust {} 或更高", ours[0])));
}

/// A workflow does nothing that a contributor cannot do with `make`.
#[test]
fn workflows_call_existing_make_targets() {
    let makefile = read("Makefile");
    let mut calls = 0;
    for workflow in ["ci.yml", "release.yml"] {
        let text = read(format!(".github/workflows/{workflow}"));
        for line in text.lines().filter(|line| line.contains("make ")) {
            let (_, call) = line.split_once("make ").unwrap();
            let targets = call
                .split_whitespace()
                .take_while(|word| *word != ">" && !word.contains('='))
                .filter(|word| !word.starts_with('-'));
            for target in targets {
                let rule = format!("\n{target}:");
                assert!(makefile.contains(&rule), "{workflow}: make {target}");
                calls += 1;
            }
        }
    }
    assert!(calls >= 12, "{calls}");
}

/// In continuous integration, no test is skipped because a program is missing.
#[test]
fn workflows_require_the_programs_that_tests_need() {
    let ci = read(".github/workflows/ci.yml");
    for (target, variables) in [
        (
            "test",
            &["QINGSTOR_REQUIRE_PYTHON: 1", "QINGSTOR_REQUIRE_SHELLS: 1"][..],
        ),
        ("console-test", &["CONSOLE_BROWSER_REQUIRED: 1"]),
    ] {
        let (_, after) = ci.split_once(&format!("- run: make {target}\n")).unwrap();
        let environment = after.lines().next().unwrap();
        for variable in variables {
            assert!(environment.contains(variable), "{target}: {environment}");
        }
    }
}

/// A release runs the jobs of continuous integration, and no other version of them.
#[test]
fn a_release_is_tested_like_any_other_commit() {
    let (ci, release) = (
        read(".github/workflows/ci.yml"),
        read(".github/workflows/release.yml"),
    );
    assert!(ci.contains("\n  workflow_call:\n"));
    assert!(release.contains("\n  check:\n    uses: ./.github/workflows/ci.yml\n"));
    assert!(release.contains("\n  binaries:\n    needs: [tag, check]\n"));
    for line in ci.lines().filter(|line| line.contains("run: make ")) {
        assert!(!release.contains(line.trim()), "{line}");
    }
}

/// A tag on another branch has not been reviewed.
// On Windows, `bash` is the launcher of WSL.
#[cfg(unix)]
#[test]
fn a_release_must_be_on_the_main_branch() {
    let folder = tempfile::tempdir().unwrap();
    let (origin, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    let git = |arguments: &[&str]| {
        let folder = if clone.exists() {
            &clone
        } else {
            folder.path()
        };
        git(folder, arguments);
    };
    git(&[
        "init",
        "--quiet",
        "--bare",
        "--initial-branch=main",
        "origin",
    ]);
    git(&["clone", "--quiet", origin.to_str().unwrap(), "clone"]);
    std::fs::create_dir(clone.join(".ci")).unwrap();
    for file in [".ci/release-check", "Cargo.toml", "CHANGELOG.md"] {
        std::fs::copy(place(file), clone.join(file)).unwrap();
    }
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "a"]);
    let problems = |tag: Option<&str>| {
        let mut check = Command::new("bash");
        check.arg(clone.join(".ci/release-check")).args(tag);
        String::from_utf8(check.output().unwrap().stderr).unwrap()
    };
    let expected = "HEAD, to be released as v9.9.9, is not on the branch main of origin";
    assert!(problems(Some("v9.9.9")).contains(expected));
    // Without a tag, the commit is still to be pushed.
    assert!(!problems(None).contains("branch main"));
    git(&["push", "--quiet", "origin", "HEAD:main"]);
    assert!(!problems(Some("v9.9.9")).contains("branch main"));
    git(&["commit", "--quiet", "--allow-empty", "-m", "b"]);
    assert!(problems(Some("v9.9.9")).contains(expected));
}

/// Runs git in a folder.
#[cfg(unix)]
fn git(folder: &std::path::Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// A release that is compared with itself never differs.
#[cfg(unix)]
#[test]
fn a_release_is_compared_with_the_release_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| git(folder.path(), arguments);
    let print = format!(
        "include {}\nprint:\n\t@echo \"[$(RELEASE)]\"\n",
        place("Makefile").display()
    );
    std::fs::write(folder.path().join("print.mk"), print).unwrap();
    let release = || {
        let mut make = Command::new("make");
        make.args(["--no-print-directory", "-f", "print.mk", "print"])
            .current_dir(folder.path());
        for variable in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "RELEASE"] {
            make.env_remove(variable);
        }
        let output = make.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "a"]);
    assert_eq!(release(), "[]");
    git(&["tag", "v0.1.0"]);
    assert_eq!(release(), "[]");
    git(&["commit", "--quiet", "--allow-empty", "-m", "b"]);
    assert_eq!(release(), "[v0.1.0]");
    git(&["tag", "-a", "v0.2.0", "-m", "0.2.0"]);
    assert_eq!(release(), "[v0.1.0]");
    // Changes since the release are compared with it.
    let file = folder.path().join("print.mk");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n")).unwrap();
    assert_eq!(release(), "[v0.2.0]");
}

/// Nothing is published before the tests have passed and the programs have been built, because a
/// published version cannot be withdrawn.
#[test]
fn the_release_is_complete_before_it_is_published() {
    let workflow = read(".github/workflows/release.yml");
    // The job `check`, which tests the packages.
    assert!(workflow.contains("\n  check:\n    uses: ./.github/workflows/ci.yml\n"));
    assert!(read(".github/workflows/ci.yml").contains("\n      - run: make package\n"));
    for job in ["crates", "image"] {
        let (_, job) = workflow.split_once(&format!("\n  {job}:\n")).unwrap();
        assert_eq!(job.lines().next(), Some("    needs: [check, binaries]"));
    }
}

/// The workflow for the public API installs the compiler that the listing needs.
#[test]
fn the_workflow_for_the_public_api_uses_the_right_compiler() {
    let workflow = read(".github/workflows/ci.yml");
    let toolchain = qingstor_suite::public_api::TOOLCHAIN;
    for command in [
        format!("rustup toolchain install {toolchain} "),
        format!("make public-api CARGO=\"cargo +{toolchain}\""),
    ] {
        assert!(workflow.contains(&command), "{command}");
    }
}

/// The address of the repository is written in `Cargo.toml` only, because it does not exist before
/// the owner creates it.
#[test]
fn no_document_states_the_address_of_the_repository() {
    let output = Command::new("git")
        .args([
            "grep",
            "--line-number",
            "--ignore-case",
            "-E",
            r"(github|gitlab|gitee)\.com/[a-z0-9_.-]+/qingstor",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    let found: Vec<_> = found
        .lines()
        .filter(|line| !line.starts_with("Cargo.toml:"))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The crates that are compiled on this platform.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            &host(),
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().unwrap().iter()
}

/// Returns the path of a file or folder of the repository.
fn place(path: &str) -> PathBuf {
    root().join(path)
}
