//! Patterns in which `*` matches any text.

/// Returns whether `pattern` matches all of `text`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    matches_literals(pattern.split('*'), text)
}

/// Returns whether `text` consists of the literals of a pattern, with any text between them. Reads
/// every character at most once per literal, so that no pattern is slow.
pub(crate) fn matches_literals<'l>(
    mut literals: impl DoubleEndedIterator<Item = &'l str>,
    text: &str,
) -> bool {
    let Some(first) = literals.next() else {
        return false;
    };
    let Some(last) = literals.next_back() else {
        return text == first;
    };
    let inner = text
        .strip_prefix(first)
        .and_then(|text| text.strip_suffix(last));
    let Some(mut inner) = inner else {
        return false;
    };
    // The earliest match leaves the most text for the next literals.
    for literal in literals {
        let Some((_, behind)) = inner.split_once(literal) else {
            return false;
        };
        inner = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_match_any_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "anything/at all", true),
            ("**", "a", true),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("*c", "abcd", false),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("a*bc*d", "abbcxd", true),
            ("a*bc*bc*d", "abcd", false),
            ("http://*.qingcloud.com", "http://www.qingcloud.com", true),
            ("http://*.qingcloud.com", "https://www.qingcloud.com", false),
            ("http://*.qingcloud.com", "http://qingcloud.com", false),
            ("\u{4e2d}*", "\u{4e2d}\u{6587}", true),
            ("a?c", "abc", false),
            ("A*", "abc", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn hostile_patterns_are_fast() {
        let text = "a".repeat(400_000);
        assert!(!matches(&format!("*{}b*", "a".repeat(10_000)), &text));
        assert!(matches(&"*a".repeat(100_000), &text));
    }
}
