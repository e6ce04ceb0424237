//! Rules for signed sub-resources: if one operation signs a name, all operations should.

use std::collections::HashMap;

use super::warn;
use crate::diagnostic::Diagnostic;
use crate::document::{Document, In};
use crate::source::Span;

pub(super) fn check(document: &Document, found: &mut Vec<Diagnostic>) {
    let signed = signed(document);
    for item in &document.paths {
        let query = item.sub_resource.as_deref().filter(|_| !item.signed);
        for marker in query.into_iter().flat_map(markers) {
            report(
                &signed,
                marker,
                item.span,
                "`\"x-signed\": false` from the path",
                found,
            );
        }
        // Names in the query of the path are signed with it.
        let own = |name: &str| {
            let query = item.sub_resource.as_deref().filter(|_| item.signed);
            query
                .into_iter()
                .flat_map(markers)
                .any(|marker| marker == name)
        };
        for parameter in item
            .operations
            .iter()
            .flat_map(|operation| &operation.parameters)
        {
            let is_bare = parameter.place == In::Query && !parameter.schema.facts.signed;
            if is_bare && !own(&parameter.name) {
                let (name, span) = (&parameter.name, parameter.name_span);
                report(&signed, name, span, "", found);
            }
        }
    }
}

fn report(
    signed: &HashMap<&str, Span>,
    name: &str,
    span: Span,
    unsaid: &str,
    found: &mut Vec<Diagnostic>,
) {
    if let Some(other) = signed.get(name) {
        let message = format!("other operations sign `{name}`, but this one does not");
        let help = match unsaid {
            "" => "add `\"x-signed\": true`, or sign it in no operation".to_owned(),
            fact => format!("remove {fact}, or sign it in no operation"),
        };
        found.push(
            warn("unsigned-sub-resource", span, message, help).with_note(*other, "signed here"),
        );
    }
}

/// Returns the signed names, each with a place where it is signed.
fn signed(document: &Document) -> HashMap<&str, Span> {
    let mut signed = HashMap::new();
    for item in &document.paths {
        let query = item.sub_resource.as_deref().filter(|_| item.signed);
        for marker in query.into_iter().flat_map(markers) {
            signed.entry(marker).or_insert(item.span);
        }
        for parameter in item
            .operations
            .iter()
            .flat_map(|operation| &operation.parameters)
        {
            if parameter.schema.facts.signed {
                let name = parameter.name.as_str();
                signed.entry(name).or_insert(parameter.name_span);
            }
        }
    }
    signed
}

/// Returns the names in the query of a path.
fn markers(query: &str) -> impl Iterator<Item = &str> {
    let names = query
        .split('&')
        .map(|marker| marker.split('=').next().unwrap_or_default());
    names.filter(|name| !name.is_empty())
}
