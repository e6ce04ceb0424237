//! Rules for limits and enums that no value satisfies.

use super::warn;
use crate::diagnostic::Diagnostic;
use crate::document::grammar::Kind;
use crate::source::{Node, Value};

/// Pairs of keys with a lower and an upper limit.
const PAIRS: &[(&str, &str)] = &[
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
];

/// Keys whose values are counts.
const COUNTS: &[&str] = &[
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// Checks the limits and the enum of one parameter, header or schema.
pub(super) fn check(node: &Node, kind: Kind, found: &mut Vec<Diagnostic>) {
    if !matches!(kind, Kind::Parameter | Kind::Header | Kind::Schema) {
        return;
    }
    counts(node, found);
    for (lower, upper) in PAIRS {
        contradiction(node, lower, upper, found);
    }
    if let Some(values) = node.get("enum")
        && values.as_array().is_some_and(<[Node]>::is_empty)
    {
        let message = "this `enum` has no values";
        let help = "list the values, or remove `enum`";
        found.push(warn("enum-empty", values.span, message, help));
    }
}

/// Reports counts that are not non-negative integers.
fn counts(node: &Node, found: &mut Vec<Diagnostic>) {
    for key in COUNTS {
        let Some(count) = node.get(key) else {
            continue;
        };
        let is_count = match &count.value {
            Value::Number(number) => number
                .as_f64()
                .is_some_and(|number| number >= 0.0 && number.fract() == 0.0),
            _ => false,
        };
        if !is_count {
            let message = format!("`{key}` must be a non-negative integer");
            found.push(
                Diagnostic::error("wrong-type", count.span, message).with_help("correct the value"),
            );
        }
    }
}

fn contradiction(node: &Node, lower: &str, upper: &str, found: &mut Vec<Diagnostic>) {
    let (Some(least), Some(most)) = (
        Bound::of(node, lower, exclusive(lower), f64::gt),
        Bound::of(node, upper, exclusive(upper), f64::lt),
    ) else {
        return;
    };
    let is_point = least.number == most.number;
    if least.number > most.number || (is_point && (least.exclusive || most.exclusive)) {
        let message = format!(
            "no value satisfies both `{}` {} and `{}` {}",
            least.key,
            least.node.to_json(),
            most.key,
            most.node.to_json()
        );
        let help = "correct one of the limits";
        found.push(
            warn("limits-contradict", least.node.span, message, help)
                .with_note(most.node.span, "the upper limit"),
        );
    }
}

/// Returns the key that makes a limit exclusive. Counts have no such key.
fn exclusive(key: &str) -> &str {
    match key {
        "minimum" => "exclusiveMinimum",
        "maximum" => "exclusiveMaximum",
        count => count,
    }
}

/// A lower or upper limit.
struct Bound<'n, 'k> {
    key: &'k str,
    node: &'n Node,
    number: f64,
    exclusive: bool,
}

impl<'n, 'k> Bound<'n, 'k> {
    /// Reads a limit. It is exclusive if a flag says so (OpenAPI 3.0 and earlier), or if the number
    /// at `exclusive` is stricter (OpenAPI 3.1).
    fn of(
        node: &'n Node,
        key: &'k str,
        exclusive: &'k str,
        stricter: fn(&f64, &f64) -> bool,
    ) -> Option<Self> {
        let number = |key: &str| match &node.get(key)?.value {
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        let inclusive = number(key);
        let is_flagged = node.get(exclusive).and_then(Node::as_bool) == Some(true);
        let bound = |key, number, exclusive| {
            let node = node.get(key)?;
            Some(Self {
                key,
                node,
                number,
                exclusive,
            })
        };
        if key != exclusive
            && let Some(own) = number(exclusive)
            && inclusive.is_none_or(|inclusive| !stricter(&inclusive, &own))
        {
            return bound(exclusive, own, true);
        }
        bound(key, inclusive?, is_flagged)
    }
}
