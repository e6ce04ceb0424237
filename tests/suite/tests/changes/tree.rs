//! Copies of the repository's parts that a test may change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qingstor_codegen::Generator;
use qingstor_suite::repository::{OVERLAY, SPEC, root};
use serde_json::Value;

/// Where the rendered files stand in the copy.
const OUT: &str = "sdk/src/generated";

/// A copy of the specification and the templates, in a folder of its own, and what they give.
pub(crate) struct Tree {
    folder: PathBuf,
}

impl Tree {
    /// A copy in `folder`. Nothing is rendered yet.
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
        assert_ne!(before, after, "{file}: the change changes nothing");
        std::fs::write(&path, serde_json::to_string_pretty(&after).unwrap()).unwrap();
    }

    pub(crate) fn generator(&self) -> Generator {
        Generator::new()
            .spec(self.folder.join(SPEC))
            .overlay(self.folder.join(OVERLAY))
            .pack(self.folder.join("templates/rust"))
            .out_dir(self.folder.join(OUT))
    }

    /// The rendered files by name.
    pub(crate) fn rendered(&self) -> BTreeMap<String, String> {
        let entries = std::fs::read_dir(self.folder.join(OUT)).unwrap();
        let files = entries.map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        });
        files.collect()
    }
}

/// Makes a folder hold what another one holds, but for some names, which are left as they are.
pub(crate) fn copy(from: &Path, to: &Path, except: &[&str]) {
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
pub(crate) fn write(path: &Path, content: &[u8]) {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
