//! Reads schemas, as far as they determine types.

use crate::document::types::{Additional, Object, Schema, SchemaKind};
use crate::source::{Node, Span, Value, unescape_token};

use super::super::schema::blank;
use super::Reader;

const TYPES: &str = "use string, integer, number, boolean, array, object or null";

/// Maximum length of a chain of references between definitions.
pub(super) const MAX_ALIASES: usize = 32;

impl<'a> Reader<'a> {
    pub(in super::super) fn json_schema(&mut self, node: &Node) -> Option<Schema> {
        if let Value::Bool(_) = node.value {
            return Some(blank(node, SchemaKind::Free));
        }
        self.object(node, "a schema")?;
        let kind = self.json_kind(node)?;
        let values = match &kind {
            SchemaKind::Text { .. } => Vec::new(),
            _ => node.get("const").into_iter().cloned().collect(),
        };
        let mut schema = self.finish(node, kind);
        schema.values.extend(values);
        schema.values.retain(|value| !is_null(value));
        schema.facts.deprecated |= self.flag(node, "deprecated");
        schema
            .examples
            .extend(self.items(node, "examples").iter().cloned());
        Some(schema)
    }

    fn json_kind(&mut self, node: &Node) -> Option<SchemaKind> {
        if let Some(reference) = node.get("$ref") {
            return self.definition(reference).map(SchemaKind::Ref);
        }
        for key in ["oneOf", "anyOf"] {
            if node.get(key).is_some()
                && let Some(kind) = self.union_kind(node, key)
            {
                return Some(kind);
            }
        }
        if node.get("allOf").is_some() {
            return self.all_of(node);
        }
        let types = self.types(node)?;
        match types.as_slice() {
            [] => self.untyped(node),
            [(name, span)] => self.named_type(node, name, *span),
            [_, (_, span), ..] => {
                let message = "a value of several types is read as any JSON";
                let help = "use a single type if possible";
                self.note("openapi-union", *span, message, help);
                Some(SchemaKind::Free)
            }
        }
    }

    /// Returns the types in `type`, without `null`.
    fn types(&mut self, node: &Node) -> Option<Vec<(String, Span)>> {
        let Some(found) = node.get("type") else {
            return Some(Vec::new());
        };
        let mut types = match &found.value {
            Value::Array(_) => self.texts(node, "type"),
            Value::String(name) => vec![(name.clone(), found.span)],
            _ => {
                self.wrong_type(found, "`type`", "a string or a list of them");
                return None;
            }
        };
        types.retain(|(name, _)| name != "null");
        Some(types)
    }

    fn named_type(&mut self, node: &Node, name: &str, span: Span) -> Option<SchemaKind> {
        match name {
            "object" => self.json_object(node),
            "array" => self.json_array(node),
            "string" => Some(self.json_text(node)),
            "integer" | "number" | "boolean" => self.scalar(node, name, span),
            _ => {
                let message = format!("unknown type `{name}`");
                self.problem("type-unknown", span, message, TYPES);
                None
            }
        }
    }

    /// Derives the type from other keys if `type` is missing.
    fn untyped(&mut self, node: &Node) -> Option<SchemaKind> {
        let has = |key| node.get(key).is_some();
        if has("properties") || has("additionalProperties") {
            return self.json_object(node);
        }
        if has("items") {
            return self.json_array(node);
        }
        let listed = node.get("enum").and_then(Node::as_array).unwrap_or(&[]);
        let mut values = listed.iter().chain(node.get("const"));
        let is_text = (has("enum") || has("const"))
            && values.all(|value| value.as_str().is_some() || is_null(value));
        Some(if is_text {
            self.json_text(node)
        } else {
            SchemaKind::Free
        })
    }

    fn json_text(&mut self, node: &Node) -> SchemaKind {
        let said = |key| node.get(key).and_then(Node::as_str);
        let format = match (said("contentEncoding"), said("contentMediaType")) {
            (Some("base64" | "base64url"), _) => Some("byte".to_owned()),
            (None, Some("application/octet-stream")) => Some("binary".to_owned()),
            _ => self.text(node, "format"),
        };
        let mut values = Vec::new();
        for value in self.items(node, "enum").iter().chain(node.get("const")) {
            match value.as_str() {
                Some(text) => values.push((text.to_owned(), value.span)),
                None if is_null(value) => {}
                None => self.wrong_type(value, "each value of a string", "a string"),
            }
        }
        SchemaKind::Text { format, values }
    }

    fn json_array(&mut self, node: &Node) -> Option<SchemaKind> {
        let item = match node.get("items") {
            Some(items) => self.inner(items)?,
            None => blank(node, SchemaKind::Free),
        };
        Some(SchemaKind::Array(Box::new(item)))
    }

    pub(super) fn json_object(&mut self, node: &Node) -> Option<SchemaKind> {
        let mut object = Object::default();
        for (name, member) in self.members(node, "properties") {
            if let Some(schema) = self.inner(&member.node) {
                object.properties.insert(name.clone(), (member.key, schema));
            }
        }
        // A nullable property is read as optional, because the model has no other kind of absence.
        let properties = node.get("properties");
        let mut required = self.texts(node, "required");
        required.retain(|(name, span)| {
            let property = properties.and_then(|properties| properties.get(name));
            let is_nullable = property.is_some_and(|property| self.is_nullable(property));
            if is_nullable {
                let message =
                    format!("`{name}` is required and can be null, so it is read as optional");
                let help = "nothing, if null and absent mean the same; packs can read `nullable`";
                self.warning("required-null", *span, message, help);
            }
            !is_nullable
        });
        object.required = required;
        object.additional = match node.get("additionalProperties") {
            None => Additional::Unsaid,
            Some(other) => match &other.value {
                Value::Bool(false) => Additional::No,
                Value::Bool(true) => Additional::Free,
                _ => Additional::Typed(Box::new(self.inner(other)?)),
            },
        };
        Some(SchemaKind::Object(object))
    }

