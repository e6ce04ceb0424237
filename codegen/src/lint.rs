//! Stage 3: finds errors and possible mistakes in a specification.
//!
//! A finding names its rule by ID. The catalog of all rules is in `diagnostic/rules/errors.rs` and
//! `diagnostic/rules/warnings.rs`: a new check needs an entry there.

mod allowed;
mod descriptions;
mod effects;
mod enums;
mod examples;
mod keys;
mod limits;
mod names;
mod rules;
mod signed_parameters;
mod similar_types;
mod untranslated;
mod unused;
mod values;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Document, In, Loaded, Operation, Schema, SchemaKind};
use crate::source::Span;

/// Returns all findings, including those of lowering, without the accepted ones.
pub(crate) fn lint(loaded: &Loaded, lowering: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let document = &loaded.document;
    let mut found = errors(loaded);
    found.extend(lowering);
    found.extend(rules::warnings(document));
    found.extend(keys::unknown(&loaded.bundled, loaded.dialect));
    found.extend(unused::unused(loaded));
    descriptions::check(document, &mut found);
    names::check(document, &mut found);
    enums::check(document, &mut found);
    signed_parameters::check(document, &mut found);
    values::check(document, &mut found);
    examples::check(document, &mut found);
    similar_types::check(document, &mut found);
    untranslated::check(loaded, &mut found);
    effects::check(document, &mut found);
    found.extend(loaded.notes.iter().cloned());
    sort(&mut found);
    allowed::apply(loaded, found)
}

/// Returns the findings that prevent output.
pub(crate) fn errors(loaded: &Loaded) -> Vec<Diagnostic> {
    let mut found = rules::errors(&loaded.document);
    effects::handles(&loaded.document, &mut found);
    allowed::check(&loaded.document, &mut found);
    let keys = keys::unknown(&loaded.bundled, loaded.dialect);
    found.extend(
        keys.into_iter()
            .filter(|one| one.severity == Severity::Error),
    );
    found
}

/// Rules whose findings mean that the output may differ from the author's intention.
const DOUBTS: &[&str] = &[
    "default-misfit",
    "file-list",
    "null-items",
    "required-null",
    "enum-duplicate",
    "enum-empty",
    "enum-value-unknown",
    "error-code-unknown",
    "example-misfit",
    "example-unknown-parameter",
    "format-alike",
    "header-prefix-unused",
    "limits-contradict",
    "map-prefix",
    "media-type-unsupported",
    "misplaced-fact",
    "name-taken",
    "name-without-letters",
    "no-success",
    "pattern-invalid",
    "required-undescribed",
    "security-ignored",
    "tag-undeclared",
    "text-untranslated",
    "type-name-unused",
    "unknown-key",
    "unsigned-sub-resource",
];

/// Returns the warnings that `generate` and `check` print as well, because the output probably
/// lacks something that the author intended.
pub(crate) fn doubts(loaded: &Loaded, lowering: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let document = &loaded.document;
    let mut found = lowering;
    found.extend(rules::warnings(document));
    found.extend(keys::unknown(&loaded.bundled, loaded.dialect));
    enums::check(document, &mut found);
    signed_parameters::check(document, &mut found);
    values::check(document, &mut found);
    examples::check(document, &mut found);
    untranslated::check(loaded, &mut found);
    effects::check(document, &mut found);
    found.extend(loaded.notes.iter().cloned());
    let is_doubt = |one: &Diagnostic| DOUBTS.contains(&one.rule);
    found.retain(is_doubt);
    if found.is_empty() {
        return found;
    }
    sort(&mut found);
    let mut left = allowed::apply(loaded, found);
    left.retain(is_doubt);
    left
}

/// Sorts findings by place and removes duplicates, which occur because values shared by operations
/// are read several times.
fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
    found.dedup_by(|a, b| (a.span, a.rule, &a.message) == (b.span, b.rule, &b.message));
}

/// Returns all operations in order.
fn operations(document: &Document) -> impl Iterator<Item = &Operation> {
    document.paths.iter().flat_map(|item| &item.operations)
}

/// A value with a name.
struct Named<'d> {
    name: &'d str,
    span: Span,
    schema: &'d Schema,
    role: Role,
}

/// Kind of a named value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Parameter(In),
    Header,
    Property,
}

/// Returns all parameters, headers and properties, including nested ones.
fn named(document: &Document) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    for definition in document.definitions.values() {
        properties(&definition.schema, &mut found);
    }
    for operation in operations(document) {
        for parameter in &operation.parameters {
            if parameter.place != In::Body {
                found.push(Named {
                    name: &parameter.name,
                    span: parameter.name_span,
                    schema: &parameter.schema,
                    role: Role::Parameter(parameter.place),
                });
            }
            properties(&parameter.schema, &mut found);
        }
        for response in &operation.responses {
            found.extend(response.headers.iter().map(|(name, (span, schema))| Named {
                name,
                span: *span,
                schema,
                role: Role::Header,
            }));
            if let Some(schema) = &response.schema {
                properties(schema, &mut found);
            }
        }
    }
    found
}

fn properties<'d>(schema: &'d Schema, found: &mut Vec<Named<'d>>) {
    match &schema.kind {
        SchemaKind::Object(object) => {
            for (name, (span, schema)) in &object.properties {
                let span = *span;
                found.push(Named {
                    name,
                    span,
                    schema,
                    role: Role::Property,
                });
                properties(schema, found);
            }
            if let crate::document::Additional::Typed(value) = &object.additional {
                properties(value, found);
            }
        }
        SchemaKind::Array(item) => properties(item, found),
        SchemaKind::AllOf(parts) => parts.iter().for_each(|part| properties(part, found)),
        _ => {}
    }
}

/// Returns all schemas, with and without names.
fn schemas(document: &Document) -> Vec<&Schema> {
    let mut found = Vec::new();
    let definitions = document.definitions.values();
    definitions.for_each(|definition| within(&definition.schema, &mut found));
    for operation in operations(document) {
        let parameters = operation.parameters.iter();
        parameters.for_each(|parameter| within(&parameter.schema, &mut found));
        for response in &operation.responses {
            let headers = response.headers.values().map(|(_, schema)| schema);
            headers
                .chain(&response.schema)
                .for_each(|schema| within(schema, &mut found));
        }
    }
    found
}

fn within<'d>(schema: &'d Schema, found: &mut Vec<&'d Schema>) {
    found.push(schema);
    match &schema.kind {
        SchemaKind::Object(object) => {
            let properties = object.properties.values();
            properties.for_each(|(_, schema)| within(schema, found));
            if let crate::document::Additional::Typed(value) = &object.additional {
                within(value, found);
            }
        }
        SchemaKind::Array(item) => within(item, found),
        SchemaKind::AllOf(parts) => parts.iter().for_each(|part| within(part, found)),
        _ => {}
    }
}

/// Adds a warning with advice.
fn warn(
    rule: &'static str,
    span: Span,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::error(rule, span, message).with_help(help)
    }
}
