//! Finds blocks that are not closed, and closing tags without a block.

use super::lexer::{Tag, Token, whole};
use super::tag_syntax::component_name;

/// A tag whose partner is missing.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Unbalanced {
    /// Byte offset of the tag: a closing tag, or an opening tag that is never closed.
    pub(in super::super) at: usize,
    /// The tag that is still open there, with its byte offset.
    pub(in super::super) open: Option<(String, usize)>,
    /// Description of the problem.
    pub(in super::super) message: String,
}

/// An open block.
struct Open<'t> {
    /// Tag that closes the block.
    closing: String,
    /// The opening tag in messages.
    shown: String,
    tag: &'t Tag<'t>,
}

/// Finds the first tag that does not close the open block, or that is never closed.
pub(in super::super) fn unbalanced(text: &str) -> Option<Unbalanced> {
    let (tags, is_whole) = whole(text);
    let mut open: Vec<Open<'_>> = Vec::new();
    for tag in &tags {
        if let Some((closing, shown)) = opening(tag) {
            open.push(Open {
                closing,
                shown,
                tag,
            });
            continue;
        }
        let Some(word) = closing(tag) else { continue };
        let at = at(tag);
        let is_branch = matches!(word.as_str(), "else" | "elif");
        let fits = open.last().is_some_and(|open| match word.as_str() {
            "elif" => open.closing == "endif",
            "else" => matches!(open.closing.as_str(), "endif" | "endfor"),
            word => open.closing == word,
        });
        match (fits, open.last()) {
            (true, _) if is_branch => {}
            (true, _) => drop(open.pop()),
            (false, None) => {
                return Some(Unbalanced {
                    at,
                    open: None,
                    message: format!("`{word}` without an open block"),
                });
            }
            (false, Some(last)) => {
                return Some(Unbalanced {
                    at,
                    open: Some((last.shown.clone(), self::at(last.tag))),
                    message: format!("found `{word}`, expected `{}`", last.closing),
                });
            }
        }
    }
    let last = open.pop().filter(|_| is_whole)?;
    Some(Unbalanced {
        at: at(last.tag),
        open: None,
        message: format!("`{}` has no `{}`", last.shown, last.closing),
    })
}

fn at(tag: &Tag<'_>) -> usize {
    tag.words.first().map_or(tag.end, |word| word.at)
}

/// Returns the closing tag of the block that a tag opens, and the tag in messages.
fn opening(tag: &Tag<'_>) -> Option<(String, String)> {
    if !tag.is_statement {
        return None;
    }
    let mark = |at: usize| match tag.words.get(at).map(|word| word.token) {
        Some(Token::Mark(mark)) => Some(mark),
        _ => None,
    };
    if mark(0) == Some("<") && tag.words.last().map(|word| word.token) == Some(Token::Mark(">")) {
        let name = component_name(tag, 1);
        return Some((format!("</{name}>"), format!("<{name}>")));
    }
    let name = tag.name(0)?;
    let shown = match (name, tag.name(1)) {
        ("block" | "component" | "set" | "set_global" | "filter", Some(other)) => {
            format!("{name} {other}")
        }
        _ => name.to_owned(),
    };
    let closing = match name {
        "if" | "for" | "block" | "component" | "filter" => format!("end{name}"),
        "set" | "set_global" if !tag.words.iter().any(|word| word.token == Token::Mark("=")) => {
            "endset".to_owned()
        }
        _ => return None,
    };
    Some((closing, shown))
}

/// Returns the name of a tag that closes a block or starts another part of it.
fn closing(tag: &Tag<'_>) -> Option<String> {
    if !tag.is_statement {
        return None;
    }
    if tag.words.first().map(|word| word.token) == Some(Token::Mark("</")) {
        return Some(format!("</{}>", component_name(tag, 1)));
    }
    let name = tag.name(0)?;
    let is_closing = matches!(
        name,
        "endif" | "endfor" | "endblock" | "endcomponent" | "endfilter" | "endset" | "else" | "elif"
    );
    is_closing.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_block_is_found() {
        for (text, at, open, message) in [
            (
                "{% for a in b %}{% if c %}x{% endfor %}",
                30,
                Some("if"),
                "found `endfor`, expected `endif`",
            ),
            (
                "{% if a %}{% for b in c %}x{% endif %}",
                30,
                Some("for"),
                "expected `endfor`",
            ),
            (
                "{% block a %}{% if c %}{% endblock %}",
                26,
                Some("if"),
                "expected `endif`",
            ),
            (
                "{% set a %}{% if b %}{% endset %}{% endif %}",
                24,
                Some("if"),
                "expected `endif`",
            ),
            (
                "{% <c> %}{% if b %}{% </c> %}",
                22,
                Some("if"),
                "expected `endif`",
            ),
            (
                "{% for a in b %}{% elif c %}{% endfor %}",
                19,
                Some("for"),
                "expected `endfor`",
            ),
            ("x{% endif %}", 4, None, "without an open block"),
            ("x{% else %}", 4, None, "without an open block"),
            ("{% if a %}x", 3, None, "`if` has no `endif`"),
            ("{% component c(a) %}x", 3, None, "`component c` has no `"),
            ("{% set a %}x", 3, None, "`set a` has no `endset`"),
        ] {
            let found = unbalanced(text).expect(text);
            assert_eq!(found.at, at, "{text}");
            assert_eq!(
                found.open.as_ref().map(|(shown, _)| shown.as_str()),
                open,
                "{text}"
            );
            assert!(found.message.contains(message), "{text}: {}", found.message);
        }
        for text in [
            "{% if a %}{% elif b %}{% else %}{% endif %}{% for a in b %}{% else %}{% endfor %}",
            "{% set a = 1 %}{% set b %}x{% endset %}{% filter upper %}x{% endfilter %}",
            "{% raw %}{% if %}{% endraw %}{% <c a={1}> %}x{% </c> %}{{ <c /> }}{% <c /> %}",
            // Tera reports this error with the right place.
            "{% if a %}{{ b",
        ] {
            assert_eq!(unbalanced(text), None, "{text}");
        }
    }
}
