//! Copies of the repository's parts that a test may change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qingstor_codegen::Generator;
use qingstor_suite::project::copy;
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
