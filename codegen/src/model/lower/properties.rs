//! Lowers parameters, headers and fields.

use super::{Lowerer, NameContext, NamedItem, PropertySource};
use crate::diagnostic::Diagnostic;
use crate::document::{Additional, Schema, SchemaKind};
use crate::model::{Encoding, PlaceKind, Property, Shape, TimeFormat};
use crate::naming::{Role, Scope};
use crate::source::{Node, Span, Value};

/// Maximum length of a chain of references to a default.
const MAX_REFERENCES: usize = 64;

impl<'a> Lowerer<'a> {
    /// Lowers a property, with an identifier that is unique in the scope.
    pub(super) fn property(
        &mut self,
        field: PropertySource<'a, '_>,
        at: NameContext<'_>,
        scope: &mut Scope,
    ) -> Option<Property> {
        if !self.has_room(field.span) {
            return None;
        }
        let schema = field.schema;
        let facts = &schema.facts;
        let wanted = self.wanted_name(&field);
        let ident = self.property_ident(&field, wanted, scope)?;
        let is_header = field.place.kind == PlaceKind::Header;
        let computed = field.role == Role::Parameter
            && (facts.computed
                || (is_header && self.language.computes(field.name, field.required)));
        let at = NameContext {
            field: wanted,
            ..at
        };
        let shape = match self.header_format(schema, &field) {
            Some(shape) => shape,
            None => self.shape(schema, at),
        };
        self.check_content(&shape, field.place.kind, schema.span);
        self.check_one_or_many(&shape, &field);
        let required = field.required && !computed;
        let always_set = required || self.is_empty_when_absent(schema, &shape, &field);
        let type_name = match schema.kind {
            SchemaKind::HeaderMap => self.language.header_map(&shape),
            _ => self.language.type_name(&shape),
        };
        // The limits of an integer are integers. Those beside a reference or a list can be others.
        let is_integer = is_integer(&shape);
        let fits = |limit: &serde_json::Number| !is_integer || limit.is_i64();
        let minimum = schema.limits.minimum.clone().filter(fits);
        let maximum = schema.limits.maximum.clone().filter(fits);
        let mut property = Property {
            argument: Property::argument_of(&shape, &field.place, &schema.ext),
            encoding: Encoding::Text,
            name: field.name.to_owned(),
            ident,
            always_set,
            field_type: self.language.field_type(&type_name, always_set),
            type_name,
            item_type: self.language.item_type(&shape),
            place: field.place,
            shape,
            required,
            present: facts.present,
            computed,
            signed: facts.signed,
            default: self.default(schema).cloned(),
            description: self.description(schema),
            minimum,
            maximum,
            max_length: schema.limits.max_length,
            pattern: schema.limits.pattern.clone(),
            enum_values: schema.values.clone(),
            one_or_many: facts.one_or_many.is_some(),
            deprecated: facts.deprecated,
            nullable: facts.nullable,
            nullable_items: element_schema(schema).is_some_and(|element| element.facts.nullable),
            read_only: facts.read_only,
            write_only: facts.write_only,
            file_list: facts.file_list,
            source: self.place(field.span),
            ext: schema.ext.clone(),
        };
        property.set_encoding();
        Some(property)
    }

    /// Returns the name that the identifier is made from.
    fn wanted_name<'f>(&self, field: &PropertySource<'a, 'f>) -> &'f str
    where
        'a: 'f,
    {
        match &field.schema.facts.name {
            _ if self.language.naming.wire_names => field.name,
            Some(name) => name,
            None => self.ident_source(field.name, field.place.kind),
        }
    }

    fn property_ident(
        &mut self,
        field: &PropertySource<'a, '_>,
        wanted: &str,
        scope: &mut Scope,
    ) -> Option<String> {
        let suffix = place_word(field.place.kind);
        let naming = &self.language.naming;
        let candidates = naming.candidates(wanted, field.role, Some(suffix));
        let claimed = scope.claim(candidates, field.span);
        let help = "rename one of them with `x-name`";
        let is_chosen = field.schema.facts.name.as_deref() == Some(wanted);
        let item = NamedItem::new(field.name, field.span, help).chosen(is_chosen);
        self.claimed(claimed, item)
    }

    fn check_one_or_many(&mut self, shape: &Shape, field: &PropertySource<'a, '_>) {
        let Some(span) = field.schema.facts.one_or_many else {
            return;
        };
        if !matches!(shape, Shape::List { .. }) {
            let message = format!("`x-one-or-many` on `{}`, which is not a list", field.name);
            let problem = Diagnostic::error("x-one-or-many", span, message);
            let help = "use an array, or remove `x-one-or-many`";
            self.problems.push(problem.with_help(help));
        }
    }

