//! Patterns in operands, such as `qs://bucket/logs/*.gz`.

use anyhow::Result;
use globset::{GlobBuilder, GlobMatcher};

use crate::exit::usage;
use crate::messages;
use crate::messages::reasons::pattern_reason;

/// Characters that make a path a pattern.
const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

/// A pattern for keys or paths with `/` between folders.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    matcher: GlobMatcher,
    /// The pattern up to its first wildcard: every match starts with it.
    prefix: String,
    /// Whether a folder that matches includes everything below it.
    recursive: bool,
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
                    text: text.to_owned(),
                    matcher: match compiled(text) {
                        Ok(matcher) => matcher,
                        Err(error) => {
                            return Err(usage(messages::invalid_pattern_of_path(
                                text,
                                pattern_reason(error.kind()),
                            )));
                        }
                    },
                    prefix,
                    recursive: false,
                }))
            }
        }
    }

    /// Sets whether a folder that matches includes everything below it.
    pub(crate) fn recursive(mut self, recursive: bool) -> Self {
        self.recursive = recursive;
        self
    }

    /// Returns whether a key or path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let is_match = |path: Option<&str>| path.is_some_and(|path| self.matcher.is_match(path));
        let mut folders = path.match_indices('/').map(|(end, _)| end);
        is_match(Some(path))
            || self.recursive
                && folders.any(|end| is_match(path.get(..end)) || is_match(path.get(..=end)))
    }

    /// Returns whether a folder, which ends in `/`, matches.
    pub(crate) fn matches_folder(&self, folder: &str) -> bool {
        // `a/*` also matches `a/`, but means what is in the folder.
        self.matcher.is_match(folder.trim_end_matches('/'))
            || self.text.ends_with('/') && self.matcher.is_match(folder)
    }

    /// Returns whether all matches are in [`folder`](Self::folder), and not in folders below it. May be
    /// wrong only with `false`.
    pub(crate) fn stays_in_folder(&self) -> bool {
        let below = self.below_folder();
        let name = below.strip_suffix('/').unwrap_or(below);
        // A list of characters can contain `/`.
        !self.recursive && !name.contains(['/', '[']) && !name.contains("**")
    }

    /// Returns the pattern below [`folder`](Self::folder).
    pub(crate) fn below_folder(&self) -> &str {
        self.text.get(self.folder().len()..).unwrap_or_default()
    }

    /// Returns whether a key or path below a folder can match. May be wrong only with `true`.
    pub(crate) fn can_match_below(&self, folder: &str) -> bool {
        let mut names = self.text.split('/');
        for folder in folder.trim_end_matches('/').split('/') {
            match names.next() {
                // A folder that the pattern may match contains this one.
                None => return self.recursive,
                Some("**") => return true,
                // A part of alternatives is not a pattern.
                Some(name) if name.contains(['{', '}']) => return true,
                Some(name) => match matcher(name) {
                    Ok(matcher) if !matcher.is_match(folder) => return false,
                    Ok(_) => {}
                    Err(_) => return true,
                },
            }
        }
        self.recursive || names.next().is_some_and(|name| !name.is_empty())
    }

    /// Returns the pattern as it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
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
    compiled(text).map_err(|error| {
        usage(messages::invalid_pattern(
            text,
            pattern_reason(error.kind()),
        ))
    })
}

fn compiled(text: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    glob.map(|glob| glob.compile_matcher())
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
    fn a_folder_that_matches_includes_everything_below_it_on_demand() {
        for text in ["a/lo*", "a/lo*/"] {
            let pattern = Pattern::parse(text).unwrap().unwrap();
            assert!(!pattern.matches("a/logs/2026/x"), "{text}");
            let pattern = pattern.recursive(true);
            for path in ["a/logs/x", "a/logs/2026/x", "a/logs/"] {
                assert!(pattern.matches(path), "{text} {path}");
            }
            for path in ["a/other/lo", "b/logs/x", "a/x"] {
                assert!(!pattern.matches(path), "{text} {path}");
            }
        }
    }

    #[test]
    fn folders_that_a_pattern_cannot_reach_are_known() {
        for (text, folder, expected) in [
            ("p/*.txt", "p/archive/", false),
            ("p/*", "p/archive/", false),
            ("p/*", "p/", true),
            ("p/*/", "p/archive/", false),
            ("p/*/*.txt", "p/archive/", true),
            ("p/*/*.txt", "p/a/b/", false),
            ("p/**", "p/archive/", true),
            ("p/**/*.txt", "p/a/b/", true),
            ("p/{a,b/c}*", "p/x/", true),
            ("q/*", "p/", false),
        ] {
            let pattern = Pattern::parse(text).unwrap().unwrap();
            assert_eq!(pattern.can_match_below(folder), expected, "{text} {folder}");
        }
        let recursive = Pattern::parse("p/a*").unwrap().unwrap().recursive(true);
        assert!(recursive.can_match_below("p/archive/x/"));
        assert!(!recursive.can_match_below("p/other/"));
        assert_eq!(recursive.below_folder(), "a*");
    }

    #[test]
    fn patterns_for_one_folder_are_known() {
        for (text, expected) in [
            ("p/a*", true),
            ("p/*/", true),
            ("p/{a,b}?", true),
            ("p/*/x", false),
            ("p/**", false),
            ("p/{a,b/c}", false),
            ("p/x[!a]y", false),
        ] {
            let pattern = Pattern::parse(text).unwrap().unwrap();
            assert_eq!(pattern.stays_in_folder(), expected, "{text}");
            assert!(!pattern.recursive(true).stays_in_folder(), "{text}");
        }
        let pattern = Pattern::parse("p/a*").unwrap().unwrap();
        assert!(pattern.matches_folder("p/ab/") && !pattern.matches_folder("p/ab/c/"));
    }

    #[test]
    fn a_backslash_makes_a_wildcard_literal() {
        let pattern = Pattern::parse(r"a\*b*").unwrap().unwrap();
        assert_eq!(pattern.prefix(), "a");
        assert!(pattern.matches("a*bc") && !pattern.matches("axbc"));
    }
}
