//! Lowers operations.

use std::collections::{HashMap, HashSet};

use super::resources::OperationContext;
use super::{Direction, Lowerer, NameContext, PropertySource, marker_name};
use crate::diagnostic::Diagnostic;
use crate::document::{self, Idempotent, In, PathItem, Schema, SchemaKind};
use crate::model::{
    Body, BodyKind, Imports, ListFormat, Operation, Place, PlaceKind, Property, Repeatable,
    Request, Response, ResponseSource, Shape, Status, TypeKind,
};
use crate::naming::{Role, Scope};
use crate::source::Span;

impl<'a> Lowerer<'a> {
    pub(super) fn operation(
        &mut self,
        operation: &'a document::Operation,
        item: &'a PathItem,
        context: &OperationContext<'_>,
        ident: String,
        method_ident: String,
    ) -> Operation {
        let request = self.request(operation, context);
        let response = self.response(operation);
        let carried = |marker: &str| {
            let mut properties = request.properties.iter();
            properties.any(|p| p.place.kind == PlaceKind::Query && p.name == marker_name(marker))
        };
        Operation {
            id: operation.id.clone(),
            ident,
            method_ident,
            summary: operation.summary.clone(),
            description: operation.description.clone(),
            docs_url: operation.docs_url.clone(),
            deprecated: operation.deprecated,
            http_method: operation.method.clone(),
            path: item.key.clone(),
            path_segments: self.segments(item, context, &request),
            marker: item.sub_resource.clone().filter(|marker| !carried(marker)),
            sub_resource: item.sub_resource.clone(),
            tag: operation.tag.as_ref().map(|(tag, _)| tag.clone()),
            handle: context.handle.map(|handle| handle.name.clone()),
            resource: context.resource.clone(),
            source: self.place(operation.key),
            previous: None,
            previous_ident: None,
            next: None,
            next_ident: None,
            uses: Imports::of_operation(&request.properties, &response.properties),
            types: Vec::new(),
            content_md5_required: operation.parameters.iter().any(|parameter| {
                parameter.place == In::Header
                    && parameter.required
                    && parameter.name.eq_ignore_ascii_case("Content-MD5")
            }),
            repeatable: repeatable(operation),
            slow: operation.slow,
            paging: self.paging(operation, &request, &response),
            examples: operation.examples.clone(),
            ext: operation.ext.clone(),
            request,
            response,
        }
    }

    fn request(
        &mut self,
        operation: &'a document::Operation,
        context: &OperationContext<'_>,
    ) -> Request {
        let mut scope = Scope::default();
        let mut properties = Vec::new();
        let mut body = no_body();
        for parameter in &operation.parameters {
            if parameter.place == In::Body {
                body = self.sent_body(
                    parameter,
                    operation.wanted_name(),
                    &mut properties,
                    &mut scope,
                );
                continue;
            }
            let place = parameter_place(parameter);
            if matches!(place.kind, PlaceKind::Form | PlaceKind::FormFile) {
                body.kind = BodyKind::Form;
            }
            let field = PropertySource {
                name: &parameter.name,
                span: parameter.name_span,
                schema: &parameter.schema,
                required: parameter.required,
                place,
                role: Role::Parameter,
            };
            let at = at(operation.wanted_name(), Direction::Request);
            if let Some(mut property) = self.property(field, at, &mut scope) {
                if context.binds(parameter) {
                    // The handle sets it.
                    property.computed = true;
                    property.required = false;
                    property.set_encoding();
                }
                properties.push(property);
            }
        }
        if body.kind != BodyKind::None {
            body.content_type = operation.consumes.first().cloned();
        }
        Request { properties, body }
    }

    /// Lowers the body of a request from its parameter.
    fn sent_body(
        &mut self,
        parameter: &'a document::Parameter,
        operation_name: &str,
        properties: &mut Vec<Property>,
        scope: &mut Scope,
    ) -> Body {
        let direction = Direction::Request;
        let mut body = self.body(
            &parameter.schema,
            operation_name,
            direction,
            properties,
            scope,
        );
        body.name = Some(parameter.name.clone());
        body.required = parameter.required;
        if let Some(property) = properties.last_mut()
            && matches!(body.kind, BodyKind::Value | BodyKind::Stream)
        {
            property.name.clone_from(&parameter.name);
            property.required = parameter.required;
            property.always_set |= parameter.required;
            property.field_type = self
                .language
                .field_type(&property.type_name, property.always_set);
        }
        body
    }

