//! What the Rust templates make of a model: the part of their decisions that callers can see.
//!
//! This restates `templates/rust`; the test that compiles a program for each rule keeps the two
//! together.

use std::collections::HashMap;

use crate::model::{
    BodyKind, Constructor, CustomizedType, Model, Operation, PlaceKind, Property, Shape, TypeKind,
};
use crate::source::Node;
use crate::target_language::TargetLanguage;

/// Aliases that lead to aliases are followed this far; a specification has one or two.
const DEPTH: usize = 32;

/// Types of one model as the new one calls them.
pub(super) struct Types<'a> {
    language: &'a TargetLanguage,
    by_name: HashMap<&'a str, &'a CustomizedType>,
    /// Identifiers of the new model, by names of the old one.
    pub(super) renamed: HashMap<&'a str, &'a str>,
}

impl<'a> Types<'a> {
    pub(super) fn new(model: &'a Model, language: &'a TargetLanguage) -> Self {
        let named = |one: &'a CustomizedType| (one.name.as_str(), one);
        Self {
            language,
            by_name: model.types.iter().map(named).collect(),
            renamed: HashMap::new(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a CustomizedType> {
        self.by_name.get(name).copied()
    }

    /// The type of a shape.
    pub(super) fn of(&self, shape: &Shape) -> String {
        self.language.type_name(&self.meant(shape))
    }

    /// A shape with what aliases stand for in their place: to Rust they are the same.
    pub(super) fn meant(&self, shape: &Shape) -> Shape {
        self.followed(shape, DEPTH)
    }

    fn followed(&self, shape: &Shape, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else {
            return shape.clone();
        };
        match shape {
            Shape::List { item } => Shape::List {
                item: Box::new(self.followed(item, depth)),
            },
            Shape::Map { value } => Shape::Map {
                value: Box::new(self.followed(value, depth)),
            },
            Shape::Named {
                name,
                ident,
                type_kind,
                recursive,
            } => {
                let alias = self.get(name).and_then(|one| one.shape.as_ref());
                if let (TypeKind::Alias, Some(meant)) = (type_kind, alias) {
                    return self.followed(meant, depth);
                }
                let renamed = self.renamed.get(name.as_str()).copied();
                Shape::Named {
                    name: name.clone(),
                    ident: renamed.unwrap_or(ident).to_owned(),
                    type_kind: *type_kind,
                    recursive: *recursive,
                }
            }
            other => other.clone(),
        }
    }

    /// The type of a field, without the option around it.
    pub(super) fn field(&self, property: &Property) -> String {
        match property.place.kind {
            PlaceKind::HeaderMap => property.type_name.clone(),
            _ if is_pairs(property) => property.type_name.clone(),
            _ => self.of(&property.shape),
        }
    }

    /// The type of the argument that sets a property: of a method, a constructor or a setter.
    pub(super) fn argument(&self, property: &Property) -> Takes {
        let field = self.field(property);
        match &property.shape {
            _ if is_pairs(property) => Takes::pairs(),
            Shape::List { item } if **item == Shape::Text => Takes::items(self.of(item), true),
            Shape::List { item } => {
                let into = property.ext.get("x-into").and_then(Node::as_bool);
                Takes::items(self.of(item), into == Some(true))
            }
            Shape::Map { value } => Takes::items(format!("(String, {})", self.of(value)), false),
            Shape::Text | Shape::Binary | Shape::Free | Shape::Bytes | Shape::Format { .. } => {
                Takes::one(field, true)
            }
            _ => Takes::one(field, false),
        }
    }
}

/// Headers with a common prefix, which have a type of their own.
fn is_pairs(property: &Property) -> bool {
    property.place.kind == PlaceKind::HeaderMap
        || (property.place.prefix.is_some() && property.place.kind == PlaceKind::Form)
}

/// What a function takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Takes {
    /// The type, or the type of the items.
    of: String,
    /// Anything that can be iterated.
    many: bool,
    /// Anything that can be made into it.
    into: bool,
}

impl Takes {
    fn one(of: String, into: bool) -> Self {
        let many = false;
        Self { of, many, into }
    }

    fn items(of: String, into: bool) -> Self {
        let many = true;
        Self { of, many, into }
    }

    fn pairs() -> Self {
        Self::items("(String, String)".to_owned(), true)
    }

    /// Whether all that the other takes is taken.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.of == other.of && self.many == other.many && self.into >= other.into
    }
}

impl std::fmt::Display for Takes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = &self.of;
        match (self.many, self.into) {
            (true, true) => write!(f, "impl IntoIterator<Item = impl Into<{of}>>"),
            (true, false) => write!(f, "impl IntoIterator<Item = {of}>"),
            (false, true) => write!(f, "impl Into<{of}>"),
            (false, false) => f.write_str(of),
        }
    }
}

/// Whether the input can be cloned: a stream can be sent once.
pub(super) fn input_is_clone(operation: &Operation) -> bool {
    !matches!(
        operation.request.body.kind,
        BodyKind::Stream | BodyKind::Form
    )
}

/// The traits that outputs have by what they are made from.
pub(super) fn output_traits(operation: &Operation) -> &'static [&'static str] {
    match operation.response.body.kind {
        _ if operation.response.properties.is_empty() => &["Clone"],
        BodyKind::Json => &["Clone", "Default", "Deserialize"],
        BodyKind::Stream => &[],
        BodyKind::None | BodyKind::Value | BodyKind::Form => &["Clone"],
    }
}

/// The list that `items` walks, if there is `items`.
pub(super) fn walked(operation: &Operation) -> Option<&Property> {
    let paging = operation.paging.as_ref()?;
    paging.item_type.as_ref()?;
    let counted = paging.offset.is_some() && paging.total.is_some();
    let rule = !paging.next.is_empty() || !paging.last.is_empty() || counted;
    let mut properties = operation.response.properties.iter();
    properties.find(|property| rule && property.ident == paging.items.ident)
}

/// Whether a type has `new`.
pub(super) fn has_new(one: &CustomizedType) -> bool {
    one.in_request && !one.required.is_empty()
}

/// Whether a type has anything that only sent types have.
pub(super) fn can_be_made(one: &CustomizedType) -> bool {
    one.in_request && one.kind == TypeKind::Object && !one.properties.is_empty()
}

/// The constructors that a type has besides `new`.
pub(super) fn constructors(one: &CustomizedType) -> Vec<&Constructor> {
    let own = one.constructors.iter();
    own.filter(|_| has_new(one)).collect()
}

/// Whether a type can be made from text: it is nothing but a text.
pub(super) fn is_from_text(one: &CustomizedType) -> bool {
    let only = match (&one.properties[..], &one.required[..]) {
        ([_], [only]) => only,
        _ => return false,
    };
    one.in_request && one.kind == TypeKind::Object && only.shape == Shape::Text
}
