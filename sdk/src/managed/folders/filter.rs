//! [`PathFilter`]: globs that select paths; [`Filter`]: which paths belong to a transfer.

use std::fmt;
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use crate::base::error::{Error, Result};

/// Globs that select paths: those of [`FolderTransfer::include`](crate::FolderTransfer::include) and
/// [`FolderTransfer::exclude`](crate::FolderTransfer::exclude), for your own lists of files.
///
/// Paths are relative to the source, with `/` between folders. Paths of folders end in `/`. [The
/// guide](crate::guide::folders#globs) has the rules.
///
/// ```
/// # fn main() -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::PathFilter;
///
/// let filter = PathFilter::new().exclude("*.log")?.include("important.log")?;
/// assert!(filter.includes("a.txt"));
/// assert!(!filter.includes("logs/a.log"));
/// assert!(filter.includes("logs/important.log"));
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct PathFilter {
    rules: Vec<Rule>,
}

#[derive(Clone)]
struct Rule {
    includes: bool,
    /// One of them has to match.
    alternatives: Vec<Glob>,
}

/// A glob without alternatives in braces.
#[derive(Clone)]
struct Glob {
    /// Matched against a name, or against a path from the source on.
    pattern: Pattern,
    is_path: bool,
    only_folders: bool,
    /// The patterns of the names on the way to a path, up to a `**`. Empty for everything else.
    folders: Vec<Pattern>,
}

type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Globs and a predicate that select paths.
#[derive(Clone, Default)]
pub(super) struct Filter {
    globs: PathFilter,
    predicate: Option<Predicate>,
}

/// `*` and `?` stay within a folder, and match names that start with a dot.
const MATCH_OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Largest number of patterns without alternatives that one glob expands to.
const MAX_ALTERNATIVES: usize = 1000;

impl PathFilter {
    /// Creates a filter without globs, which includes every path.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Includes the paths that match a glob.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the glob is invalid.
    pub fn include(mut self, glob: &str) -> Result<Self> {
        self.add(true, glob)?;
        Ok(self)
    }

    /// Excludes the paths that match a glob.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the glob is invalid.
    pub fn exclude(mut self, glob: &str) -> Result<Self> {
        self.add(false, glob)?;
        Ok(self)
    }

    /// Returns whether a path is included.
    #[must_use]
    pub fn includes(&self, path: &str) -> bool {
        match self.last_match(path) {
            Some((_, rule)) => rule.includes,
            None => self.rules.first().is_none_or(|rule| !rule.includes),
        }
    }

    fn add(&mut self, includes: bool, glob: &str) -> Result<()> {
        let invalid = |why: &str| Error::invalid_input(format!("invalid glob `{glob}`: {why}"));
        let expanded = unescape(glob).and_then(|glob| expand(&glob));
        let alternatives = expanded.map_err(invalid)?;
        let alternatives = alternatives.iter().map(|text| {
            let glob = Glob::new(text);
            glob.map_err(|error| invalid(error.msg).with_source(error))
        });
        self.rules.push(Rule {
            includes,
            alternatives: alternatives.collect::<Result<_>>()?,
        });
        Ok(())
    }

    fn last_match(&self, path: &str) -> Option<(usize, &Rule)> {
        let mut rules = self.rules.iter().enumerate().rev();
        rules.find(|(_, rule)| rule.alternatives.iter().any(|glob| glob.matches(path)))
    }
}

impl Filter {
    /// Adds a glob that overrides the previous ones.
    pub(super) fn add(&mut self, includes: bool, glob: &str) -> Result<()> {
        self.globs.add(includes, glob)
    }

    pub(super) fn set_predicate(&mut self, predicate: Predicate) {
        self.predicate = Some(predicate);
    }

    /// Returns whether a path belongs to the transfer.
    pub(super) fn includes(&self, path: &str) -> bool {
        let mut predicate = self.predicate.iter();
        self.globs.includes(path) && predicate.all(|predicate| predicate(path))
    }

    /// Returns whether no path below `folder`, which ends in `/`, can belong to the transfer, so that
    /// the folder need not be read.
    pub(super) fn excludes_all_below(&self, folder: &str) -> bool {
        let rules = &self.globs.rules;
        let next = match self.globs.last_match(folder) {
            Some((_, rule)) if rule.includes => return false,
            Some((index, _)) => index + 1,
            None if rules.first().is_none_or(|rule| !rule.includes) => return false,
            None => 0,
        };
        let mut later = rules.iter().skip(next).filter(|rule| rule.includes);
        !later.any(|rule| {
            let mut globs = rule.alternatives.iter();
            globs.any(|glob| glob.can_match_below(folder))
        })
    }
}

impl Glob {
    fn new(text: &str) -> Result<Self, glob::PatternError> {
        let without_slash = text.strip_suffix('/');
        let body = without_slash.unwrap_or(text);
        let is_path = body.contains('/');
        let (body, only_folders) = match body.strip_suffix("/**") {
            // Everything.
            Some("" | "**") => ("**", without_slash.is_some()),
            // A folder includes everything in it.
            Some(folder) if without_slash.is_none() => (folder, true),
            _ => (body, without_slash.is_some()),
        };
        let body = body.strip_prefix('/').unwrap_or(body);
        let body = without_inner_double_stars(body);
        let mut folders = Vec::new();
        if is_path && body != "**" {
            let names = body.split('/').take_while(|name| *name != "**");
            // Brackets with a `/` are not names.
            let names: Result<Vec<_>, _> = names.map(Pattern::new).collect();
            folders = names.unwrap_or_default();
        }
        Ok(Self {
            pattern: Pattern::new(&body)?,
            is_path,
            only_folders,
            folders,
        })
    }

