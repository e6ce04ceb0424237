//! Rule for shared values without references.

use std::collections::HashMap;

use super::warn;
use crate::diagnostic::Diagnostic;
use crate::document::Loaded;
use crate::document::grammar::Kind;
use crate::document::grammar::shared::{SHARED, shared_prefix};
use crate::source::{Node, Span, Value, escape_token};

/// Returns a warning for each shared value that only references itself, or that nothing references.
pub(super) fn unused(loaded: &Loaded) -> Vec<Diagnostic> {
    let mut references = HashMap::new();
    collect(&loaded.bundled, &mut references);
    let mut found = Vec::new();
    for kind in SHARED {
        let Some(map) = shared_prefix(loaded.dialect, kind) else {
            continue;
        };
        let named = loaded.bundled.pointer(map.trim_end_matches('/'));
        for (name, member) in named.and_then(Node::as_object).into_iter().flatten() {
            let token = escape_token(name);
            let from = references.get(format!("#{map}{token}").as_str());
            let mut from = from.into_iter().flatten();
            if from.any(|from| !member.node.span.contains(*from)) {
                continue;
            }
            let message = format!("nothing refers to `{name}`");
            let help = "remove it, or refer to it";
            found.push(match kind {
                Kind::Schema => warn("definition-unused", member.key, message, help),
                _ => warn("parameter-unused", member.key, message, help),
            });
        }
    }
    found
}

/// Collects the places of all references by target.
fn collect<'n>(node: &'n Node, found: &mut HashMap<&'n str, Vec<Span>>) {
    match &node.value {
        Value::Object(object) => {
            for (key, member) in object {
                if let Some(text) = member.node.as_str().filter(|_| key == "$ref") {
                    found.entry(text).or_default().push(member.node.span);
                }
                collect(&member.node, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}
