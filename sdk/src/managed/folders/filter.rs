//! [`Filter`]: which paths belong to a transfer.

use std::fmt;
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use crate::base::error::{Error, Result};

type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Globs and a predicate that select paths. Paths are relative, with `/` between folders; folders
/// end in `/`.
#[derive(Clone, Default)]
pub(super) struct Filter {
    rules: Vec<Rule>,
    predicate: Option<Predicate>,
}

#[derive(Clone)]
struct Rule {
    includes: bool,
    /// Whether a folder that matches has only paths that match.
    is_subtree: bool,
    /// One of them has to match.
    patterns: Vec<Pattern>,
}

/// `*` and `?` stay within a folder, and match names that start with a dot.
const MATCH_OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Largest number of patterns without alternatives that one glob stands for.
const MAX_ALTERNATIVES: usize = 1000;

impl Filter {
    /// Adds a glob that overrides the previous ones.
    pub(super) fn add(&mut self, includes: bool, glob: &str) -> Result<()> {
        let pattern = match glob.ends_with('/') {
            true => format!("{glob}**"),
            false => glob.to_owned(),
        };
        let invalid = |why: &str| Error::invalid_input(format!("invalid glob `{glob}`: {why}"));
        let alternatives = expand(&pattern).map_err(invalid)?;
        let patterns = alternatives.iter().map(|pattern| Pattern::new(pattern));
        let patterns: Result<Vec<_>, _> = patterns.collect();
        self.rules.push(Rule {
            includes,
            is_subtree: pattern == "**" || pattern.ends_with("/**"),
            patterns: patterns.map_err(|error| invalid(error.msg).with_source(error))?,
        });
        Ok(())
    }

    pub(super) fn set_predicate(&mut self, predicate: Predicate) {
        self.predicate = Some(predicate);
    }

    /// Returns whether a path belongs to the transfer.
    pub(super) fn includes(&self, path: &str) -> bool {
        let by_glob = match self.last_match(path) {
            Some((_, rule)) => rule.includes,
            None => self.includes_by_default(),
        };
        by_glob
            && self
                .predicate
                .as_ref()
                .is_none_or(|predicate| predicate(path))
    }

    /// Returns whether no path below `folder`, which ends in `/`, can belong to the transfer, so that
    /// the folder need not be read.
    pub(super) fn excludes_all_below(&self, folder: &str) -> bool {
        let Some((index, rule)) = self.last_match(folder) else {
            return false;
        };
        let mut later = self.rules.iter().skip(index + 1);
        !rule.includes && rule.is_subtree && !later.any(|rule| rule.includes)
    }

    fn includes_by_default(&self) -> bool {
        self.rules.first().is_none_or(|rule| !rule.includes)
    }

    fn last_match(&self, path: &str) -> Option<(usize, &Rule)> {
        let mut rules = self.rules.iter().enumerate().rev();
        rules.find(|(_, rule)| rule.matches(path))
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.matches_with(path, MATCH_OPTIONS))
    }
}

/// Returns the patterns that a glob with alternatives, such as `{a,b{c,d}}`, stands for. Braces in
/// brackets are plain characters.
fn expand(glob: &str) -> Result<Vec<String>, &'static str> {
    let mut done = Vec::new();
    let mut waiting = vec![glob.to_owned()];
    while let Some(glob) = waiting.pop() {
        let Some(group) = first_group(&glob)? else {
            done.push(glob);
            continue;
        };
        for alternative in group.alternatives.iter().rev() {
            waiting.push(format!("{}{alternative}{}", group.before, group.after));
        }
        if waiting.len() + done.len() > MAX_ALTERNATIVES {
            return Err("it has too many alternatives");
        }
    }
    Ok(done)
}

/// The first alternatives of a glob, and the text around them.
struct Group<'a> {
    before: &'a str,
    alternatives: Vec<&'a str>,
    after: &'a str,
}

