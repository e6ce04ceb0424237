//! Corrections and additions to a specification, in the shape of OpenAPI Overlay 1.0.0.
//!
//! Each action must still do something: an action that the base file has caught up with is an error.

use std::collections::HashSet;
use std::path::Path;
use std::ptr;

use serde_json_path::JsonPath;

use crate::diagnostic::Diagnostic;
use crate::source::{Member, Node, Object, Sources, Span, Value};

/// Applies the actions of an overlay file, in order.
pub(crate) fn apply(
    document: &mut Node,
    path: &Path,
    sources: &mut Sources,
) -> Result<(), Vec<Diagnostic>> {
    let (_, overlay) = sources.load(path)?;
    let actions = actions(&overlay)?;
    let mut problems = Vec::new();
    let mut mirror = document.to_json();
    for (index, action) in actions.iter().enumerate() {
        match Action::read(action, index + 1) {
            Ok(action) => problems.extend(action.apply(document, &mut mirror).err()),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn actions(overlay: &Node) -> Result<&[Node], Vec<Diagnostic>> {
    let invalid = |span, message: &str, help: &str| {
        Err(vec![
            Diagnostic::error("overlay-invalid", span, message).with_help(help),
        ])
    };
    let version = overlay.get("overlay");
    if version.and_then(Node::as_str) != Some("1.0.0") {
        let span = version.map_or(overlay.span, |node| node.span);
        let message = "this is no OpenAPI Overlay of version 1.0.0";
        return invalid(
            span,
            message,
            "begin the file with `\"overlay\": \"1.0.0\"`",
        );
    }
    for (key, member) in overlay.as_object().into_iter().flatten() {
        let known = matches!(key.as_str(), "overlay" | "info" | "extends" | "actions");
        if !known && !key.starts_with("x-") {
            let message = format!("unknown key `{key}` in an overlay");
            return invalid(
                member.key,
                &message,
                "known are overlay, info, extends, actions",
            );
        }
    }
    match overlay.get("actions").map(|node| (node, node.as_array())) {
        Some((_, Some(actions))) => Ok(actions),
        Some((node, None)) => invalid(node.span, "`actions` must be an array", "list the actions"),
        None => invalid(
            overlay.span,
            "`actions` is missing",
            "add `\"actions\": []`",
        ),
    }
}

struct Action<'a> {
    number: usize,
    target: &'a Node,
    path: JsonPath,
    change: Change<'a>,
}

enum Change<'a> {
    Remove,
    Update(&'a Node),
}

impl<'a> Action<'a> {
    fn read(node: &'a Node, number: usize) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut problem = |span: Span, message: String, help: &str| {
            problems.push(Diagnostic::error("overlay-invalid", span, message).with_help(help));
        };
        for (key, member) in node.as_object().into_iter().flatten() {
            let known = matches!(key.as_str(), "target" | "description" | "update" | "remove");
            if !known && !key.starts_with("x-") {
                let message = format!("action {number} has the unknown key `{key}`");
                problem(
                    member.key,
                    message,
                    "known are target, description, update, remove",
                );
            }
        }
        let described = node.get("description").and_then(Node::as_str);
        if described.is_none_or(|text| text.trim().is_empty()) {
            let message = format!("action {number} has no description");
            problem(node.span, message, "say why the base file is not enough");
        }
        let target = node.get("target").and_then(|target| {
            let text = target.as_str()?;
            Some((target, JsonPath::parse(text)))
        });
        let target = match target {
            Some((target, Ok(path))) => Some((target, path)),
            Some((target, Err(error))) => {
                let message = format!("action {number}: its target is no JSONPath: {error}");
                problem(target.span, message, "for example `$.paths['/'].get`");
                None
            }
            None => {
                let message = format!("action {number} has no target");
                problem(node.span, message, "add `\"target\"`, a JSONPath");
                None
            }
        };
        let remove = node.get("remove").and_then(Node::as_bool) == Some(true);
        let change = match (node.get("update"), remove) {
            (Some(update), false) => Some(Change::Update(update)),
            (None, true) => Some(Change::Remove),
            _ => {
                let message = format!("action {number} must either update or remove");
                problem(
                    node.span,
                    message,
                    "give one of `\"update\": {..}`, `\"remove\": true`",
                );
                None
            }
        };
        match (target, change) {
            (Some((target, path)), Some(change)) if problems.is_empty() => Ok(Self {
                number,
                target,
                path,
                change,
            }),
            _ => Err(problems),
        }
    }

    /// Changes the document, and the mirror that the next action's target is looked up in.
    fn apply(&self, document: &mut Node, mirror: &mut serde_json::Value) -> Result<(), Diagnostic> {
        let pointers = self.matches(mirror);
        if pointers.is_empty() {
            return Err(self.idle("overlay-no-match", "matches nothing"));
        }
        let mut changed = false;
        // From the last to the first: removing an item moves those after it.
        for pointer in pointers.iter().rev() {
            changed |= match &self.change {
                Change::Remove => remove(document, mirror, pointer),
                Change::Update(update) => self.update(document, mirror, pointer, update)?,
            };
        }
        if changed {
            Ok(())
        } else {
            Err(self.idle("overlay-no-change", "changes nothing"))
        }
    }

    /// The JSON pointers of all matches, in the order of the document.
    fn matches(&self, mirror: &serde_json::Value) -> Vec<String> {
        let target = self.target.as_str().unwrap_or_default();
        if !target.contains("..") {
            let found = self.path.query_located(mirror);
            let locations = found.locations();
            return locations.map(|path| path.to_json_pointer()).collect();
        }
        // A descent would make a path for every value it passes; here only matches get one.
        let found = self.path.query(mirror);
        let wanted: HashSet<*const serde_json::Value> =
            found.iter().map(|v| ptr::from_ref(*v)).collect();
        let mut pointers = Vec::new();
        if !wanted.is_empty() {
            locate(mirror, &wanted, &mut Vec::new(), &mut pointers);
        }
        pointers
    }

    fn update(
        &self,
        document: &mut Node,
        mirror: &mut serde_json::Value,
        pointer: &str,
        update: &Node,
    ) -> Result<bool, Diagnostic> {
        let (Some(node), Some(mirrored)) =
            (document.pointer_mut(pointer), mirror.pointer_mut(pointer))
        else {
            return Ok(false);
        };
        if matches!(node.value, Value::Object(_)) != matches!(update.value, Value::Object(_))
            && !matches!(node.value, Value::Array(_))
        {
            let message = format!(
                "action {}: can't merge {} into {}",
                self.number,
                update.kind(),
                node.kind()
            );
            return Err(Diagnostic::error("overlay-invalid", update.span, message)
                .with_help("target the object that holds the value"));
        }
        Ok(merge(node, mirrored, update))
    }

    fn idle(&self, rule: &'static str, what: &str) -> Diagnostic {
        let target = self.target.as_str().unwrap_or_default();
        let message = format!("action {} {what}: {target}", self.number);
        Diagnostic::error(rule, self.target.span, message).with_help(
            "the base file may hold this fact now: then delete the action; else correct its target",
        )
    }
}

/// A step into a JSON value.
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

/// Finds the pointers of values that are known by their addresses.
fn locate<'v>(
    value: &'v serde_json::Value,
    wanted: &HashSet<*const serde_json::Value>,
    path: &mut Vec<Step<'v>>,
    found: &mut Vec<String>,
) {
    if wanted.contains(&ptr::from_ref(value)) {
        found.push(path.iter().map(Step::token).collect());
    }
    let mut visit = |step, value| {
        path.push(step);
        locate(value, wanted, path, found);
        path.pop();
    };
    match value {
        serde_json::Value::Object(object) => {
            object
                .iter()
                .for_each(|(key, value)| visit(Step::Key(key), value));
        }
        serde_json::Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| visit(Step::Index(index), value));
        }
        _ => {}
    }
}

