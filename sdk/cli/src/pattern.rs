//! Patterns in operands, such as `qs://bucket/logs/*.gz`.

use anyhow::Result;
use globset::{GlobBuilder, GlobMatcher};

use crate::exit::usage;
use crate::messages;

/// Characters that make a path a pattern.
const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

/// A pattern for keys or paths with `/` between folders.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    matcher: GlobMatcher,
    /// The pattern up to its first wildcard: every match starts with it.
    prefix: String,
}

impl Pattern {
    /// Parses a pattern. Returns `None` if the text contains no wildcard.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the pattern is invalid.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>> {
        match text.find(WILDCARDS) {
            None => Ok(None),
            Some(start) => {
                // A backslash before the wildcard belongs to it.
                let prefix = text.get(..start).unwrap_or_default();
                let prefix = prefix.split('\\').next().unwrap_or_default().to_owned();
                Ok(Some(Self {
                    matcher: matcher(text)?,
                    prefix,
                }))
            }
        }
    }

    /// Returns whether a key or path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }

    /// Returns the text with which every match starts.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the folder that contains all matches: empty, or with a `/` at the end.
    pub(crate) fn folder(&self) -> &str {
        let end = self.prefix.rfind('/').map_or(0, |slash| slash + 1);
        self.prefix.get(..end).unwrap_or_default()
    }
}

/// Compiles a pattern in which `*` and `?` match within one folder.
///
/// # Errors
///
/// Returns a usage error if the pattern is invalid.
pub(crate) fn matcher(text: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    match glob {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err(usage(messages::invalid_pattern(text, error.kind()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_folder() {
        let pattern = Pattern::parse("logs/2026-*/a?.{gz,txt}").unwrap().unwrap();
        assert_eq!(
            (pattern.prefix(), pattern.folder()),
            ("logs/2026-", "logs/")
        );
        assert!(pattern.matches("logs/2026-01/a1.gz"));
        assert!(!pattern.matches("logs/2026-01/b/a1.gz"));
        let everything = Pattern::parse("**/*.log").unwrap().unwrap();
        assert!(everything.matches("a.log") && everything.matches("a/b/c.log"));
        assert!(Pattern::parse("plain/key").unwrap().is_none());
        assert!(Pattern::parse("a[").is_err());
    }

    #[test]
    fn a_backslash_makes_a_wildcard_literal() {
        let pattern = Pattern::parse(r"a\*b*").unwrap().unwrap();
        assert_eq!(pattern.prefix(), "a");
        assert!(pattern.matches("a*bc") && !pattern.matches("axbc"));
    }
}
