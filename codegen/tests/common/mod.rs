//! Temporary folders, and helpers for specifications.
#![cfg(test)]
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};

use qingstor_codegen::diagnostic::Report;
use qingstor_codegen::{Error, Generator};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Returns the folder of the tests of this crate.
pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A temporary folder with a specification, a pack and an output folder.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Creates a folder with copies of the specification `notes.json` and the minimal pack.
    pub(crate) fn notes() -> Self {
        let workspace = Self::new();
        copy(&tests().join("specs"), &workspace.path("specs"));
        copy(&tests().join("packs/minimal"), &workspace.path("pack"));
        workspace
    }

    /// Lets the specification refer to a part in `elsewhere`, which is outside of its folder.
    pub(crate) fn move_note_out(&self) {
        let note = self.read("specs/parts/note.json");
        self.write("elsewhere/note.json", note);
        self.replace(
            "specs/notes.json",
            "./parts/note.json",
            "../elsewhere/note.json",
        );
    }

    /// Returns the errors of the specification. Checks that nothing is written.
    pub(crate) fn refusal(&self) -> Report {
        match self.generator().run() {
            Err(Error::Spec(report)) => report,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from}");
        self.write(path, text.replace(from, to))
    }

    /// Returns the generator for `specs/notes.json`, `pack` and `out`.
    pub(crate) fn generator(&self) -> Generator {
        Generator::new()
            .spec(self.path("specs/notes.json"))
            .pack(self.path("pack"))
            .out_dir(self.path("out"))
    }

    /// Returns all files below a folder with their bytes.
    pub(crate) fn files(&self, path: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let root = self.path(path);
        if root.is_dir() {
            walk(&root, &root, &mut files);
        }
        files.sort();
        files
    }

    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        self.files(path).into_iter().map(|(name, _)| name).collect()
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Returns the smallest specification with these paths.
pub(crate) fn spec(paths: Value) -> Value {
    json!({ "swagger": "2.0", "info": { "title": "T", "version": "1" }, "paths": paths })
}

/// Returns an operation with these parameters.
pub(crate) fn operation(parameters: Value) -> Value {
    json!({ "operationId": "Op", "summary": "s", "parameters": parameters,
            "responses": { "200": { "description": "OK" } } })
}

/// Returns the model of a specification with default names and types.
pub(crate) fn model(spec: &Value) -> Result<Value, Error> {
    let workspace = Workspace::new();
    workspace.write("api.json", serde_json::to_string_pretty(spec).unwrap());
    let model = Generator::new().spec(workspace.path("api.json")).model()?;
    Ok(serde_json::to_value(model).unwrap())
}

/// Returns the only operation of a specification.
pub(crate) fn only_operation(spec: &Value) -> Value {
    model(spec).unwrap()["resources"][0]["operations"][0].clone()
}

/// Runs the command line in a workspace. Returns exit code, output and errors.
#[cfg(feature = "cli")]
pub(crate) fn codegen(workspace: &Workspace, arguments: &str) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_codegen"))
        .args(arguments.split_whitespace())
        .current_dir(workspace.path(""))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}
