//! Lowers types of values.

use super::{Direction, Lowerer, NameContext, NamedItem};
use crate::diagnostic::Diagnostic;
use crate::document::{Additional, Definition, IntegerType, Schema, SchemaKind};
use crate::model::{Shape, TimeFormat, TypeKind};
use crate::naming::Role;
use crate::spelling::{closest, did_you_mean};

impl<'a> Lowerer<'a> {
    /// Names all definitions, before an inline type can take one of their names.
    pub(super) fn name_definitions(&mut self) {
        self.take_operation_types();
        let document = self.document;
        let naming = &self.language.naming;
        for (name, definition) in &document.definitions {
            let wanted = definition.schema.facts.name.as_ref().unwrap_or(name);
            let candidates = naming.candidates(wanted, Role::Type, Some("type"));
            let claimed = self.type_scope.claim(candidates, definition.key);
            let help = "give one of them a name of its own with `x-name`";
            let is_chosen = definition.schema.facts.name.is_some();
            let item = NamedItem::new(name, definition.key, help).chosen(is_chosen);
            if let Some(ident) = self.claimed(claimed, item) {
                let kind = definition_kind(definition);
                self.definitions.insert(name, (ident, kind));
            }
        }
    }

    /// Reserves the names of the types that packs render for operations.
    fn take_operation_types(&mut self) {
        let naming = &self.language.naming;
        let operations = self.document.paths.iter().flat_map(|item| &item.operations);
        for operation in operations {
            let ident = naming.join(naming.types, &naming.words(operation.wanted_name()));
            for pattern in &naming.operation_types {
                let name = pattern.replace("{ident}", &ident);
                // Operations with equal names are reported when they get their identifiers.
                let _ = self.type_scope.claim([name], operation.id_span);
            }
        }
    }

    /// Returns the shape of a schema. Inline objects and enums become types.
    pub(super) fn shape(&mut self, schema: &'a Schema, at: NameContext<'_>) -> Shape {
        match &schema.kind {
            SchemaKind::Ref(name) => self.reference(schema, name, at),
            SchemaKind::Text { format, values } if values.is_empty() => {
                self.text_shape(format.as_deref())
            }
            SchemaKind::Text { .. } => self.inline(schema, at, TypeKind::Enum),
            SchemaKind::Integer(format) => integer_shape(schema, format.as_deref()),
            SchemaKind::Number(format) => Shape::Float {
                bits: if format.as_deref() == Some("float") {
                    32
                } else {
                    64
                },
            },
            SchemaKind::Boolean => Shape::Bool,
            SchemaKind::File => Shape::Binary,
            SchemaKind::HeaderMap => Shape::Map {
                value: Box::new(Shape::Text),
            },
            SchemaKind::Array(item) => Shape::List {
                item: Box::new(self.shape(item, at)),
            },
            SchemaKind::Object(object) if object.properties.is_empty() => {
                match &object.additional {
                    Additional::Typed(value) => Shape::Map {
                        value: Box::new(self.shape(value, at)),
                    },
                    _ => Shape::Free,
                }
            }
            SchemaKind::AllOf(parts) => match parts.as_slice() {
                // The usual way to put a description beside a reference.
                [part] if matches!(part.kind, SchemaKind::Ref(_)) => self.shape(part, at),
                _ => self.inline(schema, at, TypeKind::Object),
            },
            SchemaKind::Object(_) => self.inline(schema, at, TypeKind::Object),
            SchemaKind::Free => Shape::Free,
        }
    }

    fn reference(&mut self, schema: &Schema, name: &'a str, at: NameContext<'_>) -> Shape {
        let Some((ident, kind)) = self.definitions.get(name).cloned() else {
            if !self.document.definitions.contains_key(name) {
                let known = self.document.definitions.keys().map(String::as_str);
                let meant = closest(name, known).map(did_you_mean).unwrap_or_default();
                let message = format!("the definition `{name}` does not exist{meant}");
                self.problems.push(
                    Diagnostic::error("ref-missing", schema.span, message)
                        .with_help("correct the reference, or add the definition"),
                );
            }
            return Shape::Free;
        };
        if let Some(scalar) = self.scalar(name) {
            return self.shape(scalar, at);
        }
        let shape = Shape::Named {
            name: name.to_owned(),
            ident,
            type_kind: kind,
            recursive: false,
        };
        self.note_use(name, at.direction);
        shape
    }

    /// Returns the scalar that a definition is an alias of. References need it, because the
    /// encoding of a scalar depends on its format.
    fn scalar(&mut self, mut name: &'a str) -> Option<&'a Schema> {
        let definitions = &self.document.definitions;
        // Remember the result for each definition in the chain.
        let mut way = Vec::new();
        let found = loop {
            if let Some(known) = self.scalars.get(name) {
                break *known;
            }
            let Some(definition) = definitions.get(name) else {
                break None;
            };
            // Ends the recursion of a cycle.
            self.scalars.insert(name, None);
            way.push(name);
            let schema = &definition.schema;
            match &schema.kind {
                SchemaKind::Ref(next) => name = next,
                SchemaKind::Text { values, .. } if values.is_empty() => break Some(schema),
                SchemaKind::Integer(_)
                | SchemaKind::Number(_)
                | SchemaKind::Boolean
                | SchemaKind::File => break Some(schema),
                _ => break None,
            }
        };
        self.scalars
            .extend(way.into_iter().map(|name| (name, found)));
        found
    }

    /// Records that a request or response names a type.
    pub(super) fn note_use(&mut self, name: &str, direction: Option<Direction>) {
        match direction {
            Some(Direction::Request) => self.used[0].push(name.to_owned()),
            Some(Direction::Response) => self.used[1].push(name.to_owned()),
            None => {}
        }
    }

    fn text_shape(&self, format: Option<&str>) -> Shape {
        match format {
            Some("byte") => Shape::Bytes,
            Some("binary") => Shape::Binary,
            Some("date-time") => Shape::Time {
                format: TimeFormat::Iso8601,
            },
            Some("date-time-rfc822") => Shape::Time {
                format: TimeFormat::HttpDate,
            },
            Some("date") => Shape::Time {
                format: TimeFormat::Date,
            },
            Some(format)
                if self
                    .language
                    .types
                    .contains_key(&format!("format:{format}")) =>
            {
                Shape::Format {
                    format: format.to_owned(),
                }
            }
            _ => Shape::Text,
        }
    }
}

fn integer_shape(schema: &Schema, format: Option<&str>) -> Shape {
    if format == Some("unix-time") {
        return Shape::Time {
            format: TimeFormat::Unix,
        };
    }
    let IntegerType { bits, signed } = IntegerType::of(schema, format);
    Shape::Int { bits, signed }
}

/// Returns the kind of a definition's type.
pub(super) fn definition_kind(definition: &Definition) -> TypeKind {
    match &definition.schema.kind {
        SchemaKind::Object(object) => match object.additional {
            _ if !object.properties.is_empty() => TypeKind::Object,
            Additional::No => TypeKind::Object,
            _ => TypeKind::Alias,
        },
        SchemaKind::AllOf(_) => TypeKind::Object,
        SchemaKind::Text { values, .. } if !values.is_empty() => TypeKind::Enum,
        _ => TypeKind::Alias,
    }
}
