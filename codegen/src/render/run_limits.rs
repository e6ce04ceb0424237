//! Limits the run time and the output of templates.
//!
//! Tera cannot be interrupted, but it calls filters. Before Tera parses a template, the values that
//! its loops iterate over are passed to the filter [`ROUNDS`], which counts iterations, and the
//! values that it sets to [`SIZE`], which checks their size. Outputs are checked while they are
//! written. Tera limits recursion itself.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tera::{ErrorKind, Kwargs, State, Tera, TeraResult, Value};

use super::template_check::{Tag, Token, tags};

/// Filter that counts iterations.
const ROUNDS: &str = "__rounds";
/// Filter that checks sizes.
const SIZE: &str = "__size";

/// Maximum number of iterations of all loops in one file.
pub(super) const MOST_ROUNDS: u64 = 100_000_000;
/// Maximum number of bytes of an output or a variable.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Counts the iterations in a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounds(Arc<AtomicU64>);

impl Rounds {
    /// Starts with a new file.
    pub(super) fn restart(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Registers the filters.
    pub(super) fn register(&self, tera: &mut Tera, most: u64) {
        let rounds = Arc::clone(&self.0);
        tera.register_filter(ROUNDS, move |value: &Value, _: Kwargs, _: &State| {
            let Some(length) = value.len().filter(|_| !value.is_undefined()) else {
                return Err(tera::Error::new(ErrorKind::InvalidArgument {
                    expected_type: "a list or map to iterate over".to_owned(),
                    actual_type: value.name().to_owned(),
                }));
            };
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            let before = rounds.fetch_add(length, Ordering::Relaxed);
            if before.saturating_add(length) > most {
                return Err(tera::Error::message(format!(
                    "the loops of this file have more than {most} iterations"
                )));
            }
            Ok(value.clone())
        });
        tera.register_filter(SIZE, |value: &Value, _: Kwargs, _: &State| {
            let text = value.as_str().map_or(0, str::len);
            let list = value.as_array().map_or(0, <[Value]>::len);
            if text.max(list.saturating_mul(size_of::<Value>())) > MOST_BYTES {
                return Err(tera::Error::message(too_large("this value")));
            }
            TeraResult::Ok(value.clone())
        });
    }
}

fn too_large(what: &str) -> String {
    format!("{what} is larger than {} MiB", MOST_BYTES >> 20)
}

/// An output with a maximum size.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MOST_BYTES {
            return Err(io::Error::other(too_large("the output")));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A template with inserted filters, and the positions of the insertions.
#[derive(Debug, Default)]
pub(super) struct LimitedTemplate {
    pub(super) text: String,
    /// Insertions: byte offset in the original text, and number of characters.
    inserted: Vec<(usize, usize)>,
}

impl LimitedTemplate {
    /// Inserts the filters into a template.
    pub(super) fn new(text: &str) -> Self {
        let mut inserts: Vec<(usize, String)> = tags(text).iter().flat_map(inserts).collect();
        inserts.sort_by_key(|(at, _)| *at);
        let mut limited = Self::default();
        let mut from = 0;
        for (at, what) in inserts {
            limited
                .text
                .push_str(text.get(from..at).unwrap_or_default());
            limited.text.push_str(&what);
            limited.inserted.push((at, what.chars().count()));
            from = at;
        }
        limited.text.push_str(text.get(from..).unwrap_or_default());
        limited
    }

