//! Python: literals and docstrings.

use super::text::{ends_line, is_hidden, wrap};

/// The columns that a line has by PEP 8, less the quotes that stand on a docstring's first one.
const WIDTH: usize = 79 - 3;

/// A Python string literal, quotes included.
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

/// What stands between the quotes of a docstring: wrapped, and unable to end it. Every line but the
/// first is indented; `hanging` is what those of a paragraph get besides, as a field's do.
pub(crate) fn py_doc(text: &str, indent: usize, hanging: usize) -> String {
    let (margin, hanging) = (" ".repeat(indent), " ".repeat(hanging));
    let width = WIDTH.saturating_sub(indent).max(40);
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().split(ends_line) {
        let clean: String = line.chars().filter(|c| !is_hidden(*c)).collect();
        if clean.trim().is_empty() {
            // Two empty lines in a row are one.
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

/// Backslashes and quotes, which mean something even in a docstring.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
