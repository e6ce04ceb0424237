//! Rules for facts that refer to names: values in `x-examples`, codes in `x-errors`, and values of
//! enums.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::values::{Misfit, fits, properties};
use super::{operations, schemas, warn};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, In, Operation, Schema, SchemaKind};
use crate::source::{Node, Span, Value};

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    let codes = document.error_codes.iter().map(|code| code.code.as_str());
    let codes: HashSet<&str> = codes.collect();
    for operation in operations(document) {
        examples(document, operation, found);
        errors(operation, &codes, found);
    }
    for schema in schemas(document) {
        enum_facts(schema, found);
    }
}

fn examples(document: &Document, operation: &Operation, found: &mut Vec<Diagnostic>) {
    if operation.examples.is_empty() {
        return;
    }
    let fields = request_fields(document, operation);
    for example in &operation.examples {
        let request = example.get("request").and_then(Node::as_object);
        for (name, member) in request.into_iter().flatten() {
            let Some(schema) = fields.get(name.as_str()) else {
                let message = format!("`{}` does not have the parameter `{name}`", operation.id);
                found.push(unknown(name, member.key, message, fields.keys().copied()));
                continue;
            };
            match fits(document, schema, &member.node) {
                Err(Misfit { node, what }) => found.push(misfit(node, &what)),
                Ok(()) => unknown_fields(document, schema, &member.node, found),
            }
        }
    }
}

fn misfit(node: &Node, what: &str) -> Diagnostic {
    let message = format!("this example does not fit: {what}");
    let help = "correct the example or the schema";
    warn("example-misfit", node.span, message, help)
}

fn unknown<'n>(
    name: &str,
    span: Span,
    message: String,
    known: impl Iterator<Item = &'n str>,
) -> Diagnostic {
    let message = match crate::spelling::closest(name, known) {
        Some(meant) => format!("{message}; did you mean `{meant}`?"),
        None => message,
    };
    let help = "correct the name, or remove the value";
    warn("example-unknown-parameter", span, message, help)
}

/// Returns the input fields of an operation by name: its parameters, and the properties of an
/// object in the body.
fn request_fields<'d>(
    document: &'d Document,
    operation: &'d Operation,
) -> IndexMap<&'d str, &'d Schema> {
    let mut fields = IndexMap::new();
    for parameter in &operation.parameters {
        let (properties, _) = match parameter.place {
            In::Body => properties(document, &parameter.schema),
            _ => Default::default(),
        };
        if properties.is_empty() {
            fields.insert(parameter.name.as_str(), &parameter.schema);
        }
        fields.extend(properties);
    }
    fields
}

/// Collects the fields of objects in a value that their types do not have.
fn unknown_fields<'d>(
    document: &'d Document,
    schema: &'d Schema,
    node: &Node,
    found: &mut Vec<Diagnostic>,
) {
    match &node.value {
        Value::Array(items) => {
            let Some(item) = item(document, schema) else {
                return;
            };
            for node in items {
                unknown_fields(document, item, node, found);
            }
        }
        Value::Object(members) => {
            let (properties, is_open) = properties(document, schema);
            for (name, member) in members {
                match properties.get(name.as_str()) {
                    Some(schema) => unknown_fields(document, schema, &member.node, found),
                    None if is_open || properties.is_empty() => {}
                    None => {
                        let message = format!("this object does not have the field `{name}`");
                        let known = properties.keys().copied();
                        found.push(unknown(name, member.key, message, known));
                    }
                }
            }
        }
        _ => {}
    }
}

/// Returns the schema of the items of a list.
fn item<'d>(document: &'d Document, mut schema: &'d Schema) -> Option<&'d Schema> {
    let mut seen = HashSet::new();
    loop {
        match &schema.kind {
            SchemaKind::Array(item) => return Some(item),
            SchemaKind::Ref(name) if seen.insert(name) => {
                schema = &document.definitions.get(name)?.schema;
            }
            _ => return None,
        }
    }
}

/// Reports error codes of an operation that the specification does not define.
fn errors(operation: &Operation, codes: &HashSet<&str>, found: &mut Vec<Diagnostic>) {
    let listed = operation.ext.get("x-errors").and_then(Node::as_array);
    for code in listed.into_iter().flatten() {
        let Some(name) = code.as_str().filter(|name| !codes.contains(name)) else {
            continue;
        };
        let message = match crate::spelling::closest(name, codes.iter().copied()) {
            Some(meant) => {
                format!("`x-error-codes` does not have `{name}`; did you mean `{meant}`?")
            }
            None => format!("`x-error-codes` does not have `{name}`"),
        };
        let help = "correct the code, or describe it in `x-error-codes`";
        found.push(warn("error-code-unknown", code.span, message, help));
    }
}

/// Reports descriptions and names of values that an enum does not have.
fn enum_facts(schema: &Schema, found: &mut Vec<Diagnostic>) {
    let facts = [
        ("x-enum-descriptions", &schema.facts.enum_descriptions),
        ("x-enum-names", &schema.facts.enum_names),
    ];
    let SchemaKind::Text { values, .. } = &schema.kind else {
        return;
    };
    let known: HashSet<&str> = values.iter().map(|(value, _)| value.as_str()).collect();
    for (key, texts) in facts {
        for value in texts.keys().filter(|value| !known.contains(value.as_str())) {
            let message = format!("`{key}` names `{value}`, which is not a value of this enum");
            let help = "correct the name, or remove it";
            found.push(warn("enum-value-unknown", schema.span, message, help));
        }
    }
}
