//! Two models in, what changed between them for who uses the rendered Rust SDK out.
//!
//! | module | holds |
//! | --- | --- |
//! | `rules` | the kinds of changes, and what each means |
//! | `surface` | what of a model callers can see, as the Rust templates have it |
//! | `pair` | which thing of the old model is which of the new one |
//! | `operations`, `properties`, `types`, `service` | the comparison, by the parts of a model |
//! | `report` | what came out: for people, for programs, for the changelog |

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
use crate::model::{Model, Operation, Source};
use crate::target_language::TargetLanguage;
use pairing::{Pairing, Pairs};
use rust_api::Types;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it means.
    pub class: Class,
    /// Its kind.
    pub rule: Rule,
    /// What changed, from the operation or type inwards: `GET / ListFolders > request > limit`.
    pub path: String,
    /// What is different for who uses the SDK, one line.
    pub message: String,
    /// Where it stands in the specification.
    #[serde(flatten)]
    pub place: Place,
}

/// Where something stands in one of two specifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which specification.
    pub side: Side,
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

/// One of two specifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The one from before.
    Old,
    /// The one from now.
    New,
}

/// What changed from one model to another, both lowered for one language. `client` is the name of
/// the type that operations without a handle stand on.
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

/// A comparison under way.
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

    /// The method of an operation: ``Bucket::get_object``.
    fn method(&self, operation: &Operation) -> String {
        let handle = operation.handle.as_deref().unwrap_or(self.client);
        code(&format!("{handle}::{}", operation.method_ident))
    }

    fn found(&mut self, rule: Rule, path: impl Into<String>, message: String, place: Place) {
        self.changes.push(Change {
            class: rule.class(),
            rule,
            path: one_line(&path.into()),
            message: one_line(&message),
            place,
        });
    }

    /// Says that something has other words, if it has.
    fn words(&mut self, path: &str, what: &str, old: &[&str], new: &[&str], place: &Source) {
        if old != new {
            let message = format!("{what} is described in other words");
            self.found(Rule::Words, path, message, now(place));
        }
    }

    /// Says which facts for templates are different.
    fn extensions(
        &mut self,
        path: &str,
        what: &str,
        old: &Extensions,
        new: &Extensions,
        place: &Source,
    ) {
        let differs = |key: &&String| match (old.get(*key), new.get(*key)) {
            (Some(old), Some(new)) => !old.same_json(new),
            _ => true,
        };
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        let keys: Vec<_> = new.keys().chain(gone).filter(differs).collect();
        if !keys.is_empty() {
            let message = format!("{what} has another {}", codes(&keys));
            self.found(Rule::Extension, path, message, now(place));
        }
    }
}

fn operations_of(model: &Model) -> Vec<&Operation> {
    let resources = model.resources.iter();
    let operations = resources.flat_map(|resource| &resource.operations);
    operations.map(AsRef::as_ref).collect()
}

fn now(source: &Source) -> Place {
    place(Side::New, source)
}

fn before(source: &Source) -> Place {
    place(Side::Old, source)
}

fn place(side: Side, source: &Source) -> Place {
    Place {
        side,
        file: source.file.clone(),
        line: source.line,
    }
}

/// Text as code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// Several texts as code.
fn codes<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| code(text.as_ref())).collect();
    texts.join(", ")
}
