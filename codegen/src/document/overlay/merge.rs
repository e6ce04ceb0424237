//! Applies changes to the document, and to a copy of it that the JSONPath library searches.

use super::action::{Action, Change};
use super::target::idle_parts;
use crate::diagnostic::Diagnostic;
use crate::source::{Member, Node, Object, Span, Value, unescape_token};

/// Maximum number of values that all actions together can add.
const MAX_ADDED: usize = 4_000_000;

/// Maximum depth of the changed document. It is above the maximum depth of parsed files, and keeps
/// the recursion within the stack.
const MAX_DEPTH: usize = 132;

/// A document that actions change.
pub(super) struct Changing<'d> {
    document: &'d mut Node,
    /// The same document in the representation of the JSONPath library.
    mirror: serde_json::Value,
    added: usize,
}

impl<'d> Changing<'d> {
    pub(super) fn new(document: &'d mut Node) -> Self {
        Self {
            mirror: document.to_json(),
            document,
            added: 0,
        }
    }

    pub(super) fn apply(&mut self, action: &Action<'_>) -> Result<(), Diagnostic> {
        let pointers = action.target.pointers(&self.mirror);
        if pointers.is_empty() {
            return Err(idle(action, "overlay-no-match", "matches nothing"));
        }
        let idle_parts = idle_parts(action.target.text, &pointers, &self.mirror);
        if !idle_parts.is_empty() {
            let parts: Vec<String> = idle_parts.iter().map(|part| format!("`{part}`")).collect();
            let what = format!("has no match for {}", parts.join(", "));
            return Err(idle(action, "overlay-no-match", &what));
        }
        let copied;
        let update = match &action.change {
            Change::Remove => None,
            Change::Update(update) => Some(*update),
            Change::Copy(_) => {
                copied = self.copied(action)?;
                Some(&copied)
            }
        };
        let mut changed = false;
        match update {
            Some(update) => {
                self.check_kinds(action, &pointers)?;
                for pointer in &pointers {
                    changed |= self.update(action, pointer, update)?;
                }
            }
            // Remove the last match first, because removing an item moves the items after it.
            None => {
                for pointer in pointers.iter().rev() {
                    changed |= self.remove(action, pointer)?;
                }
            }
        }
        if changed {
            Ok(())
        } else {
            Err(idle(action, "overlay-no-change", "changes nothing"))
        }
    }

    /// Returns the value to copy. There must be exactly one.
    fn copied(&self, action: &Action<'_>) -> Result<Node, Diagnostic> {
        let Change::Copy(source) = &action.change else {
            return Err(wrong(action, "nothing is copied"));
        };
        let pointers = source.pointers(&self.mirror);
        let found = match pointers.as_slice() {
            [pointer] => self.document.pointer(pointer),
            _ => None,
        };
        found.cloned().ok_or_else(|| {
            let message = format!(
                "action {} copies `{}`, which matches {} values",
                action.number,
                source.text,
                pointers.len()
            );
            Diagnostic::error("overlay-invalid", source.span, message)
                .with_help("the path must match exactly one value")
        })
    }

    /// Refuses an action that changes values of different kinds.
    fn check_kinds(&self, action: &Action<'_>, pointers: &[String]) -> Result<(), Diagnostic> {
        let kind = |pointer: &String| {
            let node = self.document.pointer(pointer);
            node.map(|node| match node.value {
                Value::Object(_) => "objects",
                Value::Array(_) => "arrays",
                _ => "plain values",
            })
        };
        let mut kinds = pointers.iter().filter_map(kind);
        let first = kinds.next();
        match kinds.find(|kind| Some(*kind) != first) {
            Some(other) => {
                let first = first.unwrap_or_default();
                Err(wrong(action, &format!("matches {first} and {other}")))
            }
            None => Ok(()),
        }
    }

    fn update(
        &mut self,
        action: &Action<'_>,
        pointer: &str,
        update: &Node,
    ) -> Result<bool, Diagnostic> {
        self.added += update.size();
        if self.added > MAX_ADDED || pointer.matches('/').count() + update.depth() > MAX_DEPTH {
            return Err(wrong(action, "makes the document too large or too deep"));
        }
        let node = self.document.pointer_mut(pointer);
        let (Some(node), Some(mirror)) = (node, self.mirror.pointer_mut(pointer)) else {
            return Ok(false);
        };
        merge(node, mirror, update, true).map_err(|misfit| misfit.explained(action))
    }

