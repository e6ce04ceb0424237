//! Edits of templates, by characters and by words.

use proptest::collection;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// An edit. Positions are chosen in the text as it is when the edit is applied.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// Deletes some characters.
    Delete(Index, usize),
    /// Inserts a text.
    Insert(Index, &'static str),
    /// Repeats some characters.
    Double(Index, usize),
    /// Deletes the rest.
    Cut(Index),
    /// Replaces a word by another one.
    Replace(Index, Index),
    /// Swaps two words.
    Swap(Index, Index),
    /// Deletes a word.
    Drop(Index),
    /// Copies a tag to another position.
    Copy(Index, Index),
    /// Replaces a name by another one. The result is usually a valid template.
    Rename(Index, Index),
    /// Replaces a name by an expression.
    Express(Index, &'static str),
}

/// Expressions that can replace a name.
const EXPRESSIONS: &[&str] = &[
    "it",
    "none",
    "resources",
    "types",
    "service",
    "pack",
    "error_codes",
    "1",
    "-1.5",
    "\"\"",
    "\"a.b\"",
    "[it]",
    "[1, [2]]",
    "{\"a\": it}",
    "range(end=30)",
    "range(start=9, end=1)",
    "(it | json)",
    "(it | length)",
    "(types | first)",
    "(types | json | upper)",
    "(error_codes | group_by(attribute=\"status\"))",
    "[x for x in types if x.kind]",
    "it.name.it",
    "it?.name",
    "types[0]",
    "types[99999]",
    "resources[0][\"name\"]",
    "types[::-1]",
    "(1 / 0)",
    "(2 ** 9999)",
    "(9223372036854775807 * 9223372036854775807 * 9223372036854775807)",
    "(it ~ it ~ types)",
    "loop.index0",
    "throw(message=\"no\")",
    "unknown(a=1)",
];

/// Fragments that are common in templates, or invalid in them.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{%-",
    "-%}",
    "{{-",
    "-}}",
    "-",
    "\"",
    "'",
    "`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    "/>",
    "</",
    "|",
    ".",
    "?.",
    "...",
    ",",
    "=",
    "==",
    "~",
    "%",
    "\\",
    "\0",
    "\n",
    "\r",
    "é",
    "\u{2028}",
    "\u{202e}",
    "\u{1f600}",
    "0",
    "-1",
    "1.5",
    "99999999999999999999999999",
    "1e9",
    "it",
    "loop",
    "not ",
    "in",
    " if ",
    " else ",
    " and ",
    " or ",
    " for x in ",
    "self",
    "true",
    "none",
    "{% endfor %}",
    "{% else %}",
    "{% endif %}",
    "{% break %}",
    "{% continue %}",
    "{% raw %}",
    "{% endraw %}",
    "{% for x in range(end=30) %}",
    "{% for x, y in it %}{% endfor %}",
    "{% set x %}",
    "{% endset %}",
    "{% set x = [x, x] %}",
    "{% set_global x = x ~ x %}",
    "{{ x }}",
    "{{ it }}",
    "{{ it | json }}",
    "{{ resources }}",
    "{% include \"parts.tera\" %}",
    "{% extends \"parts.tera\" %}",
    "{% block a %}",
    "{% endblock %}",
    "{% component a() %}",
    "{% endcomponent a %}",
    "{{ <a /> }}",
    "{{ <method op={it} /> }}",
    "{% filter upper %}",
    "{% endfilter %}",
    " | indent(width=99999)",
    " | truncate(length=2)",
    " | reverse",
    " | rust_doc(indent=9999999)",
    " | py_doc(indent=-1)",
    " | sort(attribute=\"a.b\")",
    " | replace(from=\"\", to=x)",
    " | nth(n=9999999999)",
    " | round(precision=99999)",
    " | group_by(attribute=\"name\")",
    " | int(base=99)",
    "[x for x in it]",
    "{\"a\": 1}",
    "x[1:0:-1]",
    "[::0]",
    " ** 99999",
    " // 0",
    " % 0",
    " / 0",
];

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = any::<Index>;
    let edit = prop_oneof![
        2 => (at(), 1..12_usize).prop_map(|(at, count)| Edit::Delete(at, count)),
        4 => (at(), select(PIECES)).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        1 => (at(), 1..200_usize).prop_map(|(at, count)| Edit::Double(at, count)),
        1 => at().prop_map(Edit::Cut),
        4 => (at(), at()).prop_map(|(at, by)| Edit::Replace(at, by)),
        2 => (at(), at()).prop_map(|(a, b)| Edit::Swap(a, b)),
        2 => at().prop_map(Edit::Drop),
        2 => (at(), at()).prop_map(|(from, to)| Edit::Copy(from, to)),
    ];
    // Most other edits make the template invalid, so they only test the parser.
    let gentle = prop_oneof![
        (at(), at()).prop_map(|(at, by)| Edit::Rename(at, by)),
        (at(), select(EXPRESSIONS)).prop_map(|(at, by)| Edit::Express(at, by)),
    ];
    let (edits, gentle) = (collection::vec(edit, 1..4), collection::vec(gentle, 1..4));
    prop_oneof![edits, gentle]
}