    /// Returns whether a path below `folder`, which ends in `/`, can match. May be wrong only with
    /// `true`.
    fn can_match_below(&self, folder: &str) -> bool {
        let names = folder.trim_end_matches('/').split('/');
        let mut pairs = self.folders.iter().zip(names);
        pairs.all(|(pattern, name)| pattern.matches_with(name, MATCH_OPTIONS))
    }

    /// Returns whether a path, or a folder that contains it, matches.
    fn matches(&self, path: &str) -> bool {
        let (whole, is_folder) = match path.strip_suffix('/') {
            Some(folder) => (folder, true),
            None => (path, false),
        };
        let mut start = 0;
        let folders = whole.match_indices('/').map(|(end, _)| (end, true));
        let mut parts = folders.chain([(whole.len(), is_folder)]);
        parts.any(|(end, is_folder)| {
            let from = if self.is_path { 0 } else { start };
            start = end + 1;
            let text = whole.get(from..end).unwrap_or_default();
            (is_folder || !self.only_folders) && self.pattern.matches_with(text, MATCH_OPTIONS)
        })
    }
}

/// Replaces escaped characters by brackets, which the patterns understand: `\*` by `[*]`. Brackets stay.
fn unescape(glob: &str) -> Result<String, &'static str> {
    let mut text = String::with_capacity(glob.len());
    let mut characters = glob.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped @ ('*' | '?' | '[' | ']' | '{' | '}' | ','))) => {
                    text.extend(['[', escaped, ']']);
                }
                Some((_, escaped)) => text.push(escaped),
                None => return Err("nothing follows the backslash"),
            },
            '[' => {
                let close = closing_bracket(glob, index).unwrap_or(index);
                let brackets = glob.get(index..=close).unwrap_or_default();
                if has_reversed_range(brackets) {
                    return Err("a range in brackets is reversed");
                }
                // Both characters negate.
                text.push_str(&brackets.replacen("[^", "[!", 1));
                while characters.offset() <= close && characters.next().is_some() {}
            }
            other => text.push(other),
        }
    }
    Ok(text)
}

/// Returns whether brackets contain a range such as `z-a`, which no character can match.
fn has_reversed_range(brackets: &str) -> bool {
    let inside = brackets.strip_prefix('[').unwrap_or_default();
    let inside = inside.strip_prefix(['!', '^']).unwrap_or(inside);
    let mut characters = inside.strip_suffix(']').unwrap_or(inside).chars();
    while let Some(first) = characters.next() {
        let mut rest = characters.clone();
        if let (Some('-'), Some(last)) = (rest.next(), rest.next()) {
            if first > last {
                return true;
            }
            characters = rest;
        }
    }
    false
}

/// Replaces `**` by `*` where it is not a whole name: there, it cannot match folders.
fn without_inner_double_stars(pattern: &str) -> String {
    let names = pattern.split('/').map(|name| match name {
        "**" => name.to_owned(),
        name => {
            let mut text = String::with_capacity(name.len());
            let mut is_in_brackets = false;
            for character in name.chars() {
                is_in_brackets = match character {
                    '[' => true,
                    ']' => false,
                    _ => is_in_brackets,
                };
                if character != '*' || is_in_brackets || !text.ends_with('*') {
                    text.push(character);
                }
            }
            text
        }
    });
    names.collect::<Vec<_>>().join("/")
}

/// Returns the patterns that a glob with alternatives, such as `{a,b{c,d}}`, expands to. Braces in
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

/// Returns the place of the bracket that closes the one at `open`. A bracket right after the opening one,
/// or after `[!`, does not close it.
fn closing_bracket(glob: &str, open: usize) -> Option<usize> {
    let inside = glob.get(open + 1..)?;
    let negation = usize::from(inside.starts_with(['!', '^']));
    let first = inside.chars().nth(negation).map_or(0, char::len_utf8);
    let from = negation + first;
    let end = inside.get(from..)?.find(']')?;
    Some(open + 1 + from + end)
}

fn first_group(glob: &str) -> Result<Option<Group<'_>>, &'static str> {
    let mut depth = 0_u32;
    let (mut open, mut start) = (0, 0);
    let mut alternatives = Vec::new();
    let mut characters = glob.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '[' => {
                let Some(close) = closing_bracket(glob, index) else {
                    return Err("a bracket is not closed");
                };
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

impl fmt::Debug for PathFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.iter().map(|rule| {
            let globs = rule.alternatives.iter().map(|glob| glob.pattern.as_str());
            (rule.includes, globs.collect::<Vec<_>>())
        });
        f.debug_list().entries(rules).finish()
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.globs.fmt(f)
    }
}

#[cfg(test)]
mod tests;