    fn remove(&mut self, action: &Action<'_>, pointer: &str) -> Result<bool, Diagnostic> {
        let Some((parent, token)) = pointer.rsplit_once('/') else {
            return Err(wrong(action, "would remove the whole document"));
        };
        let key = unescape_token(token);
        let parent_node = self.document.pointer_mut(parent);
        let removed = match parent_node.map(|node| &mut node.value) {
            Some(Value::Object(object)) => object.shift_remove(&*key).is_some(),
            Some(Value::Array(items)) => remove_item(items, &key),
            _ => false,
        };
        match self.mirror.pointer_mut(parent) {
            Some(serde_json::Value::Object(object)) => drop(object.remove(&*key)),
            Some(serde_json::Value::Array(items)) => drop(remove_item(items, &key)),
            _ => {}
        }
        Ok(removed)
    }
}

/// Creates the error for an action without effect.
fn idle(action: &Action<'_>, rule: &'static str, what: &str) -> Diagnostic {
    let message = format!("action {} {what}: {}", action.number, action.target.text);
    Diagnostic::error(rule, action.target.span, message).with_help(
        "if the specification now has this fact, delete the action; otherwise correct the target",
    )
}

fn wrong(action: &Action<'_>, what: &str) -> Diagnostic {
    let message = format!("action {} {what}: {}", action.number, action.target.text);
    Diagnostic::error("overlay-invalid", action.target.span, message)
        .with_help("correct the target, or split the action")
}

/// Two values that cannot be merged.
struct Misfit {
    span: Span,
    update: &'static str,
    into: &'static str,
}

impl Misfit {
    fn new(update: &Node, into: &Node) -> Self {
        Self {
            span: update.span,
            update: update.kind(),
            into: into.kind(),
        }
    }

    fn explained(&self, action: &Action<'_>) -> Diagnostic {
        let Self { span, update, into } = *self;
        let message = format!(
            "action {}: cannot merge {update} into {into}",
            action.number
        );
        Diagnostic::error("overlay-invalid", span, message).with_help(
            "use the object that contains the value as target, or remove the value first",
        )
    }
}

/// Merges a value into the document and the mirror: merges objects, concatenates lists, replaces
/// other values, and appends a value that is not a list to a list that is the target itself.
/// Returns whether anything changed.
fn merge(
    node: &mut Node,
    mirror: &mut serde_json::Value,
    update: &Node,
    is_target: bool,
) -> Result<bool, Misfit> {
    let plain = |value: &Value| !matches!(value, Value::Object(_) | Value::Array(_));
    match (&mut node.value, mirror, &update.value) {
        (Value::Object(object), serde_json::Value::Object(mirror), Value::Object(changes)) => {
            let mut changed = false;
            for (key, change) in changes {
                changed |= merge_member(object, mirror, key, change)?;
            }
            Ok(changed)
        }
        (Value::Array(items), serde_json::Value::Array(mirror), Value::Array(more)) => {
            mirror.extend(more.iter().map(Node::to_json));
            items.extend(more.iter().cloned());
            Ok(!more.is_empty())
        }
        (Value::Array(items), serde_json::Value::Array(mirror), _) if is_target => {
            mirror.push(update.to_json());
            items.push(update.clone());
            Ok(true)
        }
        (old, mirror, new) if plain(old) && plain(new) => {
            let changed = !node.same_json(update);
            *mirror = update.to_json();
            *node = update.clone();
            Ok(changed)
        }
        _ => Err(Misfit::new(update, node)),
    }
}

fn merge_member(
    object: &mut Object,
    mirror: &mut serde_json::Map<String, serde_json::Value>,
    key: &str,
    change: &Member,
) -> Result<bool, Misfit> {
    let (Some(member), Some(mirrored)) = (object.get_mut(key), mirror.get_mut(key)) else {
        mirror.insert(key.to_owned(), change.node.to_json());
        object.insert(key.to_owned(), change.clone());
        return Ok(true);
    };
    merge(&mut member.node, mirrored, &change.node, false)
}

fn remove_item<T>(items: &mut Vec<T>, index: &str) -> bool {
    match index.parse::<usize>() {
        Ok(index) if index < items.len() => {
            items.remove(index);
            true
        }
        _ => false,
    }
}