/// Applies edits to a template.
pub(crate) fn edited(text: &str, edits: &[Edit]) -> String {
    edits
        .iter()
        .fold(text.to_owned(), |text, edit| edit.apply(&text))
}

impl Edit {
    fn apply(&self, text: &str) -> String {
        let words = words(text);
        // Prefer edits in tags, because other text is copied unchanged.
        let tagged: Vec<usize> = (0..words.len()).filter(|at| words[*at].tagged).collect();
        let word = |index: &Index| match tagged.as_slice() {
            [] => index.index(words.len()),
            tagged => tagged[index.index(tagged.len())],
        };
        if words.is_empty() {
            return match self {
                Self::Insert(_, piece) => (*piece).to_owned(),
                _ => String::new(),
            };
        }
        let mut texts: Vec<&str> = words.iter().map(|word| word.text).collect();
        match self {
            Self::Delete(at, count) => {
                let (before, after) = texts.split_at(word(at));
                let after = after.concat();
                let kept: String = after.chars().skip(*count).collect();
                return before.concat() + &kept;
            }
            Self::Double(at, count) => {
                let (before, after) = texts.split_at(word(at));
                let after = after.concat();
                let twice: String = after.chars().take(*count).collect();
                return before.concat() + &twice + &after;
            }
            Self::Insert(at, piece) => {
                // Split within words as often as before them.
                let (before, after) = texts.split_at(word(at));
                let (first, rest) = after.split_first().unwrap();
                let half = first.chars().count() / 2;
                let begin: String = first.chars().take(half).collect();
                let end: String = first.chars().skip(half).collect();
                return before.concat() + &begin + piece + &end + &rest.concat();
            }
            Self::Rename(at, by) => {
                if let Some((at, by)) = name(&words, at).zip(name(&words, by)) {
                    texts[at] = texts[by];
                }
            }
            Self::Express(at, by) => {
                if let Some(at) = name(&words, at) {
                    texts[at] = by;
                }
            }
            Self::Cut(at) => texts.truncate(word(at)),
            Self::Replace(at, by) => texts[word(at)] = texts[word(by)],
            Self::Swap(a, b) => texts.swap(word(a), word(b)),
            Self::Drop(at) => drop(texts.remove(word(at))),
            Self::Copy(from, to) => {
                let from = word(from);
                let opens = texts[..=from]
                    .iter()
                    .rposition(|text| text.starts_with('{'));
                let closes = texts[from..].iter().position(|text| text.ends_with('}'));
                let from = opens.unwrap_or(from)..=closes.map_or(from, |length| from + length);
                let tag = texts[from].concat();
                let to = word(to);
                texts.insert(to, &tag);
                return texts.concat();
            }
        }
        texts.concat()
    }
}

/// Returns the position of a name in a tag that is not a keyword.
fn name(words: &[Word<'_>], index: &Index) -> Option<usize> {
    let is_name = |word: &Word<'_>| {
        let begins = word.text.starts_with(|c: char| c.is_alphabetic());
        word.tagged && begins && !KEYWORDS.contains(&word.text)
    };
    let names: Vec<usize> = (0..words.len()).filter(|at| is_name(&words[*at])).collect();
    (!names.is_empty()).then(|| *index.get(&names))
}

const KEYWORDS: &[&str] = &[
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "in",
    "endfor",
    "set",
    "set_global",
    "endset",
    "component",
    "endcomponent",
    "include",
    "extends",
    "block",
    "endblock",
    "filter",
    "endfilter",
    "raw",
    "endraw",
    "and",
    "or",
    "not",
    "is",
];

/// A part of a template, and whether it belongs to a tag.
struct Word<'t> {
    text: &'t str,
    tagged: bool,
}

/// Splits a template into parts.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    let mut tagged = false;
    while let Some(first) = rest.chars().next() {
        let bracket = [
            "{{-", "{%-", "-}}", "-%}", "{{", "{%", "{#", "}}", "%}", "#}",
        ]
        .into_iter()
        .find(|bracket| rest.starts_with(bracket));
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let length = match bracket {
            Some(bracket) => bracket.len(),
            None if name(first) => rest.find(|c| !name(c)).unwrap_or(rest.len()),
            None => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        let opens = bracket.is_some_and(|bracket| bracket.starts_with('{'));
        words.push(Word {
            text: word,
            tagged: tagged || opens,
        });
        tagged = opens || tagged && bracket.is_none();
        rest = after;
    }
    words
}
