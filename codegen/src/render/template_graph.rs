//! Graph of the templates that templates use: cycles, excessive depth, and unused templates.

use std::collections::{BTreeMap, BTreeSet};

use super::RenderError;
use super::template_check::{Token, component_name, nearest, tags};
use super::template_sources::TemplateSources;
use crate::pack::Pack;

/// Maximum depth of included or extended templates, which keeps the recursion within the stack.
const DEPTH: usize = 40;

/// References of a template to others, and the components that it defines.
#[derive(Default)]
pub(super) struct TemplateRefs {
    templates: BTreeSet<String>,
    components: BTreeSet<String>,
    defines: BTreeSet<String>,
}

impl TemplateRefs {
    fn of(text: &str) -> Self {
        let mut uses = Self::default();
        for tag in tags(text) {
            match (tag.name(0).filter(|_| tag.is_statement), tag.words.get(1)) {
                (Some("include" | "extends"), Some(word)) => {
                    if let Token::Text(name) = word.token {
                        uses.templates.insert(name.to_owned());
                    }
                }
                (Some("component"), Some(_)) => drop(uses.defines.insert(component_name(&tag, 1))),
                _ => {
                    // Any name after `<`, which includes all component calls.
                    let behind = |at: usize| at.checked_sub(1).and_then(|at| tag.words.get(at));
                    let calls = (0..tag.words.len()).filter(|at| {
                        behind(*at).is_some_and(|word| word.token == Token::Mark("<"))
                    });
                    uses.components
                        .extend(calls.map(|at| component_name(&tag, at)));
                }
            }
        }
        uses
    }
}

/// References of all templates, by name.
pub(super) type TemplateGraph<'t> = BTreeMap<&'t str, TemplateRefs>;

pub(super) fn of_all<'t>(all: &BTreeMap<&'t str, &str>) -> TemplateGraph<'t> {
    let texts = all.iter();
    texts
        .map(|(name, text)| (*name, TemplateRefs::of(text)))
        .collect()
}

/// Returns an error for cycles and for chains that are too deep.
pub(super) fn check_cycles_and_depth(
    texts: &TemplateSources<'_>,
    uses: &TemplateGraph<'_>,
) -> Result<(), RenderError> {
    let known = |one: &TemplateRefs| -> Vec<&str> {
        let names = one.templates.iter();
        names
            .filter_map(|name| Some(*uses.get_key_value(name.as_str())?.0))
            .collect()
    };
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, one) in uses {
        known(one)
            .into_iter()
            .for_each(|other| users.entry(other).or_default().push(name));
    }
    // Process templates after all of their users. Those that are never ready are part of a cycle,
    // or below one.
    let mut waiting: BTreeMap<&str, usize> = uses
        .keys()
        .map(|name| (*name, users.get(name).map_or(0, Vec::len)))
        .collect();
    let mut ready: Vec<(&str, usize)> = Vec::new();
    ready.extend(
        waiting
            .iter()
            .filter(|(_, users)| **users == 0)
            .map(|(name, _)| (*name, 0)),
    );
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    while let Some((name, depth)) = ready.pop() {
        waiting.remove(name);
        if depth > DEPTH {
            return Err(RenderError::deep(name, DEPTH, texts));
        }
        for other in uses.get(name).map(known).unwrap_or_default() {
            let deepest = depths.entry(other).or_default();
            *deepest = (*deepest).max(depth + 1);
            if let Some(users) = waiting.get_mut(other) {
                *users -= 1;
                if *users == 0 {
                    ready.push((other, *deepest));
                }
            }
        }
    }
    match waiting.keys().next() {
        None => Ok(()),
        Some(first) => {
            let way = circle(first, |name| {
                let mut users = users.get(name).into_iter().flatten();
                users.find(|user| waiting.contains_key(*user)).copied()
            });
            Err(RenderError::circle(&way, texts))
        }
    }
}

/// Returns the cycle that uses a template, or that it is part of. Follows users up until one
/// repeats. The first name is repeated at the end.
fn circle<'t>(first: &'t str, user: impl Fn(&str) -> Option<&'t str>) -> Vec<&'t str> {
    let mut name = first;
    let mut way = Vec::new();
    while !way.contains(&name) {
        way.push(name);
        name = user(name).unwrap_or(name);
    }
    way.push(name);
    way.reverse();
    let start = way
        .iter()
        .skip(1)
        .position(|other| *other == name)
        .map_or(way.len(), |at| at + 2);
    way.truncate(start);
    way
}

/// Returns the templates that nothing renders, includes or extends, and whose components nothing
/// uses.
pub(super) fn unused<'p>(pack: &'p Pack, uses: &TemplateGraph<'_>) -> Vec<&'p str> {
    let is_rendered = |name: &str| {
        let mut rules = pack.manifest.files.iter();
        rules.any(|rule| rule.template == name)
    };
    let is_used = |name: &str| {
        let own = uses.get(name).map(|uses| &uses.defines);
        uses.iter().any(|(other, uses)| {
            let gives = || own.is_some_and(|own| !own.is_disjoint(&uses.components));
            *other != name && (uses.templates.contains(name) || gives())
        })
    };
    let names = pack.templates.keys().map(String::as_str);
    names
        .filter(|name| !is_rendered(name) && !is_used(name))
        .collect()
}

/// Returns an error for a template of an overriding folder that replaces none and that nothing
/// uses.
pub(super) fn check_unused_additions(pack: &Pack, unused: &[&str]) -> Result<(), RenderError> {
    let is_added = |name: &str| pack.templates.get(name).is_some_and(|one| one.added);
    let Some(name) = unused.iter().find(|name| is_added(name)) else {
        return Ok(());
    };
    let own = pack.templates.keys().map(String::as_str);
    let own: Vec<&str> = own.filter(|name| !is_added(name)).collect();
    let meant = nearest(name, own.iter().copied());
    Err(RenderError::unused(name, meant, &own, pack))
}
