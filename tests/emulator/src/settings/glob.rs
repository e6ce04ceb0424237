//! Patterns in which `*` stands for any text.

/// Whether `pattern` covers all of `text`. Every character is looked at once per piece between two
/// stars, so no pattern is slow.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = text
        .strip_prefix(first)
        .and_then(|text| text.strip_suffix(last));
    let Some(mut inner) = inner else {
        return false;
    };
    for piece in middle.split('*') {
        let Some((_, behind)) = inner.split_once(piece) else {
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
    fn stars_stand_for_any_text() {
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
