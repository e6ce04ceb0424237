//! Cargo projects that tests make from this repository: the runtime around another rendering.

use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_codegen::Generator;

use crate::repository::{read, root};

/// For all projects, which thus share what they compile of the dependencies. What is rendered gives no
/// warnings; a small specification need not use all of the runtime, and the obstacles are not documented.
const RUSTFLAGS: &str = "-D warnings -A dead_code -A unused_imports -A unused_macros -A missing_docs -A unreachable_pub";

/// `cargo build` in a project that lies beside others.
pub fn cargo_build(project: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--offline", "--quiet"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target(project))
        .env("RUSTFLAGS", RUSTFLAGS);
    command
}

/// Where projects that lie beside each other are built.
pub fn target(project: &Path) -> PathBuf {
    project.with_file_name("projects-target")
}

/// Which of the SDK's sources stand around a rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// All.
    Whole,
    /// All but what takes operations of this API: that can't stand around another one.
    WithoutManaged,
}

/// Writes a copy of `sdk/` under another name, with another rendering in place of
/// `src/generated`. Files that are as they should be are left alone, and so not compiled again.
pub fn sdk(folder: &Path, name: &str, runtime: Runtime, generator: Generator) {
    let sources = root().join("sdk/src");
    match runtime {
        Runtime::Whole => copy(&sources, &folder.join("src"), &["generated"]),
        Runtime::WithoutManaged => {
            let left_out = ["generated", "managed", "managed.rs"];
            copy(&sources, &folder.join("src"), &left_out);
            write(&folder.join("src/managed.rs"), b"//! None.\n");
        }
    }
    write(&folder.join("Cargo.toml"), manifest(name).as_bytes());
    generator
        .out_dir(folder.join("src/generated"))
        .run()
        .unwrap();
}

/// Writes the workspace of this repository with other members.
pub fn workspace(folder: &Path, members: &[&str]) {
    let text = read("Cargo.toml");
    let (before, rest) = text.split_once("members = [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let members: Vec<String> = members.iter().map(|name| format!("{name:?}")).collect();
    // Debug information would only make the build slower.
    let after = after.replace("debug = \"line-tables-only\"", "debug = false");
    let text = format!("{before}members = [{}]{after}", members.join(", "));
    write(&folder.join("Cargo.toml"), text.as_bytes());
    // The versions of this repository, and so no network; Cargo drops what is not needed.
    write(&folder.join("Cargo.lock"), read("Cargo.lock").as_bytes());
}

/// The SDK's manifest under another name, without what belongs to its own tests and documents.
fn manifest(name: &str) -> String {
    let text = read("sdk/Cargo.toml").replacen("\"qingstor-sdk\"", &format!("{name:?}"), 1);
    let mut kept = String::new();
    for section in text.split_inclusive("\n\n") {
        let own = ["[dev-dependencies]", "[[bench]]", "[[example]]", "[[test]]"];
        if !own.iter().any(|header| section.contains(header)) {
            kept += section;
        }
    }
    kept.lines()
        .filter(|line| !line.starts_with("readme"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Makes a folder hold what another one holds, but for some names, which are left as they are.
pub fn copy(from: &Path, to: &Path, except: &[&str]) {
    std::fs::create_dir_all(to).unwrap();
    let there = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(Result::unwrap)
            .filter(|entry| !except.iter().any(|name| entry.file_name() == *name))
            .collect::<Vec<_>>()
    };
    // A module that became a folder must not stand there twice.
    for entry in there(to) {
        if from.join(entry.file_name()).exists() {
            continue;
        } else if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in there(from) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, except);
        } else {
            write(&target, &std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Writes a file unless it has this content already.
pub fn write(path: &Path, content: &[u8]) {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
