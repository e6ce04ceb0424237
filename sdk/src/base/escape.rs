//! [`EscapeControls`]: prints untrusted text safely.

use std::fmt;

/// Displays text on one line and in its own order. Escapes control characters, line separators, and
/// characters that reorder or hide the surrounding text (bidirectional controls such as U+202E,
/// invisible operators, tags).
///
/// Every `Display` in this crate that shows keys, messages, headers or paths uses it.
pub(crate) struct EscapeControls<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for EscapeControls<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        write!(EscapingWriter(f), "{}", self.0)
    }
}

struct EscapingWriter<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for EscapingWriter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, unsafe_char)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            let (plain, from) = rest.split_at(at);
            self.0.write_str(plain)?;
            write!(self.0, "{}", escaped(unsafe_char))?;
            rest = from.strip_prefix(unsafe_char).unwrap_or_default();
        }
        self.0.write_str(rest)
    }
}

fn escaped(character: char) -> String {
    match character {
        '\n' | '\r' | '\t' => character.escape_default().to_string(),
        _ => character.escape_unicode().to_string(),
    }
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_characters_that_break_lines_or_reorder_text() {
        for (text, shown) in [
            ("a\r\n\tb", "a\\r\\n\\tb"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("gpj.\u{202e}cod", "gpj.\\u{202e}cod"),
            (
                "\u{2066}\u{2069}\u{200f}\u{61c}",
                "\\u{2066}\\u{2069}\\u{200f}\\u{61c}",
            ),
            ("\u{2028}\u{85}\u{9b}", "\\u{2028}\\u{85}\\u{9b}"),
            ("\u{e0041}\u{feff}", "\\u{e0041}\\u{feff}"),
        ] {
            assert_eq!(EscapeControls(text).to_string(), shown);
        }
    }

    #[test]
    fn does_not_change_other_text() {
        for text in [
            "",
            "中文 照片.jpg",
            "שלום",
            "e\u{301}",
            "👩\u{200d}👧",
            "a\\nb 'c' \"d\"",
        ] {
            assert_eq!(EscapeControls(text).to_string(), text);
        }
    }
}