fn first_group(glob: &str) -> Result<Option<Group<'_>>, &'static str> {
    let mut depth = 0_u32;
    let (mut open, mut start) = (0, 0);
    let mut alternatives = Vec::new();
    let mut characters = glob.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            // A bracket right after the opening one, or after `[!`, does not close it.
            '[' => {
                let inside = glob.get(index + 1..).unwrap_or_default();
                let negation = usize::from(inside.starts_with('!'));
                let first = inside.chars().nth(negation).map_or(0, char::len_utf8);
                let from = negation + first;
                let end = inside.get(from..).and_then(|rest| rest.find(']'));
                let Some(end) = end else {
                    return Err("a bracket is not closed");
                };
                let close = index + 1 + from + end;
                while characters.offset() <= close && characters.next().is_some() {}
            }
            '{' => {
                if depth == 0 {
                    (open, start) = (index, index + 1);
                }
                depth += 1;
            }
            ',' if depth == 1 => {
                alternatives.extend(glob.get(start..index));
                start = index + 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    alternatives.extend(glob.get(start..index));
                    return Ok(Some(Group {
                        before: glob.get(..open).unwrap_or_default(),
                        alternatives,
                        after: glob.get(index + 1..).unwrap_or_default(),
                    }));
                }
            }
            '}' => return Err("a brace is not opened"),
            _ => {}
        }
    }
    match depth {
        0 => Ok(None),
        _ => Err("a brace is not closed"),
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self
            .rules
            .iter()
            .map(|rule| (rule.includes, &rule.patterns));
        f.debug_list().entries(rules).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(rules: &[(bool, &str)]) -> Filter {
        let mut filter = Filter::default();
        for (includes, glob) in rules {
            filter.add(*includes, glob).unwrap();
        }
        filter
    }

    #[test]
    fn stars_stay_within_a_folder_and_double_stars_cross() {
        for (glob, path, expected) in [
            ("*.log", "a.log", true),
            ("*.log", "d/a.log", false),
            ("**/*.log", "a.log", true),
            ("**/*.log", "d/e/a.log", true),
            ("d/*", "d/a", true),
            ("d/*", "d/e/a", false),
            ("d/**", "d/e/a", true),
            ("d/**", "d/", true),
            ("d/", "d/e/a", true),
            ("d/", "d/", true),
            ("d/", "d", false),
            ("d/", "da/a", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("?", "中", true),
            ("a[bc]", "ac", true),
            ("a[!bc]", "ac", false),
            ("a[!bc]", "a/", false),
            ("{a,b}/c", "b/c", true),
            ("{a,b{c,d}}.{x,y}", "bd.y", true),
            ("{a,b{c,d}}.{x,y}", "b.y", false),
            ("a{,b}", "a", true),
            ("[{,}]{a,[,]}", "{,", true),
            ("[]{]", "{", true),
            ("[!]{]", "a", true),
            ("{[{],中?}", "中文", true),
            (r"a\b", r"a\b", true),
            ("**/a?/**", "x/y/a中/z", true),
            ("[*]", "*", true),
            ("**", "a/b", true),
            ("*", "a/b", false),
            ("*", ".hidden", true),
            ("", "a", false),
        ] {
            let filter = filter(&[(true, glob)]);
            assert_eq!(filter.includes(path), expected, "{glob} {path}");
        }
        for glob in ["[", "{a", "a}", "a**", "[]", "[!]", &"{a,b}".repeat(12)] {
            assert!(Filter::default().add(true, glob).is_err(), "{glob}");
        }
    }

    #[test]
    fn the_last_matching_glob_decides() {
        let logs = filter(&[(false, "**/*.log"), (true, "**/important.log")]);
        for (path, expected) in [("a", true), ("d/a.log", false), ("d/important.log", true)] {
            assert_eq!(logs.includes(path), expected, "{path}");
        }
        let only = filter(&[(true, "**/*.jpg"), (false, "drafts/")]);
        for (path, expected) in [("a.jpg", true), ("a.txt", false), ("drafts/a.jpg", false)] {
            assert_eq!(only.includes(path), expected, "{path}");
        }
        let mut none = Filter::default();
        assert!(none.includes("a/b"));
        none.set_predicate(Arc::new(|path| path.starts_with("a/")));
        assert!(none.includes("a/b") && !none.includes("b"));
    }

    #[test]
    fn only_folders_without_included_paths_are_not_read() {
        let target = filter(&[(false, "target/")]);
        assert!(target.excludes_all_below("target/"));
        assert!(target.excludes_all_below("target/debug/"));
        assert!(!target.excludes_all_below("src/"));
        let mut rules = target;
        rules.add(true, "target/keep").unwrap();
        assert!(!rules.excludes_all_below("target/"));
        assert!(!filter(&[(false, "**/*")]).excludes_all_below("a/"));
        assert!(!filter(&[(true, "a")]).excludes_all_below("b/"));
    }
}
