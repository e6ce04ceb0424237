//! Reads operations with their parameters and responses.

use super::openapi::body::{essence, is_json};
use super::{Reader, extensions};
use crate::document::Dialect;
use crate::document::types::{Idempotent, In, Operation, Parameter, Response, Schema, SchemaKind};
use crate::source::{Member, Node, Object, Value};

/// Facts of operations that the generator interprets.
const FACTS: &[&str] = &["x-name", "x-paging", "x-idempotent", "x-slow", "x-examples"];

impl<'a> Reader<'a> {
    pub(super) fn operation(
        &mut self,
        (path, method): (&str, &str),
        member: &'a Member,
        shared: &[Parameter],
    ) -> Option<Operation> {
        let node = &member.node;
        self.object(node, "an operation")?;
        if let Some(reference) = node.get("$ref") {
            let message = "an operation cannot be a reference";
            let help = "refer to its path: `\"/x\": {\"$ref\": \"./x.json\"}`";
            self.problem("ref-invalid", reference.span, message, help);
            return None;
        }
        let id = match self.dialect {
            Dialect::Swagger2 => self.required_text(node, "operationId", "operation-id-missing"),
            _ => self.operation_id(node, path, method, member.key),
        };
        let mut own = self.parameters(node);
        let consumes = match self.dialect {
            Dialect::Swagger2 => self.consumes(node),
            _ => self.request_body(node, &mut own),
        };
        let responses = self.responses(node);
        self.check_media_types(node, &own, &responses);
        // Packs read this fact directly.
        self.texts(node, "x-errors");
        let examples = self.request_examples(node);
        let (id, id_span) = id?;
        self.count_shared(shared.len(), member.key)?;
        Some(Operation {
            key: member.key,
            id,
            id_span,
            name: self.name(node, "x-name"),
            method: method.to_ascii_uppercase(),
            summary: self.text_or_empty(node, "summary"),
            description: self.text_or_empty(node, "description"),
            docs_url: self.docs_url(node),
            tag: self.texts(node, "tags").into_iter().next(),
            deprecated: self.flag(node, "deprecated"),
            consumes,
            parameters: overridden(shared, own),
            responses,
            paging: node.get("x-paging").cloned(),
            idempotent: self.idempotent(node),
            slow: self.flag(node, "x-slow"),
            examples,
            ext: extensions(node, FACTS),
        })
    }

    fn consumes(&mut self, node: &Node) -> Vec<String> {
        if node.get("consumes").is_some() {
            return self.plain_texts(node, "consumes");
        }
        let root = self.root;
        self.plain_texts(root, "consumes")
    }

    /// Reports media types without JSON, because bodies with a schema are JSON. Of a document in
    /// OpenAPI 3, such bodies are read as bytes.
    fn check_media_types(&mut self, node: &'a Node, own: &[Parameter], responses: &[Response]) {
        if self.dialect != Dialect::Swagger2 {
            return;
        }
        let is_json_body = |schema: &Schema| match &schema.kind {
            SchemaKind::File => false,
            SchemaKind::Text { format, .. } => format.as_deref() != Some("binary"),
            _ => true,
        };
        let mut bodies = own.iter().filter(|one| one.place == In::Body);
        let sends_json = bodies.any(|one| is_json_body(&one.schema));
        let mut schemas = responses.iter().filter_map(|one| one.schema.as_ref());
        let receives_json = schemas.any(is_json_body);
        for (key, has_json_body, body) in [
            (
                "consumes",
                sends_json,
                "request bodies with a schema are sent",
            ),
            (
                "produces",
                receives_json,
                "response bodies with a schema are read",
            ),
        ] {
            let Some(listed) = node.get(key).or(self.root.get(key)) else {
                continue;
            };
            let Value::Array(types) = &listed.value else {
                continue;
            };
            if !has_json_body
                || types.is_empty()
                || types
                    .iter()
                    .filter_map(Node::as_str)
                    .any(|name| is_json(essence(name)))
            {
                continue;
            }
            let message = format!("`{key}` lists no JSON, but {body} as JSON");
            let help =
                "list `application/json`, or use `\"type\": \"file\"` for the bytes of the body";
            self.warning("media-type-unsupported", listed.span, message, help);
        }
    }

