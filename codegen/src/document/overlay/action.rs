//! Reads one action of an overlay.

use serde_json_path::JsonPath;

use super::{Version, invalid, target};
use crate::diagnostic::Diagnostic;
use crate::source::{Node, Span};

/// An action of an overlay.
pub(super) struct Action<'a> {
    /// Number of the action, starting at 1.
    pub(super) number: usize,
    /// Values that the action changes.
    pub(super) target: Query<'a>,
    /// The change.
    pub(super) change: Change<'a>,
}

/// A JSONPath with its place in the overlay.
pub(super) struct Query<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
    path: JsonPath,
}

/// The change that an action makes.
pub(super) enum Change<'a> {
    Remove,
    Update(&'a Node),
    Copy(Query<'a>),
}

impl Query<'_> {
    /// Returns the JSON pointers of all matches, in document order.
    pub(super) fn pointers(&self, mirror: &serde_json::Value) -> Vec<String> {
        target::pointers(&self.path, self.text, mirror)
    }
}

impl<'a> Action<'a> {
    pub(super) fn read(
        node: &'a Node,
        number: usize,
        version: Version,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = unknown_keys(node, number, version);
        problems.extend(describe(node, number, warnings));
        let target = query(node, "target", number).map_err(|problem| problems.push(problem));
        let change = change(node, number, warnings).map_err(|problem| problems.push(problem));
        match (target, change) {
            (Ok(target), Ok(change)) if problems.is_empty() => Ok(Self {
                number,
                target,
                change,
            }),
            _ => Err(problems),
        }
    }
}

fn unknown_keys(node: &Node, number: usize, version: Version) -> Vec<Diagnostic> {
    if node.as_object().is_none() {
        let message = format!("action {number} must be an object, this is {}", node.kind());
        return vec![invalid(node, &message, "add a target and a change")];
    }
    let known: &[&str] = match version {
        Version::Plain => &["target", "description", "update", "remove"],
        Version::WithCopy => &["target", "description", "update", "copy", "remove"],
    };
    let members = node.as_object().into_iter().flatten();
    let unknown =
        members.filter(|(key, _)| !known.contains(&key.as_str()) && !key.starts_with("x-"));
    unknown
        .map(|(key, member)| {
            let message = format!("action {number} has the unknown key `{key}`");
            let help = match key.as_str() {
                "copy" => "copies need `\"overlay\": \"1.1.0\"`".to_owned(),
                _ => format!("known are {}", known.join(", ")),
            };
            Diagnostic::error("overlay-invalid", member.key, message).with_help(help)
        })
        .collect()
}

/// Warns if an action has no description. The overlay specification does not require one, but
/// without a reason, a reader does not know when the action is no longer needed.
fn describe(node: &Node, number: usize, warnings: &mut Vec<Diagnostic>) -> Option<Diagnostic> {
    let found = node.get("description");
    let described = found.and_then(Node::as_str);
    if let (Some(found), None) = (found, described) {
        let message = format!("`description` must be a string, this is {}", found.kind());
        return Some(invalid(found, &message, "add the reason for the action"));
    }
    if described.is_none_or(|text| text.trim().is_empty()) {
        let message = format!("action {number} has no description");
        let help = "add the reason for the action";
        warnings.push(Diagnostic::warning("overlay-action", node.span, message).with_help(help));
    }
    None
}

fn query<'a>(node: &'a Node, key: &str, number: usize) -> Result<Query<'a>, Diagnostic> {
    let help = "for example `$.paths['/'].get`";
    let Some(found) = node.get(key) else {
        let message = format!("action {number} has no {key}");
        return Err(invalid(node, &message, "add `\"target\"`, a JSONPath"));
    };
    let Some(text) = found.as_str() else {
        let message = format!("`{key}` must be a string, this is {}", found.kind());
        return Err(invalid(found, &message, help));
    };
    match target::parse(text) {
        Ok(path) => Ok(Query {
            text,
            span: found.span,
            path,
        }),
        Err(error) => {
            let message = format!("action {number}: {key} is not a supported JSONPath: {error}");
            Err(invalid(found, &message, help))
        }
    }
}

fn change<'a>(
    node: &'a Node,
    number: usize,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Change<'a>, Diagnostic> {
    let remove = match node.get("remove") {
        None => false,
        Some(remove) => remove.as_bool().ok_or_else(|| {
            let message = format!("`remove` must be true or false, this is {}", remove.kind());
            invalid(remove, &message, "correct the value")
        })?,
    };
    let (update, copy) = (node.get("update"), node.get("copy"));
    match (remove, update, copy) {
        (true, None, None) => Ok(Change::Remove),
        (true, Some(idle), _) | (true, None, Some(idle)) => {
            let message = format!("action {number} removes values, so this has no effect");
            let help = "keep one of the two";
            warnings
                .push(Diagnostic::warning("overlay-action", idle.span, message).with_help(help));
            Ok(Change::Remove)
        }
        (false, Some(update), None) => Ok(Change::Update(update)),
        (false, None, Some(_)) => query(node, "copy", number).map(Change::Copy),
        (false, Some(_), Some(_)) => {
            let message = format!("action {number} has both `update` and `copy`");
            Err(invalid(node, &message, "split it into two actions"))
        }
        (false, None, None) => {
            let message = format!("action {number} changes nothing");
            let help = "add one of `\"update\": {..}`, `\"copy\": \"$..\"`, `\"remove\": true`";
            Err(invalid(node, &message, help))
        }
    }
}
