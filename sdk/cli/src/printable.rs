//! [`printable`]: texts without control characters.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\n\u{1b}[2Jé"), "a\\n\\u{1b}[2Jé");
    }
}
