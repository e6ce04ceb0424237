//! Cargo projects that tests create from this repository: the SDK runtime with other generated code.

use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_codegen::Generator;

use crate::repository::{read, root};

/// Compiler flags of all projects. They are equal so that the projects share compiled dependencies.
///
/// Generated code must compile without warnings. The exceptions are for small specifications, which
/// do not use all of the runtime and have no descriptions.
const RUSTFLAGS: &str = "-D warnings -A dead_code -A unused_imports -A unused_macros -A missing_docs -A unreachable_pub";

/// Returns a `cargo build` command for a project.
pub fn cargo_build(project: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--offline", "--quiet"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target(project))
        .env("RUSTFLAGS", RUSTFLAGS);
    command
}

/// Returns the target directory that sibling projects share.
pub fn target(project: &Path) -> PathBuf {
    project.with_file_name("projects-target")
}

/// Parts of the SDK runtime to copy into a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// The whole runtime.
    Full,
    /// The runtime without the code that calls operations of the QingStor API. For other APIs.
    WithoutManaged,
}

/// Writes a copy of `sdk/` as a package called `name`, with the output of `generator` in
/// `src/generated`. Does not touch unchanged files, so that Cargo does not compile them again.
pub fn sdk(folder: &Path, name: &str, runtime: Runtime, generator: Generator) {
    let sources = root().join("sdk/src");
    match runtime {
        Runtime::Full => copy(&sources, &folder.join("src"), &["generated"]),
        Runtime::WithoutManaged => {
            let excluded = ["generated", "managed", "managed.rs"];
            copy(&sources, &folder.join("src"), &excluded);
            write(&folder.join("src/managed.rs"), b"//! Empty.\n");
        }
    }
    write(&folder.join("Cargo.toml"), manifest(name).as_bytes());
    generator
        .out_dir(folder.join("src/generated"))
        .run()
        .unwrap();
}

/// Writes a workspace with the manifest and lock file of this repository and other members.
pub fn workspace(folder: &Path, members: &[&str]) {
    let text = read("Cargo.toml");
    let (before, rest) = text.split_once("members = [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let members: Vec<String> = members.iter().map(|name| format!("{name:?}")).collect();
    // Debug information is not used and slows down the build.
    let after = after.replace("debug = \"line-tables-only\"", "debug = false");
    let text = format!("{before}members = [{}]{after}", members.join(", "));
    // The crates on which the SDK depends remain where they are.
    let here = root().display().to_string().replace('\\', "/");
    let text = text.replace("{ path = \"", &format!("{{ path = \"{here}/"));
    write(&folder.join("Cargo.toml"), text.as_bytes());
    // The locked versions of this repository need no network access. Cargo removes unused entries.
    write(&folder.join("Cargo.lock"), read("Cargo.lock").as_bytes());
}

/// Returns the manifest of the SDK with another package name, and without the sections for tests,
/// benchmarks and examples. No feature is enabled by default: the tests do not use TLS, whose libraries
/// take long to compile.
fn manifest(name: &str) -> String {
    let text = read("sdk/Cargo.toml").replacen("\"qingstor-sdk\"", &format!("{name:?}"), 1);
    let (before, rest) = text.split_once("\ndefault = [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let text = format!("{before}\ndefault = []{after}");
    let mut kept = String::new();
    for section in text.split_inclusive("\n\n") {
        let excluded = ["[dev-dependencies]", "[[bench]]", "[[example]]", "[[test]]"];
        if !excluded.iter().any(|header| section.contains(header)) {
            kept += section;
        }
    }
    kept.lines()
        .filter(|line| !line.starts_with("readme"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Makes the folder `to` equal to `from`. Entries whose name is in `except` are left unchanged.
pub fn copy(from: &Path, to: &Path, except: &[&str]) {
    std::fs::create_dir_all(to).unwrap();
    let entries = |folder: &Path| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| !except.iter().any(|name| entry.file_name() == *name))
            .collect::<Vec<_>>()
    };
    // Remove entries that no longer exist, for example `name.rs` after it became `name/mod.rs`.
    for entry in entries(to) {
        if from.join(entry.file_name()).exists() {
            continue;
        } else if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in entries(from) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, except);
        } else {
            write(&target, &std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Writes a file, unless it already has this content.
pub fn write(path: &Path, content: &[u8]) {
    if std::fs::read(path).is_ok_and(|current| current == content) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
