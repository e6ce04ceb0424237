//! Compares two models and reports the changes for users of the rendered Rust SDK.
//!
//! | module | contents |
//! | --- | --- |
//! | `rules` | the kinds of changes, and the class of each |
//! | `rust_api` | the Rust API that the templates render from a model |
//! | `pairing` | pairs the items of the old and the new model |
//! | `operations`, `properties`, `types`, `service` | the comparison, by part of the model |
//! | `report` | the result, as text, JSON and changelog lines |

mod operations;
mod pairing;
mod properties;
mod report;
mod rules;
mod rust_api;
mod service;
mod types;

use serde::Serialize;

pub use report::{Bump, Report};
pub use rules::{Class, Rule, Section};

use crate::diagnostic::one_line;
use crate::document::Extensions;
use crate::model::{Model, Operation, SourceLocation};
use crate::target_language::TargetLanguage;
use pairing::{Pairing, Pairs};
use rust_api::Types;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Effect on programs.
    pub class: Class,
    /// Kind of change.
    pub rule: Rule,
    /// Path of the changed item, from the operation or type inwards, for example
    /// `GET / ListFolders > request > limit`.
    pub path: String,
    /// Description for users of the SDK, in one line.
    pub message: String,
    /// Place in the specification.
    #[serde(flatten)]
    pub place: Place,
}

/// A place in one of the two specifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The specification.
    pub side: Side,
    /// File name.
    pub file: String,
    /// Line, starting at 1.
    pub line: usize,
}

/// One of the two specifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The old specification.
    Old,
    /// The new specification.
    New,
}

/// Compares two models that were lowered for the same target language. `client` is the name of the
/// type that has the operations without a handle.
pub fn diff(old: &Model, new: &Model, language: &TargetLanguage, client: &str) -> Report {
    let mut comparison = Comparison {
        old,
        new,
        client,
        old_types: Types::new(old, language),
        new_types: Types::new(new, language),
        changes: Vec::new(),
    };
    comparison.compare();
    Report::new(comparison.changes)
}

/// State of a comparison.
struct Comparison<'a> {
    old: &'a Model,
    new: &'a Model,
    client: &'a str,
    old_types: Types<'a>,
    new_types: Types<'a>,
    changes: Vec<Change>,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self) {
        let (old, new) = (self.old, self.new);
        let (before, after) = (operations_of(old), operations_of(new));
        let operations = operations::pair(&before, &after);
        let (before, after): (Vec<_>, Vec<_>) =
            (old.types.iter().collect(), new.types.iter().collect());
        let types = self.pair_types(&before, &after, &operations);
        self.service();
        self.operations(&operations);
        self.types(&types);
        self.error_codes();
    }

    /// Returns the method of an operation, for example ``Bucket::get_object``.
    fn method(&self, operation: &Operation) -> String {
        let handle = operation.handle.as_deref().unwrap_or(self.client);
        code(&format!("{handle}::{}", operation.method_ident))
    }

    fn add_change(&mut self, rule: Rule, path: impl Into<String>, message: String, place: Place) {
        self.changes.push(Change {
            class: rule.class(),
            rule,
            path: one_line(&path.into()),
            message: one_line(&message),
            place,
        });
    }

    /// Reports a change of documentation, if there is one.
    fn words(
        &mut self,
        path: &str,
        what: &str,
        old: &[&str],
        new: &[&str],
        place: &SourceLocation,
    ) {
        if old != new {
            let message = format!("the documentation of {what} changed");
            self.add_change(Rule::Words, path, message, now(place));
        }
    }

    /// Reports changed extensions (`x-` keys that templates read).
    fn extensions(
        &mut self,
        path: &str,
        what: &str,
        old: &Extensions,
        new: &Extensions,
        place: &SourceLocation,
    ) {
        let differs = |key: &&String| match (old.get(*key), new.get(*key)) {
            (Some(old), Some(new)) => !old.same_json(new),
            _ => true,
        };
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        let keys: Vec<_> = new.keys().chain(gone).filter(differs).collect();
        if !keys.is_empty() {
            let message = format!("{what} has another {}", codes(&keys));
            self.add_change(Rule::Extension, path, message, now(place));
        }
    }
}

fn operations_of(model: &Model) -> Vec<&Operation> {
    let resources = model.resources.iter();
    let operations = resources.flat_map(|resource| &resource.operations);
    operations.map(AsRef::as_ref).collect()
}

fn now(source: &SourceLocation) -> Place {
    place(Side::New, source)
}

fn before(source: &SourceLocation) -> Place {
    place(Side::Old, source)
}

fn place(side: Side, source: &SourceLocation) -> Place {
    Place {
        side,
        file: source.file.clone(),
        line: source.line,
    }
}

/// Formats text as code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// Formats several texts as code, separated by commas.
fn codes<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| code(text.as_ref())).collect();
    texts.join(", ")
}
