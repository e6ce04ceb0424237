//! Rules for limits, patterns and enums.

use std::cmp::Ordering;

use regex_syntax::ast;
use serde_json::Number;

use super::warn;
use crate::diagnostic::Diagnostic;
use crate::document::Limits;
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
    if let Some(pattern) = node.get("pattern")
        && let Some(error) = pattern.as_str().and_then(pattern_error)
    {
        let message = format!("this pattern is not a regular expression: {error}");
        found.push(warn(
            "pattern-invalid",
            pattern.span,
            message,
            "correct the pattern",
        ));
    }
}

/// Checks whether a value is within its limits. Returns the limit that it exceeds.
pub(super) fn satisfies(limits: &Limits, node: &Node) -> Result<(), String> {
    match &node.value {
        Value::Number(number) => {
            let json = node.to_json();
            for (key, limit, allowed) in [
                (
                    "minimum",
                    &limits.minimum,
                    &[Ordering::Greater, Ordering::Equal][..],
                ),
                (
                    "maximum",
                    &limits.maximum,
                    &[Ordering::Less, Ordering::Equal],
                ),
                (
                    "exclusive minimum",
                    &limits.exclusive_minimum,
                    &[Ordering::Greater],
                ),
                (
                    "exclusive maximum",
                    &limits.exclusive_maximum,
                    &[Ordering::Less],
                ),
            ] {
                if let Some(limit) = limit
                    && !compare(number, limit).is_some_and(|order| allowed.contains(&order))
                {
                    return Err(format!("{json} is outside the {key} {limit}"));
                }
            }
            Ok(())
        }
        Value::String(text) => count(
            text.chars().count(),
            "characters",
            limits.min_length,
            limits.max_length,
        ),
        Value::Array(items) => count(items.len(), "items", limits.min_items, limits.max_items),
        _ => Ok(()),
    }
}

fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

fn count(count: usize, unit: &str, least: Option<u64>, most: Option<u64>) -> Result<(), String> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if let Some(least) = least.filter(|least| count < *least) {
        return Err(format!("it has {count} {unit}, and the minimum is {least}"));
    }
    if let Some(most) = most.filter(|most| count > *most) {
        return Err(format!("it has {count} {unit}, and the maximum is {most}"));
    }
    Ok(())
}

/// Returns what is wrong with a pattern. Only reports what is an error in JavaScript, too, because
/// patterns are written in its dialect, which allows more than the parser.
fn pattern_error(pattern: &str) -> Option<String> {
    use ast::ErrorKind;
    let error = ast::parse::Parser::new().parse(pattern).err()?;
    let rest = pattern.get(error.span().start.offset..)?;
    let is_error = match error.kind() {
        ErrorKind::ClassRangeInvalid
        | ErrorKind::EscapeUnexpectedEof
        | ErrorKind::GroupUnclosed
        | ErrorKind::GroupUnopened
        | ErrorKind::RepetitionCountInvalid => true,
        // JavaScript has no classes within classes.
        ErrorKind::ClassUnclosed => !rest.contains(']'),
        // JavaScript reads `{x}` as text.
        ErrorKind::RepetitionMissing => !rest.starts_with('{'),
        _ => false,
    };
    is_error.then(|| error.kind().to_string())
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
