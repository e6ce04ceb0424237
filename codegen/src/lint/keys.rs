//! Rules for keys, facts and formats that have no effect at their place, most of them misspelled.

use super::limits;
use crate::diagnostic::Diagnostic;
use crate::document::Dialect;
use crate::document::grammar::vocabulary::{
    Fact, Inside, fact, inside_of, intended_format, intended_key, is_documentation, is_fact,
};
use crate::document::grammar::{Kind, child, is_map, item};
use crate::source::{Member, Node, Object, Value};

/// Reports unknown keys: as an error if the probably intended key would change the output,
/// otherwise as a warning.
pub(super) fn unknown(bundled: &Node, dialect: Dialect) -> Vec<Diagnostic> {
    let mut keys = Keys {
        dialect,
        found: Vec::new(),
    };
    keys.visit(bundled, Kind::Root);
    keys.found
}

/// Type names of JSON Schema.
const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Returns whether a value describes an operation.
fn is_operation(node: &Node) -> bool {
    node.get("responses").or(node.get("operationId")).is_some()
}

struct Keys {
    dialect: Dialect,
    found: Vec<Diagnostic>,
}

impl Keys {
    fn visit(&mut self, node: &Node, kind: Kind) {
        if kind == Kind::Opaque {
            return;
        }
        match &node.value {
            Value::Object(object) => {
                for (key, member) in object {
                    self.member(kind, key, member, object);
                }
                self.format(node, kind);
                limits::check(node, kind, &mut self.found);
            }
            Value::Array(items) => {
                let kind = item(kind);
                items.iter().for_each(|item| self.visit(item, kind));
            }
            _ => {}
        }
    }

    fn member(&mut self, kind: Kind, key: &str, member: &Member, object: &Object) {
        match child(self.dialect, kind, key) {
            Some(Kind::Opaque) if !is_map(kind) => {
                if key.starts_with("x-") {
                    self.fact(kind, key, member);
                }
                if let Some(inside) = inside_of(key) {
                    self.inside(inside, &member.node);
                }
            }
            Some(kind) => self.visit(&member.node, kind),
            None if is_map(kind) => {}
            None => {
                let meant = intended_key(self.dialect, kind, key)
                    .or_else(|| self.intended_by_value(kind, &member.node, object));
                if meant.is_none() && kind == Kind::PathItem && is_operation(&member.node) {
                    self.unknown_method(key, member);
                    return;
                }
                let place = format!("{} does not have `{key}` here", self.dialect.name());
                if meant.is_none() && is_fact(kind, &format!("x-{key}")) {
                    let help = format!("write `x-{key}`");
                    self.found.push(
                        Diagnostic::warning("unknown-key", member.key, place).with_help(help),
                    );
                    return;
                }
                self.unknown(key, member, place, meant);
            }
        }
    }

    /// Guesses the intended key from the value, for example if the value is a pointer or the name
    /// of a type.
    fn intended_by_value(&self, kind: Kind, value: &Node, object: &Object) -> Option<&'static str> {
        let text = value.as_str()?;
        let meant = if text.starts_with("#/") || text.contains(".json#") {
            "$ref"
        } else if TYPES.contains(&text) {
            "type"
        } else {
            return None;
        };
        let is_open = child(self.dialect, kind, meant).is_some() && !object.contains_key(meant);
        is_open.then_some(meant)
    }

    fn unknown_method(&mut self, key: &str, member: &Member) {
        let message = format!(
            "{} does not have the method `{key}`, so this operation would be omitted",
            self.dialect.name()
        );
        let help = "use get, put, post, delete, options, head or patch, or begin the key with `x-`";
        self.found
            .push(Diagnostic::error("method-unknown", member.key, message).with_help(help));
    }

    fn unknown(&mut self, key: &str, member: &Member, message: String, meant: Option<&str>) {
        self.found.push(match meant {
            Some(meant) if !is_documentation(meant) => {
                let message = format!("{message}; did you mean `{meant}`?");
                let help = format!("write `{meant}`, or begin the key with `x-` if it is your own");
                Diagnostic::error("misspelled-key", member.key, message).with_help(help)
            }
            Some(meant) => {
                let message = format!("{message}; did you mean `{meant}`?");
                Diagnostic::warning("unknown-key", member.key, message)
                    .with_help(format!("write `{meant}`, or `x-{key}` if it is your own"))
            }
            None => Diagnostic::warning("unknown-key", member.key, message)
                .with_help("correct the spelling, or begin it with `x-` to keep it"),
        });
    }

    fn fact(&mut self, kind: Kind, key: &str, member: &Member) {
        match fact(kind, key) {
            Fact::Fine => {}
            Fact::Misplaced => {
                let message = format!("`{key}` has no effect here");
                self.found.push(
                    Diagnostic::warning("misplaced-fact", member.key, message)
                        .with_help("move it to the object that it describes"),
                );
            }
            Fact::Misspelled(meant) => {
                let message = format!("`{key}` is unknown; did you mean `{meant}`?");
                self.found.push(
                    Diagnostic::error("misspelled-key", member.key, message)
                        .with_help(format!("write `{meant}`, or choose a less similar name")),
                );
            }
        }
    }

    /// Checks the keys of an object that the grammar treats as opaque.
    fn inside(&mut self, inside: &Inside, node: &Node) {
        if inside.each {
            let entries = node.as_array().into_iter().flatten();
            let members = node.as_object().into_iter().flatten();
            let members = members.map(|(_, member)| &member.node);
            entries
                .chain(members)
                .for_each(|entry| self.keys_of(inside, entry));
        } else {
            self.keys_of(inside, node);
        }
    }

    fn keys_of(&mut self, inside: &Inside, node: &Node) {
        for (key, member) in node.as_object().into_iter().flatten() {
            if inside.keys.contains(&key.as_str()) || key.starts_with("x-") {
                continue;
            }
            if inside.key.starts_with("x-") {
                let message = format!("`{}` does not have `{key}`", inside.key);
                self.found.push(
                    Diagnostic::error("misspelled-key", member.key, message)
                        .with_help(format!("its keys are {}", inside.keys.join(", "))),
                );
            } else {
                let meant = crate::spelling::closest(key, inside.keys.iter().copied());
                let message = format!("`{}` does not have `{key}`", inside.key);
                self.unknown(key, member, message, meant);
            }
        }
    }

    fn format(&mut self, node: &Node, kind: Kind) {
        let holds_format = matches!(kind, Kind::Parameter | Kind::Header | Kind::Schema);
        let Some(format) = node.get("format").filter(|_| holds_format) else {
            return;
        };
        if let Some(meant) = format.as_str().and_then(intended_format) {
            let message = format!(
                "unknown format `{}`; did you mean `{meant}`?",
                format.as_str().unwrap_or_default()
            );
            self.found.push(
                Diagnostic::warning("format-alike", format.span, message)
                    .with_help("unknown formats are ignored: correct it, or choose another name"),
            );
        }
    }
}
