//! JSON values with their places.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Span;
use crate::spelling::closest;

/// A JSON value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Range from the first to the last character.
    pub span: Span,
}

/// A JSON value. Objects keep the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number: 64-bit integers are exact, all others are doubles.
    Number(serde_json::Number),
    /// A string without escapes.
    String(String),
    /// A list.
    Array(Vec<Node>),
    /// An object.
    Object(Object),
}

/// The members of a JSON object, in the order of the text.
pub(crate) type Object = IndexMap<String, Member>;

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Place of the key, including its quotes.
    pub key: Span,
    /// The value.
    pub node: Node,
}

impl Node {
    /// Returns the string, if the value is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the object, if the value is one.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the list, if the value is one.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the boolean, if the value is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// Returns the integer, if the value is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            Value::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// Returns the member with a key, if the value is an object.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_object()?.get(key).map(|member| &member.node)
    }

    /// Returns the kind of the value for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// Returns the value at a JSON pointer (`/a/0/b`, or empty for the value itself).
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |node, token| {
                let token = unescape_token(token);
                match &node.value {
                    Value::Object(object) => object.get(&*token).map(|member| &member.node),
                    Value::Array(items) => items.get(token.parse::<usize>().ok()?),
                    _ => None,
                }
            })
    }

    /// Returns the existing key that was probably meant by the first part of a JSON pointer that
    /// does not exist.
    pub(crate) fn intended_key(&self, pointer: &str) -> Option<&str> {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = unescape_token(token);
            node = match &node.value {
                Value::Object(object) => match object.get(&*token) {
                    Some(member) => &member.node,
                    None => return closest(&token, object.keys().map(String::as_str)),
                },
                Value::Array(items) => items.get(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        None
    }

    /// Returns the value at a JSON pointer for changes.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |node, token| {
                let token = unescape_token(token);
                match &mut node.value {
                    Value::Object(object) => object.get_mut(&*token).map(|member| &mut member.node),
                    Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
                    _ => None,
                }
            })
    }

    /// Returns the JSON pointer of the innermost value or key at a place. The tree must be
    /// unchanged, because the search uses the order of places.
    pub fn pointer_at(&self, span: Span) -> String {
        let mut pointer = String::new();
        let mut node = self;
        while let Some((token, child)) = node.child_at(span) {
            pointer.push('/');
            pointer.push_str(&token);
            node = child;
        }
        pointer
    }

    /// Returns the last child that starts before a place, if it contains the place.
    fn child_at(&self, span: Span) -> Option<(String, &Node)> {
        match &self.value {
            Value::Object(object) => {
                let after = object.partition_point(|_, member| member.key.start <= span.start);
                let (key, member) = object.get_index(after.checked_sub(1)?)?;
                let is_in = member.key.contains(span) || member.node.span.contains(span);
                is_in.then(|| (escape_token(key), &member.node))
            }
            Value::Array(items) => {
                let after = items.partition_point(|item| item.span.start <= span.start);
                let index = after.checked_sub(1)?;
                let item = items.get(index)?;
                item.span.contains(span).then(|| (index.to_string(), item))
            }
            _ => None,
        }
    }

    /// Returns the number of values in the tree, including this one.
    pub(crate) fn size(&self) -> usize {
        match &self.value {
            Value::Array(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Object(object) => {
                let members = object.values().map(|member| member.node.size());
                1 + members.sum::<usize>()
            }
            _ => 1,
        }
    }

    /// Returns the depth of the tree. A value without children has depth 1.
    pub(crate) fn depth(&self) -> usize {
        let inner = match &self.value {
            Value::Array(items) => items.iter().map(Self::depth).max(),
            Value::Object(object) => object.values().map(|member| member.node.depth()).max(),
            _ => None,
        };
        1 + inner.unwrap_or_default()
    }

    /// Returns the value without places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => serde_json::Value::Bool(*flag),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Object(object) => object
                .iter()
                .map(|(key, member)| (key.clone(), member.node.to_json()))
                .collect(),
        }
    }

    /// Returns whether the JSON is equal, regardless of places.
    pub fn same_json(&self, other: &Node) -> bool {
        match (&self.value, &other.value) {
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_json(b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, member)| {
                        b.get(key)
                            .is_some_and(|other| member.node.same_json(&other.node))
                    })
            }
            (a, b) => a == b,
        }
    }
}

/// Escapes a token of a JSON pointer.
pub(crate) fn escape_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Unescapes a token of a JSON pointer.
pub(crate) fn unescape_token(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// The schema of any JSON value. Places are not serialized.
impl schemars::JsonSchema for Node {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "Any JSON, as the specification has it." })
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => items.serialize(serializer),
            Value::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (key, member) in object {
                    map.serialize_entry(key, &member.node)?;
                }
                map.end()
            }
        }
    }
}
