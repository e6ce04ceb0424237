//! Applies `x-lint-allow`, which accepts findings.

use std::collections::HashSet;

use serde_json_path::JsonPath;

use crate::diagnostic::{Diagnostic, Severity, rules};
use crate::document::{Allow, Document, Loaded, idle_parts};
use crate::source::{Node, Span, Value, unescape_token};

/// Checks the entries themselves.
pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    for entry in &document.lint_allow {
        let (rule, span) = &entry.rule;
        match rules::find(rule) {
            None => {
                let message = format!("there is no rule `{rule}`");
                let help = "`codegen lint --rules` lists them";
                found.push(Diagnostic::error("lint-allow", *span, message).with_help(help));
            }
            Some(rule) if rule.severity == Severity::Error => {
                let message = format!("`{}` is an error, which cannot be allowed", rule.id);
                let help = "correct the findings instead";
                found.push(Diagnostic::error("lint-allow", *span, message).with_help(help));
            }
            Some(_) => {}
        }
        let (at, span) = &entry.at;
        if let Err(error) = query(at) {
            let message = format!("`{at}` is not a place: {error}");
            let help = "use a JSON pointer (`/definitions/x`) or a JSONPath (`$.definitions.x`)";
            found.push(Diagnostic::error("lint-allow", *span, message).with_help(help));
        }
    }
}

/// Removes accepted findings, and reports entries that accept nothing.
pub(super) fn apply(loaded: &Loaded, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let entries = &loaded.document.lint_allow;
    if entries.is_empty() {
        return found;
    }
    let mirror = loaded.bundled.to_json();
    for entry in entries {
        let (places, idle) = places(entry, &loaded.bundled, &mirror);
        let before = found.len();
        found.retain(|one| {
            let allowed = one.severity != Severity::Error
                && one.rule == entry.rule.0
                && one.span.is_some_and(|span| places.contains(&span));
            !allowed
        });
        // Invalid entries are already reported.
        let is_known =
            rules::find(&entry.rule.0).is_some_and(|rule| rule.severity != Severity::Error);
        if found.len() == before && is_known && query(&entry.at.0).is_ok() {
            let message = format!("`{}` has no finding at {}", entry.rule.0, entry.at.0);
            let help = "the finding was corrected: delete the entry";
            found.push(super::warn("lint-allow-unused", entry.span, message, help));
        } else if let Some(part) = idle.first() {
            let message = format!("`{part}` matches nothing: {}", entry.at.0);
            let help = "correct it, or remove it from the entry";
            found.push(super::warn("lint-allow-unused", entry.at.1, message, help));
        }
    }
    found
}

/// Collects the places of a value and of everything in it. Walks the tree, because values from
/// overlays and other files are outside the text of the value around them.
fn collect(node: &Node, places: &mut HashSet<Span>) {
    places.insert(node.span);
    match &node.value {
        Value::Object(object) => {
            for member in object.values() {
                places.insert(member.key);
                collect(&member.node, places);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, places)),
        _ => {}
    }
}

enum Query<'a> {
    Pointer(&'a str),
    Path(JsonPath),
}

fn query(at: &str) -> Result<Query<'_>, String> {
    if at.is_empty() || at.starts_with('/') {
        return Ok(Query::Pointer(at));
    }
    crate::document::parse_target(at).map(Query::Path)
}

/// Returns the places that an entry matches, and the parts of its path that match nothing.
fn places(entry: &Allow, root: &Node, mirror: &serde_json::Value) -> (HashSet<Span>, Vec<String>) {
    let mut idle = Vec::new();
    let pointers: Vec<String> = match query(&entry.at.0) {
        Ok(Query::Pointer(pointer)) => vec![pointer.to_owned()],
        Ok(Query::Path(path)) => {
            let found = path.query_located(mirror);
            let found = found.locations();
            let found: Vec<_> = found.map(|place| place.to_json_pointer()).collect();
            if !found.is_empty() {
                idle = idle_parts(&entry.at.0, &found, mirror);
            }
            found
        }
        Err(_) => Vec::new(),
    };
    let mut places = HashSet::new();
    for pointer in pointers {
        if let Some(node) = root.pointer(&pointer) {
            collect(node, &mut places);
        }
        if let Some((parent, token)) = pointer.rsplit_once('/') {
            let key = unescape_token(token);
            let parent = root.pointer(parent).and_then(Node::as_object);
            places.extend(parent.and_then(|parent| Some(parent.get(&*key)?.key)));
        }
    }
    (places, idle)
}