    /// Reads a schema within JSON, which cannot contain raw bytes.
    pub(super) fn inner(&mut self, node: &Node) -> Option<Schema> {
        let mut schema = self.json_schema(node)?;
        if let SchemaKind::Text { format, .. } = &mut schema.kind
            && format.as_deref() == Some("binary")
        {
            *format = None;
        }
        Some(schema)
    }

    fn all_of(&mut self, node: &Node) -> Option<SchemaKind> {
        let parts = self.items(node, "allOf");
        let telling: Vec<&Node> = parts.iter().filter(|part| tells_type(part)).collect();
        let own = tells_type_itself(node);
        let all_objects = telling.iter().all(|part| self.is_object(part, MAX_ALIASES));
        match telling.as_slice() {
            [] if own => self.own_kind(node),
            [] => Some(SchemaKind::Free),
            [part] if !all_objects => self.json_schema(part).map(|schema| schema.kind),
            _ if all_objects => {
                let parts = telling.into_iter();
                let mut parts: Vec<Schema> =
                    parts.filter_map(|part| self.json_schema(part)).collect();
                if own || node.get("required").is_some() {
                    let own = self.json_object(node)?;
                    parts.push(self.finish(node, own));
                }
                Some(SchemaKind::AllOf(parts))
            }
            _ => {
                let message = "an `allOf` with other parts than objects is read as any JSON";
                let help = "use a single type if possible";
                self.note("openapi-union", node.span, message, help);
                Some(SchemaKind::Free)
            }
        }
    }

    /// Returns the kind of a schema without its unions.
    pub(super) fn own_kind(&mut self, node: &Node) -> Option<SchemaKind> {
        let types = self.types(node)?;
        match types.first() {
            Some((name, span)) => self.named_type(node, name, *span),
            None => self.untyped(node),
        }
    }

    /// Returns whether a schema is read as an object.
    pub(super) fn is_object(&mut self, node: &Node, depth: usize) -> bool {
        if let Some(reference) = node.get("$ref") {
            return self.is_shared_object(reference, depth);
        }
        let parts = node.get("allOf").and_then(Node::as_array);
        if node.get("oneOf").or(node.get("anyOf")).is_some() {
            return false;
        }
        match parts {
            Some(parts) => parts
                .iter()
                .filter(|part| tells_type(part))
                .all(|part| self.is_object(part, depth)),
            None => {
                let is = |name: &Node| name.as_str() == Some("object");
                let typed = node.get("type");
                typed.is_some_and(|typed| {
                    is(typed) || typed.as_array().is_some_and(|all| all.iter().any(is))
                }) || (typed.is_none()
                    && (node.get("properties").is_some()
                        || node.get("additionalProperties").is_some()))
            }
        }
    }

    fn is_shared_object(&mut self, reference: &Node, depth: usize) -> bool {
        let Some((name, found)) = self.shared_schema(reference) else {
            return false;
        };
        if let Some(known) = self.objects.get(name) {
            return *known;
        }
        if depth == 0 {
            return false;
        }
        // Ends the recursion of a cycle. Another check refuses the cycle.
        self.objects.insert(name, true);
        let is = self.is_object(found, depth - 1);
        self.objects.insert(name, is);
        is
    }

    /// Returns the name and content of the shared schema that a reference resolves to.
    pub(super) fn shared_schema(&self, reference: &Node) -> Option<(&'a str, &'a Node)> {
        let pointer = reference.as_str()?.strip_prefix('#')?;
        let name = pointer.strip_prefix("/components/schemas/")?;
        let name = unescape_token(name);
        let schemas = self.root.pointer("/components/schemas")?.as_object()?;
        let (_, name, member) = schemas.get_full(&*name)?;
        Some((name, &member.node))
    }

    /// Returns whether a value can be null.
    pub(in super::super) fn is_nullable(&self, node: &Node) -> bool {
        let mut node = node;
        for _ in 0..MAX_ALIASES {
            if says_null(node) {
                return true;
            }
            let reference = node.get("$ref");
            match reference.and_then(|reference| self.shared_schema(reference)) {
                Some((_, found)) => node = found,
                None => return false,
            }
        }
        false
    }
}

fn says_null(node: &Node) -> bool {
    let is_null_type = |node: &Node| node.as_str() == Some("null");
    let typed = node.get("type").is_some_and(|typed| {
        is_null_type(typed)
            || typed
                .as_array()
                .is_some_and(|all| all.iter().any(is_null_type))
    });
    let listed = node.get("enum").and_then(Node::as_array);
    let mut unions = ["oneOf", "anyOf"].into_iter();
    node.get("nullable").and_then(Node::as_bool) == Some(true)
        || typed
        || listed.is_some_and(|values| values.iter().any(is_null))
        || unions.any(|key| {
            let parts = node.get(key).and_then(Node::as_array);
            parts.is_some_and(|parts| parts.iter().any(says_null))
        })
}

pub(super) fn is_null(node: &Node) -> bool {
    matches!(node.value, Value::Null)
}

/// Returns whether a part of a union determines the type.
pub(super) fn tells_type(node: &Node) -> bool {
    let keys = ["$ref", "allOf", "anyOf", "oneOf"];
    tells_type_itself(node) || keys.iter().any(|key| node.get(key).is_some())
}

/// Returns the same without the unions of the part.
pub(super) fn tells_type_itself(node: &Node) -> bool {
    let keys = [
        "type",
        "properties",
        "additionalProperties",
        "items",
        "enum",
        "const",
    ];
    keys.iter().any(|key| node.get(key).is_some())
}
