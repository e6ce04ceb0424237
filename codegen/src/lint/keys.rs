//! Keys that Swagger does not know where they stand: most are misspelt.

use crate::diagnostic::Diagnostic;
use crate::document::grammar::{Kind, child, is_map};
use crate::source::{Node, Value};

/// A warning for each unknown key.
pub(super) fn unknown(bundled: &Node) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    visit(bundled, Kind::Root, &mut found);
    found
}

fn visit(node: &Node, kind: Kind, found: &mut Vec<Diagnostic>) {
    if kind == Kind::Opaque {
        return;
    }
    match &node.value {
        Value::Object(object) => {
            for (key, member) in object {
                match child(kind, key) {
                    Some(kind) => visit(&member.node, kind, found),
                    None if is_map(kind) => {}
                    None => found.push(
                        Diagnostic::warning(
                            "unknown-key",
                            member.key,
                            format!("Swagger 2.0 knows no `{key}` here"),
                        )
                        .with_help("correct the spelling, or begin it with `x-` to keep it"),
                    ),
                }
            }
        }
        Value::Array(items) => {
            let kind = match kind {
                Kind::ParameterList => Kind::Parameter,
                Kind::SchemaList => Kind::Schema,
                _ => Kind::Opaque,
            };
            for item in items {
                visit(item, kind, found);
            }
        }
        _ => {}
    }
}
