//! Templates of every pack with some edits.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use qingstor_codegen::Generator;
use qingstor_codegen::golden::SMALL_SPEC;
use qingstor_codegen::model::Model;
use qingstor_codegen::pack::Pack;
use qingstor_codegen::render::{RenderError, render};

use crate::common::{Workspace, tests};
use crate::template_edits::{edited, edits};
use crate::{in_time, runner};

/// A pack and what it is rendered for.
struct Subject {
    pack: Pack,
    model: Model,
}

impl Subject {
    fn new(folder: &Path, workspace: &Workspace) -> Self {
        let spec = workspace.path("api.json");
        let model = Generator::new().spec(spec).pack(folder).model();
        Self {
            pack: Pack::load(folder).unwrap(),
            model: model.unwrap(),
        }
    }

    /// Renders the pack with another text for one of its templates.
    fn try_text(&mut self, name: &str, text: &str) -> Result<(), TestCaseError> {
        let original = self.exchange(name, text.to_owned());
        let what = format!("{name}:\n{text}");
        let rendered = in_time(&what, || render(&self.model, &self.pack));
        let result = rendered.map_or_else(|error| located(&error, &self.pack), |_| Ok(()));
        self.exchange(name, original);
        result
    }

    fn exchange(&mut self, name: &str, text: String) -> String {
        let template = self.pack.templates.get_mut(name).unwrap();
        std::mem::replace(&mut template.text, text)
    }
}

/// An error says in which file, and in which line of it if it is about a text.
fn located(error: &RenderError, pack: &Pack) -> Result<(), TestCaseError> {
    let report = match error {
        // What came out is wrong: the template is named.
        RenderError::Output(message) => {
            let mut names = pack.templates.keys();
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
        let name = Path::new(&place.file).strip_prefix(&pack.folder).unwrap();
        let name = name.to_str().unwrap();
        if name != "pack.json" {
            let text = &pack.templates[name].text;
            // An error may stand behind the last line, or behind the end of one.
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

/// The folders of all packs that there are.
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
fn templates_with_random_edits_are_rendered_or_refused_at_a_place() {
    let workspace = Workspace::new();
    // Some packs have code for a handle of this name only.
    let handle = |name: &str| format!("\"name\": \"{name}\", \"binds\"");
    let spec = SMALL_SPEC.replace(&handle("Shelf"), &handle("Bucket"));
    assert_ne!(spec, SMALL_SPEC);
    workspace.write("api.json", spec);
    for folder in packs() {
        let subject = Subject::new(&folder, &workspace);
        let names: Vec<_> = subject.pack.templates.keys().cloned().collect();
        let strategy = (any::<Index>(), edits());
        let subject = RefCell::new(subject);
        let result = runner(60).run(&strategy, |(which, edits)| {
            let name = which.get(&names);
            let mut subject = subject.borrow_mut();
            let text = edited(&subject.pack.templates[name].text, &edits);
            subject.try_text(name, &text)
        });
        if let Err(error) = result {
            panic!("{}: {error}", folder.display());
        }
    }
}
