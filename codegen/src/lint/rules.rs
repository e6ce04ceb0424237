//! Rules for operations and parameters.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Diagnostic, changes_display};
use crate::document::{
    Document, Idempotent, In, Operation, PathItem, Schema, SchemaKind, nameless,
};
use crate::source::{Span, Value};

/// Returns the findings that are errors.
pub(super) fn errors(document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    operation_ids(document, &mut found);
    duplicate_paths(document, &mut found);
    for item in &document.paths {
        path_text(item, &mut found);
        for operation in &item.operations {
            path_parameters(item, operation, &mut found);
            duplicate_parameters(operation, &mut found);
            bodies(operation, &mut found);
            if !document.open_required {
                statuses(operation, &mut found);
            }
            headers(operation, &mut found);
            named_headers(operation, &mut found);
            lists(operation, &mut found);
        }
    }
    found
}

/// Returns the findings that are warnings.
pub(super) fn warnings(document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for operation in document.paths.iter().flat_map(|item| &item.operations) {
        if operation.summary.is_empty() && operation.description.is_empty() {
            let message = format!("`{}` has no description", operation.id);
            found.push(
                Diagnostic::warning("no-description", operation.id_span, message)
                    .with_help("add a summary"),
            );
        }
        if !operation.responses.iter().any(|response| response.success) {
            let message = format!("`{}` has no success response", operation.id);
            found.push(
                Diagnostic::warning("no-success", operation.id_span, message)
                    .with_help("add a 2xx status, or `\"x-success\": true` to another status"),
            );
        }
        without_letters(operation.wanted_name(), operation.id_span, &mut found);
        bodiless(operation, &mut found);
        maps_without_prefix(operation, &mut found);
        for parameter in &operation.parameters {
            unused_type_name(&parameter.schema, &mut found);
        }
    }
    for (name, definition) in &document.definitions {
        let wanted = definition.schema.facts.name.as_ref().unwrap_or(name);
        without_letters(wanted, definition.key, &mut found);
        let SchemaKind::Object(object) = &definition.schema.kind else {
            continue;
        };
        for (_, schema) in object.properties.values() {
            unused_type_name(schema, &mut found);
        }
    }
    found
}

/// Reports maps of headers or form fields whose prefix is unknown.
fn maps_without_prefix(operation: &Operation, found: &mut Vec<Diagnostic>) {
    let parameters = operation.parameters.iter();
    let parameters = parameters.filter(|one| matches!(one.place, In::Header | In::Form));
    let parameters = parameters.map(|one| {
        let effect = match one.place {
            In::Form => "its entries can repeat every other field of the form",
            _ => "its entries can replace every other header of the request",
        };
        (one.name_span, one.name.as_str(), &one.schema, effect)
    });
    let headers = operation.responses.iter().flat_map(|one| &one.headers);
    let effect = "every header of the response belongs to it";
    let headers = headers.map(|(name, (span, schema))| (*span, name.as_str(), schema, effect));
    for (span, name, schema, effect) in parameters.chain(headers) {
        if matches!(schema.kind, SchemaKind::HeaderMap) && schema.facts.prefix.is_none() {
            let message = format!("`{name}` has no `x-prefix`, so {effect}");
            found.push(
                Diagnostic::warning("map-prefix", span, message)
                    .with_help("add the common prefix of its names as `x-prefix`"),
            );
        }
    }
}

/// Reports names without letters and digits, whose identifiers spell out their symbols.
fn without_letters(name: &str, span: Span, found: &mut Vec<Diagnostic>) {
    if name.chars().any(char::is_alphanumeric) {
        return;
    }
    let message = format!("`{name}` has no letters or digits to make an identifier from");
    found.push(
        Diagnostic::warning("name-without-letters", span, message)
            .with_help("use letters, or add an `x-name` with letters"),
    );
}

/// Reports schemas of responses that never have a body.
fn bodiless(operation: &Operation, found: &mut Vec<Diagnostic>) {
    for response in &operation.responses {
        if response.schema.is_none() || !operation.is_bodiless(response) {
            continue;
        }
        let message = match response.status {
            Some(status) if operation.method != "HEAD" => {
                format!(
                    "a response with status {status} never has a body, so its schema is ignored"
                )
            }
            _ => "a response to `HEAD` never has a body, so its schema is ignored".into(),
        };
        found.push(
            Diagnostic::warning("schema-without-body", response.span, message)
                .with_help("remove the schema, or use a status that has a body"),
        );
    }
}

