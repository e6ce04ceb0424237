//! Completes the types after all of them are known: cycles, type names, constructors.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Lowerer, NamedItem};
use crate::diagnostic::Diagnostic;
use crate::document;
use crate::model::type_graph::{contained_types, cycles, reachable};
use crate::model::{
    Constructor, CustomizedType, Fixed, Imports, Property, Resource, Shape, TypeKind,
};
use crate::naming::{Role, Scope};
use crate::source::{Node, Value};

impl Lowerer<'_> {
    pub(super) fn finish_types(&mut self) -> Vec<CustomizedType> {
        let mut types: Vec<_> = std::mem::take(&mut self.types).into_values().collect();
        let names: HashMap<String, usize> = types
            .iter()
            .enumerate()
            .map(|(index, one)| (one.name.clone(), index))
            .collect();
        self.check_aliases(&types, &names);
        mark_recursive(&mut types, &names);
        self.mark_directions(&mut types, &names);
        for one in &mut types {
            self.finish(one);
        }
        self.add_constructors(&mut types, &names);
        types
    }

    /// Reports aliases that only refer to each other in a cycle.
    fn check_aliases(&mut self, types: &[CustomizedType], names: &HashMap<String, usize>) {
        let is_alias = |one: &CustomizedType| one.kind == TypeKind::Alias;
        let mut edges = edges(types, names, false);
        for (one, edges) in types.iter().zip(&mut edges) {
            let keep = is_alias(one);
            edges.retain(|other| keep && types.get(*other).is_some_and(is_alias));
        }
        let mut found: Vec<_> = cycles(&edges).into_keys().collect();
        found.sort_unstable();
        for one in found.into_iter().filter_map(|index| types.get(index)) {
            if let Some(definition) = self.document.definitions.get(&one.name) {
                let message = format!("`{}` is an alias of itself", one.name);
                self.problems.push(
                    Diagnostic::error("ref-circular", definition.key, message)
                        .with_help("put a property of an object into the cycle"),
                );
            }
        }
    }

    fn mark_directions(&self, types: &mut [CustomizedType], names: &HashMap<String, usize>) {
        let edges = edges(types, names, false);
        let reach = |used: &[String]| {
            let start = used.iter().filter_map(|name| names.get(name)).copied();
            reachable(&edges, start.collect())
        };
        let [requests, responses] = &self.used;
        let both = reach(requests).into_iter().zip(reach(responses));
        for (one, (in_request, in_response)) in types.iter_mut().zip(both) {
            one.in_request = in_request;
            one.in_response = in_response;
        }
    }

    fn finish(&self, one: &mut CustomizedType) {
        for property in &mut one.properties {
            property.type_name = self.language.type_name(&property.shape);
            // Cycles are only known after all types are lowered.
            let holds_itself = matches!(
                property.shape,
                Shape::Named {
                    recursive: true,
                    ..
                }
            );
            if one.in_request {
                property.always_set = self.is_always_set_in_request(property);
            }
            property.always_set |= holds_itself && self.language.is_always_set("recursive");
            property.set_encoding();
            property.field_type = self
                .language
                .field_type(&property.type_name, property.always_set);
            property.item_type = self.language.item_type(&property.shape);
        }
        one.from_text = one.in_request
            && one.kind == TypeKind::Object
            && matches!(&one.properties[..], [only] if only.required && only.shape == Shape::Text);
        one.uses = Imports::of_type(&one.properties, one.shape.iter().chain(&one.additional));
        one.type_name = one
            .shape
            .as_ref()
            .map(|shape| self.language.type_name(shape));
        one.additional_type = one
            .additional
            .as_ref()
            .map(|shape| self.language.type_name(shape));
    }

    fn add_constructors(&mut self, types: &mut [CustomizedType], names: &HashMap<String, usize>) {
        let pending = std::mem::take(&mut self.pending);
        let mut made = Vec::new();
        for (index, one) in types.iter().enumerate() {
            let Some(constructors) = pending.get(&one.name) else {
                continue;
            };
            let mut scope = Scope::default();
            let constructors = constructors.iter().filter_map(|constructor| {
                self.constructor(constructor, one, types, names, &mut scope)
            });
            made.push((index, constructors.collect()));
        }
        for (index, constructors) in made {
            if let Some(one) = types.get_mut(index) {
                one.constructors = constructors;
            }
        }
    }

    fn constructor(
        &mut self,
        constructor: &document::Constructor,
        one: &CustomizedType,
        types: &[CustomizedType],
        names: &HashMap<String, usize>,
        scope: &mut Scope,
    ) -> Option<Constructor> {
        let property = |name: &str| one.properties.iter().find(|p| p.name == name).cloned();
        let mut fixed = Vec::new();
        for (name, value) in &constructor.fixed {
            let found = property(name).ok_or_else(|| name.clone());
            match found.and_then(|property| fixed_value(property, value, types, names)) {
                Ok(value) => fixed.push(value),
                Err(unknown) => {
                    self.constructor_problem(value.span, &one.name, &unknown);
                    return None;
                }
            }
        }
        let mut args: Vec<Property> = Vec::new();
        for (name, span) in &constructor.args {
            let is_set = constructor.fixed.contains_key(name)
                || args.iter().any(|property| property.name == *name);
            match property(name) {
                Some(_) if is_set => {
                    let message = format!("this constructor already sets `{name}`");
                    self.problems.push(
                        Diagnostic::error("constructor", *span, message)
                            .with_help("use each property once, in `args` or in `fixed`"),
                    );
                }
                Some(property) => args.push(property),
                None => self.constructor_problem(*span, &one.name, name),
            }
        }
        let naming = &self.language.naming;
        let ident = naming.ident(&constructor.name, Role::Method);
        let mut optional = one.properties.iter().filter(|property| !property.required);
        if naming.reserved_properties.contains(&ident) || optional.any(|p| p.ident == ident) {
            let message = format!(
                "the constructor `{}` has the name of another method",
                constructor.name
            );
            self.problems.push(
                Diagnostic::error("constructor", constructor.span, message).with_help("rename it"),
            );
        }
        let claimed = scope.claim([ident.clone()], constructor.span);
        let item = NamedItem::new(&constructor.name, constructor.span, "rename one of them");
        self.claimed(claimed, item)?;
        Some(Constructor {
            ident,
            name: constructor.name.clone(),
            description: constructor.description.clone(),
            fixed,
            args,
        })
    }

    fn constructor_problem(&mut self, span: crate::source::Span, one: &str, name: &str) {
        let message = format!("`x-constructors` names `{name}`, which `{one}` does not have");
        self.problems.push(
            Diagnostic::error("constructor", span, message)
                .with_help("use a property of the type, and a value that fits"),
        );
    }
}

