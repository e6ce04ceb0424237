//! Reads `oneOf` and `anyOf`. A union with null is the other type, a union of strings is a string,
//! and any other union is any JSON.

use super::Reader;
use super::schema::{tells_type, tells_type_itself};
use crate::document::types::SchemaKind;
use crate::source::Node;

impl Reader<'_> {
    /// Returns the kind of a union. Returns `None` if its parts only restrict the keys beside it.
    pub(super) fn union_kind(&mut self, node: &Node, key: &str) -> Option<SchemaKind> {
        let parts = self.items(node, key).iter();
        let telling: Vec<&Node> = parts
            .filter(|part| tells_type(part) && !is_only_null(part))
            .collect();
        let own = tells_type_itself(node) || node.get("allOf").is_some();
        match telling.as_slice() {
            [] => return (!own).then_some(SchemaKind::Free),
            [part] if !own => return self.json_schema(part).map(|schema| schema.kind),
            _ if !own && telling.iter().all(|part| is_text(part)) => {
                return Some(self.texts_united(&telling));
            }
            _ => {}
        }
        // The parts repeat or restrict the `type` beside the union.
        let is_scalar = |name: &str| matches!(name, "string" | "integer" | "number" | "boolean");
        let typed = node.get("type").and_then(Node::as_str);
        if typed.is_some_and(is_scalar) {
            return self.own_kind(node);
        }
        let (span, message) = (node.span, format!("`{key}` is read as any JSON"));
        let help = "use a single type if possible; `discriminator` has no effect";
        self.note("openapi-union", span, message, help);
        Some(SchemaKind::Free)
    }

    /// Returns an enum of all values if each part has an enum, otherwise a string.
    fn texts_united(&mut self, parts: &[&Node]) -> SchemaKind {
        let mut all = Vec::new();
        let mut open = false;
        for part in parts {
            if let Some(schema) = self.json_schema(part)
                && let SchemaKind::Text { values, .. } = schema.kind
            {
                open |= values.is_empty();
                all.extend(values);
            }
        }
        SchemaKind::Text {
            format: None,
            values: if open { Vec::new() } else { all },
        }
    }
}

fn is_only_null(node: &Node) -> bool {
    node.get("type").and_then(Node::as_str) == Some("null")
}

fn is_text(node: &Node) -> bool {
    node.get("type").and_then(Node::as_str) == Some("string")
}
