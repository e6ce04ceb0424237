//! Compares types: structs, enums and aliases.

use std::collections::{HashMap, HashSet};

use super::properties::{self, Holder};
use super::rust_api::{can_be_made, constructors};
use super::{Comparison, Pairing, Pairs, Rule, before, code, now, operations};
use crate::model::{Constructor, CustomizedType, EnumValue, Operation, Property, Shape, TypeKind};

impl<'a> Comparison<'a> {
    /// Pairs types by name, then by identifier, then by the properties that use them. Remembers
    /// renamed types, so that later comparisons use their new names.
    pub(super) fn pair_types(
        &mut self,
        old: &[&'a CustomizedType],
        new: &[&'a CustomizedType],
        operations: &Pairs<'a, Operation>,
    ) -> Pairs<'a, CustomizedType> {
        let by_name = || {
            Pairing::new(old, new)
                .by(|one| Some(one.name.as_str()))
                .by(|one| Some(one.ident.as_str()))
        };
        let certain = by_name().pairs();
        let successors = self.successors(&certain, operations);
        let of_old = |one: &'a CustomizedType| successors.get(one.name.as_str()).copied();
        let of_new = |one: &'a CustomizedType| Some(one.name.as_str());
        let pairs = by_name().by_both(of_old, of_new).pairs();
        for (was, is) in &pairs.both {
            self.old_types.renamed.insert(&was.name, &is.ident);
        }
        pairs
    }

    /// Returns the removed types, each with the added type that properties use in its place.
    fn successors(
        &self,
        certain: &Pairs<'a, CustomizedType>,
        operations: &Pairs<'a, Operation>,
    ) -> HashMap<&'a str, &'a str> {
        let names = |types: &[&'a CustomizedType]| -> HashSet<&'a str> {
            types.iter().map(|one| one.name.as_str()).collect()
        };
        let (mut gone, mut fresh) = (names(&certain.removed), names(&certain.added));
        let mut open = Vec::new();
        for (was, is) in &operations.both {
            open.push((
                operations::caller_properties(was),
                operations::caller_properties(is),
            ));
            let (was, is) = (&was.response.properties, &is.response.properties);
            open.push((was.iter().collect(), is.iter().collect()));
        }
        let members =
            |one: &'a CustomizedType| -> Vec<&'a Property> { one.properties.iter().collect() };
        open.extend(
            certain
                .both
                .iter()
                .map(|(was, is)| (members(was), members(is))),
        );
        let mut found = HashMap::new();
        while let Some((was, is)) = open.pop() {
            for (was, is) in shapes_of(&was, &is) {
                let (Some(was), Some(is)) = (named(was), named(is)) else {
                    continue;
                };
                let types = (self.old_types.get(was), self.new_types.get(is));
                if let (Some(old), Some(new)) = types
                    && old.kind == new.kind
                    && gone.contains(was)
                    && fresh.contains(is)
                {
                    gone.remove(was);
                    fresh.remove(is);
                    found.insert(was, is);
                    open.push((members(old), members(new)));
                }
            }
        }
        found
    }

    pub(super) fn types(&mut self, types: &Pairs<'a, CustomizedType>) {
        for (old, new) in &types.both {
            self.one_type(old, new);
        }
        for old in &types.removed {
            let message = format!("{} was removed", display_name(old));
            let place = before(&old.source);
            self.add_change(Rule::TypeRemoved, path_of(old), message, place);
        }
        for new in &types.added {
            let message = format!("{} is new", display_name(new));
            let place = now(&new.source);
            self.add_change(Rule::TypeAdded, path_of(new), message, place);
        }
    }

    fn one_type(&mut self, old: &'a CustomizedType, new: &'a CustomizedType) {
        let (path, what) = (path_of(new), display_name(new));
        if old.ident != new.ident {
            let message = format!("{} is now called {what}", display_name(old));
            self.add_change(Rule::TypeRenamed, &path, message, now(&new.source));
        }
        let words = [&*old.description, &*new.description];
        self.words(&path, &what, &words[..1], &words[1..], &new.source);
        self.extensions(&path, &what, &old.ext, &new.ext, &new.source);
        match (old.kind, new.kind) {
            (TypeKind::Object, TypeKind::Object) => self.object(old, new),
            (TypeKind::Enum, TypeKind::Enum) => self.values(old, new),
            (was, is) => {
                let target = |types: &super::Types<'_>, one: &CustomizedType| {
                    one.shape.as_ref().map(|shape| types.of(shape))
                };
                let (old_target, new_target) =
                    (target(&self.old_types, old), target(&self.new_types, new));
                if was != is || old_target != new_target {
                    let message = format!(
                        "{what} is now {} instead of {}",
                        kind(is, new_target),
                        kind(was, old_target)
                    );
                    self.add_change(Rule::TypeKind, &path, message, now(&new.source));
                }
            }
        }
    }

    fn object(&mut self, old: &'a CustomizedType, new: &'a CustomizedType) {
        let (path, what) = (path_of(new), display_name(new));
        let sent = old.in_request && new.in_request;
        if !sent && (can_be_made(old) || can_be_made(new)) && old.in_request != new.in_request {
            let (rule, message) = if new.in_request {
                (Rule::TypeSent, format!("{what} now has `new` and setters"))
            } else {
                let message =
                    format!("{what} is no longer sent, so it has no `new` and no setters");
                (Rule::TypeNotSent, message)
            };
            self.add_change(rule, &path, message, now(&new.source));
        }
        let members =
            |one: &'a CustomizedType| -> Vec<&'a Property> { one.properties.iter().collect() };
        let holder = Holder {
            path: path.clone(),
            function: code(&format!("{}::new", new.ident)),
            setters: what.clone(),
            owner: what.clone(),
            computed: Vec::new(),
            sent,
            is_response: false,
        };
        self.properties(&holder, &members(old), &members(new));
        self.additional(old, new);
        let (rule, message) = match (old.from_text, new.from_text) {
            (true, false) => (
                Rule::ConversionLost,
                format!("{what} can no longer be created from text"),
            ),
            (false, true) => (
                Rule::ConversionGained,
                format!("{what} can now be created from text"),
            ),
            _ => return self.constructors(old, new),
        };
        self.add_change(rule, &path, message, now(&new.source));
        self.constructors(old, new);
    }

    /// Compares the types of additional fields (`additionalProperties`).
    fn additional(&mut self, old: &CustomizedType, new: &CustomizedType) {
        let of = |types: &super::Types<'_>, one: &CustomizedType| {
            one.additional.as_ref().map(|shape| types.of(shape))
        };
        let (was, is) = (of(&self.old_types, old), of(&self.new_types, new));
        let what = display_name(new);
        let (rule, message) = match (was, is) {
            (None, Some(is)) => {
                let message = format!("{what} has the new field `additional` of {}", code(&is));
                (Rule::FieldAdded, message)
            }
            (Some(_), None) => {
                let message = format!("{what} no longer has the field `additional`");
                (Rule::FieldRemoved, message)
            }
            (Some(was), Some(is)) if was != is => {
                let (was, is) = (code(&was), code(&is));
                let message = format!("`additional` of {what} now contains {is} instead of {was}");
                (Rule::FieldRetyped, message)
            }
            _ => return,
        };
        let path = format!("{} > additionalProperties", path_of(new));
        self.add_change(rule, path, message, now(&new.source));
    }

