//! Which templates use which: in circles, too deep, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::RenderError;
use super::names::{Tag, Token, nearest, tags};
use super::texts::Texts;

/// Templates that include or extend others: deeper than this is a mistake, and would exhaust the stack.
const DEPTH: usize = 40;

/// What a template needs of others, and gives to them.
#[derive(Default)]
struct Uses {
    templates: BTreeSet<String>,
    components: BTreeSet<String>,
    defines: BTreeSet<String>,
}

impl Uses {
    fn of(text: &str) -> Self {
        let mut uses = Self::default();
        for tag in tags(text) {
            match (tag.name(0).filter(|_| tag.is_statement), tag.words.get(1)) {
                (Some("include" | "extends"), Some(word)) => {
                    if let Token::Text(name) = word.token {
                        uses.templates.insert(name.to_owned());
                    }
                }
                (Some("component"), Some(_)) => drop(uses.defines.insert(dotted(&tag, 1))),
                _ => {
                    // More than the components that are called: any name behind a `<`.
                    let behind = |at: usize| at.checked_sub(1).and_then(|at| tag.words.get(at));
                    let calls = (0..tag.words.len()).filter(|at| {
                        behind(*at).is_some_and(|word| word.token == Token::Mark("<"))
                    });
                    uses.components.extend(calls.map(|at| dotted(&tag, at)));
                }
            }
        }
        uses
    }
}

/// A name that may hold dots.
fn dotted(tag: &Tag<'_>, at: usize) -> String {
    let mut name = tag.name(at).unwrap_or_default().to_owned();
    let mut at = at + 1;
    while let (Some(Token::Mark(".")), Some(part)) =
        (tag.words.get(at).map(|word| word.token), tag.name(at + 1))
    {
        name = format!("{name}.{part}");
        at += 2;
    }
    name
}

/// Refuses circles of templates, and chains that are too long to follow.
pub(super) fn refuse_endless(
    texts: &Texts<'_>,
    all: &BTreeMap<&str, &str>,
) -> Result<(), RenderError> {
    let uses: BTreeMap<&str, Uses> = all
        .iter()
        .map(|(name, text)| (*name, Uses::of(text)))
        .collect();
    let known = |uses: &Uses| -> Vec<&str> {
        let names = uses.templates.iter();
        names
            .filter_map(|name| Some(*all.get_key_value(name.as_str())?.0))
            .collect()
    };
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, uses) in &uses {
        known(uses)
            .into_iter()
            .for_each(|other| users.entry(other).or_default().push(name));
    }
    // From those that nobody uses downwards; what is never reached so is in a circle, or below one.
    let mut waiting: BTreeMap<&str, usize> = all
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
    let Some(mut name) = waiting.keys().next().copied() else {
        return Ok(());
    };
    // Whoever waits has a user that waits: going up must come back to where it was.
    let mut way = Vec::new();
    while !way.contains(&name) {
        way.push(name);
        let waits = users
            .get(name)
            .into_iter()
            .flatten()
            .find(|user| waiting.contains_key(*user));
        name = waits.copied().unwrap_or(name);
    }
    way.push(name);
    way.reverse();
    let start = way
        .iter()
        .skip(1)
        .position(|other| *other == name)
        .map_or(way.len(), |at| at + 2);
    way.truncate(start);
    Err(RenderError::circle(&way, texts))
}

/// Refuses templates of overriding folders that take no other's place and that nothing uses.
pub(super) fn refuse_unused_additions(
    texts: &Texts<'_>,
    all: &BTreeMap<&str, &str>,
) -> Result<(), RenderError> {
    let pack = texts.pack;
    let added = || pack.templates.iter().filter(|(_, template)| template.added);
    if added().next().is_none() {
        return Ok(());
    }
    let uses: BTreeMap<&str, Uses> = all
        .iter()
        .map(|(name, text)| (*name, Uses::of(text)))
        .collect();
    for (name, _) in added() {
        let own = uses.get(name.as_str()).map(|uses| &uses.defines);
        let others = || uses.iter().filter(|(other, _)| **other != name.as_str());
        let is_used = others().any(|(_, uses)| {
            uses.templates.contains(name)
                || own.is_some_and(|own| own.iter().any(|part| uses.components.contains(part)))
        });
        let has_rule = pack
            .manifest
            .files
            .iter()
            .any(|rule| rule.template == *name);
        if !is_used && !has_rule {
            let own: Vec<&str> = pack
                .templates
                .iter()
                .filter(|(_, template)| !template.added)
                .map(|(name, _)| name.as_str())
                .collect();
            let meant = nearest(name, own.iter().copied());
            return Err(RenderError::unused(name, meant, &own, pack));
        }
    }
    Ok(())
}
