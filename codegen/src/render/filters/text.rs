//! Python and plain comments.

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

/// Lines of comments: each begins with the prefix, and none can end the comment.
pub fn comment(text: &str, prefix: &str) -> String {
    let clean: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    let clean = clean.replace("*/", "* /").replace("-->", "-- >");
    let lines = clean.trim().split(ends_line);
    let lines: Vec<String> = lines
        .map(|line| format!("{prefix} {}", line.trim()).trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// A Python string literal, quotes included.
pub fn py_str(text: &str) -> String {
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
