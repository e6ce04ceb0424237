//! Merges the parts of an `allOf` into one object.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::Lowerer;
use super::narrow::{described, narrower};
use crate::diagnostic::Diagnostic;
use crate::document::{Additional, Schema, SchemaKind};
use crate::source::Span;
use crate::spelling::{closest, did_you_mean};

/// Maximum depth of nested `allOf`s.
const MAX_PARTS_DEPTH: usize = 64;

/// The properties of an object, including those of its parts in `allOf`.
#[derive(Default)]
pub(super) struct Merged<'a> {
    pub(super) properties: IndexMap<&'a str, (Span, &'a Schema)>,
    pub(super) required: Vec<&'a (String, Span)>,
    pub(super) additional: Option<&'a Additional>,
}

impl<'a> Lowerer<'a> {
    /// Returns the properties of an object and of all its parts.
    pub(super) fn merged(&mut self, schema: &'a Schema) -> Merged<'a> {
        let mut merged = Merged::default();
        self.merge_into(schema, &mut merged, &mut Vec::new(), &mut HashSet::new());
        self.check_required(&merged);
        merged
    }

    /// Adds a part. `open` contains the definitions around it, to detect cycles. `done` contains
    /// the merged definitions, so that a definition with several references is merged once.
    fn merge_into(
        &mut self,
        schema: &'a Schema,
        merged: &mut Merged<'a>,
        open: &mut Vec<&'a str>,
        done: &mut HashSet<&'a str>,
    ) {
        if !self.may_visit_part(schema.span) {
            return;
        }
        match &schema.kind {
            SchemaKind::Object(object) => {
                for (name, (span, schema)) in &object.properties {
                    self.merge_property(name, *span, schema, merged);
                }
                merged.required.extend(&object.required);
                if !matches!(object.additional, Additional::Unsaid) {
                    merged.additional = Some(&object.additional);
                }
            }
            SchemaKind::AllOf(parts) => {
                for part in parts {
                    self.merge_into(part, merged, open, done);
                }
            }
            SchemaKind::Ref(name) => self.merge_definition(name, schema.span, merged, open, done),
            _ => {
                self.problems.push(
                    Diagnostic::error(
                        "all-of-object",
                        schema.span,
                        "the parts of an `allOf` must be objects",
                    )
                    .with_help("use only objects as parts"),
                );
            }
        }
    }

    /// Adds a property. If several parts describe it, the narrower type counts, because a value
    /// must fit both.
    fn merge_property(
        &mut self,
        name: &'a str,
        span: Span,
        schema: &'a Schema,
        merged: &mut Merged<'a>,
    ) {
        let Some((first, known)) = merged.properties.get(name).copied() else {
            merged.properties.insert(name, (span, schema));
            return;
        };
        match narrower(self.document, known, schema) {
            Some(narrower) if std::ptr::eq(narrower, known) => {}
            Some(_) => drop(merged.properties.insert(name, (span, schema))),
            None => {
                let message = format!(
                    "`{name}` is {} here and {} in another part of this object",
                    described(schema),
                    described(known)
                );
                self.problems.push(
                    Diagnostic::error("all-of-conflict", span, message)
                        .with_note(first, "the other part")
                        .with_help("describe the property once, or with one type"),
                );
            }
        }
    }

    fn merge_definition(
        &mut self,
        name: &'a str,
        span: Span,
        merged: &mut Merged<'a>,
        open: &mut Vec<&'a str>,
        done: &mut HashSet<&'a str>,
    ) {
        let Some(definition) = self.document.definitions.get(name) else {
            let known = self.document.definitions.keys().map(String::as_str);
            let meant = closest(name, known).map(did_you_mean).unwrap_or_default();
            let message = format!("the definition `{name}` does not exist{meant}");
            let problem = Diagnostic::error("ref-missing", span, message);
            let help = "correct the reference, or add the definition";
            self.problems.push(problem.with_help(help));
            return;
        };
        if open.contains(&name) || open.len() == MAX_PARTS_DEPTH {
            let message = format!("`{name}` contains itself, or has too many parts");
            let problem = Diagnostic::error("all-of-circular", span, message);
            let help = "take this part out of `allOf`";
            self.problems.push(problem.with_help(help));
            return;
        }
        if done.insert(name) {
            open.push(name);
            self.merge_into(&definition.schema, merged, open, done);
            open.pop();
        }
    }

    fn check_required(&mut self, merged: &Merged<'_>) {
        let open = self.document.open_required;
        for (name, span) in merged.required.iter().filter(|_| !open) {
            if !merged.properties.contains_key(name.as_str()) {
                let message = format!("`{name}` is required, but there is no such property");
                self.problems.push(
                    Diagnostic::error("required-unknown", *span, message)
                        .with_help("correct the name, or add the property"),
                );
            }
        }
    }
}
