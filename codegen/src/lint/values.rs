//! Rules for values: defaults and examples must fit their schemas.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{limits, operations, schemas, warn};
use crate::diagnostic::Diagnostic;
use crate::document::{Additional, Document, IntegerType, Object, Schema, SchemaKind};
use crate::source::{Node, Value};

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    for schema in schemas(document) {
        if let Some(default) = &schema.default
            && let Err(misfit) = fits(document, schema, default)
        {
            let message = format!("this default does not fit: {}", misfit.what);
            let help = "correct the default or the schema";
            found.push(warn("default-misfit", misfit.node.span, message, help));
        }
        for example in &schema.examples {
            if let Err(misfit) = fits(document, schema, example) {
                let message = format!("this example does not fit: {}", misfit.what);
                let help = "correct the example or the schema";
                found.push(warn("example-misfit", misfit.node.span, message, help));
            }
        }
        losses(schema, found);
        if let SchemaKind::Object(object) = &schema.kind {
            undescribed(document, object, found);
        }
    }
    types_differ(document, found);
}

/// Reports facts that the type of a value cannot express.
fn losses(schema: &Schema, found: &mut Vec<Diagnostic>) {
    let held = match &schema.kind {
        SchemaKind::Array(item) => Some(&**item),
        SchemaKind::Object(object) => match &object.additional {
            Additional::Typed(value) => Some(&**value),
            _ => None,
        },
        _ => None,
    };
    if let Some(held) = held.filter(|held| held.facts.nullable) {
        let message = "the items of this list or map can be null, which its type does not show";
        let help = "let the pack read `nullable_items`, or do not use null";
        found.push(warn("null-items", held.span, message, help));
    }
    for (is_said, key) in [
        (schema.facts.read_only, "readOnly"),
        (schema.facts.write_only, "writeOnly"),
    ] {
        if is_said {
            let message =
                format!("`{key}` does not change the type, which requests and responses share");
            let help = "nothing, or let the pack read `read_only` and `write_only`";
            found.push(Diagnostic::note("one-direction", schema.span, message).with_help(help));
        }
    }
}

/// Reports required properties without a description of their type. In Swagger this is an error.
fn undescribed(document: &Document, object: &Object, found: &mut Vec<Diagnostic>) {
    if !document.open_required || object.properties.is_empty() {
        return;
    }
    for (name, span) in &object.required {
        if !object.properties.contains_key(name) {
            let message = format!(
                "`{name}` is required, but has no description of its type, so it is omitted"
            );
            let help = "add the property, or correct the name";
            found.push(warn("required-undescribed", *span, message, help));
        }
    }
}

/// A value that does not fit its schema.
pub(super) struct Misfit<'n> {
    pub(super) node: &'n Node,
    pub(super) what: String,
}

/// Maximum length of a chain of references between definitions.
const MAX_ALIASES: usize = 32;

/// Checks whether a value fits a schema. Null fits every schema, because it means that the value is
/// absent.
pub(super) fn fits<'n>(
    document: &Document,
    schema: &Schema,
    node: &'n Node,
) -> Result<(), Misfit<'n>> {
    let mut schema = schema;
    for _ in 0..MAX_ALIASES {
        limits::satisfies(&schema.limits, node).map_err(|what| Misfit { node, what })?;
        schema = match &schema.kind {
            SchemaKind::Ref(name) => match document.definitions.get(name) {
                Some(definition) => &definition.schema,
                None => return Ok(()),
            },
            SchemaKind::AllOf(parts) => match parts.as_slice() {
                // A description beside a reference.
                [part] => part,
                _ => return fits_itself(document, schema, node),
            },
            _ => return fits_itself(document, schema, node),
        };
    }
    Ok(())
}

