//! Syntax of tags: components, and names that tags define.

use super::lexer::{Tag, Token};

/// Words of expressions that are not variables.
pub(super) const KEYWORDS: &[&str] = &[
    "and", "or", "not", "in", "is", "if", "else", "elif", "for", "true", "True", "false", "False",
    "none", "None", "null", "loop", "self", "body",
];

/// Returns whether the name at an index is that of a component call: `<name` without a value before
/// it.
pub(super) fn is_component(tag: &Tag<'_>, at: usize) -> bool {
    let token = |back: usize| {
        at.checked_sub(back)
            .and_then(|at| tag.words.get(at))
            .map(|word| word.token)
    };
    let is_name = matches!(
        tag.words.get(at).map(|word| word.token),
        Some(Token::Name(_))
    );
    let after_value = match token(2) {
        None => false,
        Some(Token::Name(name)) => !KEYWORDS.contains(&name),
        Some(Token::Mark(mark)) => matches!(mark, ")" | "]" | "}"),
        Some(Token::Text(_) | Token::Number) => true,
    };
    is_name && token(1) == Some(Token::Mark("<")) && !after_value
}

/// Returns the name of a component, which can contain dots.
pub(in super::super) fn component_name(tag: &Tag<'_>, at: usize) -> String {
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

/// Returns the names that comprehensions in an expression define, each with the index of its
/// `for`.
pub(super) fn bound_names<'t>(tag: &Tag<'t>, from: usize) -> Vec<(usize, &'t str)> {
    let mut bound = Vec::new();
    for at in from..tag.words.len() {
        if tag.name(at) == Some("for") {
            let value = tag.name(at + 3).filter(|_| tag.name(at + 2) != Some("in"));
            bound.extend(tag.name(at + 1).map(|name| (at, name)));
            bound.extend(value.map(|name| (at, name)));
        }
    }
    bound
}

/// Returns the names in `is defined` and the like, which may be undefined.
pub(super) fn asked_names(tag: &Tag<'_>) -> Vec<String> {
    let token = |at: usize| tag.words.get(at).map(|word| word.token);
    let asks = |at: usize| match (token(at + 1), token(at + 2), token(at + 3)) {
        (Some(Token::Mark("|")), Some(Token::Name("default")), _) => true,
        (Some(Token::Name("is")), Some(Token::Name("not")), Some(Token::Name(test)))
        | (Some(Token::Name("is")), Some(Token::Name(test)), _) => {
            matches!(test, "defined" | "undefined")
        }
        _ => false,
    };
    let is_field = |at: usize| at.checked_sub(1).and_then(token) == Some(Token::Mark("."));
    let asked = (0..tag.words.len()).filter(|at| asks(*at) && !is_field(*at));
    asked
        .filter_map(|at| tag.name(at).map(str::to_owned))
        .collect()
}