impl Step<'_> {
    fn token(&self) -> String {
        match self {
            Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("/{index}"),
        }
    }
}

/// Objects are merged, arrays appended, anything else replaced; the mirror likewise. Says whether
/// anything changed.
fn merge(node: &mut Node, mirror: &mut serde_json::Value, update: &Node) -> bool {
    match (&mut node.value, mirror, &update.value) {
        (Value::Object(object), serde_json::Value::Object(mirror), Value::Object(changes)) => {
            let mut changed = false;
            for (key, change) in changes {
                changed |= merge_member(object, mirror, key, change);
            }
            changed
        }
        (Value::Array(items), serde_json::Value::Array(mirror), Value::Array(more)) => {
            mirror.extend(more.iter().map(Node::to_json));
            items.extend(more.iter().cloned());
            !more.is_empty()
        }
        (Value::Array(items), serde_json::Value::Array(mirror), _) => {
            mirror.push(update.to_json());
            items.push(update.clone());
            true
        }
        (_, mirror, _) => {
            let changed = !node.same_json(update);
            *mirror = update.to_json();
            *node = update.clone();
            changed
        }
    }
}

fn merge_member(
    object: &mut Object,
    mirror: &mut serde_json::Map<String, serde_json::Value>,
    key: &str,
    change: &Member,
) -> bool {
    let (Some(member), Some(mirrored)) = (object.get_mut(key), mirror.get_mut(key)) else {
        mirror.insert(key.to_owned(), change.node.to_json());
        object.insert(key.to_owned(), change.clone());
        return true;
    };
    let was_list = matches!(member.node.value, Value::Array(_));
    let is_list = matches!(change.node.value, Value::Array(_));
    if was_list && !is_list {
        // Within an object, a list is replaced by what is no list; only a target gets an entry.
        *mirrored = change.node.to_json();
        member.node = change.node.clone();
        return true;
    }
    merge(&mut member.node, mirrored, &change.node)
}

fn remove(document: &mut Node, mirror: &mut serde_json::Value, pointer: &str) -> bool {
    let Some((parent, token)) = pointer.rsplit_once('/') else {
        return false;
    };
    let key = token.replace("~1", "/").replace("~0", "~");
    let removed = match document.pointer_mut(parent).map(|node| &mut node.value) {
        Some(Value::Object(object)) => object.shift_remove(&key).is_some(),
        Some(Value::Array(items)) => remove_item(items, &key),
        _ => false,
    };
    match mirror.pointer_mut(parent) {
        Some(serde_json::Value::Object(object)) => drop(object.remove(&key)),
        Some(serde_json::Value::Array(items)) => drop(remove_item(items, &key)),
        _ => {}
    }
    removed
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
