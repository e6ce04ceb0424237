//! Which templates stand in for others, and which nobody asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Tag, Token, nearest, tags};
use super::{RenderError, Texts};

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

/// A chain of templates that is too long to follow. Circles are left to Tera, which names them.
pub(super) fn too_deep(texts: &Texts<'_>, all: &BTreeMap<&str, &str>) -> Option<RenderError> {
    let uses: BTreeMap<&str, Uses> = all
        .iter()
        .map(|(name, text)| (*name, Uses::of(text)))
        .collect();
    // The longest way to each template, found by going one step further in each round.
    let mut depths: BTreeMap<&str, usize> = all.keys().map(|name| (*name, 0)).collect();
    for round in 1..=all.len() {
        let mut grew = false;
        for (name, uses) in &uses {
            let depth = depths.get(name).copied().unwrap_or_default();
            for other in &uses.templates {
                if let Some(known) = depths.get_mut(other.as_str())
                    && *known <= depth
                    && depth < round
                {
                    *known = depth + 1;
                    grew = true;
                }
            }
        }
        let deepest = depths.iter().find(|(_, depth)| **depth > DEPTH);
        if let Some((name, _)) = deepest {
            return Some(RenderError::deep(name, DEPTH, texts));
        }
        if !grew {
            break;
        }
    }
    None
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