    fn request_examples(&mut self, node: &Node) -> Vec<Node> {
        let examples = self.items(node, "x-examples");
        for example in examples {
            self.object(example, "each entry of `x-examples`");
            if let Some(request) = example.get("request") {
                self.object(request, "`request`");
            }
        }
        examples.to_vec()
    }

    fn idempotent(&mut self, node: &Node) -> Option<Idempotent> {
        let fact = node.get("x-idempotent")?;
        match &fact.value {
            Value::Bool(true) => Some(Idempotent::Yes),
            Value::Bool(false) => Some(Idempotent::No),
            Value::Object(_) => {
                let (header, _) = self.required_text(fact, "unless-header", "x-idempotent")?;
                Some(Idempotent::UnlessHeader(header))
            }
            _ => {
                self.wrong_type(
                    fact,
                    "`x-idempotent`",
                    "true, false or {\"unless-header\": ..}",
                );
                None
            }
        }
    }

    pub(super) fn parameters(&mut self, node: &'a Node) -> Vec<Parameter> {
        self.items(node, "parameters")
            .iter()
            .filter_map(|item| {
                let item = self.resolve(item)?;
                match self.dialect {
                    Dialect::Swagger2 => self.parameter(item),
                    _ => self.described_parameter(item),
                }
            })
            .collect()
    }

    fn parameter(&mut self, node: &'a Node) -> Option<Parameter> {
        self.object(node, "a parameter")?;
        let name = self.required_text(node, "name", "parameter-name");
        let place = self.place(node);
        let (name, name_span) = name?;
        let place = place?;
        let schema = if place == In::Body {
            let Some(schema) = node.get("schema") else {
                let message = format!("the body parameter `{name}` has no schema");
                let help = "add `\"schema\"`, which determines the type of the body";
                self.problem("body-schema-missing", node.span, message, help);
                return None;
            };
            let mut schema = self.schema(schema)?;
            if let Some(description) = self.text(node, "description") {
                schema.description = description;
            }
            schema
        } else {
            self.typed_value(node)?
        };
        let required = self.flag(node, "required");
        self.check_path_parameter(&name, place, required, node);
        Some(Parameter {
            span: node.span,
            name,
            name_span,
            place,
            required,
            schema,
        })
    }

    pub(super) fn check_path_parameter(
        &mut self,
        name: &str,
        place: In,
        required: bool,
        node: &Node,
    ) {
        if place == In::Path && !required {
            let message = format!("the path parameter `{name}` must be required");
            let help = "add `\"required\": true`";
            self.problem("path-parameter-required", node.span, message, help);
        }
    }

    fn place(&mut self, node: &Node) -> Option<In> {
        let (place, span) = self.required_text(node, "in", "parameter-place")?;
        match place.as_str() {
            "path" => Some(In::Path),
            "query" => Some(In::Query),
            "header" => Some(In::Header),
            "body" => Some(In::Body),
            "formData" => Some(In::Form),
            _ => {
                let message = format!("unknown parameter location `{place}`");
                let help = "use path, query, header, body or formData";
                self.problem("parameter-place", span, message, help);
                None
            }
        }
    }

