//! Parameters, headers and fields.

use super::Lowerer;
use super::shapes::At;
use crate::document::{Schema, SchemaKind};
use crate::model::{Place, PlaceKind, Property, Shape};
use crate::naming::{Role, Scope};
use crate::source::Span;

/// What a property is made from.
pub(super) struct Field<'a, 'n> {
    pub(super) name: &'n str,
    pub(super) span: Span,
    pub(super) schema: &'a Schema,
    pub(super) required: bool,
    pub(super) place: Place,
    pub(super) role: Role,
}

impl<'a> Lowerer<'a> {
    /// A property with an identifier of its own in the scope.
    pub(super) fn property(
        &mut self,
        field: Field<'a, '_>,
        at: At<'_>,
        scope: &mut Scope,
    ) -> Option<Property> {
        let schema = field.schema;
        let facts = &schema.facts;
        let wanted = match &facts.name {
            Some(name) => name,
            None => self.ident_source(field.name, field.place.kind),
        };
        let suffix = place_word(field.place.kind);
        let candidates = self
            .language
            .naming
            .candidates(wanted, field.role, Some(suffix));
        let claimed = scope.claim(candidates, field.span);
        let help = "name one of them with `x-name`";
        let ident = self.claimed(claimed, field.name, field.span, help)?;
        let is_header = field.place.kind == PlaceKind::Header;
        let computed = field.role == Role::Parameter
            && (facts.computed
                || (is_header && self.language.computes(field.name, field.required)));
        let at = At {
            field: wanted,
            ..at
        };
        let shape = self.shape(schema, at);
        let required = field.required && !computed;
        Some(Property {
            name: field.name.to_owned(),
            ident,
            plain: required || facts.present || self.is_plain(&shape),
            type_name: match schema.kind {
                SchemaKind::HeaderMap => self.language.header_map(&shape),
                _ => self.language.type_name(&shape),
            },
            place: field.place,
            shape,
            required,
            present: facts.present,
            computed,
            signed: facts.signed,
            default: schema.default.clone(),
            description: self.description(schema),
            minimum: schema.limits.minimum.clone(),
            maximum: schema.limits.maximum.clone(),
            max_length: schema.limits.max_length,
            pattern: schema.limits.pattern.clone(),
            enum_values: schema.values.clone(),
            one_or_many: facts.one_or_many,
            deprecated: facts.deprecated,
            ext: schema.ext.clone(),
        })
    }

    /// A reference without words of its own has those of the definition.
    fn description(&self, schema: &Schema) -> String {
        let definition = match &schema.kind {
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

    fn is_plain(&self, shape: &Shape) -> bool {
        let kind = match shape {
            Shape::List { .. } => "list",
            Shape::Map { .. } => "map",
            Shape::Bool => "bool",
            _ => return false,
        };
        self.language.plain.iter().any(|plain| plain == kind)
    }

    /// The name without the prefix that all headers of the API share.
    fn ident_source<'n>(&self, name: &'n str, place: PlaceKind) -> &'n str {
        let prefix = self.document.header_prefix.as_deref().unwrap_or_default();
        let is_header = matches!(place, PlaceKind::Header | PlaceKind::HeaderMap);
        match name.split_at_checked(prefix.len()) {
            Some((start, rest))
                if is_header && start.eq_ignore_ascii_case(prefix) && !rest.is_empty() =>
            {
                rest
            }
            _ => name,
        }
    }
}

/// What tells two properties of one name apart.
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