fn operation_ids(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for operation in document.paths.iter().flat_map(|item| &item.operations) {
        if operation.id.contains(changes_display) {
            let message = format!(
                "the ID `{}` contains a character that changes how it is displayed",
                operation.id
            );
            found.push(
                Diagnostic::error("operation-id-text", operation.id_span, message)
                    .with_help("use letters and digits"),
            );
        }
        if let Some(first) = seen.insert(&operation.id, operation.id_span) {
            let message = format!("two operations have the ID `{}`", operation.id);
            found.push(
                Diagnostic::error("operation-id-duplicate", operation.id_span, message)
                    .with_note(first, "the other one")
                    .with_help("rename one of them"),
            );
        }
    }
}

/// Reports operations with the same method and path, regardless of the names of path parameters: a
/// request does not show which of them is meant.
fn duplicate_paths(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(&str, String), &Operation> = HashMap::new();
    for item in &document.paths {
        for operation in &item.operations {
            let key = (operation.method.as_str(), nameless(&item.key));
            let Some(first) = seen.insert(key, operation) else {
                continue;
            };
            let message = format!(
                "`{}` has the method and the path of `{}`, apart from the names of path parameters",
                operation.id, first.id
            );
            found.push(
                Diagnostic::error("path-duplicate", operation.key, message)
                    .with_note(first.key, "the other operation")
                    .with_help("merge the operations, or correct one of the paths"),
            );
        }
    }
}

/// Reports characters of a path that cannot be sent unchanged.
fn path_text(item: &PathItem, found: &mut Vec<Diagnostic>) {
    let sent = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%{}".contains(&byte);
    let (path, query) = (&item.path, item.sub_resource.as_deref());
    let text = query.unwrap_or("none");
    let message = if !path.bytes().chain(text.bytes()).all(sent) {
        "this path contains a character that URLs cannot contain"
    } else if text.is_empty() {
        "nothing follows the `?` of this path"
    } else if path.split('/').any(|step| matches!(step, "." | "..")) {
        "HTTP clients resolve `.` and `..` in a path"
    } else {
        return;
    };
    found.push(
        Diagnostic::error("path-text", item.span, message)
            .with_help("percent-encode the path, and write parameters as `{name}`"),
    );
}

