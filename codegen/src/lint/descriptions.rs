//! Rules for missing descriptions.

use super::{Role, named, operations, warn};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, In, Schema, SchemaKind};

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    for (name, definition) in &document.definitions {
        if is_silent(&definition.schema) {
            let message = format!("`{name}` has no description");
            let help = "add a description";
            found.push(warn(
                "definition-no-description",
                definition.key,
                message,
                help,
            ));
        }
    }
    for value in named(document) {
        if is_silent(value.schema) {
            let message = format!("`{}` has no description", value.name);
            let (rule, help) = match value.role {
                Role::Parameter(_) => ("parameter-no-description", "add a description"),
                Role::Header | Role::Property => ("property-no-description", "add a description"),
            };
            found.push(warn(rule, value.span, message, help));
        }
    }
    for code in document
        .error_codes
        .iter()
        .filter(|code| code.description.is_empty())
    {
        let message = format!("the error code `{}` has no description", code.code);
        let help = "add a description with the cause and the solution";
        found.push(warn("error-code-no-description", code.span, message, help));
    }
    statuses(document, found);
    bodies(document, found);
}

/// Returns whether a value has no description. A reference without one has the description of its
/// target.
fn is_silent(schema: &Schema) -> bool {
    let speaks = match &schema.kind {
        SchemaKind::Ref(_) => true,
        SchemaKind::AllOf(parts) => matches!(parts.as_slice(), [part] if !is_silent(part)),
        _ => false,
    };
    schema.description.trim().is_empty() && !speaks
}

/// Reports successes without a description, and successes without a schema if another one has a
/// schema.
fn statuses(document: &Document, found: &mut Vec<Diagnostic>) {
    for operation in operations(document) {
        let successes = || {
            operation
                .responses
                .iter()
                .filter(|response| response.success)
        };
        let described = successes().any(|response| response.schema.is_some());
        for response in successes() {
            if response.description.trim().is_empty() {
                let message = format!(
                    "a success response of `{}` has no description",
                    operation.id
                );
                let help = "add a description";
                found.push(warn("status-no-description", response.span, message, help));
            }
            let is_bodiless = operation.is_bodiless(response);
            if described && response.schema.is_none() && !is_bodiless {
                let message = format!(
                    "a success response of `{}` has no schema, but another one has",
                    operation.id
                );
                let help = "add the schema, or use 204 if there is no body";
                found.push(warn("status-no-schema", response.span, message, help));
            }
        }
    }
}

fn bodies(document: &Document, found: &mut Vec<Diagnostic>) {
    for operation in operations(document) {
        let parameters = operation.parameters.iter();
        let bodies = parameters.filter(|one| one.place == In::Body);
        for body in bodies.filter(|body| is_silent(&body.schema)) {
            let message = format!("the body of `{}` has no description", operation.id);
            let help = "add a description";
            found.push(warn(
                "parameter-no-description",
                body.name_span,
                message,
                help,
            ));
        }
    }
}