/// Returns the fixed value of a property in a constructor, or the reason why it does not fit.
fn fixed_value(
    property: Property,
    value: &Node,
    types: &[CustomizedType],
    names: &HashMap<String, usize>,
) -> Result<Fixed, String> {
    let enumeration = enumeration(&property, types, names);
    let value_ident = enumeration.and_then(|enumeration| {
        let wanted = value.as_str()?;
        let mut values = enumeration.values.iter();
        let found = values.find(|known| known.value == wanted);
        found.map(|known| known.ident.clone())
    });
    let fits = enumeration.is_none() && fits(value, &property.shape);
    if value_ident.is_none() && !fits {
        return Err(value.as_str().unwrap_or(&property.name).to_owned());
    }
    let mut value = value.clone();
    // A whole number is not a literal of a floating-point type in every language.
    if let (Value::Number(number), Shape::Float { .. }) = (&value.value, &property.shape)
        && let Some(float) = number.as_f64().and_then(serde_json::Number::from_f64)
    {
        value.value = Value::Number(float);
    }
    Ok(Fixed {
        type_ident: enumeration.map(|enumeration| enumeration.ident.clone()),
        property,
        value,
        value_ident,
    })
}

/// Returns whether a value in the specification fits a shape.
fn fits(value: &Node, shape: &Shape) -> bool {
    match (&value.value, shape) {
        (Value::String(_), Shape::Text) | (Value::Bool(_), Shape::Bool) => true,
        (Value::Number(number), Shape::Int { bits, signed }) => {
            let (least, most): (i128, i128) = match (bits, signed) {
                (32, true) => (i32::MIN.into(), i32::MAX.into()),
                (32, false) => (0, u32::MAX.into()),
                (_, true) => (i64::MIN.into(), i64::MAX.into()),
                (_, false) => (0, u64::MAX.into()),
            };
            number
                .as_i128()
                .is_some_and(|number| (least..=most).contains(&number))
        }
        (Value::Number(number), Shape::Float { bits }) => {
            let most = if *bits == 32 {
                f32::MAX.into()
            } else {
                f64::MAX
            };
            number.as_f64().is_some_and(|number| number.abs() <= most)
        }
        _ => false,
    }
}