    fn responses(&mut self, node: &'a Node) -> Vec<Response> {
        let Some(responses) = node.get("responses") else {
            if self.dialect == Dialect::OpenApi31 {
                return Vec::new();
            }
            let help = "add `\"responses\"` with at least one status";
            self.problem(
                "responses-missing",
                node.span,
                "`responses` is missing",
                help,
            );
            return Vec::new();
        };
        let Some(members) = self.object(responses, "`responses`") else {
            return Vec::new();
        };
        let mut responses: Vec<Response> = members
            .iter()
            .filter(|(key, _)| !key.starts_with("x-"))
            .flat_map(|(key, member)| match self.dialect {
                Dialect::Swagger2 => self.response(key, member).into_iter().collect(),
                _ => self.described_responses(key, member, members),
            })
            .collect();
        if self.dialect != Dialect::Swagger2 {
            self.unite_bodies(&mut responses);
        }
        if let ([default], true) = (responses.as_slice(), self.is_all_there_is(members)) {
            let whole: Vec<_> = successes(default, |_| true).collect();
            responses.splice(..0, whole);
        }
        responses
    }

    /// Returns whether `default` is the only response and does not describe a failure. Then it also
    /// describes successes.
    fn is_all_there_is(&mut self, members: &'a Object) -> bool {
        let mut named = members.iter().filter(|(key, _)| !key.starts_with("x-"));
        let only = named.next().filter(|_| named.next().is_none());
        let default = only.filter(|(key, _)| *key == "default");
        let node = default.and_then(|(_, member)| self.resolve(&member.node));
        node.is_some_and(|node| node.get("x-success").is_none())
    }

    fn response(&mut self, key: &str, member: &'a Member) -> Option<Response> {
        let node = self.resolve(&member.node)?;
        self.object(node, "a response")?;
        let status = self.status(key, member);
        let mut headers = indexmap::IndexMap::new();
        for (name, header) in self.members(node, "headers") {
            if let Some(schema) = self.typed_value(&header.node) {
                headers.insert(name.clone(), (header.key, schema));
            }
        }
        let mut schema = node.get("schema").and_then(|schema| self.schema(schema));
        if let Some(schema) = &mut schema {
            let examples = self.members(node, "examples");
            let examples = examples.filter(|(media, _)| media.contains("json"));
            schema
                .examples
                .extend(examples.map(|(_, member)| member.node.clone()));
        }
        Some(Response {
            span: member.key,
            status,
            success: self.succeeds(node, status),
            description: self.text_or_empty(node, "description"),
            headers,
            schema,
        })
    }

    /// Returns the status of a response. Returns `None` for `default`.
    pub(super) fn status(&mut self, key: &str, member: &Member) -> Option<u16> {
        let status = key
            .parse::<u16>()
            .ok()
            .filter(|status| key.len() == 3 && (100..600).contains(status));
        if status.is_none() && key != "default" {
            let message = format!("`{key}` is not an HTTP status");
            self.problem(
                "response-status",
                member.key,
                message,
                "use 100 to 599, or default",
            );
        }
        status
    }

    pub(super) fn succeeds(&mut self, node: &Node, status: Option<u16>) -> bool {
        match node.get("x-success") {
            Some(_) => self.flag(node, "x-success"),
            None => status.is_some_and(|status| (200..300).contains(&status)),
        }
    }
}

/// Statuses that `2XX`, or a lone `default`, stands for. Other success statuses have no body, or
/// only if the client asks for it.
const SUCCESSES: [u16; 4] = [200, 201, 202, 203];

/// Copies the response of a class of statuses to each success status without its own response.
pub(super) fn successes(
    response: &Response,
    is_open: impl Fn(&u16) -> bool,
) -> impl Iterator<Item = Response> {
    let with = move |status| Response {
        status: Some(status),
        success: true,
        ..response.clone()
    };
    SUCCESSES.into_iter().filter(is_open).map(with)
}

/// Merges the parameters of a path with those of an operation. Parameters of the operation replace
/// those with the same name and place.
fn overridden(shared: &[Parameter], own: Vec<Parameter>) -> Vec<Parameter> {
    let same = |a: &Parameter, b: &Parameter| a.name == b.name && a.place == b.place;
    let mut all: Vec<Parameter> = shared
        .iter()
        .filter(|parameter| !own.iter().any(|other| same(parameter, other)))
        .cloned()
        .collect();
    all.extend(own);
    all
}
