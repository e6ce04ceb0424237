//! Filters for Markdown.

use super::text::{ends_line, is_hidden};

/// Escapes text within a line of Markdown, including table cells.
pub(crate) fn md(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(text.trim(), &mut escaped);
    escaped
}

fn escape(text: &str, escaped: &mut String) {
    for c in text.chars() {
        match c {
            c if ends_line(c) || c == '\t' => escaped.push(' '),
            c if is_hidden(c) => {}
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '~'
            | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
}

/// Formats text as code within a line of Markdown, including table cells.
pub(crate) fn md_code(text: &str) -> String {
    let clean: String = text
        .chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| if ends_line(c) { ' ' } else { c })
        .collect();
    // The delimiter must be longer than any sequence of backquotes in the text.
    let longest = clean
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if clean.starts_with('`') || clean.ends_with('`') || clean.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{}{pad}{fence}", clean.replace('|', "\\|"))
}

/// Escapes text within a line of Markdown, including table cells, but keeps code in backquotes.
pub(crate) fn md_text(text: &str) -> String {
    let pieces: Vec<&str> = text.trim().split('`').collect();
    let last = pieces.len() - 1;
    let mut line = String::with_capacity(text.len());
    for (index, piece) in pieces.iter().enumerate() {
        if index % 2 == 0 {
            escape(piece, &mut line);
        } else if index < last && !piece.is_empty() {
            line.push_str(&md_code(piece));
        } else {
            // A lone backquote, or an empty pair, is not code.
            line.push_str("\\`");
            escape(piece, &mut line);
            if index < last {
                line.push_str("\\`");
            }
        }
    }
    line
}
