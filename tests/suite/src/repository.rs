//! Paths of this repository, and its template packs.

use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_codegen::Generator;

/// Path of the specification, relative to the repository root.
pub const SPEC: &str = "specs/qingstor/2016-01-06/api_v2.0.json";
/// Path of the overlay of the specification.
pub const OVERLAY: &str = "specs/qingstor/overlay.json";
/// Path of the overlay with the Chinese texts.
pub const CHINESE: &str = "specs/qingstor/overlay.zh-CN.json";

/// Each template pack with its output folder and additional overlays. A test compares this list with
/// the Makefile.
pub const PACKS: &[(&str, &str, &[&str])] = &[
    ("rust", "sdk/src/generated", &[]),
    ("emulator", "tests/emulator/src/generated", &[]),
    ("cli", "sdk/cli/src/generated", &[]),
    ("cli", "sdk/cli/src/messages/operations", &[CHINESE]),
    ("reference", "sdk/docs/en", &[]),
    ("reference", "sdk/docs/zh-CN", &[CHINESE]),
];

/// Packs whose output is not committed. Each has a `make` target of the same name and its own test.
pub const UNCOMMITTED: &[&str] = &["python"];

/// Returns the repository root.
pub fn root() -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR"));
    suite.ancestors().nth(2).unwrap().to_owned()
}

/// Returns the target triple of the compiler that compiled this crate.
pub fn host() -> String {
    let name = format!("rustc{}", std::env::consts::EXE_SUFFIX);
    let compiler = Path::new(env!("CARGO")).with_file_name(name);
    let output = Command::new(compiler).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// Reads a text file. `path` is relative to the repository root.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a generator with the specification and its overlay.
pub fn generator() -> Generator {
    Generator::new()
        .spec(root().join(SPEC))
        .overlay(root().join(OVERLAY))
}
