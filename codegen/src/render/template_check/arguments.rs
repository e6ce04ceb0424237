//! Finds unknown arguments of filters, functions, tests and components, most of which Tera ignores.

use std::collections::{BTreeSet, HashMap};

use super::lexer::{Tag, Token};
use super::tag_syntax::{component_name, is_component};
use super::{Unknown, nearest};
use crate::spelling::did_you_mean;

/// Arguments of filters: those of this crate, followed by those of Tera.
pub(super) const FILTERS: &[(&str, &[&str])] = &[
    ("camel", &[]),
    ("comment", &["prefix", "width"]),
    ("json", &["pretty"]),
    ("kebab", &[]),
    ("md", &[]),
    ("md_code", &[]),
    ("md_text", &[]),
    ("pascal", &[]),
    ("py_doc", &["indent", "hanging"]),
    ("py_str", &[]),
    ("rust_doc", &["indent", "inner"]),
    ("rust_ident", &[]),
    ("rust_str", &[]),
    ("shouty", &[]),
    ("snake", &[]),
    ("abs", &[]),
    ("capitalize", &[]),
    ("default", &["value", "boolean"]),
    ("escape", &[]),
    ("escape_html", &[]),
    ("escape_xml", &[]),
    ("first", &[]),
    ("float", &[]),
    ("get", &["key", "default"]),
    ("group_by", &["attribute"]),
    ("indent", &["width", "indentation", "first", "blank"]),
    ("int", &["base"]),
    ("join", &["sep"]),
    ("keys", &[]),
    ("last", &[]),
    ("length", &[]),
    ("lower", &[]),
    ("newlines_to_br", &[]),
    ("nth", &["n"]),
    ("pairs", &[]),
    ("pluralize", &["singular", "plural"]),
    ("replace", &["from", "to"]),
    ("reverse", &[]),
    ("round", &["method", "precision"]),
    ("safe", &[]),
    ("sort", &["attribute"]),
    ("split", &["pat"]),
    ("str", &[]),
    ("title", &[]),
    ("trim", &["pat"]),
    ("trim_end", &["pat"]),
    ("trim_start", &["pat"]),
    ("truncate", &["length", "end"]),
    ("unique", &[]),
    ("upper", &[]),
    ("values", &[]),
    ("wordcount", &[]),
];

/// Arguments of Tera's functions.
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("range", &["start", "end", "step_by"]),
    ("throw", &["message"]),
];

/// Arguments of Tera's tests.
const TESTS: &[(&str, &[&str])] = &[
    ("containing", &["pat"]),
    ("divisible_by", &["divisor"]),
    ("ending_with", &["pat"]),
    ("starting_with", &["pat"]),
];

/// Parameters of components by name. `None` if a component accepts any.
type Components<'t> = HashMap<String, Option<Vec<&'t str>>>;

/// Finds unknown arguments.
pub(super) fn check(all: &HashMap<&str, Vec<Tag<'_>>>, unknown: &mut BTreeSet<Unknown>) {
    let definitions = all.values().flatten().filter(|tag| is_definition(tag));
    let components: Components<'_> = definitions
        .map(|tag| (component_name(tag, 1), parameters(tag)))
        .collect();
    for (template, tags) in all {
        for tag in tags.iter().filter(|tag| !is_definition(tag)) {
            for at in 0..tag.words.len() {
                let call = call(tag, at).or_else(|| component_call(tag, at, &components));
                let Some(call) = call else { continue };
                for (at, name) in call.given {
                    if call.known.contains(&name) {
                        continue;
                    }
                    unknown.insert(Unknown {
                        template: (*template).to_owned(),
                        at: tag.words.get(at).map_or(tag.end, |word| word.at),
                        name: name.to_owned(),
                        message: message(&call.what, name, &call.known),
                        help: "correct the name, or remove the argument, which has no effect",
                    });
                }
            }
        }
    }
}

fn message(what: &str, name: &str, known: &[&str]) -> String {
    let meant = nearest(name, known.iter().copied());
    let meant = meant.map_or_else(String::new, did_you_mean);
    let known = match known {
        [] => " (it has none)".to_owned(),
        known => format!(" (there are: {})", known.join(", ")),
    };
    format!("{what} has no argument `{name}`{meant}{known}")
}

/// A call in a tag.
struct Call<'t> {
    what: String,
    known: Vec<&'t str>,
    /// Names of arguments, each with its index in the tag.
    given: Vec<(usize, &'t str)>,
}

fn is_definition(tag: &Tag<'_>) -> bool {
    tag.is_statement && tag.name(0) == Some("component")
}

/// Returns the call of the filter, function or test whose name is at an index.
fn call<'t>(tag: &Tag<'t>, at: usize) -> Option<Call<'t>> {
    let token = |at: usize| tag.words.get(at).map(|word| word.token);
    let name = tag.name(at)?;
    if token(at + 1) != Some(Token::Mark("(")) {
        return None;
    }
    let before = |back: usize| at.checked_sub(back).and_then(token);
    let is_statement_filter = tag.is_statement && at == 1 && tag.name(0) == Some("filter");
    let (kind, all) = match (before(1), before(2)) {
        (Some(Token::Mark("|")), _) => ("filter", FILTERS),
        _ if is_statement_filter => ("filter", FILTERS),
        (Some(Token::Name("is")), _) | (Some(Token::Name("not")), Some(Token::Name("is"))) => {
            ("test", TESTS)
        }
        (Some(Token::Mark("." | "?.")), _) => return None,
        _ => ("function", FUNCTIONS),
    };
    // Tera itself reports unknown filters, functions and tests.
    let (_, known) = all.iter().find(|(known, _)| *known == name)?;
    Some(Call {
        what: format!("the {kind} `{name}`"),
        known: known.to_vec(),
        given: arguments(tag, at + 2, 1),
    })
}

/// Returns the names before `=` from an index on, up to the closing bracket.
fn arguments<'t>(tag: &Tag<'t>, from: usize, around: usize) -> Vec<(usize, &'t str)> {
    let mut depth = around;
    let mut given = Vec::new();
    for (at, word) in tag.words.iter().enumerate().skip(from) {
        match word.token {
            Token::Mark("(" | "[" | "{") => depth += 1,
            Token::Mark(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Mark("/>" | ">") if depth == 0 && around == 0 => break,
            Token::Name(name)
                if depth == around
                    && tag.words.get(at + 1).map(|word| word.token) == Some(Token::Mark("=")) =>
            {
                given.push((at, name));
            }
            _ => {}
        }
        if depth < around {
            break;
        }
    }
    given
}

fn component_call<'t>(tag: &Tag<'t>, at: usize, components: &Components<'t>) -> Option<Call<'t>> {
    if !is_component(tag, at) {
        return None;
    }
    let name = component_name(tag, at);
    let known = components.get(&name)?.as_ref()?;
    Some(Call {
        what: format!("the component `{name}`"),
        known: known.clone(),
        given: arguments(tag, at + 1, 0),
    })
}

/// Returns the parameters of a component, or `None` if it accepts any.
fn parameters<'t>(tag: &Tag<'t>) -> Option<Vec<&'t str>> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut begins = false;
    for word in &tag.words {
        match word.token {
            Token::Mark("...") => return None,
            Token::Mark("(" | "[" | "{") => {
                depth += 1;
                begins = depth == 1;
                continue;
            }
            Token::Mark(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Mark(",") if depth == 1 => {
                begins = true;
                continue;
            }
            Token::Name(name) if begins => found.push(name),
            _ => {}
        }
        begins = false;
    }
    Some(found)
}
