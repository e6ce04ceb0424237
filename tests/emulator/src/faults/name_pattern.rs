//! Patterns of names.

use std::fmt;

use crate::base::wildcard;

/// A pattern. A star matches any number of characters; a backslash escapes the next character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamePattern {
    /// The literals between the stars. There is one more literal than there are stars.
    literals: Vec<String>,
}

impl NamePattern {
    pub(super) fn parse(pattern: &str) -> Self {
        let mut literals = Vec::new();
        let mut literal = String::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                '*' => literals.push(std::mem::take(&mut literal)),
                // A backslash at the end is a literal.
                '\\' => literal.push(characters.next().unwrap_or('\\')),
                other => literal.push(other),
            }
        }
        literals.push(literal);
        Self { literals }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        wildcard::matches_literals(self.literals.iter().map(String::as_str), name)
    }
}

/// The pattern as part of a rule, with escaped commas.
impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, literal) in self.literals.iter().enumerate() {
            if index > 0 {
                f.write_str("*")?;
            }
            for character in literal.chars() {
                if matches!(character, '*' | '\\' | ',') {
                    f.write_str("\\")?;
                }
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_text() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "A", false),
            ("*", "", true),
            ("*", "a/b", true),
            ("logs/*", "logs/", true),
            ("logs/*", "logs/a/b", true),
            ("logs/*", "log", false),
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt.gz", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axc", false),
            ("*b*b*", "abcb", true),
            ("*b*b*", "abc", false),
            ("**", "a", true),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"a\,b", "a,b", true),
            (r"a\\", r"a\", true),
            (r"a\", r"a\", true),
            ("\u{4e2d}*", "\u{4e2d}\u{6587}", true),
        ] {
            let glob = NamePattern::parse(pattern);
            assert_eq!(glob.matches(name), expected, "{pattern} and {name}");
            assert_eq!(NamePattern::parse(&glob.to_string()), glob);
        }
    }
}
