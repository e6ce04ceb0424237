//! Finds names in templates that nothing defines, before anything is rendered.
//!
//! Tera refuses to print what is undefined, but takes it for false in a condition. The model's
//! schema knows each field there can be, so that a slip of the pen is found wherever it stands.

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

/// A name that nothing defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unknown {
    /// The template.
    pub(super) template: String,
    /// Where the name begins in it, in bytes.
    pub(super) at: usize,
    /// The name.
    pub(super) name: String,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: &'static str,
}

/// A template that is rendered for itself.
pub(super) struct Entry<'a> {
    pub(super) template: &'a str,
    pub(super) each: Each,
}

/// The types of the parameters of components, by component and parameter.
type Parameters<'s> = HashMap<(String, String), Type<'s>>;

/// Rounds after which what components are called with is taken for settled: each round carries
/// types one component further, and Tera nests them no deeper.
const ROUNDS: usize = 24;

/// Finds the names in templates that nothing defines.
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

/// How much is known of the parameters: it only ever grows.
fn size(parameters: &Parameters<'_>) -> usize {
    parameters.values().map(|held| 1 + held.size()).sum()
}

/// The names that a template begins with.
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

/// The name among some that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |other: &str| similar::TextDiff::from_chars(name, other).ratio();
    let rated = known.into_iter().map(|other| (likeness(other), other));
    let best = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.65).then_some(best.1)
}
