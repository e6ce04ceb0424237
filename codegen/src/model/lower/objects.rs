//! Lowers objects and enums, both definitions and inline types.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::merge::Merged;
use super::{Direction, Lowerer, NameContext, NamedItem, PropertySource};
use crate::diagnostic::Diagnostic;
use crate::document::{Additional, Schema, SchemaKind};
use crate::model::{
    CustomizedType, EnumValue, Imports, Place, PlaceKind, Property, Shape, TypeKind,
};
use crate::naming::{Case, Role, Scope};
use crate::source::Span;

impl<'a> Lowerer<'a> {
    pub(super) fn lower_definitions(&mut self) {
        let document = self.document;
        for (name, definition) in &document.definitions {
            let Some((ident, kind)) = self.definitions.get(name.as_str()).cloned() else {
                continue;
            };
            let mut made = self.blank_type(name, ident, kind, &definition.schema, definition.key);
            match kind {
                TypeKind::Object => self.fill_object(&mut made, &definition.schema),
                TypeKind::Enum => made.values = self.enum_values(&definition.schema, &[]),
                TypeKind::Alias => {
                    let at = NameContext {
                        parent: name,
                        field: "item",
                        direction: None,
                    };
                    let shape = self.shape(&definition.schema, at);
                    self.check_content(&shape, PlaceKind::Value, definition.schema.span);
                    made.shape = Some(shape);
                }
            }
            self.types.insert(name.clone(), made);
        }
    }

    fn blank_type(
        &mut self,
        name: &str,
        ident: String,
        kind: TypeKind,
        schema: &'a Schema,
        span: Span,
    ) -> CustomizedType {
        if !schema.facts.constructors.is_empty() {
            self.pending
                .insert(name.to_owned(), &schema.facts.constructors);
        }
        CustomizedType {
            name: name.to_owned(),
            ident,
            kind,
            description: match &schema.facts.type_description {
                Some((text, _)) => text.clone(),
                None => schema.description.clone(),
            },
            properties: Vec::new(),
            values: Vec::new(),
            shape: None,
            type_name: None,
            constructors: Vec::new(),
            additional: None,
            additional_type: None,
            from_text: false,
            in_request: false,
            in_response: false,
            uses: Imports::default(),
            source: self.place(span),
            ext: schema.ext.clone(),
        }
    }

    fn fill_object(&mut self, made: &mut CustomizedType, schema: &'a Schema) {
        let parent = made.name.clone();
        let merged = self.merged(schema);
        made.properties = self.object_properties(&merged, &parent);
        made.additional = match merged.additional {
            Some(Additional::Free) => Some(Shape::Free),
            Some(Additional::Typed(value)) => {
                let at = NameContext {
                    parent: &parent,
                    field: "value",
                    direction: None,
                };
                let shape = self.shape(value, at);
                self.check_content(&shape, PlaceKind::Json, value.span);
                Some(shape)
            }
            _ => None,
        };
    }

    fn object_properties(&mut self, merged: &Merged<'a>, parent: &str) -> Vec<Property> {
        let mut scope = Scope::default();
        let mut properties = Vec::new();
        let required = merged.required.iter().map(|(name, _)| name.as_str());
        let required: HashSet<&str> = required.collect();
        for (name, (span, schema)) in &merged.properties {
            let at = NameContext {
                parent,
                field: name,
                direction: None,
            };
            let field = PropertySource {
                name,
                span: *span,
                schema,
                required: required.contains(name),
                place: Place {
                    kind: PlaceKind::Json,
                    prefix: None,
                    collection: None,
                },
                role: Role::Property,
            };
            properties.extend(self.property(field, at, &mut scope));
        }
        properties
    }

    /// Lowers an inline type, which is named after its parent and field.
    pub(super) fn inline(
        &mut self,
        schema: &'a Schema,
        at: NameContext<'_>,
        kind: TypeKind,
    ) -> Shape {
        let naming = &self.language.naming;
        let (name, words) = match &schema.facts.type_name {
            Some((name, _)) => (name.clone(), naming.words(name)),
            None => self.inline_name(schema, at),
        };
        let ident = naming.safe(naming.join(naming.types, &words), Role::Type);
        self.note_use(&name, at.direction);
        let ident = match self.types.get(&name) {
            Some(known) if self.definitions.contains_key(name.as_str()) => {
                let (first, span) = (known.source.clone(), schema.span);
                let message = format!("this type would get the name of the definition `{name}`");
                self.problems.push(
                    Diagnostic::error("name-collision", span, message).with_help(format!(
                        "set another `x-type-name`; the definition is at {}:{}",
                        first.file, first.line
                    )),
                );
                return Shape::Free;
            }
            Some(known) => {
                let ident = known.ident.clone();
                self.unite(&name, schema, kind);
                ident
            }
            None => match self.new_inline(&name, ident, schema, kind) {
                Some(ident) => ident,
                None => return Shape::Free,
            },
        };
        Shape::Named {
            name,
            ident,
            type_kind: kind,
            recursive: false,
        }
    }

    /// Derives the name of an inline type from its parent and field. Request and response types of
    /// one field get different names, because their contents can differ.
    fn inline_name(&self, schema: &Schema, at: NameContext<'_>) -> (String, Vec<String>) {
        let naming = &self.language.naming;
        let (parent, field) = (naming.words(at.parent), naming.words(at.field));
        let words = [parent.as_slice(), &field].concat();
        let name = Case::Pascal.join(&words);
        let is_taken = match self.inline.get(&name) {
            Some(known) => !known.is_like(schema),
            None => self.definitions.contains_key(name.as_str()),
        };
        let words = if is_taken && at.direction == Some(Direction::Response) {
            [parent, vec!["output".to_owned()], field].concat()
        } else {
            words
        };
        self.apart_from_definitions(words)
    }