fn path_parameters(item: &PathItem, operation: &Operation, found: &mut Vec<Diagnostic>) {
    let mut in_path = HashSet::new();
    for piece in item.path.split('{').skip(1) {
        match piece.split_once('}') {
            Some((name, _)) if !in_path.insert(name) => {
                let message = format!("the path `{}` has `{{{name}}}` twice", item.path);
                found.push(
                    Diagnostic::error("path-parameter-duplicate", item.span, message)
                        .with_help("rename one of them"),
                );
            }
            Some(_) => {}
            None => found.push(
                Diagnostic::error("path-brace", item.span, "this path has a `{` without `}`")
                    .with_help("write parameters as `{name}`"),
            ),
        }
    }
    if item.path.matches('}').count() > item.path.matches('{').count() {
        found.push(
            Diagnostic::error("path-brace", item.span, "this path has a `}` without `{`")
                .with_help("write parameters as `{name}`"),
        );
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
    let mut seen: HashMap<(String, In), Span> = HashMap::new();
    for parameter in &operation.parameters {
        // Header names are case-insensitive.
        let name = match parameter.place {
            In::Header => parameter.name.to_ascii_lowercase(),
            _ => parameter.name.clone(),
        };
        let key = (name, parameter.place);
        if let Some(first) = seen.insert(key, parameter.name_span) {
            let message = format!("duplicate parameter `{}`", parameter.name);
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
                .with_help("use either of them, because a form is the body"),
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

/// Reports header names that HTTP does not allow.
fn headers(operation: &Operation, found: &mut Vec<Diagnostic>) {
    let sent = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == In::Header)
        .map(|parameter| {
            (
                parameter.name.as_str(),
                parameter.name_span,
                &parameter.schema,
            )
        });
    let response_headers = operation.responses.iter().flat_map(|response| {
        let headers = response.headers.iter();
        headers.map(|(name, (span, schema))| (name.as_str(), *span, schema))
    });
    for (name, span, schema) in sent.chain(response_headers) {
        let (name, what) = match (&schema.kind, &schema.facts.prefix) {
            (SchemaKind::HeaderMap, Some((prefix, _))) => (
                prefix.as_str(),
                "is not allowed as a prefix of the name of a",
            ),
            (SchemaKind::HeaderMap, None) => continue,
            _ => (name, "is not a valid name of a"),
        };
        if !is_token(name) {
            found.push(
                Diagnostic::error("header-name", span, format!("`{name}` {what} header"))
                    .with_help("use ASCII letters, digits and `-`"),
            );
        }
    }
}

/// Checks facts that name request headers.
fn named_headers(operation: &Operation, found: &mut Vec<Diagnostic>) {
    let is_sent = |header: &str| {
        operation.parameters.iter().any(|parameter| {
            parameter.place == In::Header && parameter.name.eq_ignore_ascii_case(header)
        })
    };
    let mut wrong = |rule: &'static str, span: Span, what: String| {
        found.push(
            Diagnostic::error(rule, span, format!("`{rule}` {what}"))
                .with_help("use headers among the operation's parameters"),
        );
    };
    if let Some(Idempotent::UnlessHeader(header)) = &operation.idempotent
        && !is_sent(header)
    {
        let what = format!(
            "names `{header}`, which is not a header of `{}`",
            operation.id
        );
        wrong("x-idempotent", operation.id_span, what);
    }
    let Some(fact) = operation.ext.get("x-excludes-body") else {
        return;
    };
    let Value::Array(headers) = &fact.value else {
        wrong(
            "x-excludes-body",
            fact.span,
            "is not a list of headers".into(),
        );
        return;
    };
    for header in headers {
        match &header.value {
            Value::String(name) if is_sent(name) => {}
            Value::String(name) => {
                let what = format!(
                    "names `{name}`, which is not a header of `{}`",
                    operation.id
                );
                wrong("x-excludes-body", header.span, what);
            }
            _ => wrong(
                "x-excludes-body",
                header.span,
                "is not a list of headers".into(),
            ),
        }
    }
}

/// Reports lists and maps that cannot be sent as described.
fn lists(operation: &Operation, found: &mut Vec<Diagnostic>) {
    for parameter in &operation.parameters {
        let is_map = matches!(parameter.schema.kind, SchemaKind::HeaderMap);
        if is_map && matches!(parameter.place, In::Query | In::Path) {
            let message = format!(
                "the map `{}` is only allowed in headers and forms",
                parameter.name
            );
            found.push(
                Diagnostic::error("map-place", parameter.name_span, message)
                    .with_help("describe each query parameter"),
            );
        }
    }
    let sent = operation
        .parameters
        .iter()
        .filter(|one| one.place != In::Body);
    let response_headers = operation.responses.iter();
    let response_headers = response_headers.flat_map(|response| response.headers.values());
    let schemas = sent
        .map(|one| (&one.schema, matches!(one.place, In::Query | In::Form)))
        .chain(response_headers.map(|(_, schema)| (schema, false)));
    for (schema, may_repeat) in schemas {
        let SchemaKind::Array(item) = &schema.kind else {
            continue;
        };
        if matches!(item.kind, SchemaKind::Array(_) | SchemaKind::HeaderMap) {
            found.push(
                Diagnostic::error(
                    "list-items",
                    item.span,
                    "a list of lists cannot be written as text",
                )
                .with_help("use a single list, or text"),
            );
        }
        if schema.collection.as_deref() == Some("multi") && !may_repeat {
            let message = "`multi` is only allowed in queries and forms";
            found.push(
                Diagnostic::error("collection-format", schema.span, message)
                    .with_help("use csv, ssv, tsv or pipes"),
            );
        }
    }
}

/// Returns whether a name is a token as defined by HTTP.
fn is_token(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(part)
}

fn unused_type_name(schema: &Schema, found: &mut Vec<Diagnostic>) {
    let inline = match &schema.kind {
        SchemaKind::Text { values, .. } => !values.is_empty(),
        SchemaKind::Object(_) | SchemaKind::AllOf(_) => true,
        SchemaKind::Array(item) => return unused_type_name(item, found),
        _ => false,
    };
    let facts = [
        ("x-type-name", &schema.facts.type_name),
        ("x-type-description", &schema.facts.type_description),
    ];
    for (key, fact) in facts {
        let Some((_, span)) = fact.as_ref().filter(|_| !inline) else {
            continue;
        };
        let message = format!("`{key}` has no effect, because this value is not an inline type");
        found.push(
            Diagnostic::warning("type-name-unused", *span, message)
                .with_help("move it to an inline object or enum, or remove it"),
        );
    }
}
