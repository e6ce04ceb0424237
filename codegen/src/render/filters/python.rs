//! Filters for Python: string literals and docstrings.

use super::text::{ends_line, is_hidden, wrap};

/// Line width of PEP 8, minus the quotes on the first line of a docstring.
const WIDTH: usize = 79 - 3;

/// Returns a Python string literal with quotes.
pub(crate) fn py_str(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            ' '..='~' => literal.push(c),
            _ => literal.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    literal.push('"');
    literal
}

/// Returns the contents of a docstring, wrapped and escaped. Indents all lines except the first.
/// `hanging` is the additional indentation of further lines of a paragraph, as in descriptions of
/// fields.
pub(crate) fn py_doc(text: &str, indent: usize, hanging: usize) -> String {
    let (margin, hanging) = (" ".repeat(indent), " ".repeat(hanging));
    let width = WIDTH.saturating_sub(indent).max(40);
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().split(ends_line) {
        let clean: String = line.chars().filter(|c| !is_hidden(*c)).collect();
        if clean.trim().is_empty() {
            // Merge consecutive empty lines.
            if lines.last().is_some_and(|last| !last.is_empty()) {
                lines.push(String::new());
            }
            continue;
        }
        lines.extend(wrap(&escape(&clean), width, &hanging));
    }
    let mut lines = lines.iter().enumerate().map(|(index, line)| match index {
        0 => line.clone(),
        _ => format!("{margin}{line}").trim_end().to_owned(),
    });
    let mut doc = lines.next().unwrap_or_default();
    for line in lines {
        doc.push('\n');
        doc.push_str(&line);
    }
    doc
}

/// Escapes backslashes and quotes.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
