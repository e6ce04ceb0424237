//! The Rust API that the templates render from a model.
//!
//! The functions repeat decisions of `templates/rust`. A test compiles a program for each rule, and
//! fails if the two disagree.

use std::collections::HashMap;

use crate::model::{
    Argument, BodyKind, Constructor, CustomizedType, Model, Operation, Property, Shape, TypeKind,
};
use crate::target_language::TargetLanguage;

/// Maximum length of a chain of aliases. Specifications have chains of one or two.
const DEPTH: usize = 32;

/// The types of a model, under their names in the new model.
pub(super) struct Types<'a> {
    language: &'a TargetLanguage,
    by_name: HashMap<&'a str, &'a CustomizedType>,
    /// New identifiers by old identifier.
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

    /// Returns the Rust type of a shape.
    pub(super) fn of(&self, shape: &Shape) -> String {
        self.language.type_name(&self.without_aliases(shape))
    }

    /// Replaces aliases in a shape by their targets, because Rust does not distinguish them.
    pub(super) fn without_aliases(&self, shape: &Shape) -> Shape {
        self.without_nested_aliases(shape, DEPTH)
    }

    fn without_nested_aliases(&self, shape: &Shape, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else {
            return shape.clone();
        };
        match shape {
            Shape::List { item } => Shape::List {
                item: Box::new(self.without_nested_aliases(item, depth)),
            },
            Shape::Map { value } => Shape::Map {
                value: Box::new(self.without_nested_aliases(value, depth)),
            },
            Shape::Named {
                name,
                ident,
                type_kind,
                recursive,
            } => {
                let alias = self.get(name).and_then(|one| one.shape.as_ref());
                if let (TypeKind::Alias, Some(target)) = (type_kind, alias) {
                    return self.without_nested_aliases(target, depth);
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

    /// Returns the type of a field without `Option`.
    pub(super) fn field(&self, property: &Property) -> String {
        match property.argument {
            Argument::Pairs => property.type_name.clone(),
            _ => self.of(&property.shape),
        }
    }

    /// Returns what the argument of a method, a constructor or a setter accepts for a property.
    pub(super) fn argument(&self, property: &Property) -> Takes {
        let item = || match &property.shape {
            Shape::List { item } | Shape::Map { value: item } => self.of(item),
            shape => self.of(shape),
        };
        match property.argument {
            Argument::Pairs => Takes::items("(String, String)".to_owned(), true),
            Argument::IntoList => Takes::items(item(), true),
            Argument::List => Takes::items(item(), false),
            Argument::Map => Takes::items(format!("(String, {})", item()), false),
            Argument::Into => Takes::one(self.field(property), true),
            Argument::Value => Takes::one(self.field(property), false),
        }
    }
}

/// Types that an argument accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Takes {
    /// The type, or the type of the items.
    of: String,
    /// Whether the argument is an iterator over the type.
    many: bool,
    /// Whether the argument is `impl Into<..>`.
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

    /// Returns whether this argument accepts everything that the other accepts.
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

/// Returns whether the input implements `Clone`. Inputs with a stream do not, because a stream can
/// be sent only once.
pub(super) fn input_is_clone(operation: &Operation) -> bool {
    !matches!(
        operation.request.body.kind,
        BodyKind::Stream | BodyKind::Form
    )
}

/// Returns the traits that an output implements for its kind of body.
pub(super) fn output_traits(operation: &Operation) -> &'static [&'static str] {
    match operation.response.body.kind {
        _ if operation.response.properties.is_empty() => &["Clone"],
        BodyKind::Json => &["Clone", "Default", "Deserialize"],
        BodyKind::Stream => &[],
        BodyKind::None | BodyKind::Value | BodyKind::Form => &["Clone"],
    }
}

/// Returns the list that `items` iterates over. `None` if `items` does not exist.
pub(super) fn walked(operation: &Operation) -> Option<&Property> {
    let paging = operation.paging.as_ref().filter(|paging| paging.complete)?;
    let mut properties = operation.response.properties.iter();
    properties.find(|property| property.ident == paging.items.ident)
}

/// Returns whether a type has `new`.
pub(super) fn has_new(one: &CustomizedType) -> bool {
    one.in_request && one.properties.iter().any(|property| property.required)
}

/// Returns whether a type has `new`, setters or constructors.
pub(super) fn can_be_made(one: &CustomizedType) -> bool {
    one.in_request && one.kind == TypeKind::Object && !one.properties.is_empty()
}

/// Returns the constructors of a type other than `new`.
pub(super) fn constructors(one: &CustomizedType) -> Vec<&Constructor> {
    let own = one.constructors.iter();
    own.filter(|_| has_new(one)).collect()
}
