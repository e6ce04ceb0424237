//! Finds undefined names in templates before rendering.
//!
//! Tera returns an error if an undefined value is printed, but treats it as false in conditions.
//! This check knows all fields from the JSON Schema of the model, so it finds misspelled names
//! everywhere.

mod arguments;
mod blocks;
mod lexer;
mod scopes;
mod tag_syntax;
mod types;
mod unused_options;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

pub(super) use blocks::unbalanced;
pub(super) use lexer::{Tag, Token, Word, tags};
use scopes::Scan;
pub(super) use tag_syntax::component_name;
use types::{Schemas, Type};
pub(super) use unused_options::Read;

use crate::pack::Each;

/// An undefined name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unknown {
    /// Name of the template.
    pub(super) template: String,
    /// Byte offset in the template.
    pub(super) at: usize,
    /// The name.
    pub(super) name: String,
    /// Description of the problem.
    pub(super) message: String,
    /// Advice.
    pub(super) help: &'static str,
}

/// A template that is rendered directly.
pub(super) struct Entry<'a> {
    pub(super) template: &'a str,
    pub(super) each: Each,
}

/// Types of component parameters, by component and parameter.
type Parameters<'s> = HashMap<(String, String), Type<'s>>;

/// Maximum number of passes to find the types of component parameters. Each pass propagates types
/// to one more level of nested components, and Tera limits their nesting.
const ROUNDS: usize = 24;

/// Finds undefined names in templates.
pub(super) fn check(
    templates: &BTreeMap<&str, &str>,
    entries: &[Entry<'_>],
    options: &Value,
) -> Vec<Unknown> {
    let schemas = Schemas::new(crate::schema::model());
    let tags: HashMap<&str, Vec<Tag<'_>>> = templates
        .iter()
        .map(|(name, text)| (*name, tags(text)))
        .collect();
    let mut parameters = Parameters::new();
    let mut unknown = BTreeSet::new();
    for _ in 0..ROUNDS {
        unknown.clear();
        let before = size(&parameters);
        for entry in entries {
            let mut scan = Scan::new(&schemas, &tags, &mut parameters, &mut unknown);
            scan.entry(entry.template, root(&schemas, entry.each, options));
        }
        for name in templates.keys() {
            let mut scan = Scan::new(&schemas, &tags, &mut parameters, &mut unknown);
            scan.components(name);
        }
        if size(&parameters) == before {
            break;
        }
    }
    arguments::check(&tags, &mut unknown);
    unknown.into_iter().collect()
}

/// Returns whether the arguments of a filter are known.
#[cfg(test)]
pub(super) fn lists_filter(name: &str) -> bool {
    arguments::FILTERS.iter().any(|(known, _)| *known == name)
}

/// Returns a measure of what is known about the parameters. It only grows.
fn size(parameters: &Parameters<'_>) -> usize {
    parameters.values().map(|held| 1 + held.size()).sum()
}

/// Returns the names that are defined at the start of a template.
fn root<'s>(schemas: &'s Schemas, each: Each, options: &'s Value) -> HashMap<String, Type<'s>> {
    let model = schemas.model();
    let mut names: HashMap<String, Type<'s>> = model
        .fields()
        .into_iter()
        .filter_map(|field| Some((field.clone(), schemas.field(&model, &field).ok()?)))
        .collect();
    names.insert("pack".to_owned(), Type::data(options));
    let it = match each {
        Each::Once => return names,
        Each::Service => "Service",
        Each::SubService => "SubService",
        Each::Resource => "Resource",
        Each::Operation => "Operation",
        Each::Type => "CustomizedType",
    };
    names.insert("it".to_owned(), schemas.named(it));
    names
}

/// Returns the known name that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |other: &str| similar::TextDiff::from_chars(name, other).ratio();
    let rated = known.into_iter().map(|other| (likeness(other), other));
    let best = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.65).then_some(best.1)
}
