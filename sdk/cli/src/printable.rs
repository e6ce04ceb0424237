//! Texts without control characters: [`printable`] for messages, [`printable_name`] for names.

/// Returns a text whose control characters cannot change the terminal or break a line.
pub(crate) fn printable(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let escaped = text.chars().map(|c| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    escaped.collect()
}

/// Returns a name, such as an address or a path, for a line that people read. A name with control
/// characters is quoted so that no other name has the same text, and so that a shell reads it as the
/// name: `$'a\nb'`.
pub(crate) fn printable_name(name: &str) -> String {
    const QUOTE: &str = "$'";
    if !name.contains(char::is_control) && !name.starts_with(QUOTE) {
        return name.to_owned();
    }
    let quoted = name.chars().map(|c| match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\\' | '\'' => format!("\\{c}"),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("{QUOTE}{}'", quoted.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\n\u{1b}[2Jé"), "a\\n\\u{1b}[2Jé");
    }

    #[test]
    fn names_are_unambiguous() {
        for (name, expected) in [
            (r"a\nb", r"a\nb"),
            ("a\nb", r"$'a\nb'"),
            ("a\\n\nb", r"$'a\\n\nb'"),
            ("$'a\\nb'", r"$'$\'a\\nb\''"),
            ("\u{1b}[2J\u{85}é\t", r"$'\x1b[2J\u0085é\t'"),
        ] {
            assert_eq!(printable_name(name), expected);
        }
    }
}