fn fits_itself<'n>(document: &Document, schema: &Schema, node: &'n Node) -> Result<(), Misfit<'n>> {
    let misfit = |what: String| Err(Misfit { node, what });
    let wanted = |wanted: &str| misfit(format!("expected {wanted}, found {}", node.kind()));
    if matches!(node.value, Value::Null) {
        return Ok(());
    }
    if !schema.values.is_empty() && !schema.values.iter().any(|value| value.same_json(node)) {
        return misfit("it is not one of the values".to_owned());
    }
    match (&schema.kind, &node.value) {
        (SchemaKind::Text { values, .. }, Value::String(text)) => {
            let listed = values.is_empty() || values.iter().any(|(value, _)| value == text);
            if listed {
                Ok(())
            } else {
                misfit(format!("`{text}` is not one of the values"))
            }
        }
        (SchemaKind::Text { .. }, _) => wanted("a string"),
        (SchemaKind::Integer(format), Value::Number(number)) => {
            let is_whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            let kind = IntegerType::of(schema, format.as_deref());
            if !is_whole {
                wanted("a whole number")
            } else if !kind.contains(number) {
                let sign = if kind.signed {
                    "a signed"
                } else {
                    "an unsigned"
                };
                misfit(format!(
                    "{number} does not fit {sign} integer of {} bits",
                    kind.bits
                ))
            } else {
                Ok(())
            }
        }
        (SchemaKind::Integer(_), _) => wanted("a whole number"),
        (SchemaKind::Number(_), Value::Number(_)) | (SchemaKind::Boolean, Value::Bool(_)) => Ok(()),
        (SchemaKind::Number(_), _) => wanted("a number"),
        (SchemaKind::Boolean, _) => wanted("true or false"),
        (SchemaKind::Array(item), Value::Array(items)) => {
            items.iter().try_for_each(|node| fits(document, item, node))
        }
        // In parameters and headers, lists are written as text.
        (SchemaKind::Array(_), Value::String(_)) if schema.collection.is_some() => Ok(()),
        (SchemaKind::Array(_), _) if schema.facts.one_or_many.is_some() => Ok(()),
        (SchemaKind::Array(_), _) => wanted("a list"),
        (SchemaKind::Object(object), Value::Object(members)) => {
            members.iter().try_for_each(|(name, member)| {
                let known = object.properties.get(name).map(|(_, schema)| schema);
                let known = known.or(match &object.additional {
                    Additional::Typed(value) => Some(value),
                    _ => None,
                });
                known.map_or(Ok(()), |schema| fits(document, schema, &member.node))
            })
        }
        (SchemaKind::HeaderMap, Value::Object(members)) => {
            let mut texts = members.values();
            let other = texts.find(|text| text.node.as_str().is_none());
            other.map_or(Ok(()), |other| {
                let (node, what) = (&other.node, other.node.kind());
                Err(Misfit {
                    node,
                    what: format!("expected a string, found {what}"),
                })
            })
        }
        // Check the properties of all parts together, because an object can contain itself.
        (SchemaKind::AllOf(_), Value::Object(members)) => {
            let (properties, _) = properties(document, schema);
            members.iter().try_for_each(|(name, member)| {
                let known = properties.get(name.as_str());
                known.map_or(Ok(()), |schema| fits(document, schema, &member.node))
            })
        }
        (SchemaKind::Object(_) | SchemaKind::AllOf(_) | SchemaKind::HeaderMap, _) => {
            wanted("an object")
        }
        (SchemaKind::File, Value::String(_)) | (SchemaKind::Free | SchemaKind::Ref(_), _) => Ok(()),
        (SchemaKind::File, _) => wanted("a string"),
    }
}

/// Returns the properties of an object and of its parts, and whether other properties are allowed.
pub(super) fn properties<'d>(
    document: &'d Document,
    schema: &'d Schema,
) -> (IndexMap<&'d str, &'d Schema>, bool) {
    let mut found = IndexMap::new();
    let mut is_open = false;
    let (mut left, mut seen) = (vec![schema], HashSet::new());
    while let Some(schema) = left.pop() {
        match &schema.kind {
            SchemaKind::Ref(name) if seen.insert(name) => {
                let definition = document.definitions.get(name);
                left.extend(definition.map(|definition| &definition.schema));
            }
            SchemaKind::AllOf(parts) => left.extend(parts),
            SchemaKind::Object(object) => {
                is_open |= matches!(object.additional, Additional::Free | Additional::Typed(_));
                let properties = object.properties.iter();
                found.extend(properties.map(|(name, (_, schema))| (name.as_str(), schema)));
            }
            _ => {}
        }
    }
    (found, is_open)
}

/// Reports parameters of one name with different types.
fn types_differ(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut first = std::collections::HashMap::new();
    for parameter in operations(document).flat_map(|operation| &operation.parameters) {
        let Some(kind) = plain_kind(&parameter.schema) else {
            continue;
        };
        let key = (parameter.name.as_str(), parameter.place);
        let (known, span) = *first.entry(key).or_insert((kind, parameter.name_span));
        if known != kind {
            let name = &parameter.name;
            let message = format!("`{name}` is {kind} here and {known} elsewhere");
            let help = "use one type";
            found.push(
                warn("parameter-type-differs", parameter.name_span, message, help)
                    .with_note(span, "elsewhere"),
            );
        }
    }
}

fn plain_kind(schema: &Schema) -> Option<&'static str> {
    match schema.kind {
        SchemaKind::Text { .. } => Some("text"),
        SchemaKind::Integer(_) => Some("a whole number"),
        SchemaKind::Number(_) => Some("a number"),
        SchemaKind::Boolean => Some("a flag"),
        SchemaKind::Array(_) => Some("a list"),
        _ => None,
    }
}
