//! Reads bodies. Of several media types, chooses the one that the model can represent best.

use indexmap::IndexMap;

use super::Reader;
use super::parameter::is_binary;
use super::schema::{MAX_ALIASES, is_null};
use crate::document::types::{In, Parameter, Schema, SchemaKind};
use crate::source::{Member, Node, Span, Value};

use super::super::schema::blank;

/// A body in one media type.
pub(super) enum Media<'n> {
    /// JSON.
    Json(&'n str, &'n Node),
    /// A form.
    Form(&'n str, &'n Node),
    /// Bytes.
    Bytes(&'n str, &'n Node),
}

impl<'a> Reader<'a> {
    /// Adds the body to the parameters. Returns its media type.
    pub(in super::super) fn request_body(
        &mut self,
        node: &'a Node,
        parameters: &mut Vec<Parameter>,
    ) -> Vec<String> {
        let body = node.get("requestBody");
        let Some(body) = body.and_then(|body| self.resolve(body)) else {
            return Vec::new();
        };
        if self.object(body, "a request body").is_none() {
            return Vec::new();
        }
        let required = self.flag(body, "required");
        let Some(media) = self.media(body, true) else {
            return Vec::new();
        };
        let (name, schema) = match media {
            Media::Json(name, node) => (name, self.body_schema(node)),
            Media::Bytes(name, node) => (name, Some(blank(node, SchemaKind::File))),
            Media::Form(name, node) => {
                self.form(node, parameters);
                return vec![name.to_owned()];
            }
        };
        if let Some(mut schema) = schema {
            if let Some(description) = self.text(body, "description") {
                schema.description = description;
            }
            parameters.push(Parameter {
                span: body.span,
                name: "body".to_owned(),
                name_span: body.span,
                place: In::Body,
                required,
                schema,
            });
        }
        vec![name.to_owned()]
    }

