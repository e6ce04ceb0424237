//! Rules: pure functions from the specification to findings.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostic;
use crate::document::{Document, In, Operation, PathItem, Schema, SchemaKind};
use crate::source::Span;

/// What forbids output.
pub(super) fn errors(document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    operation_ids(document, &mut found);
    for item in &document.paths {
        for operation in &item.operations {
            path_parameters(item, operation, &mut found);
            duplicate_parameters(operation, &mut found);
            bodies(operation, &mut found);
            statuses(operation, &mut found);
        }
    }
    handles(document, &mut found);
    found
}

/// What could be better.
pub(super) fn warnings(document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for operation in document.paths.iter().flat_map(|item| &item.operations) {
        if operation.summary.is_empty() && operation.description.is_empty() {
            let message = format!("`{}` has no description", operation.id);
            found.push(
                Diagnostic::warning("no-description", operation.id_span, message)
                    .with_help("say in one sentence what it does"),
            );
        }
        if !operation.responses.iter().any(|response| response.success) {
            let message = format!("`{}` has no status that means success", operation.id);
            found.push(
                Diagnostic::warning("no-success", operation.id_span, message)
                    .with_help("add a 2xx status, or `\"x-success\": true` to another"),
            );
        }
        for parameter in &operation.parameters {
            unused_type_name(&parameter.schema, &mut found);
        }
    }
    for definition in document.definitions.values() {
        let SchemaKind::Object(object) = &definition.schema.kind else {
            continue;
        };
        for (_, schema) in object.properties.values() {
            unused_type_name(schema, &mut found);
        }
    }
    found
}

fn operation_ids(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for operation in document.paths.iter().flat_map(|item| &item.operations) {
        if let Some(first) = seen.insert(&operation.id, operation.id_span) {
            let message = format!("two operations are called `{}`", operation.id);
            found.push(
                Diagnostic::error("operation-id-duplicate", operation.id_span, message)
                    .with_note(first, "the other one")
                    .with_help("give each operation an id of its own"),
            );
        }
    }
}

fn path_parameters(item: &PathItem, operation: &Operation, found: &mut Vec<Diagnostic>) {
    let mut in_path = HashSet::new();
    for piece in item.path.split('{').skip(1) {
        match piece.split_once('}') {
            Some((name, _)) => drop(in_path.insert(name)),
            None => found.push(
                Diagnostic::error("path-brace", item.span, "a `{` in this path is not closed")
                    .with_help("write parameters as `{name}`"),
            ),
        }
    }
    let declared = || {
        operation
            .parameters
            .iter()
            .filter(|one| one.place == In::Path)
    };
    for name in &in_path {
        if !declared().any(|parameter| parameter.name == *name) {
            let message = format!(
                "`{}` does not declare the path parameter `{name}`",
                operation.id
            );
            found.push(
                Diagnostic::error("path-parameter-undeclared", operation.id_span, message)
                    .with_note(item.span, "the path")
                    .with_help(format!(
                        "add {{\"name\": \"{name}\", \"in\": \"path\", \"required\": true, \
                         \"type\": \"string\"}} to its parameters, or to the path's"
                    )),
            );
        }
    }
    for parameter in declared().filter(|one| !in_path.contains(one.name.as_str())) {
        let message = format!("the path `{}` has no `{{{}}}`", item.path, parameter.name);
        found.push(
            Diagnostic::error("path-parameter-unknown", parameter.name_span, message)
                .with_note(item.span, "the path")
                .with_help("correct the name, or remove the parameter"),
        );
    }
}

fn duplicate_parameters(operation: &Operation, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(&str, In), Span> = HashMap::new();
    for parameter in &operation.parameters {
        let key = (parameter.name.as_str(), parameter.place);
        if let Some(first) = seen.insert(key, parameter.name_span) {
            let message = format!("the parameter `{}` is there twice", parameter.name);
            found.push(
                Diagnostic::error("parameter-duplicate", parameter.name_span, message)
                    .with_note(first, "the other one")
                    .with_help("remove one of them"),
            );
        }
    }
}

fn bodies(operation: &Operation, found: &mut Vec<Diagnostic>) {
    let mut bodies = operation
        .parameters
        .iter()
        .filter(|one| one.place == In::Body);
    let Some(body) = bodies.next() else {
        return;
    };
    for other in bodies {
        let message = format!("`{}` has two bodies", operation.id);
        found.push(
            Diagnostic::error("body-duplicate", other.span, message)
                .with_note(body.span, "the other body")
                .with_help("merge them into one schema"),
        );
    }
    if let Some(form) = operation
        .parameters
        .iter()
        .find(|one| one.place == In::Form)
    {
        let message = format!("`{}` has a body and a form", operation.id);
        found.push(
            Diagnostic::error("body-and-form", form.span, message)
                .with_note(body.span, "the body")
                .with_help("a form is the body: use either"),
        );
    }
}

fn statuses(operation: &Operation, found: &mut Vec<Diagnostic>) {
    if operation.responses.is_empty() {
        let message = format!("`{}` has no response", operation.id);
        found.push(
            Diagnostic::error("responses-empty", operation.id_span, message)
                .with_help("add at least one status to `responses`"),
        );
    }
}

fn handles(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for handle in &document.handles {
        if handle.binds.is_empty() {
            let message = format!("the handle `{}` binds nothing", handle.name);
            found.push(
                Diagnostic::error("handle-empty", handle.span, message)
                    .with_help("list the path parameters that it stands for in `binds`"),
            );
        }
        if let Some(first) = seen.insert(&handle.name, handle.span) {
            let message = format!("two handles are called `{}`", handle.name);
            found.push(
                Diagnostic::error("handle-duplicate", handle.span, message)
                    .with_note(first, "the other one")
                    .with_help("rename one of them"),
            );
        }
    }
}

fn unused_type_name(schema: &Schema, found: &mut Vec<Diagnostic>) {
    let inline = match &schema.kind {
        SchemaKind::Text { values, .. } => !values.is_empty(),
        SchemaKind::Object(_) | SchemaKind::AllOf(_) => true,
        SchemaKind::Array(item) => return unused_type_name(item, found),
        _ => false,
    };
    if let Some((name, span)) = schema.facts.type_name.as_ref().filter(|_| !inline) {
        let message = format!("nothing is named by `x-type-name`: `{name}`");
        found.push(
            Diagnostic::warning("type-name-unused", *span, message)
                .with_help("it names inline objects and enums; move or remove it"),
        );
    }
}
