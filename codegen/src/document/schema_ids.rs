//! Names of schemas in OpenAPI 3.1: `$id` and `$anchor`.

use std::collections::HashMap;

use crate::source::{Node, escape_token};

/// Pointers of schemas by `$id` and `$anchor`.
pub(super) type SchemaIds = HashMap<(String, String), String>;

/// Collects the names of the schemas below the definitions.
pub(super) fn collect_schema_ids(root: &Node, found: &mut SchemaIds) {
    let schemas = root.pointer("/components/schemas");
    for (name, member) in schemas.and_then(Node::as_object).into_iter().flatten() {
        let token = escape_token(name);
        let pointer = format!("/components/schemas/{token}");
        let id = member.node.get("$id").and_then(Node::as_str);
        let id = id.unwrap_or_default().trim_end_matches('#');
        if !id.is_empty() {
            found.insert((id.to_owned(), String::new()), pointer.clone());
        }
        anchors(&member.node, id, &pointer, found);
    }
}

fn anchors(node: &Node, id: &str, at: &str, found: &mut SchemaIds) {
    if let Some(anchor) = node.get("$anchor").and_then(Node::as_str) {
        found.insert((id.to_owned(), anchor.to_owned()), at.to_owned());
    }
    for (key, member) in node.as_object().into_iter().flatten() {
        let token = escape_token(key);
        anchors(&member.node, id, &format!("{at}/{token}"), found);
    }
}