fn enumeration<'t>(
    property: &Property,
    types: &'t [CustomizedType],
    names: &HashMap<String, usize>,
) -> Option<&'t CustomizedType> {
    let Shape::Named {
        name,
        type_kind: TypeKind::Enum,
        ..
    } = &property.shape
    else {
        return None;
    };
    types.get(*names.get(name)?)
}

/// Returns the types that each type contains.
fn edges(
    types: &[CustomizedType],
    names: &HashMap<String, usize>,
    direct: bool,
) -> Vec<Vec<usize>> {
    types
        .iter()
        .map(|one| {
            let mut found = Vec::new();
            for shape in shapes(one) {
                contained_types(shape, direct, &mut found);
            }
            found
                .into_iter()
                .filter_map(|name| names.get(name).copied())
                .collect()
        })
        .collect()
}

fn shapes(one: &CustomizedType) -> impl Iterator<Item = &Shape> {
    let properties = one.properties.iter().map(|property| &property.shape);
    properties.chain(&one.shape).chain(&one.additional)
}

/// Sets the list of types of each operation. Returns the index of each type by identifier.
pub(super) fn set_types(
    resources: &mut [Resource],
    types: &[CustomizedType],
) -> IndexMap<String, usize> {
    let all = || types.iter().enumerate();
    let names = all().map(|(index, one)| (one.name.clone(), index));
    let edges = edges(types, &names.collect(), false);
    let index: IndexMap<_, _> = all()
        .map(|(index, one)| (one.ident.clone(), index))
        .collect();
    let operations = resources.iter_mut().flat_map(|one| &mut one.operations);
    // The operations are not shared yet.
    for operation in operations.filter_map(Arc::get_mut) {
        let direct = operation.uses.types.iter();
        let mut open: Vec<usize> = direct
            .filter_map(|ident| index.get(ident).copied())
            .collect();
        let mut reached = BTreeSet::new();
        while let Some(one) = open.pop() {
            if reached.insert(one) {
                open.extend(edges.get(one).into_iter().flatten());
            }
        }
        let reached = reached.into_iter().filter_map(|index| types.get(index));
        operation.types = reached.map(|one| one.ident.clone()).collect();
    }
    index
}

/// Marks references that form a cycle without a list or map in between.
fn mark_recursive(types: &mut [CustomizedType], names: &HashMap<String, usize>) {
    let cycles = cycles(&edges(types, names, true));
    for (index, one) in types.iter_mut().enumerate() {
        let Some(own) = cycles.get(&index) else {
            continue;
        };
        let properties = one
            .properties
            .iter_mut()
            .map(|property| &mut property.shape);
        for shape in properties.chain(&mut one.shape) {
            if let Shape::Named {
                name, recursive, ..
            } = shape
            {
                let other = names.get(name).and_then(|other| cycles.get(other));
                *recursive = other == Some(own);
            }
        }
    }
}
