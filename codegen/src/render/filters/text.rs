//! Comments, and the characters that no text should smuggle in.

/// Characters that end a line somewhere.
pub(super) fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Characters that change what a reader sees without being seen.
pub(super) fn is_hidden(c: char) -> bool {
    (c.is_control() && !ends_line(c) && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// What ends a comment somewhere, or is read as code even in one, and how it is written instead:
/// C, HTML, PHP, and Java, which reads `\u000a` as the end of the line.
const ESCAPES: &[(&str, &str)] = &[
    ("*/", "* /"),
    ("-->", "-- >"),
    ("?>", "? >"),
    ("\\u", "\\ u"),
];

/// Lines of comments: each begins with the prefix, and none can end the comment. With a width, they
/// are wrapped to end before it.
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
        // In C, a line that ends so goes on in the next one.
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

/// A value as JSON. Text in it is a literal of other languages, too, so what ends a line there, or
/// what their compilers refuse or readers don't see, is escaped.
///
/// # Errors
///
/// The value can't be JSON.
pub(crate) fn json<T: serde::Serialize>(value: &T, pretty: bool) -> serde_json::Result<String> {
    let text = if pretty {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    };
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        // The only line feeds are those between the values.
        if c != '\n' && (ends_line(c) || is_hidden(c)) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

/// Breaks words into lines, at least one; those after the first begin with `hanging`. A word that
/// is longer than a line stays whole.
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
