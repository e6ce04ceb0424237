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

/// Lines of comments: each begins with the prefix, and none can end the comment. With a width, longer
/// lines are broken between words.
pub fn comment(text: &str, prefix: &str, width: Option<usize>) -> String {
    let clean: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    let clean = clean.replace("*/", "* /").replace("-->", "-- >");
    let room = width.map(|width| width.saturating_sub(prefix.chars().count() + 1));
    let mut lines = Vec::new();
    for line in clean.trim().split(ends_line) {
        for part in broken(line.trim(), room.unwrap_or(usize::MAX)) {
            lines.push(format!("{prefix} {part}").trim_end().to_owned());
        }
    }
    lines.join("\n")
}

/// A line in pieces of at most so many characters; a longer word stands alone.
fn broken(line: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while rest.chars().count() > room {
        let fits = rest.char_indices().take_while(|(_, c)| !c.is_whitespace());
        let first = fits.last().map_or(0, |(at, c)| at + c.len_utf8());
        let within = rest
            .char_indices()
            .take(room + 1)
            .filter(|(_, c)| c.is_whitespace());
        let at = within.last().map_or(first, |(at, _)| at);
        let Some((piece, after)) = rest
            .split_at_checked(at)
            .filter(|(piece, _)| !piece.is_empty())
        else {
            break;
        };
        pieces.push(piece.trim_end());
        rest = after.trim_start();
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest);
    }
    pieces
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
