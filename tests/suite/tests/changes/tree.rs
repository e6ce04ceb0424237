//! Copies of the specification and templates that tests can change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qingstor_codegen::Generator;
use qingstor_suite::project::copy;
use qingstor_suite::repository::{OVERLAY, SPEC, root};
use serde_json::Value;

/// Folder of the generated files in the copy.
const OUT: &str = "sdk/src/generated";

/// A copy of the specification and templates, with its generated files.
pub(crate) struct Tree {
    folder: PathBuf,
}

impl Tree {
    /// Copies the specification and templates to `folder`. Generates nothing.
    pub(crate) fn new(folder: &Path) -> Self {
        for part in ["specs", "templates/rust"] {
            copy(&root().join(part), &folder.join(part), &[]);
        }
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Changes a file of the specification.
    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.folder.join("specs/qingstor").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let before: Value = serde_json::from_str(&text).unwrap();
        let mut after = before.clone();
        change(&mut after);
        assert_ne!(before, after, "{file}: the edit has no effect");
        std::fs::write(&path, serde_json::to_string_pretty(&after).unwrap()).unwrap();
    }

    pub(crate) fn generator(&self) -> Generator {
        Generator::new()
            .spec(self.folder.join(SPEC))
            .overlay(self.folder.join(OVERLAY))
            .pack(self.folder.join("templates/rust"))
            .out_dir(self.folder.join(OUT))
    }

    /// Returns the generated files by their path in the output folder.
    pub(crate) fn rendered(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        read_files(&self.folder.join(OUT), "", &mut files);
        files
    }
}

/// Adds the files of a folder and its subfolders to `files`. Their names start with `prefix`.
fn read_files(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read_files(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}
