//! The repository that the tests stand in: where its parts are, and what renders them.

use std::path::{Path, PathBuf};

use qingstor_codegen::Generator;

/// The specification, from the root of the repository.
pub const SPEC: &str = "specs/qingstor/2016-01-06/api_v2.0.json";
/// Its overlay.
pub const OVERLAY: &str = "specs/qingstor/overlay.json";
/// A further one, with the texts in Chinese.
pub const CHINESE: &str = "specs/qingstor/overlay.zh-CN.json";

/// The packs, the folders that they are rendered into, and further overlays. The one place that
/// knows them besides the Makefile, which a test compares with it.
pub const PACKS: &[(&str, &str, &[&str])] = &[
    ("rust", "sdk/src/generated", &[]),
    ("emulator", "tests/emulator/src/generated", &[]),
    ("readme", ".", &[]),
    ("reference", "sdk/docs/en", &[]),
    ("reference", "sdk/docs/zh-CN", &[CHINESE]),
];

/// The packs whose output is not committed: each has a task of its name in the Makefile, and a test
/// of its own.
pub const UNCOMMITTED: &[&str] = &["python"];

/// The root of the repository.
pub fn root() -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR"));
    suite.ancestors().nth(2).unwrap().to_owned()
}

/// A file's text.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The generator with the specification and its overlay.
pub fn generator() -> Generator {
    Generator::new()
        .spec(root().join(SPEC))
        .overlay(root().join(OVERLAY))
}
