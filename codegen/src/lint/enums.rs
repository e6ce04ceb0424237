//! Rules for enum values: duplicates, and values in another letter case.

use std::collections::{HashMap, HashSet};

use super::{schemas, warn};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, Schema, SchemaKind};
use crate::source::Span;

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    for schema in schemas(document) {
        duplicates(schema, found);
        if let SchemaKind::Text { values, .. } = &schema.kind {
            cases(values, found);
        }
    }
}

fn duplicates(schema: &Schema, found: &mut Vec<Diagnostic>) {
    let texts: Vec<(String, Span)> = match &schema.kind {
        SchemaKind::Text { values, .. } => values.clone(),
        _ => {
            let values = schema.values.iter();
            values
                .map(|value| (value.to_json().to_string(), value.span))
                .collect()
        }
    };
    let mut seen = HashSet::new();
    for (value, span) in &texts {
        if !seen.insert(value) {
            let message = format!("duplicate value `{value}`");
            found.push(warn("enum-duplicate", *span, message, "remove one of them"));
        }
    }
}

/// Reports values whose letter case differs from most.
fn cases(values: &[(String, Span)], found: &mut Vec<Diagnostic>) {
    let mut by_case: HashMap<LetterCase, Vec<&(String, Span)>> = HashMap::new();
    for value in values {
        if let Some(case) = LetterCase::of(&value.0) {
            by_case.entry(case).or_default().push(value);
        }
    }
    let most = by_case.values().map(Vec::len).max().unwrap_or_default();
    let others: usize = by_case.values().map(Vec::len).sum::<usize>() - most;
    // Only a majority makes a rule.
    if others == 0 || most <= others {
        return;
    }
    for (value, span) in by_case
        .into_values()
        .filter(|all| all.len() < most)
        .flatten()
    {
        let message = format!("`{value}` has another letter case than the other values");
        found.push(warn(
            "enum-case",
            *span,
            message,
            "check how the service spells it",
        ));
    }
}

/// Letter case of a value, regardless of separators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum LetterCase {
    Lower,
    Upper,
    Mixed,
}

impl LetterCase {
    /// Returns `None` for values without letters and for single upper-case letters, which fit any
    /// case.
    fn of(value: &str) -> Option<Self> {
        let letters = || value.chars().filter(|c| c.is_alphabetic());
        if letters().count() < 2 {
            return None;
        }
        Some(if letters().all(char::is_lowercase) {
            Self::Lower
        } else if letters().all(char::is_uppercase) {
            Self::Upper
        } else {
            Self::Mixed
        })
    }
}
