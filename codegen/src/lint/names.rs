//! Rules for names: a style that most names share is expected of all.

use std::collections::HashMap;

use super::{operations, warn};
use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::naming::Naming;
use crate::source::Span;

/// Percentage of names that make a style the rule.
const MAJORITY: usize = 75;

/// Minimum number of names for a rule.
const FEW: usize = 4;

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    let ids: Vec<_> = operations(document)
        .map(|operation| (operation.id.as_str(), operation.id_span))
        .collect();
    for (name, span, style) in against_custom(&ids) {
        let message = format!("`{name}` is not in {style}, but most operation IDs are");
        found.push(warn("operation-id-case", span, message, "rename it"));
    }
    let definitions = document.definitions.iter();
    let definitions: Vec<_> = definitions
        .map(|(name, definition)| (name.as_str(), definition.key))
        .collect();
    for (name, span, style) in against_custom(&definitions) {
        let message = format!("`{name}` is not in {style}, but most definitions are");
        let help = "rename it, or add `x-name`";
        found.push(warn("definition-name-case", span, message, help));
    }
    verbs(&ids, found);
}

/// Style of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Style {
    Pascal,
    Camel,
    Snake,
    Kebab,
    Upper,
    Other,
}

impl Style {
    /// Returns the styles that a name conforms to. A single lower-case word conforms to several.
    fn of(name: &str) -> Vec<Self> {
        let has = |test: fn(char) -> bool| name.chars().any(test);
        let plain = name.chars().all(|c| c.is_alphanumeric());
        let starts_upper = name.starts_with(char::is_uppercase);
        let only = |separator: char| name.chars().all(|c| c.is_alphanumeric() || c == separator);
        match () {
            () if plain && !has(char::is_uppercase) => vec![Self::Snake, Self::Kebab, Self::Camel],
            () if plain && starts_upper && !has(char::is_lowercase) => {
                vec![Self::Upper, Self::Pascal]
            }
            () if plain && starts_upper => vec![Self::Pascal],
            () if plain => vec![Self::Camel],
            () if only('_') && !has(char::is_uppercase) => vec![Self::Snake],
            () if only('-') && !has(char::is_uppercase) => vec![Self::Kebab],
            () if only('_') && !has(char::is_lowercase) => vec![Self::Upper],
            () => vec![Self::Other],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pascal => "PascalCase",
            Self::Camel => "camelCase",
            Self::Snake => "snake_case",
            Self::Kebab => "kebab-case",
            Self::Upper => "UPPER_CASE",
            Self::Other => "one case",
        }
    }
}

/// Returns the names that break the style of the majority, with the name of that style.
fn against_custom<'n>(names: &[(&'n str, Span)]) -> Vec<(&'n str, Span, &'static str)> {
    let mut counts: HashMap<Style, usize> = HashMap::new();
    for (name, _) in names {
        for style in Style::of(name) {
            *counts.entry(style).or_default() += 1;
        }
    }
    let custom = counts
        .into_iter()
        .filter(|(style, count)| *style != Style::Other && *count * 100 >= names.len() * MAJORITY)
        .max_by_key(|(style, count)| (*count, style.name()));
    let Some((custom, _)) = custom.filter(|_| names.len() >= FEW) else {
        return Vec::new();
    };
    let against = names
        .iter()
        .filter(|(name, _)| !Style::of(name).contains(&custom));
    against
        .map(|(name, span)| (*name, *span, custom.name()))
        .collect()
}

/// Reports IDs such as `BucketDelete` if other IDs are like `DeleteObject`.
fn verbs(ids: &[(&str, Span)], found: &mut Vec<Diagnostic>) {
    let naming = Naming::default();
    let words: Vec<Vec<String>> = ids.iter().map(|(id, _)| naming.words(id)).collect();
    let mut leading: HashMap<&str, usize> = HashMap::new();
    for first in words.iter().filter_map(|words| words.first()) {
        *leading.entry(first).or_default() += 1;
    }
    let mut elsewhere: HashMap<&str, usize> = HashMap::new();
    for word in words.iter().flat_map(|words| words.iter().skip(1)) {
        *elsewhere.entry(word).or_default() += 1;
    }
    // A word that is often the first and hardly ever a later one is probably a verb.
    let is_verb = |word: &str| {
        let [first, other] = [&leading, &elsewhere].map(|counts| counts.get(word).copied());
        let (first, other) = (first.unwrap_or_default(), other.unwrap_or_default());
        first >= FEW && other * 4 <= first
    };
    for ((id, span), words) in ids.iter().zip(&words) {
        let first_is_rare = words
            .first()
            .is_some_and(|first| leading.get(first.as_str()) == Some(&1));
        let verb = words.last().filter(|last| words.len() > 1 && is_verb(last));
        if let Some(verb) = verb.filter(|_| first_is_rare) {
            let message =
                format!("`{id}` ends with the verb `{verb}`, but other IDs begin with it");
            found.push(warn(
                "operation-id-verb",
                *span,
                message,
                "move the verb to the start",
            ));
        }
    }
}
