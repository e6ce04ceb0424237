//! Reads responses. Classes of statuses, such as `2XX`, become single statuses.

use indexmap::IndexMap;

use super::super::operation::successes;
use super::super::schema::blank;
use super::Reader;
use super::body::Media;
use crate::document::types::{In, Response, Schema, SchemaKind};
use crate::source::{Member, Node, Object};

impl<'a> Reader<'a> {
    /// Returns a response, or several for a class of statuses that means success.
    pub(in super::super) fn described_responses(
        &mut self,
        key: &str,
        member: &'a Member,
        all: &Object,
    ) -> Vec<Response> {
        let class = match key.as_bytes() {
            [class @ b'1'..=b'5', b'X' | b'x', b'X' | b'x'] => Some(*class),
            _ => None,
        };
        let status = match class {
            None => self.status(key, member),
            Some(_) => None,
        };
        let Some(response) = self.described_response(member, status) else {
            return Vec::new();
        };
        if class != Some(b'2') {
            return vec![response];
        }
        let is_open = |status: &u16| !all.contains_key(&status.to_string());
        successes(&response, is_open).collect()
    }

    fn described_response(&mut self, member: &'a Member, status: Option<u16>) -> Option<Response> {
        let node = self.resolve(&member.node)?;
        self.object(node, "a response")?;
        let mut headers = IndexMap::new();
        for (name, header) in self.members(node, "headers") {
            let Some(described) = self.resolve(&header.node) else {
                continue;
            };
            if name.eq_ignore_ascii_case("content-type")
                || self.object(described, "a header").is_none()
            {
                continue;
            }
            match self.written(described, In::Header) {
                Some(schema) => drop(headers.insert(name.clone(), (header.key, schema))),
                None => self.cannot_be_written(name, false, header.key),
            }
        }
        let schema = match self.media(node, false) {
            None => None,
            Some(Media::Json(_, media)) => self.body_schema(media),
            Some(Media::Bytes(_, media) | Media::Form(_, media)) => {
                Some(blank(media, SchemaKind::File))
            }
        };
        Some(Response {
            span: member.key,
            status,
            success: self.succeeds(node, status),
            description: described_by(node),
            headers,
            schema,
        })
    }
}

impl Reader<'_> {
    /// Replaces bodies of different kinds by any JSON, because the model has one body for all
    /// successes.
    pub(in super::super) fn unite_bodies(&mut self, responses: &mut [Response]) {
        let successes = responses.iter_mut().filter(|response| response.success);
        let mut bodies: Vec<&mut Schema> =
            successes.filter_map(|one| one.schema.as_mut()).collect();
        let all_objects = bodies.iter().all(|schema| self.has_properties(schema));
        let differs = |(first, others): (&&mut Schema, &[&mut Schema])| {
            others.iter().any(|other| !first.is_like(other))
        };
        if all_objects || !bodies.split_first().is_some_and(differs) {
            return;
        }
        for schema in &mut bodies {
            let message = "successes with different bodies are read as any JSON";
            let help = "use one schema for all";
            self.note("openapi-union", schema.span, message, help);
            schema.kind = SchemaKind::Free;
        }
    }

    fn has_properties(&self, schema: &Schema) -> bool {
        match &schema.kind {
            SchemaKind::Object(object) => !object.properties.is_empty(),
            SchemaKind::AllOf(_) => true,
            SchemaKind::Ref(name) => {
                let schemas = self.root.pointer("/components/schemas");
                let found = schemas.and_then(|schemas| schemas.get(name));
                found.is_some_and(|found| {
                    let has = |key| found.get(key).is_some();
                    has("properties") && !has("anyOf") && !has("oneOf")
                })
            }
            _ => false,
        }
    }
}

fn described_by(node: &Node) -> String {
    let text = node.get("description").and_then(Node::as_str);
    text.unwrap_or_default().to_owned()
}
