//! Rules for facts without an effect, because what they refer to does not exist.

use std::collections::HashMap;

use super::{Role, named, operations, schemas, warn};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, Handle, In, SchemaKind};
use crate::source::Span;
use crate::spelling::{closest, did_you_mean};

/// Reports handles that no operation can have.
pub(super) fn handles(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for handle in &document.handles {
        if handle.binds.is_empty() {
            let message = format!("the handle `{}` has no path parameters", handle.name);
            found.push(
                Diagnostic::error("handle-empty", handle.span, message)
                    .with_help("list the path parameters in `binds`"),
            );
        } else {
            found.extend(unknown_parameter(document, handle));
        }
        if let Some(first) = seen.insert(&handle.name, handle.span) {
            let message = format!("two handles have the name `{}`", handle.name);
            found.push(
                Diagnostic::error("handle-duplicate", handle.span, message)
                    .with_note(first, "the other one")
                    .with_help("rename one of them"),
            );
        }
    }
}

/// Reports the first parameter of a handle after which no path begins with its parameters.
fn unknown_parameter(document: &Document, handle: &Handle) -> Option<Diagnostic> {
    let mut start = String::new();
    for name in &handle.binds {
        let parent = format!("{start}/{{");
        start = format!("{parent}{name}}}");
        let begins = |path: &str| {
            let rest = path.strip_prefix(&start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut paths = document.paths.iter().map(|item| item.path.as_str());
        if paths.any(begins) {
            continue;
        }
        let paths = document.paths.iter().map(|item| item.path.as_str());
        let known = paths.filter_map(|path| Some(path.strip_prefix(&parent)?.split_once('}')?.0));
        let meant = closest(name, known).map(did_you_mean);
        let message = format!(
            "the handle `{}` binds `{name}`, but no path begins with `{start}`{}",
            handle.name,
            meant.unwrap_or_default()
        );
        let found = Diagnostic::error("handle-parameter-unknown", handle.span, message);
        return Some(
            found.with_help("list the first parameters of its paths in `binds`, in order"),
        );
    }
    None
}

/// Reports facts that warnings are enough for.
pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    header_prefix(document, found);
    tags(document, found);
    for schema in schemas(document) {
        let is = |wanted: fn(&SchemaKind) -> bool| {
            // The kind of a reference is that of its target.
            wanted(&schema.kind) || matches!(schema.kind, SchemaKind::Ref(_))
        };
        let is_list = is(|kind| matches!(kind, SchemaKind::Array(_)));
        let is_text =
            is(|kind| matches!(kind, SchemaKind::Text { values, .. } if values.is_empty()));
        let set = |key| {
            schema
                .ext
                .get(key)
                .filter(|fact| fact.as_bool() == Some(true))
        };
        let into = set("x-into").filter(|_| !is_list);
        let object_key = set("x-object-key").filter(|_| !is_text);
        let prefix = schema.facts.prefix.as_ref();
        let prefix = prefix.filter(|_| !matches!(schema.kind, SchemaKind::HeaderMap));
        for (key, span, wanted) in [
            ("x-into", into.map(|fact| fact.span), "a list"),
            ("x-object-key", object_key.map(|fact| fact.span), "a text"),
            (
                "x-prefix",
                prefix.map(|(_, span)| *span),
                "a map of headers or form fields",
            ),
        ] {
            let Some(span) = span else {
                continue;
            };
            let message = format!("`{key}` has no effect here, because this value is not {wanted}");
            let help = "move it to the object that it describes";
            found.push(warn("misplaced-fact", span, message, help));
        }
    }
}

fn header_prefix(document: &Document, found: &mut Vec<Diagnostic>) {
    let Some((prefix, span)) = &document.header_prefix else {
        return;
    };
    let is_header = |role| matches!(role, Role::Header | Role::Parameter(In::Header));
    let named = named(document);
    let mut headers = named.iter().filter(|one| is_header(one.role));
    if !headers.any(|one| document.without_header_prefix(one.name).is_some()) {
        let message = format!("no header begins with `{prefix}`");
        let help = "correct the prefix, or remove it";
        found.push(warn("header-prefix-unused", *span, message, help));
    }
}

/// Reports tags without a description, if the specification describes others.
fn tags(document: &Document, found: &mut Vec<Diagnostic>) {
    if document.tags.is_empty() {
        return;
    }
    for (tag, span) in operations(document).filter_map(|operation| operation.tag.as_ref()) {
        if document.tags.contains_key(tag) {
            continue;
        }
        let known = document.tags.keys().map(String::as_str);
        let meant = closest(tag, known).map(did_you_mean);
        let meant = meant.unwrap_or_default();
        let message = format!("the tag `{tag}` is not among the root's `tags`{meant}");
        let help = "correct the tag, or add it to `tags` of the root";
        found.push(warn("tag-undeclared", *span, message, help));
    }
}