    /// Adds a suffix if a definition has the name.
    fn apart_from_definitions(&self, mut words: Vec<String>) -> (String, Vec<String>) {
        let mut name = Case::Pascal.join(&words);
        while self.definitions.contains_key(name.as_str()) {
            words.push("value".to_owned());
            name = Case::Pascal.join(&words);
        }
        (name, words)
    }

    fn new_inline(
        &mut self,
        name: &str,
        ident: String,
        schema: &'a Schema,
        kind: TypeKind,
    ) -> Option<String> {
        let suffixed = self
            .language
            .naming
            .candidates(name, Role::Type, Some("value"));
        // If the author chose the name with `x-type-name`, report the collision instead.
        let others = suffixed.filter(|_| schema.facts.type_name.is_none());
        let candidates = std::iter::once(ident).chain(others);
        let claimed = self.type_scope.claim(candidates, schema.span);
        let help = "rename this type with `x-type-name`";
        let ident = self.claimed(claimed, NamedItem::new(name, schema.span, help))?;
        self.inline.insert(name.to_owned(), schema);
        self.described(name, schema);
        let mut made = self.blank_type(name, ident.clone(), kind, schema, schema.span);
        match kind {
            TypeKind::Enum => made.values = self.enum_values(schema, &[]),
            _ => self.fill_object(&mut made, schema),
        }
        self.types.insert(name.to_owned(), made);
        Some(ident)
    }

    /// Records the description of an inline type, and reports different ones. Returns whether this
    /// is the first.
    fn described(&mut self, name: &str, schema: &Schema) -> bool {
        let Some((text, span)) = &schema.facts.type_description else {
            return false;
        };
        let Some((known, first)) = self.descriptions.get(name) else {
            let description = (text.clone(), *span);
            self.descriptions.insert(name.to_owned(), description);
            return true;
        };
        if known != text {
            let message = format!("`{name}` has another `x-type-description` elsewhere");
            self.problems.push(
                Diagnostic::error("type-name-differs", *span, message)
                    .with_note(*first, "the other one")
                    .with_help("describe the type once"),
            );
        }
        false
    }

    /// Unites types of one name: merges enum values, and requires equal objects.
    fn unite(&mut self, name: &str, schema: &'a Schema, kind: TypeKind) {
        let known = self.types.get(name).cloned();
        let Some(known) = known.filter(|known| known.kind == kind) else {
            let message = format!("`{name}` is an enum in one place and an object in another");
            self.problems.push(
                Diagnostic::error("type-name-differs", schema.span, message)
                    .with_help("add one of them another `x-type-name`"),
            );
            return;
        };
        if self.described(name, schema)
            && let Some(known) = self.types.get_mut(name)
            && let Some((text, _)) = &schema.facts.type_description
        {
            known.description.clone_from(text);
        }
        if kind == TypeKind::Enum {
            let more = self.enum_values(schema, &known.values);
            if let Some(known) = self.types.get_mut(name) {
                known.values = more;
            }
            return;
        }
        let merged = self.merged(schema);
        let again = self.object_properties(&merged, name);
        let facts = |properties: &[Property]| -> Vec<(String, Shape, bool)> {
            let fact = |p: &Property| (p.name.clone(), p.shape.clone(), p.required);
            properties.iter().map(fact).collect()
        };
        if facts(&again) != facts(&known.properties) {
            let message = format!("`{name}` has other properties elsewhere");
            self.problems.push(
                Diagnostic::error("type-name-differs", schema.span, message).with_help(format!(
                    "use the same properties, or set another `x-type-name`; the other is at {}:{}",
                    known.source.file, known.source.line
                )),
            );
        }
    }

    /// Returns the values of an enum that are not known yet.
    fn enum_values(&mut self, schema: &'a Schema, known: &[EnumValue]) -> Vec<EnumValue> {
        let SchemaKind::Text { values, .. } = &schema.kind else {
            return known.to_vec();
        };
        let mut all: IndexMap<String, EnumValue> = known
            .iter()
            .map(|value| (value.value.clone(), value.clone()))
            .collect();
        let mut scope = Scope::default();
        for value in known {
            // The known identifiers are unique.
            let _ = scope.claim([value.ident.clone()], schema.span);
        }
        for (value, span) in values {
            if all.contains_key(value) || !self.has_room(*span) {
                continue;
            }
            let chosen = schema.facts.enum_names.get(value);
            let name = chosen.unwrap_or(value);
            let candidates = self.language.naming.candidates(name, Role::Value, None);
            let claimed = scope.claim(candidates, *span);
            let help = "rename one of them with `x-enum-names`: {\"value\": \"Name\"}";
            let item = NamedItem::new(value, *span, help).chosen(chosen.is_some());
            let Some(ident) = self.claimed(claimed, item) else {
                continue;
            };
            let description = schema.facts.enum_descriptions.get(value);
            let made = EnumValue {
                value: value.clone(),
                ident,
                description: description.cloned().unwrap_or_default(),
                source: self.place(*span),
            };
            all.insert(value.clone(), made);
        }
        all.into_values().collect()
    }
}
