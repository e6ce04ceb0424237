//! Rules for similar types: two names for one type, and names that hardly differ.

use std::collections::HashMap;

use super::{Role, named, operations, warn};
use crate::diagnostic::Diagnostic;
use crate::document::{Additional, Document, In, Schema, SchemaKind};
use crate::source::Span;

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    let known = definitions(document, found);
    inline(document, known, found);
    let ids = operations(document).map(|operation| (operation.id.as_str(), operation.id_span));
    for pair in hardly_differ(ids) {
        let message = format!("`{}` and `{}` hardly differ", pair.name, pair.other);
        let help = "rename one of them";
        found.push(
            warn("operation-id-alike", pair.span, message, help)
                .with_note(pair.first, "the other one"),
        );
    }
    let values = named(document);
    let parameters = [In::Path, In::Query, In::Header, In::Form].map(Role::Parameter);
    for role in parameters.into_iter().chain([Role::Header, Role::Property]) {
        let values = values.iter().filter(|value| value.role == role);
        for pair in hardly_differ(values.map(|value| (value.name, value.span))) {
            let message = format!("another place spells `{}` as `{}`", pair.name, pair.other);
            let help = "use one spelling";
            found.push(
                warn("parameter-alike", pair.span, message, help)
                    .with_note(pair.first, "elsewhere"),
            );
        }
    }
}

struct Pair<'n> {
    name: &'n str,
    span: Span,
    other: &'n str,
    first: Span,
}

/// Returns names that equal an earlier one except for letter case and separators.
fn hardly_differ<'n>(names: impl Iterator<Item = (&'n str, Span)>) -> Vec<Pair<'n>> {
    let mut first: HashMap<String, (&str, Span)> = HashMap::new();
    let mut found = Vec::new();
    for (name, span) in names {
        let letters: String = name
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let (other, first) = *first.entry(letters).or_insert((name, span));
        if other != name {
            found.push(Pair {
                name,
                span,
                other,
                first,
            });
        }
    }
    found
}

/// Schemas by description of their contents, each with its name in messages and its place.
type Known<'d> = HashMap<String, (Option<&'d str>, Span)>;

/// Reports definitions with equal contents. Skips objects with one property, which can be equal by
/// chance.
fn definitions<'d>(document: &'d Document, found: &mut Vec<Diagnostic>) -> Known<'d> {
    let mut first = Known::new();
    for (name, definition) in &document.definitions {
        let Some(shape) = shape(&definition.schema) else {
            continue;
        };
        let (other, span) = *first.entry(shape).or_insert((Some(name), definition.key));
        let Some(other) = other.filter(|other| other != name) else {
            continue;
        };
        let message = format!("`{name}` and `{other}` have equal contents");
        let help = format!("replace one by a reference to the other: {{\"$ref\": .. `{other}`}}");
        found.push(
            warn("definition-alike", definition.key, message, help)
                .with_note(span, "the other one"),
        );
    }
    first
}

/// Reports inline objects that are equal to a definition or to each other. Each of them becomes a
/// type, unless they share an `x-type-name`.
fn inline<'d>(document: &'d Document, mut first: Known<'d>, found: &mut Vec<Diagnostic>) {
    let mut objects = Vec::new();
    for definition in document.definitions.values() {
        inside(&definition.schema, &mut objects);
    }
    for operation in operations(document) {
        let sent = operation.parameters.iter().map(|one| &one.schema);
        let response_bodies = operation
            .responses
            .iter()
            .filter_map(|one| one.schema.as_ref());
        sent.chain(response_bodies)
            .for_each(|body| inside(body, &mut objects));
    }
    for schema in objects {
        let Some(shape) = shape(schema) else {
            continue;
        };
        let own = schema
            .facts
            .type_name
            .as_ref()
            .map(|(name, _)| name.as_str());
        let (other, span) = *first.entry(shape).or_insert((own, schema.span));
        // The same schema is read once per operation that refers to it.
        if span == schema.span || (own.is_some() && own == other) {
            continue;
        }
        let other = other.map_or_else(|| "another one".to_owned(), |other| format!("`{other}`"));
        let message = format!("this object is equal to {other}");
        let help = "add a definition, and refer to it";
        found.push(
            warn("object-alike", schema.span, message, help).with_note(span, "the other one"),
        );
    }
}

/// Collects the inline objects in a schema. A body itself is not one of them, because its
/// properties become fields of the operation.
fn inside<'d>(schema: &'d Schema, found: &mut Vec<&'d Schema>) {
    let mut held = |held: &'d Schema| {
        if matches!(held.kind, SchemaKind::Object(_)) {
            found.push(held);
        }
        inside(held, found);
    };
    match &schema.kind {
        SchemaKind::Object(object) => {
            object.properties.values().for_each(|(_, one)| held(one));
            if let Additional::Typed(value) = &object.additional {
                held(value);
            }
        }
        SchemaKind::Array(item) => held(item),
        SchemaKind::AllOf(parts) => parts.iter().for_each(|part| inside(part, found)),
        _ => {}
    }
}

/// Returns a text that is equal for equal schemas. Returns `None` for small schemas.
fn shape(schema: &Schema) -> Option<String> {
    match &schema.kind {
        SchemaKind::Object(object) if object.properties.len() >= 2 => {
            let mut words: Vec<String> = object
                .properties
                .iter()
                .map(|(name, (_, schema))| {
                    let required = object.required.iter().any(|(one, _)| one == name);
                    format!(
                        "{name:?}{}{}",
                        if required { '!' } else { '?' },
                        kind(schema)
                    )
                })
                .collect();
            words.sort_unstable();
            Some(format!("{{{}}}", words.join(",")))
        }
        SchemaKind::Text { values, .. } if values.len() >= 2 => Some(kind(schema)),
        _ => None,
    }
}

fn kind(schema: &Schema) -> String {
    match &schema.kind {
        SchemaKind::Ref(name) => format!("ref {name:?}"),
        SchemaKind::Object(_) => {
            let shape = shape(schema);
            // Schemas that are too small or not an object are represented by their place.
            shape.unwrap_or_else(|| format!("object at {:?}", schema.span))
        }
        SchemaKind::Array(item) => format!("[{}]", kind(item)),
        SchemaKind::Text { format, values } => {
            let mut values: Vec<&str> = values.iter().map(|(value, _)| value.as_str()).collect();
            values.sort_unstable();
            format!("text {format:?} {values:?}")
        }
        SchemaKind::Integer(format) => format!("integer {format:?}"),
        SchemaKind::Number(format) => format!("number {format:?}"),
        SchemaKind::Boolean => "flag".to_owned(),
        SchemaKind::File => "bytes".to_owned(),
        SchemaKind::HeaderMap => "headers".to_owned(),
        SchemaKind::AllOf(parts) => {
            let parts: Vec<String> = parts.iter().map(kind).collect();
            format!("all of {}", parts.join("&"))
        }
        SchemaKind::Free => "any".to_owned(),
    }
}
