//! Filters for Rust: doc comments, string literals and identifiers.

use super::text::{ends_line, is_hidden};
use crate::naming::{Naming, Role};

/// Keywords of all editions.
const KEYWORDS: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Line width of doc comments.
const WIDTH: usize = 100;

/// Returns a string literal with quotes.
pub(crate) fn rust_str(text: &str) -> String {
    format!("{text:?}")
}

/// Returns an identifier in snake case.
pub(crate) fn rust_ident(text: &str, acronyms: &[String]) -> String {
    let naming = Naming {
        acronyms: acronyms.to_vec(),
        keywords: KEYWORDS.iter().map(|word| (*word).to_owned()).collect(),
        ..Naming::default()
    };
    naming.ident(text, Role::Property)
}

/// Returns the wrapped lines of a doc comment (`///`, or `//!` if `inner` is set). Returns nothing
/// for an empty text.
///
/// The text is prose with code in single backquotes and with lists. All other Markdown is escaped,
/// because a bracket would become a broken link, and a fence or an indented line a test.
pub(crate) fn rust_doc(text: &str, indent: usize, inner: bool) -> String {
    let margin = " ".repeat(indent);
    let marker = if inner { "//!" } else { "///" };
    let width = WIDTH.saturating_sub(indent + marker.len() + 1).max(40);
    let mut lines: Vec<String> = Vec::new();
    let mut in_list = false;
    for line in text.trim().split(ends_line) {
        let clean = line.replace(is_hidden, "");
        let (bullet, rest) = split_bullet(clean.trim());
        if rest.is_empty() && bullet.is_empty() {
            // Merge consecutive empty lines.
            if lines.last().is_some_and(|last| !last.is_empty()) {
                lines.push(String::new());
            }
            in_list = false;
            continue;
        }
        if in_list && bullet.is_empty() {
            // An empty line separates the text from the last list item.
            lines.push(String::new());
        }
        in_list = !bullet.is_empty();
        wrap(bullet, &escape(rest), width, &mut lines);
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("{margin}{marker} {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Splits a line into the list marker with its space, and the text.
fn split_bullet(line: &str) -> (&str, &str) {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let length = match line.as_bytes().get(digits) {
        Some(b'.' | b')') if (1..=3).contains(&digits) => digits + 1,
        Some(b'-' | b'*' | b'+') if digits == 0 => 1,
        _ => return ("", line),
    };
    match line.split_at_checked(length) {
        Some((_, rest)) if rest.starts_with(' ') && !rest.trim().is_empty() => {
            (line.get(..=length).unwrap_or_default(), rest.trim_start())
        }
        _ => ("", line),
    }
}

/// Wraps words. Further lines are aligned with the text of the first.
fn wrap(bullet: &str, text: &str, width: usize, lines: &mut Vec<String>) {
    let hanging = " ".repeat(bullet.len());
    let mut line = bullet.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if !empty && !fits {
            lines.push(std::mem::replace(&mut line, hanging.clone()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        if empty {
            line.push_str(&defuse(word));
        } else {
            line.push_str(word);
        }
        empty = false;
    }
    lines.push(line);
}

/// Escapes a word that would start a list, a heading or a rule at the start of a line.
fn defuse(word: &str) -> String {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    if digits.len() < word.len() && (digits.starts_with('.') || digits.starts_with(')')) {
        let split = word.len() - digits.len();
        let (number, rest) = word.split_at_checked(split).unwrap_or((word, ""));
        return format!("{number}\\{rest}");
    }
    if word.starts_with(['-', '+', '*', '#', '=', '|', '>', '~']) {
        return format!("\\{word}");
    }
    word.to_owned()
}

/// Escapes Markdown except code in single backquotes, and links URLs.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = Some(rest).filter(|_| c == 'h').and_then(url_length) {
            let (url, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            escaped.push_str(&format!("<{url}>"));
            rest = after;
            continue;
        }
        if let Some(length) = code_length(rest) {
            let (code, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            escaped.push_str(code);
            rest = after;
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default().chars().next();
        if is_markup(escaped.chars().next_back(), c, after) {
            escaped.push('\\');
        }
        escaped.push(if c == '\t' { ' ' } else { c });
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    escaped
}

/// Returns whether Markdown interprets a character, given its neighbors.
fn is_markup(before: Option<char>, c: char, after: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '\\' | '`' | '[' | ']' | '<' | '*' => true,
        // Within a word, an underscore is literal.
        '_' => !(is_word(before) && is_word(after)),
        '&' => after.is_some_and(|after| after.is_alphanumeric() || after == '#'),
        '~' => before == Some('~') || after == Some('~'),
        _ => false,
    }
}

/// Returns the length of a URL at the start of the text.
fn url_length(text: &str) -> Option<usize> {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let stops = |c: char| c.is_whitespace() || c.is_control() || "<>\"`\\{}|^[]".contains(c);
    let end = text.find(stops).unwrap_or(text.len());
    let url = text
        .get(..end)?
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', '*', '_']);
    // A scheme alone is not a link.
    (url.len() > scheme.len()).then_some(url.len())
}

/// Returns the length of code in single backquotes at the start of the text.
fn code_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('`')?;
    let length = inner.find('`').filter(|length| *length > 0)?;
    let code = inner.get(..length)?;
    let after = inner.get(length + 1..)?;
    let is_code = !after.starts_with('`') && !code.trim().is_empty();
    is_code.then_some(length + 2)
}
