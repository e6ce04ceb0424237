//! Comments and JSON, and characters that no output may contain.

use crate::diagnostic::changes_direction;

/// Returns whether some language treats the character as a line end.
pub(super) fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Returns whether the character is invisible but changes how text is displayed.
pub(super) fn is_hidden(c: char) -> bool {
    (c.is_control() && !ends_line(c) && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}')
        || changes_direction(c)
}

/// Sequences that end a comment in some language or are interpreted in comments, with their
/// replacement. Java reads `\u000a` as a line end.
const ESCAPES: &[(&str, &str)] = &[
    ("*/", "* /"),
    ("-->", "-- >"),
    ("?>", "? >"),
    ("\\u", "\\ u"),
];

/// Returns comment lines with a prefix. The text cannot end the comment. Wraps the lines if a width
/// is given.
pub(crate) fn comment(text: &str, prefix: &str, width: Option<usize>) -> String {
    let clean: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    let clean = ESCAPES
        .iter()
        .fold(clean, |text, (from, to)| text.replace(from, to));
    let room = width.map(|width| width.saturating_sub(prefix.chars().count() + 1));
    let lines = clean.trim().split(ends_line).flat_map(|line| match room {
        Some(room) => wrap(line, room, ""),
        None => vec![line.trim().to_owned()],
    });
    let lines: Vec<String> = lines
        .map(|line| match prefix {
            "" => line,
            prefix => format!("{prefix} {line}").trim_end().to_owned(),
        })
        // In C, a backslash at the end continues the comment on the next line.
        .map(|line| {
            if line.ends_with('\\') {
                line + "."
            } else {
                line
            }
        })
        .collect();
    lines.join("\n")
}

/// Serializes a value to JSON. Strings are valid literals in other languages as well, so this
/// escapes characters that end lines, are invisible, or are invalid in their literals.
///
/// # Errors
///
/// Returns an error if the value cannot be represented in JSON.
pub(crate) fn json<T: serde::Serialize>(value: &T, pretty: bool) -> serde_json::Result<String> {
    let text = if pretty {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    };
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        // Line feeds only occur between values.
        if c != '\n' && (ends_line(c) || is_hidden(c)) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

/// Wraps words to at least one line. Further lines begin with `hanging`. A word that is longer than
/// a line is not split.
pub(super) fn wrap(text: &str, width: usize, hanging: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if !is_empty && !fits {
            lines.push(std::mem::replace(&mut line, hanging.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}
