//! Templates of every pack with random edits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use qingstor_codegen::pack_test::SMALL_SPEC;
use qingstor_codegen::{Error, Generator, RenderError};

use crate::common::{Workspace, tests};
use crate::template_edits::{edited, edits};
use crate::{in_time, runner};

/// A copy of a pack.
struct Pack {
    folder: PathBuf,
    generator: Generator,
    /// Template texts by path.
    templates: BTreeMap<String, String>,
}

impl Pack {
    fn copy(from: &Path, workspace: &Workspace) -> Self {
        let folder = workspace.path(from.file_name().unwrap().to_str().unwrap());
        let mut templates = BTreeMap::new();
        copy_folder(from, from, &folder, &mut templates);
        let generator = Generator::new()
            .spec(workspace.path("api.json"))
            .pack(&folder);
        Self {
            folder,
            generator,
            templates,
        }
    }

    /// Renders the pack with another text for one of its templates.
    fn render_with(&self, name: &str, text: &str) -> Result<(), TestCaseError> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        let what = format!("{name}:\n{text}");
        let result = match in_time(&what, || self.generator.render()) {
            Ok(_) => Ok(()),
            Err(Error::Render(error)) => self.check_location(name, text, &error),
            Err(other) => Err(TestCaseError::fail(other.to_string())),
        };
        std::fs::write(path, &self.templates[name]).unwrap();
        result
    }

    /// Checks that an error names a file, and the line if the error is in a template.
    fn check_location(
        &self,
        edited: &str,
        edited_text: &str,
        error: &RenderError,
    ) -> Result<(), TestCaseError> {
        let report = match error {
            // The output is invalid: the message names the template.
            RenderError::Output(message) => {
                let mut names = self.templates.keys();
                let named = names.any(|name| message.contains(&format!("`{name}`")));
                prop_assert!(named, "{message}");
                return Ok(());
            }
            RenderError::Template(report) => report,
        };
        prop_assert!(!report.findings.is_empty());
        for finding in &report.findings {
            let Some(place) = &finding.place else {
                return Err(TestCaseError::fail(format!("no place: {report}")));
            };
            let name = Path::new(&place.file).strip_prefix(&self.folder).unwrap();
            let name = name.to_str().unwrap();
            if name != "pack.json" {
                let is_edited = name == edited;
                let text = if is_edited {
                    edited_text
                } else {
                    &self.templates[name]
                };
                // An error may be after the last line, or after the end of a line.
                let line = text.lines().nth(place.line - 1).unwrap_or_default();
                prop_assert_eq!(line, &place.text, "{}", report);
                prop_assert!(place.line <= text.lines().count() + 1, "{report}");
                let within = (1..=line.chars().count() + 1).contains(&place.column);
                prop_assert!(within, "column {} of {line:?}: {report}", place.column);
            }
            prop_assert!(finding.help.is_some(), "{report}");
        }
        Ok(())
    }
}

/// Copies the files of a pack, and collects its templates.
fn copy_folder(root: &Path, from: &Path, to: &Path, templates: &mut BTreeMap<String, String>) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(root, &path, &target, templates);
        } else {
            std::fs::copy(&path, target).unwrap();
            if path
                .extension()
                .is_some_and(|extension| extension == "tera")
            {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                templates.insert(name.to_owned(), std::fs::read_to_string(&path).unwrap());
            }
        }
    }
}

/// The folders of all packs of the repository.
fn packs() -> Vec<PathBuf> {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let folders = std::fs::read_dir(templates).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let mut packs: Vec<_> = folders
        .filter(|folder| folder.join("pack.json").exists())
        .chain([tests().join("packs/minimal")])
        .collect();
    packs.sort();
    packs
}

#[test]
fn edited_templates_are_rendered_or_refused_with_a_place() {
    let workspace = Workspace::new();
    // Some packs have code for a handle of this name only.
    let handle = |name: &str| format!("\"name\": \"{name}\", \"binds\"");
    let spec = SMALL_SPEC.replace(&handle("Shelf"), &handle("Bucket"));
    assert_ne!(spec, SMALL_SPEC);
    workspace.write("api.json", spec);
    for folder in packs() {
        let pack = Pack::copy(&folder, &workspace);
        let names: Vec<_> = pack.templates.keys().cloned().collect();
        let strategy = (any::<Index>(), edits());
        let result = runner(60).run(&strategy, |(which, edits)| {
            let name = which.get(&names);
            pack.render_with(name, &edited(&pack.templates[name], &edits))
        });
        if let Err(error) = result {
            panic!("{}: {error}", folder.display());
        }
    }
}