    /// Converts a column of the changed text to a column of the original text. Both start at 1.
    pub(super) fn column(&self, original: &str, line: usize, column: usize) -> usize {
        let lines = original.split_inclusive('\n');
        let start: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
        let rest = original.get(start..).unwrap_or_default();
        let length = rest.find('\n').unwrap_or(rest.len());
        let mut own = column;
        // Counted so far in the line: bytes, and the column.
        let mut counted = (0, 1);
        for (at, width) in &self.inserted {
            let Some(before) = at.checked_sub(start).filter(|before| *before <= length) else {
                continue;
            };
            let between = rest.get(counted.0..before).unwrap_or_default();
            counted = (before, counted.1 + between.chars().count());
            // A position within an insertion corresponds to the position of the insertion.
            if own > counted.1 {
                own = own.saturating_sub(*width).max(counted.1);
            }
        }
        own
    }
}

/// Returns the texts to insert into a tag.
fn inserts(tag: &Tag<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (from, to) in gone_through(tag) {
        wrap(from, to, ROUNDS, &mut found);
    }
    if tag.is_statement && matches!(tag.name(0), Some("set" | "set_global")) {
        match (tag.words.get(2).map(|word| word.token), tag.words.get(3)) {
            (Some(Token::Mark("=")), Some(value)) => wrap(value.at, tag.end, SIZE, &mut found),
            // The contents of a block go through the filters of its tag.
            (None | Some(Token::Mark("|")), _) if tag.name(1).is_some() => {
                found.push((tag.end, format!(" | {SIZE}")));
            }
            _ => {}
        }
    }
    found
}

/// Passes an expression to a filter.
fn wrap(from: usize, to: usize, filter: &str, found: &mut Vec<(usize, String)>) {
    if from < to {
        // The brackets are needed because Tera does not parse conditions after a filter.
        found.push((from, "((".to_owned()));
        found.push((to, format!(") | {filter})")));
    }
}

/// Returns the ranges of the expressions that the loops of a tag iterate over. Nested loops in one
/// tag are processed in one pass.
fn gone_through(tag: &Tag<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    // Open loops, each with its start and its bracket depth.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut depth = 0_usize;
    let mut is_loop = false;
    for (at, word) in tag.words.iter().enumerate() {
        match word.token {
            Token::Name("for") if at > 0 || tag.is_statement => is_loop = true,
            Token::Name("in") if is_loop => {
                is_loop = false;
                open.extend(tag.words.get(at + 1).map(|next| (next.at, depth)));
            }
            Token::Mark("(" | "[" | "{" | "?[") => depth += 1,
            // A comprehension ends before its bracket or condition, a statement at the end of the
            // tag.
            Token::Mark(")" | "]" | "}") | Token::Name("if") => {
                if let Some((from, _)) = open.pop_if(|(_, own)| *own == depth && depth > 0) {
                    found.push((from, word.at));
                }
                if word.token != Token::Name("if") {
                    depth = depth.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
    found.extend(open.into_iter().map(|(from, _)| (from, tag.end)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_and_sets_are_limited() {
        for (text, expected) in [
            (
                "{%- for a in b.c -%}",
                "{%- for a in ((b.c) | __rounds) -%}",
            ),
            (
                "{% for a, b in c or d %}",
                "{% for a, b in ((c or d) | __rounds) %}",
            ),
            (
                "{{ [a for a in b if a] }}",
                "{{ [a for a in ((b )| __rounds) if a] }}",
            ),
            (
                "{% for a in [b for b in c(d=[e for e in f]) if b] if g else h %}",
                "{% for a in (([b for b in ((c(d=[e for e in ((f) | __rounds)])) | __rounds) if b] \
                 if g else h) | __rounds) %}",
            ),
            (
                "{% if a in b and [c for c in d] %}",
                "{% if a in b and [c for c in ((d) | __rounds)] %}",
            ),
            ("{% set a = b ~ c %}", "{% set a = ((b ~ c) | __size) %}"),
            ("{% set a %}", "{% set a | __size %}"),
            ("{% set a | upper %}", "{% set a | upper | __size %}"),
            ("{{ for }} for a in b", "{{ for }} for a in b"),
        ] {
            let spaceless = |text: &str| text.replace(' ', "");
            assert_eq!(
                spaceless(&LimitedTemplate::new(text).text),
                spaceless(expected)
            );
        }
    }

    #[test]
    fn nested_loops_are_processed_once() {
        let start = std::time::Instant::now();
        for part in ["for ", "[a for a in "] {
            LimitedTemplate::new(&format!("{{{{ {} }}}}", part.repeat(50_000)));
        }
        assert!(start.elapsed().as_secs() < 10);
    }

    #[test]
    fn columns_refer_to_the_original_text() {
        let text = "x\n{% for a in b %}{{ c }}";
        let limited = LimitedTemplate::new(text);
        let line = limited.text.lines().nth(1).unwrap();
        for what in ["for", "b)", "{{ c"] {
            let column = line.find(what).unwrap() + 1;
            let own = text
                .lines()
                .nth(1)
                .unwrap()
                .find(what.trim_end_matches(')'));
            let own = if what == "b)" { 12 } else { own.unwrap() };
            assert_eq!(limited.column(text, 2, column), own + 1, "{what} in {line}");
        }
        assert_eq!(limited.column(text, 1, 1), 1);
    }
}