    /// Returns the default of a schema, or of the definition that it refers to.
    fn default(&self, mut schema: &'a Schema) -> Option<&'a Node> {
        // Another check reports cycles.
        for _ in 0..MAX_REFERENCES {
            if schema.default.is_some() {
                return schema.default.as_ref();
            }
            schema = match &schema.kind {
                SchemaKind::Ref(name) => &self.document.definitions.get(name)?.schema,
                SchemaKind::AllOf(parts) => match parts.as_slice() {
                    [part] => part,
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// Returns the description of a schema, or of the definition that it refers to.
    fn description(&self, schema: &Schema) -> String {
        let kind = match &schema.kind {
            SchemaKind::AllOf(parts) => match parts.as_slice() {
                [part] => &part.kind,
                _ => &schema.kind,
            },
            kind => kind,
        };
        let definition = match kind {
            SchemaKind::Ref(name) => self.document.definitions.get(name),
            _ => None,
        };
        match definition {
            Some(definition) if schema.description.is_empty() => {
                definition.schema.description.clone()
            }
            _ => schema.description.clone(),
        }
    }

    /// Returns the shape of a format with a custom type for sent headers.
    fn header_format(&self, schema: &Schema, field: &PropertySource<'_, '_>) -> Option<Shape> {
        let SchemaKind::Text {
            format: Some(format),
            values,
        } = &schema.kind
        else {
            return None;
        };
        let is_sent = field.role == Role::Parameter && field.place.kind == PlaceKind::Header;
        let types = &self.language.types;
        let known = types.contains_key(&format!("header-format:{format}"));
        (is_sent && values.is_empty() && known).then(|| Shape::Format {
            format: format.clone(),
        })
    }

    /// Reports bytes and times at places that cannot contain them. Bytes are only allowed as a body
    /// or a file in a form. Times in lists and maps must have the JSON format.
    pub(super) fn check_content(&mut self, shape: &Shape, place: PlaceKind, span: Span) {
        let streamed = matches!(
            place,
            PlaceKind::Value | PlaceKind::Stream | PlaceKind::FormFile
        );
        let content = match shape {
            Shape::List { item } | Shape::Map { value: item } => innermost(item),
            _ => &Shape::Free,
        };
        if let Shape::Time {
            format: TimeFormat::Unix | TimeFormat::HttpDate,
        } = content
        {
            self.problems.push(
                Diagnostic::error(
                    "time-place",
                    span,
                    "times in this format are not allowed in lists and maps",
                )
                .with_help("use `\"format\": \"date-time\"`, or no format"),
            );
        }
        if *content == Shape::Binary || (*shape == Shape::Binary && !streamed) {
            self.problems.push(
                Diagnostic::error("binary-place", span, "raw bytes are not allowed here")
                    .with_help("use `\"format\": \"byte\"`, which is Base64 text, or no format"),
            );
        }
    }

    /// Returns whether an optional property needs no `Option`, because its absence and its empty
    /// value mean the same.
    fn is_empty_when_absent(
        &self,
        schema: &'a Schema,
        shape: &Shape,
        field: &PropertySource<'_, '_>,
    ) -> bool {
        // A list that is only received stays a list, so that callers can iterate over it.
        let read_as_list = field.role != Role::Parameter
            && matches!(shape, Shape::List { .. } | Shape::Map { .. });
        if self.default(schema).is_some_and(differs_from_empty) && !read_as_list {
            return false;
        }
        match field.role {
            Role::Parameter if may_be_sent_empty(shape, field.place.kind) => false,
            Role::Parameter => self.is_always_set(shape),
            _ => schema.facts.present || self.is_always_set(shape),
        }
    }

    /// Returns the same for a property of a type that requests contain.
    pub(super) fn is_always_set_in_request(&self, property: &Property) -> bool {
        property.required
            || (property.always_set
                && !may_be_sent_empty(&property.shape, property.place.kind)
                && self.is_always_set(&property.shape))
    }

    fn is_always_set(&self, shape: &Shape) -> bool {
        let kind = match shape {
            Shape::List { .. } => "list",
            Shape::Map { .. } => "map",
            Shape::Bool => "bool",
            Shape::Bytes => "bytes",
            Shape::Binary => "binary",
            Shape::Free => "free",
            _ => return false,
        };
        self.language.is_always_set(kind)
    }

    /// Returns the name without the common prefix of the API's headers.
    fn ident_source<'n>(&self, name: &'n str, place: PlaceKind) -> &'n str {
        let is_header = matches!(place, PlaceKind::Header | PlaceKind::HeaderMap);
        let rest = self.document.without_header_prefix(name);
        rest.filter(|_| is_header).unwrap_or(name)
    }
}

/// Returns whether a default differs from the empty value of its type, for example `true` or 10.
fn differs_from_empty(default: &Node) -> bool {
    match &default.value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        // The default of a boolean is sometimes written as text.
        Value::String(text) => !text.is_empty() && text != "false",
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Returns whether a request distinguishes an empty from an absent value. Only JSON does, for lists
/// and maps.
fn may_be_sent_empty(shape: &Shape, place: PlaceKind) -> bool {
    matches!(shape, Shape::List { .. } | Shape::Map { .. })
        && matches!(place, PlaceKind::Json | PlaceKind::Value)
}

/// Returns the schema of list items or map values.
fn element_schema(schema: &Schema) -> Option<&Schema> {
    match &schema.kind {
        SchemaKind::Array(item) => Some(item),
        SchemaKind::Object(object) => match &object.additional {
            Additional::Typed(value) if object.properties.is_empty() => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the innermost shape of nested lists and maps.
fn innermost(shape: &Shape) -> &Shape {
    match shape {
        Shape::List { item } | Shape::Map { value: item } => innermost(item),
        other => other,
    }
}

/// Returns the suffix that distinguishes properties of one name in different parts of a message.
fn place_word(place: PlaceKind) -> &'static str {
    match place {
        PlaceKind::Path => "path",
        PlaceKind::Query => "query",
        PlaceKind::Header | PlaceKind::HeaderMap => "header",
        PlaceKind::Json => "field",
        PlaceKind::Value | PlaceKind::Stream => "body",
        PlaceKind::Form | PlaceKind::FormFile => "form",
    }
}

/// Returns whether a value consists of integers.
fn is_integer(shape: &Shape) -> bool {
    match shape {
        Shape::Int { .. } => true,
        Shape::List { item } => is_integer(item),
        Shape::Map { value } => is_integer(value),
        _ => false,
    }
}
