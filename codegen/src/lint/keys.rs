//! Keys that the specification's version does not know where they stand: most are misspelt.

use crate::diagnostic::Diagnostic;
use crate::document::Dialect;
use crate::document::grammar::{Kind, child, is_map, item};
use crate::source::{Node, Value};

/// A warning for each unknown key.
pub(super) fn unknown(bundled: &Node, dialect: Dialect) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    visit(bundled, Kind::Root, dialect, &mut found);
    found
}

fn visit(node: &Node, kind: Kind, dialect: Dialect, found: &mut Vec<Diagnostic>) {
    if kind == Kind::Opaque {
        return;
    }
    match &node.value {
        Value::Object(object) => {
            for (key, member) in object {
                match child(dialect, kind, key) {
                    Some(kind) => visit(&member.node, kind, dialect, found),
                    None if is_map(kind) => {}
                    None => found.push(
                        Diagnostic::warning(
                            "unknown-key",
                            member.key,
                            format!("{} knows no `{key}` here", dialect.name()),
                        )
                        .with_help("correct the spelling, or begin it with `x-` to keep it"),
                    ),
                }
            }
        }
        Value::Array(items) => {
            let kind = item(kind);
            for item in items {
                visit(item, kind, dialect, found);
            }
        }
        _ => {}
    }
}
