//! Finds options of a pack that no template reads.

use std::collections::HashSet;

use super::lexer::{Token, tags};
use crate::pack::{Addition, CLIENT_OPTION};

/// Words in the templates of a pack that can be names of options.
pub(in super::super) struct Read<'t> {
    /// Options that are read by name: `pack.x`, `pack["x"]`.
    named: HashSet<&'t str>,
    /// Whether `pack` is used as a whole, so that any option can be read.
    is_open: bool,
    /// All names and texts in tags.
    words: HashSet<&'t str>,
}

impl<'t> Read<'t> {
    /// Collects the words in templates, paths and conditions.
    pub(in super::super) fn by(all: impl IntoIterator<Item = &'t str>) -> Self {
        let mut read = Self {
            named: HashSet::from([CLIENT_OPTION]),
            is_open: false,
            words: HashSet::new(),
        };
        for tag in all.into_iter().flat_map(tags) {
            for (at, word) in tag.words.iter().enumerate() {
                let token = |offset: usize| tag.words.get(at + offset).map(|word| word.token);
                match word.token {
                    Token::Name("pack") => match (token(1), token(2), token(3)) {
                        (Some(Token::Mark("." | "?.")), Some(Token::Name(name)), _)
                        | (
                            Some(Token::Mark("[" | "?[")),
                            Some(Token::Text(name)),
                            Some(Token::Mark("]")),
                        ) => drop(read.named.insert(name)),
                        _ => read.is_open = true,
                    },
                    Token::Name(name) | Token::Text(name) => drop(read.words.insert(name)),
                    _ => {}
                }
            }
        }
        read
    }

    fn reads(&self, option: &str) -> bool {
        self.is_open || self.named.contains(option)
    }

    /// Returns the options that no template reads.
    pub(in super::super) fn unread<'o>(
        &self,
        options: impl IntoIterator<Item = &'o String>,
    ) -> Vec<&'o str> {
        let options = options.into_iter().map(String::as_str);
        options.filter(|option| !self.reads(option)).collect()
    }

    /// Returns whether a key that an overriding folder adds to the options is probably a mistake.
    ///
    /// Templates can read the keys within an option with any expression. If most existing keys
    /// beside it are words in a template, the templates read these keys by name.
    pub(in super::super) fn is_unread(&self, addition: &Addition) -> bool {
        let Some((key, parents)) = addition.pointer.split_last() else {
            return false;
        };
        if parents.is_empty() {
            return !self.reads(key);
        }
        let is_word = |key: &String| self.words.contains(key.as_str());
        let siblings = &addition.siblings;
        let words = siblings.iter().filter(|key| is_word(key)).count();
        words > 0 && words * 4 >= siblings.len() * 3 && !is_word(key)
    }
}