    /// Lowers a body to properties.
    fn body(
        &mut self,
        schema: &'a Schema,
        operation: &str,
        direction: Direction,
        properties: &mut Vec<Property>,
        scope: &mut Scope,
    ) -> Body {
        let role = match direction {
            Direction::Request => Role::Parameter,
            Direction::Response => Role::Property,
        };
        let description = schema.description.clone();
        let at = at(operation, direction);
        if self.is_object(schema) {
            self.fields(schema, role, at, properties, scope);
            return Body {
                kind: BodyKind::Json,
                description,
                ..no_body()
            };
        }
        let field = PropertySource {
            name: "body",
            span: schema.span,
            schema,
            required: false,
            place: place(PlaceKind::Value),
            role,
        };
        let Some(mut property) = self.property(field, at, scope) else {
            return no_body();
        };
        let kind = match property.shape {
            Shape::Binary => BodyKind::Stream,
            _ => BodyKind::Value,
        };
        if kind == BodyKind::Stream {
            property.place.kind = PlaceKind::Stream;
        }
        let ident = Some(property.ident.clone());
        properties.push(property);
        Body {
            kind,
            ident,
            description,
            ..no_body()
        }
    }

    /// Lowers the fields of a JSON object.
    fn fields(
        &mut self,
        schema: &'a Schema,
        role: Role,
        at: NameContext<'_>,
        properties: &mut Vec<Property>,
        scope: &mut Scope,
    ) {
        let merged = self.merged(schema);
        let required = merged.required.iter().map(|(name, _)| name.as_str());
        let required: HashSet<&str> = required.collect();
        for (name, (span, schema)) in &merged.properties {
            let field = PropertySource {
                name,
                span: *span,
                schema,
                required: required.contains(name),
                place: place(PlaceKind::Json),
                role,
            };
            properties.extend(self.property(field, at, scope));
        }
    }

    /// Returns whether a body is an object with known properties.
    fn is_object(&self, schema: &Schema) -> bool {
        match &schema.kind {
            SchemaKind::Object(object) => !object.properties.is_empty(),
            SchemaKind::AllOf(_) => true,
            SchemaKind::Ref(name) => {
                let known = self.definitions.get(name.as_str());
                known.is_some_and(|(_, kind)| *kind == TypeKind::Object)
            }
            _ => false,
        }
    }

    fn response(&mut self, operation: &'a document::Operation) -> Response {
        let mut scope = Scope::default();
        let mut properties: Vec<Property> = Vec::new();
        let mut body = no_body();
        let successes = operation
            .responses
            .iter()
            .filter(|response| response.success);
        let mut headers: HashMap<String, (Span, Shape)> = HashMap::new();
        for response in successes.clone() {
            for (name, (span, schema)) in &response.headers {
                let place = header_place(schema);
                let field = PropertySource {
                    name,
                    span: *span,
                    schema,
                    required: false,
                    place,
                    role: Role::Property,
                };
                let at = at(operation.wanted_name(), Direction::Response);
                let lowercase = name.to_ascii_lowercase();
                if let Some((first, known)) = headers.get(&lowercase) {
                    let other = self.property(field, at, &mut Scope::default());
                    if other.is_some_and(|other| other.shape != *known) {
                        let message =
                            format!("`{name}` has another type in another success response");
                        self.problems.push(
                            Diagnostic::error("response-header-differs", *span, message)
                                .with_note(*first, "the other header")
                                .with_help("use one type"),
                        );
                    }
                } else if let Some(property) = self.property(field, at, &mut scope) {
                    headers.insert(lowercase, (*span, property.shape.clone()));
                    properties.push(property);
                }
            }
        }
        let mut bodies = successes
            .clone()
            .filter(|response| !operation.is_bodiless(response))
            .filter_map(|response| response.schema.as_ref());
        if let Some(schema) = bodies.next() {
            let direction = Direction::Response;
            body = self.body(
                schema,
                operation.wanted_name(),
                direction,
                &mut properties,
                &mut scope,
            );
            for other in bodies {
                self.merge_body(schema, other, operation, &mut properties, &mut scope);
            }
        }
        Response {
            statuses: operation.responses.iter().map(status).collect(),
            success: successes.filter_map(|response| response.status).collect(),
            source: response_source(&properties, &body),
            properties,
            body,
        }
    }