    fn constructors(&mut self, old: &CustomizedType, new: &CustomizedType) {
        let (before_all, after_all) = (constructors(old), constructors(new));
        let pairs = Pairing::new(&before_all, &after_all)
            .by(|one| Some(one.ident.as_str()))
            .pairs();
        let path = |one: &Constructor| format!("{} > {}", path_of(new), one.name);
        let method = |one: &Constructor| code(&format!("{}::{}", new.ident, one.ident));
        for (was, is) in &pairs.both {
            self.constructor((was, is), &path(is), &method(is), new);
        }
        for was in &pairs.removed {
            let message = format!("{} was removed", method(was));
            let place = before(&old.source);
            self.add_change(Rule::ConstructorRemoved, path(was), message, place);
        }
        for is in &pairs.added {
            let message = format!("{} is new", method(is));
            let place = now(&new.source);
            self.add_change(Rule::ConstructorAdded, path(is), message, place);
        }
    }

    /// Compares one constructor.
    fn constructor(
        &mut self,
        (was, is): (&Constructor, &Constructor),
        path: &str,
        method: &str,
        of: &CustomizedType,
    ) {
        let takes = |types: &super::Types<'_>, one: &Constructor| -> Vec<(String, String)> {
            let args = one.args.iter();
            args.map(|one| (one.name.clone(), types.argument(one).to_string()))
                .collect()
        };
        if takes(&self.old_types, was) != takes(&self.new_types, is) {
            let message = format!("the arguments of {method} changed");
            self.add_change(Rule::ConstructorArguments, path, message, now(&of.source));
        }
        let fixed = |one: &Constructor| -> Vec<(String, serde_json::Value)> {
            let fixed = one.fixed.iter();
            fixed
                .map(|one| (one.property.name.clone(), one.value.to_json()))
                .collect()
        };
        if fixed(was) != fixed(is) {
            let message = format!("{method} sets another value");
            self.add_change(Rule::ConstructorValue, path, message, now(&of.source));
        }
        let words = [&*was.description, &*is.description];
        self.words(path, method, &words[..1], &words[1..], &of.source);
    }

    fn values(&mut self, old: &CustomizedType, new: &CustomizedType) {
        let (before_all, after_all): (Vec<_>, Vec<_>) =
            (old.values.iter().collect(), new.values.iter().collect());
        let pairs = Pairing::new(&before_all, &after_all)
            .by(|one| Some(one.value.as_str()))
            .by(|one| Some(one.ident.as_str()))
            .pairs();
        let path = |one: &EnumValue| format!("{} > {}", path_of(new), one.value);
        let variant = |one: &EnumValue| code(&format!("types::{}::{}", new.ident, one.ident));
        for (was, is) in &pairs.both {
            let (path, variant) = (path(is), variant(is));
            if was.ident != is.ident {
                let message = format!("the value {} is now called {variant}", code(&was.ident));
                self.add_change(Rule::ValueRenamed, &path, message, now(&is.source));
            }
            if was.value != is.value {
                let (was, now_sent) = (code(&was.value), code(&is.value));
                let message = format!("{variant} is now sent as {now_sent} instead of {was}");
                self.add_change(Rule::ValueText, &path, message, now(&is.source));
            }
            let words = [&*was.description, &*is.description];
            self.words(&path, &variant, &words[..1], &words[1..], &is.source);
        }
        for was in &pairs.removed {
            let message = format!("{} was removed", variant(was));
            self.add_change(Rule::ValueRemoved, path(was), message, before(&was.source));
        }
        for is in &pairs.added {
            let message = format!("{} is new", variant(is));
            self.add_change(Rule::ValueAdded, path(is), message, now(&is.source));
        }
    }
}

fn path_of(one: &CustomizedType) -> String {
    format!("types > {}", one.name)
}

fn display_name(one: &CustomizedType) -> String {
    code(&format!("types::{}", one.ident))
}

fn kind(kind: TypeKind, target: Option<String>) -> String {
    match (kind, target) {
        (TypeKind::Object, _) => "a struct".to_owned(),
        (TypeKind::Enum, _) => "an enum".to_owned(),
        (TypeKind::Alias, Some(target)) => code(&target),
        (TypeKind::Alias, None) => "an alias".to_owned(),
    }
}

/// Returns the shapes of paired properties.
fn shapes_of<'a>(old: &[&'a Property], new: &[&'a Property]) -> Vec<(&'a Shape, &'a Shape)> {
    let pairs = properties::pair(old, new);
    let shapes = pairs.both.iter().map(|(was, is)| (&was.shape, &is.shape));
    shapes.collect()
}

/// Returns the named type in a shape, within any number of lists and maps.
fn named(shape: &Shape) -> Option<&str> {
    let mut shape = shape;
    loop {
        shape = match shape {
            Shape::List { item } => item,
            Shape::Map { value } => value,
            Shape::Named { name, .. } => return Some(name),
            _ => return None,
        };
    }
}