    /// Returns the chosen media type of `content`. Returns `None` if `content` is empty.
    pub(super) fn media<'n>(&mut self, node: &'n Node, forms: bool) -> Option<Media<'n>> {
        let content = node.get("content")?;
        let content = self.object(content, "`content`")?;
        let by = |wanted: fn(&str) -> bool| {
            let mut media = content.iter();
            media.find(|(name, _)| wanted(essence(name)))
        };
        let json = by(is_json).filter(|(_, media)| !holds_bytes(media));
        if let Some((name, media)) = json {
            return Some(Media::Json(essence(name), &media.node));
        }
        let form = by(|name| name == "multipart/form-data")
            .or_else(|| by(|name| name == "application/x-www-form-urlencoded"));
        if let Some((name, media)) = form.filter(|_| forms) {
            return Some(Media::Form(essence(name), &media.node));
        }
        let (name, media) = content.first()?;
        if !holds_bytes(media) && media.node.get("schema").is_some() {
            let message = format!("`{name}` is read as bytes, regardless of its schema");
            let help = "users have to encode and decode it";
            self.note("openapi-ignored", media.key, message, help);
        }
        let name = match essence(name) {
            "*/*" => "application/octet-stream",
            name => name,
        };
        Some(Media::Bytes(name, &media.node))
    }

    /// Returns the schema of a JSON body, with the examples of the media type.
    pub(super) fn body_schema(&mut self, media: &Node) -> Option<Schema> {
        let mut schema = match media.get("schema") {
            Some(schema) => self.json_schema(schema)?,
            None => blank(media, SchemaKind::Free),
        };
        schema.examples.extend(media.get("example").cloned());
        for (_, example) in self.members(media, "examples") {
            schema.examples.extend(example.node.get("value").cloned());
        }
        Some(schema)
    }

    /// Adds a parameter for each property of a form.
    fn form(&mut self, media: &Node, parameters: &mut Vec<Parameter>) {
        let Some(schema) = media.get("schema") else {
            return;
        };
        let mut fields = Fields::default();
        self.form_fields(schema, &mut fields, MAX_ALIASES);
        for (name, (key, node)) in fields.properties {
            let required = fields.required.contains(&name) && !self.is_nullable(&node);
            let Some(mut schema) = self.field(&node) else {
                self.cannot_be_written(&name, required, key);
                continue;
            };
            if let SchemaKind::Array(_) = &schema.kind {
                schema.collection = Some("multi".to_owned());
                schema.facts.file_list = self.is_list_of_files(&node);
                if schema.facts.file_list {
                    let message =
                        format!("`{name}` is a list of files, which is read as a list of text");
                    let help = "describe each file as a field, or let the pack read `file_list`";
                    self.warning("file-list", key, message, help);
                }
            }
            parameters.push(Parameter {
                span: node.span,
                name,
                name_span: key,
                place: In::Form,
                required,
                schema,
            });
        }
    }

    /// Returns whether the items of a list are bytes.
    fn is_list_of_files(&self, node: &Node) -> bool {
        let own = |node: &Node| match node.get("$ref") {
            Some(reference) => self
                .shared_schema(reference)
                .map(|(_, found)| found.clone()),
            None => Some(node.clone()),
        };
        let items = own(node).and_then(|list| own(list.get("items")?));
        let says = |key, wanted: &str| {
            let items = items.as_ref();
            items.and_then(|items| items.get(key)?.as_str()) == Some(wanted)
        };
        says("format", "binary") || says("contentMediaType", "application/octet-stream")
    }

    fn field(&mut self, node: &Node) -> Option<Schema> {
        let schema = self.json_schema(node)?;
        if is_binary(&schema) {
            return Some(Schema {
                kind: SchemaKind::File,
                ..schema
            });
        }
        // A field has the same keys as the schema of a parameter.
        let member = Member {
            key: node.span,
            node: node.clone(),
        };
        let mut facts = node.as_object()?.clone();
        facts.retain(|key, _| key.starts_with("x-") || key == "description");
        facts.insert("schema".to_owned(), member);
        let parameter = Node {
            value: Value::Object(facts),
            span: node.span,
        };
        self.written(&parameter, In::Form)
    }

    /// Collects the properties of an object and of its parts. Schemas without properties add no
    /// fields.
    fn form_fields(&mut self, node: &Node, fields: &mut Fields, depth: usize) {
        if let Some(reference) = node.get("$ref") {
            let found = self.shared_schema(reference).filter(|_| depth > 0);
            if let Some((name, found)) = found
                && !fields.seen.contains(&name.to_owned())
                && self.count_shared(found.size(), reference.span).is_some()
            {
                fields.seen.push(name.to_owned());
                self.form_fields(found, fields, depth - 1);
            }
            return;
        }
        for part in self.items(node, "allOf") {
            self.form_fields(part, fields, depth);
        }
        for (name, member) in self.members(node, "properties") {
            let property = (member.key, member.node.clone());
            fields.properties.insert(name.clone(), property);
        }
        let required = self.plain_texts(node, "required");
        fields.required.extend(required);
    }
}

#[derive(Default)]
struct Fields {
    properties: IndexMap<String, (Span, Node)>,
    required: Vec<String>,
    /// Shared schemas that are already included.
    seen: Vec<String>,
}

/// Returns a media type without its parameters.
pub(in crate::document::read) fn essence(name: &str) -> &str {
    name.split(';').next().unwrap_or_default().trim()
}

pub(in crate::document::read) fn is_json(name: &str) -> bool {
    matches!(name, "application/json" | "text/json" | "*/*") || name.ends_with("+json")
}

/// Returns whether the schema of a media type describes bytes.
fn holds_bytes(media: &Member) -> bool {
    let schema = media.node.get("schema");
    let said = |key| schema.and_then(|schema| schema.get(key));
    let is = |key, wanted: &str| said(key).and_then(Node::as_str) == Some(wanted);
    schema.is_some_and(|schema| !is_null(schema)) && is("type", "string") && is("format", "binary")
}