    /// Merges the body of another success: adds the properties of an object, or requires the same
    /// shape.
    fn merge_body(
        &mut self,
        first: &'a Schema,
        other: &'a Schema,
        operation: &document::Operation,
        properties: &mut Vec<Property>,
        scope: &mut Scope,
    ) {
        let at = at(operation.wanted_name(), Direction::Response);
        if self.is_object(first) && self.is_object(other) {
            let merged = self.merged(other);
            let known = properties.iter();
            let known = known.filter(|known| known.place.kind == PlaceKind::Json);
            let known: HashMap<String, Shape> = known
                .map(|known| (known.name.clone(), known.shape.clone()))
                .collect();
            for (name, (span, schema)) in &merged.properties {
                let place = place(PlaceKind::Json);
                let role = Role::Property;
                let field = PropertySource {
                    name,
                    span: *span,
                    schema,
                    required: false,
                    place,
                    role,
                };
                let Some(known) = known.get(*name) else {
                    properties.extend(self.property(field, at, scope));
                    continue;
                };
                let again = self.property(field, at, &mut Scope::default());
                if again.is_some_and(|again| again.shape != *known) {
                    let message = format!("`{name}` has another type in another success response");
                    self.problems.push(
                        Diagnostic::error("response-bodies", *span, message)
                            .with_note(first.span, "the other body")
                            .with_help("use one type"),
                    );
                }
            }
            return;
        }
        let at = NameContext {
            field: "body",
            ..at
        };
        if self.shape(first, at) != self.shape(other, at) {
            self.problems.push(
                Diagnostic::error(
                    "response-bodies",
                    other.span,
                    "two success responses with different bodies",
                )
                .with_note(first.span, "the other body")
                .with_help("use one schema for both, or split the operation"),
            );
        }
    }
}

fn at(operation: &str, direction: Direction) -> NameContext<'_> {
    NameContext {
        parent: operation,
        field: "",
        direction: Some(direction),
    }
}

fn response_source(properties: &[Property], body: &Body) -> ResponseSource {
    let is_json = |property: &Property| property.place.kind == PlaceKind::Json;
    if properties.is_empty() {
        ResponseSource::Nothing
    } else if body.kind == BodyKind::Json && properties.iter().all(is_json) {
        ResponseSource::JsonFields
    } else {
        ResponseSource::Message
    }
}

fn no_body() -> Body {
    Body {
        kind: BodyKind::None,
        name: None,
        ident: None,
        description: String::new(),
        required: false,
        content_type: None,
    }
}

fn place(kind: PlaceKind) -> Place {
    Place {
        kind,
        prefix: None,
        collection: None,
    }
}

fn header_place(schema: &Schema) -> Place {
    match schema.kind {
        SchemaKind::HeaderMap => {
            let prefix = schema.facts.prefix.as_ref();
            Place {
                prefix: Some(prefix.map_or_else(String::new, |(prefix, _)| prefix.clone())),
                ..place(PlaceKind::HeaderMap)
            }
        }
        _ => Place {
            collection: collection(schema),
            ..place(PlaceKind::Header)
        },
    }
}

fn parameter_place(parameter: &document::Parameter) -> Place {
    let schema = &parameter.schema;
    let listed = |kind| Place {
        collection: collection(schema),
        ..place(kind)
    };
    match parameter.place {
        In::Path => listed(PlaceKind::Path),
        In::Query => listed(PlaceKind::Query),
        In::Header => header_place(schema),
        In::Form if matches!(schema.kind, SchemaKind::HeaderMap) => Place {
            kind: PlaceKind::Form,
            ..header_place(schema)
        },
        In::Form if is_file(schema) => place(PlaceKind::FormFile),
        In::Form => listed(PlaceKind::Form),
        In::Body => place(PlaceKind::Value),
    }
}

fn is_file(schema: &Schema) -> bool {
    match &schema.kind {
        SchemaKind::File => true,
        SchemaKind::Text { format, .. } => format.as_deref() == Some("binary"),
        _ => false,
    }
}

/// Returns the list format. The default of Swagger is `csv`.
fn collection(schema: &Schema) -> Option<ListFormat> {
    let is_list = matches!(schema.kind, SchemaKind::Array(_));
    is_list.then_some(match schema.collection.as_deref() {
        Some("ssv") => ListFormat::Ssv,
        Some("tsv") => ListFormat::Tsv,
        Some("pipes") => ListFormat::Pipes,
        Some("multi") => ListFormat::Multi,
        _ => ListFormat::Csv,
    })
}

fn status(response: &document::Response) -> Status {
    Status {
        status: response.status,
        description: response.description.clone(),
        success: response.success,
    }
}

fn repeatable(operation: &document::Operation) -> Repeatable {
    let by_method = match operation.method.as_str() {
        "POST" | "PATCH" => Idempotent::No,
        _ => Idempotent::Yes,
    };
    match operation.idempotent.as_ref().unwrap_or(&by_method) {
        Idempotent::Yes => Repeatable::Always,
        Idempotent::No => Repeatable::Never,
        Idempotent::UnlessHeader(header) => Repeatable::UnlessHeader {
            header: header.clone(),
        },
    }
}
