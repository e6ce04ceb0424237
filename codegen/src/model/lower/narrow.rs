//! Compares two schemas of the same value.

use std::collections::HashSet;

use crate::document::{Additional, Document, Object, Schema, SchemaKind};

/// Maximum number of references and lists that are followed.
const MAX_DEPTH: usize = 32;

/// Returns the schema with fewer values, the second one if they are equal, or `None` if they
/// contradict each other.
pub(super) fn narrower<'a>(
    document: &'a Document,
    first: &'a Schema,
    second: &'a Schema,
) -> Option<&'a Schema> {
    let narrower = compare(document, first, second, MAX_DEPTH)?;
    Some(match narrower {
        Narrower::First => first,
        Narrower::Second | Narrower::Neither => second,
    })
}

/// Returns the name of a type for messages, with its article.
pub(super) fn described(schema: &Schema) -> String {
    let with_format = |name: &str, format: &Option<String>| match format {
        Some(format) => format!("{name} of the format `{format}`"),
        None => name.to_owned(),
    };
    match &schema.kind {
        SchemaKind::Ref(name) => format!("`{name}`"),
        SchemaKind::Object(_) => "an object".to_owned(),
        SchemaKind::AllOf(parts) => match parts.as_slice() {
            [part] => described(part),
            _ => "an object".to_owned(),
        },
        SchemaKind::Array(item) => format!("a list of {}", plural(&described(item))),
        SchemaKind::Text { values, .. } if !values.is_empty() => {
            let values = values.iter().map(|(value, _)| format!("`{value}`"));
            format!("one of {}", values.collect::<Vec<_>>().join(", "))
        }
        SchemaKind::Text { format, .. } => with_format("a string", format),
        SchemaKind::Integer(format) => with_format("an integer", format),
        SchemaKind::Number(format) => with_format("a number", format),
        SchemaKind::Boolean => "a boolean".to_owned(),
        SchemaKind::File => "a file".to_owned(),
        SchemaKind::HeaderMap => "a map of headers or form fields".to_owned(),
        SchemaKind::Free => "any JSON".to_owned(),
    }
}

/// Returns the plural of an item type, for messages.
fn plural(item: &str) -> String {
    let name = item.strip_prefix("an ").or_else(|| item.strip_prefix("a "));
    match name.map(|name| name.split_once(' ').unwrap_or((name, ""))) {
        Some((noun, "")) => format!("{noun}s"),
        Some((noun, rest)) => format!("{noun}s {rest}"),
        None => item.to_owned(),
    }
}

/// The schema that has fewer values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Narrower {
    First,
    Second,
    Neither,
}

fn compare(document: &Document, first: &Schema, second: &Schema, depth: usize) -> Option<Narrower> {
    let (first, second) = (
        resolved(document, first, depth),
        resolved(document, second, depth),
    );
    if std::ptr::eq(first, second) || depth == 0 {
        return Some(Narrower::Neither);
    }
    match (&first.kind, &second.kind) {
        (SchemaKind::Free, SchemaKind::Free)
        | (SchemaKind::Boolean, SchemaKind::Boolean)
        | (SchemaKind::File, SchemaKind::File)
        | (SchemaKind::HeaderMap, SchemaKind::HeaderMap) => Some(Narrower::Neither),
        (SchemaKind::Free, _) => Some(Narrower::Second),
        (_, SchemaKind::Free) => Some(Narrower::First),
        (
            SchemaKind::Text {
                format: one,
                values: own,
            },
            SchemaKind::Text {
                format: other,
                values: others,
            },
        ) => both(values(own, others)?, optional(one, other)?),
        (SchemaKind::Integer(one), SchemaKind::Integer(other))
        | (SchemaKind::Number(one), SchemaKind::Number(other)) => optional(one, other),
        (SchemaKind::Integer(_), SchemaKind::Number(_)) => Some(Narrower::First),
        (SchemaKind::Number(_), SchemaKind::Integer(_)) => Some(Narrower::Second),
        (SchemaKind::Array(one), SchemaKind::Array(other)) => {
            compare(document, one, other, depth - 1)
        }
        (
            SchemaKind::Object(_) | SchemaKind::AllOf(_),
            SchemaKind::Object(_) | SchemaKind::AllOf(_),
        ) => objects(document, first, second),
        _ => None,
    }
}

/// Follows references, and `allOf`s with a single part.
fn resolved<'a>(document: &'a Document, mut schema: &'a Schema, depth: usize) -> &'a Schema {
    for _ in 0..depth {
        schema = match &schema.kind {
            SchemaKind::Ref(name) => match document.definitions.get(name) {
                Some(definition) => &definition.schema,
                None => return schema,
            },
            SchemaKind::AllOf(parts) => match parts.as_slice() {
                [part] => part,
                _ => return schema,
            },
            _ => return schema,
        };
    }
    schema
}

/// Combines two comparisons. The first difference decides.
fn both(one: Narrower, other: Narrower) -> Option<Narrower> {
    Some(if one == Narrower::Neither { other } else { one })
}

/// Compares optional facts. An absent fact is wider than any other.
fn optional(one: &Option<String>, other: &Option<String>) -> Option<Narrower> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        (Some(_), None) => Some(Narrower::First),
        (None, Some(_)) => Some(Narrower::Second),
        _ => Some(Narrower::Neither),
    }
}

/// Compares enums. An empty list of values is wider than any other.
fn values<T>(own: &[(String, T)], others: &[(String, T)]) -> Option<Narrower> {
    let set = |values: &'_ [(String, T)]| -> HashSet<String> {
        values.iter().map(|(value, _)| value.clone()).collect()
    };
    match (own.is_empty(), others.is_empty()) {
        (true, true) => return Some(Narrower::Neither),
        (false, true) => return Some(Narrower::First),
        (true, false) => return Some(Narrower::Second),
        (false, false) => {}
    }
    let (own, others) = (set(own), set(others));
    match (own.is_subset(&others), others.is_subset(&own)) {
        (true, true) => Some(Narrower::Neither),
        (true, false) => Some(Narrower::First),
        (false, true) => Some(Narrower::Second),
        (false, false) => None,
    }
}

/// Compares objects. An object is narrower if it extends the other, or if only it has properties.
fn objects(document: &Document, first: &Schema, second: &Schema) -> Option<Narrower> {
    let is_open = |schema: &Schema| match &schema.kind {
        SchemaKind::Object(Object {
            properties,
            additional,
            ..
        }) => properties.is_empty() && matches!(additional, Additional::Unsaid | Additional::Free),
        _ => false,
    };
    match (is_open(first), is_open(second)) {
        _ if first.is_like(second) => Some(Narrower::Neither),
        (true, _) => Some(Narrower::Second),
        (_, true) => Some(Narrower::First),
        _ if extends(document, first, second) => Some(Narrower::First),
        _ if extends(document, second, first) => Some(Narrower::Second),
        _ => None,
    }
}

/// Returns whether a schema is a part of another one, at any depth.
fn extends(document: &Document, schema: &Schema, base: &Schema) -> bool {
    let (mut left, mut seen) = (vec![schema], HashSet::new());
    while let Some(schema) = left.pop() {
        if std::ptr::eq(schema, base) {
            return true;
        }
        match &schema.kind {
            SchemaKind::AllOf(parts) => left.extend(parts),
            SchemaKind::Ref(name) if seen.insert(name) => {
                let definition = document.definitions.get(name);
                left.extend(definition.map(|definition| &definition.schema));
            }
            _ => {}
        }
    }
    false
}
