//! Splits the tags of templates into tokens with their positions.
//!
//! Tera's own lexer is private. This one supports only what the checks need.

/// A token of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// A name or keyword.
    Name(&'t str),
    /// The contents of a string literal.
    Text(&'t str),
    /// A number.
    Number,
    /// Any other token, such as `.`, `?.`, `...` or `==`.
    Mark(&'t str),
}

/// A token with its byte offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'t> {
    pub(crate) token: Token<'t>,
    pub(crate) at: usize,
}

/// A tag: `{{ ... }}` or `{% ... %}`.
#[derive(Debug)]
pub(crate) struct Tag<'t> {
    /// Whether the tag is a `{% ... %}`.
    pub(crate) is_statement: bool,
    pub(crate) words: Vec<Word<'t>>,
    /// Byte offset of the end of the last token.
    pub(crate) end: usize,
}

impl<'t> Tag<'t> {
    /// Returns the name at an index.
    pub(crate) fn name(&self, index: usize) -> Option<&'t str> {
        match self.words.get(index)?.token {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// Operators of more than one character, longer ones first.
const MARKS: &[&str] = &[
    "...", "</", "/>", "?.", "?[", "==", "!=", "<=", ">=", "//", "**",
];

/// Returns the tags of a template up to the first unterminated one, which Tera reports.
pub(crate) fn tags(text: &str) -> Vec<Tag<'_>> {
    whole(text).0
}

/// Returns the same tags, and whether all tags are terminated.
pub(crate) fn whole(text: &str) -> (Vec<Tag<'_>>, bool) {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some((open, kind)) = next_opening(text, at) {
        let inside = open + 2;
        if kind == b'#' {
            let Some(end) = find(text, inside, "#}") else {
                return (tags, false);
            };
            at = end + 2;
            continue;
        }
        let is_statement = kind == b'%';
        let Some((tag, end)) = read_tag(text, inside, is_statement) else {
            return (tags, false);
        };
        at = end;
        if is_statement && tag.words.len() == 1 && tag.name(0) == Some("raw") {
            at = end_of_raw(text, end).unwrap_or(text.len());
            continue;
        }
        tags.push(tag);
    }
    (tags, true)
}

/// Returns the offset of the next `{{`, `{%` or `{#`, and its second character.
fn next_opening(text: &str, from: usize) -> Option<(usize, u8)> {
    let bytes = text.as_bytes().get(from..)?;
    let found = bytes
        .windows(2)
        .position(|pair| matches!(pair, [b'{', b'{' | b'%' | b'#']))?;
    Some((from + found, *bytes.get(found + 1)?))
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|found| from + found)
}

/// Returns the offset after `{% endraw %}`. The text before it contains no tags.
fn end_of_raw(text: &str, from: usize) -> Option<usize> {
    let raw = text.get(from..)?;
    let mut openings = raw.match_indices("{%");
    openings.find_map(|(open, brackets)| {
        let inside = raw.get(open + brackets.len()..)?;
        let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
        let end = inside.strip_prefix("endraw")?.trim_start();
        let end = end.strip_prefix('-').unwrap_or(end).strip_prefix("%}")?;
        Some(text.len() - end.len())
    })
}

/// Reads a tag after its opening. Returns the tag and the offset after it.
fn read_tag(text: &str, from: usize, is_statement: bool) -> Option<(Tag<'_>, usize)> {
    let closing = if is_statement { "%}" } else { "}}" };
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut at = from;
    let mut end = from;
    let mut braces = 0_usize;
    // Skips the mark for white space control.
    if text.get(at..)?.starts_with('-') {
        at += 1;
    }
    loop {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let tight = rest.strip_prefix('-').unwrap_or(rest);
        // `}}` can also close two maps.
        if tight.starts_with(closing) && (is_statement || braces == 0) {
            let after = text.len() - tight.len() + closing.len();
            let tag = Tag {
                is_statement,
                words,
                end,
            };
            return Some((tag, after));
        }
        let (token, length) = word(rest)?;
        match token {
            Token::Mark("{") => braces += 1,
            Token::Mark("}") => braces = braces.saturating_sub(1),
            _ => {}
        }
        words.push(Word { token, at });
        at += length;
        end = at;
    }
}

/// Returns the first token of a text, and its length.
fn word(rest: &str) -> Option<(Token<'_>, usize)> {
    let c = rest.chars().next()?;
    if c.is_alphabetic() || c == '_' {
        let stops = |c: char| !(c.is_alphanumeric() || c == '_');
        let end = rest.find(stops).unwrap_or(rest.len());
        return Some((Token::Name(rest.get(..end)?), end));
    }
    if c.is_ascii_digit() {
        let stops = |c: char| !(c.is_ascii_digit() || c == '.');
        let end = rest.find(stops).unwrap_or(rest.len());
        return Some((Token::Number, end));
    }
    if matches!(c, '"' | '\'' | '`') {
        let mut escaped = false;
        for (at, inner) in rest.char_indices().skip(1) {
            match inner {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if inner == c => return Some((Token::Text(rest.get(1..at)?), at + 1)),
                _ => {}
            }
        }
        return None;
    }
    let long = MARKS.iter().find(|mark| rest.starts_with(**mark));
    let length = long.map_or(c.len_utf8(), |mark| mark.len());
    Some((Token::Mark(rest.get(..length)?), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<Token<'_>>> {
        let tags = tags(text).into_iter();
        tags.map(|tag| tag.words.into_iter().map(|word| word.token).collect())
            .collect()
    }

    #[test]
    fn only_tags_are_tokenized() {
        let text = "a {# {{ no }} #}{%- raw %}{{ no }}{% x \"%}{% endraw -%}{{- b.c[\"d}}\"] -}} e";
        let expected = [
            Token::Name("b"),
            Token::Mark("."),
            Token::Name("c"),
            Token::Mark("["),
            Token::Text("d}}"),
            Token::Mark("]"),
        ];
        assert_eq!(words(text), [expected]);
    }

    #[test]
    fn raw_text_is_processed_once() {
        let start = std::time::Instant::now();
        assert!(words(&format!("{{% raw %}}{}", "{% a ".repeat(200_000))).is_empty());
        assert!(start.elapsed().as_secs() < 10);
    }

    #[test]
    fn a_map_does_not_end_a_tag() {
        let found = words("{{ {\"a\": {\"b\": 1}} }}{{<x p={y} />}}");
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].last(), Some(&Token::Mark("/>")));
    }

    #[test]
    fn unterminated_tags_are_left_to_tera() {
        for text in [
            "{{ a",
            "{% if \"x %}",
            "{#",
            "{% raw %}{{ a }}",
            "{{ 'a\\' }}",
        ] {
            assert!(words(text).is_empty(), "{text}");
        }
    }
}
