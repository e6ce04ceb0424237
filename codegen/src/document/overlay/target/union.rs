//! Unions in targets: lists of names, or conditions joined by `||`. Each part must match.

use serde_json_path::JsonPath;

use crate::source::unescape_token;

/// Returns the parts of unions that match nothing, although the path as a whole matches `pointers`.
///
/// A union is `['a','b']`, or a filter with `||`.
pub(crate) fn idle_parts(
    text: &str,
    pointers: &[String],
    document: &serde_json::Value,
) -> Vec<String> {
    let Some(segments) = segments(text) else {
        return Vec::new();
    };
    let mut idle = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let place = Place::of(&segments, index);
        for (selector, range) in &segment.selectors {
            let parts = match selector.strip_prefix('?') {
                Some(filter) => alternatives(filter),
                None if segment.selectors.len() > 1 => vec![Part::whole(selector)],
                None => continue,
            };
            let matches = |part: &Part| match (place, name(selector), selector.strip_prefix('?')) {
                (Some(place), Some(name), _) => pointers
                    .iter()
                    .any(|pointer| place.token(pointer).is_some_and(|token| token == name)),
                (Some(place), None, Some(_)) if !part.text.contains('$') => {
                    place.any_fits(pointers, document, &part.text)
                }
                _ => {
                    let bracket = match selector.strip_prefix('?') {
                        Some(_) => format!("?{}", part.text),
                        None => part.text.clone(),
                    };
                    let only = [
                        text.get(..range.start),
                        Some(&bracket),
                        text.get(range.end..),
                    ];
                    let only: String = only.into_iter().flatten().collect();
                    // A text that is not a valid path was misread, so report nothing.
                    JsonPath::parse(&only).map_or(true, |path| !path.query(document).is_empty())
                }
            };
            let lacking = parts.iter().filter(|part| !matches(part));
            idle.extend(lacking.map(|part| part.shown.clone()));
        }
    }
    idle
}

/// A step of a path.
struct Segment<'t> {
    /// Whether the step begins with `..`.
    descends: bool,
    /// Selectors in the brackets, each with the byte range of the selector and of its union.
    selectors: Vec<(&'t str, std::ops::Range<usize>)>,
}

/// Position of a step in the pointers of all matches.
#[derive(Clone, Copy)]
enum Place {
    FromStart(usize),
    FromEnd(usize),
}

impl Place {
    /// Returns `None` if the number of tokens before and after the step varies.
    fn of(segments: &[Segment<'_>], index: usize) -> Option<Self> {
        let (before, after) = segments.split_at_checked(index + 1)?;
        if !before.iter().any(|segment| segment.descends) {
            Some(Self::FromStart(index))
        } else if !after.iter().any(|segment| segment.descends) {
            Some(Self::FromEnd(after.len()))
        } else {
            None
        }
    }

    fn token(self, pointer: &str) -> Option<String> {
        let mut tokens = pointer.split('/').skip(1);
        let token = match self {
            Self::FromStart(index) => tokens.nth(index),
            Self::FromEnd(index) => pointer.rsplit('/').nth(index),
        };
        token.map(|token| unescape_token(token).into_owned())
    }

    /// Returns the pointer up to and including this position.
    fn prefix(self, pointer: &str) -> Option<&str> {
        let slashes = pointer.matches('/').count();
        let kept = match self {
            Self::FromStart(index) => index + 1,
            Self::FromEnd(index) => slashes.checked_sub(index)?,
        };
        let end = pointer.match_indices('/').nth(kept).map(|(at, _)| at);
        pointer.get(..end.unwrap_or(pointer.len()))
    }

    /// Returns whether a condition holds for a value on the way to a match.
    fn any_fits(self, pointers: &[String], document: &serde_json::Value, condition: &str) -> bool {
        let Ok(path) = JsonPath::parse(&format!("$[?{condition}]")) else {
            return true;
        };
        let mut prefixes: Vec<&str> = pointers.iter().filter_map(|one| self.prefix(one)).collect();
        prefixes.dedup();
        prefixes.into_iter().any(|prefix| {
            let value = document.pointer(prefix).cloned();
            let list = serde_json::Value::Array(value.into_iter().collect());
            !path.query(&list).is_empty()
        })
    }
}

/// A part of a union.
struct Part {
    /// Replacement of the union that only contains this part.
    text: String,
    /// The part in messages.
    shown: String,
}

impl Part {
    fn whole(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            shown: text.to_owned(),
        }
    }
}

/// Returns the name or index of a selector.
fn name(selector: &str) -> Option<String> {
    let json = match selector.strip_prefix('\'') {
        Some(rest) => {
            let inner = rest.strip_suffix('\'')?;
            format!("\"{}\"", inner.replace("\\'", "'").replace('"', "\\\""))
        }
        None => selector.to_owned(),
    };
    match serde_json::from_str(&json).ok()? {
        serde_json::Value::String(name) => Some(name),
        // A negative index counts from the end.
        serde_json::Value::Number(index) => index.as_u64().map(|index| index.to_string()),
        _ => None,
    }
}

/// Returns the filter with each union replaced by one of its parts. Returns nothing without `||`.
fn alternatives(filter: &str) -> Vec<Part> {
    let mut found = Vec::new();
    // Open groups, each with its start and the positions of its `||`.
    let mut groups: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new())];
    let mut close = |(start, ors): (usize, Vec<usize>), end: usize| {
        if ors.is_empty() {
            return;
        }
        let mut from = start;
        for or in ors.into_iter().chain([end]) {
            let part = filter.get(from..or).unwrap_or_default().trim();
            let before = filter.get(..start).unwrap_or_default();
            let after = filter.get(end..).unwrap_or_default();
            found.push(Part {
                text: format!("{before}{part}{after}"),
                shown: part.to_owned(),
            });
            from = or + 2;
        }
    };
    for (at, c) in unquoted(filter) {
        match c {
            '(' => groups.push((at + 1, Vec::new())),
            '[' => {
                let is_filter = filter
                    .get(at + 1..)
                    .is_some_and(|rest| rest.starts_with('?'));
                groups.push((at + 1 + usize::from(is_filter), Vec::new()));
            }
            ')' | ']' => {
                if let Some(group) = groups.pop() {
                    close(group, at);
                }
            }
            '|' if filter.get(at..).is_some_and(|rest| rest.starts_with("||")) => {
                if let Some((_, ors)) = groups.last_mut() {
                    ors.push(at);
                }
            }
            _ => {}
        }
    }
    if let Some(group) = groups.pop() {
        close(group, filter.len());
    }
    found
}

/// Splits a path into its steps after `$`. Returns `None` for unsupported syntax.
fn segments(text: &str) -> Option<Vec<Segment<'_>>> {
    let mut segments = Vec::new();
    let mut at = text.find('$')? + 1;
    loop {
        let trimmed = text.get(at..)?.trim_start();
        if trimmed.is_empty() {
            return Some(segments);
        }
        let descends = trimmed.starts_with("..");
        let dots = trimmed.len() - trimmed.trim_start_matches('.').len();
        let behind = trimmed.get(dots..)?.trim_start();
        at = text.len() - behind.len();
        if let Some(inside) = behind.strip_prefix('[') {
            let start = text.len() - inside.len();
            let (selectors, end) = selectors(text, start)?;
            segments.push(Segment {
                descends,
                selectors,
            });
            at = end;
        } else {
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            if end == 0 {
                return None;
            }
            segments.push(Segment {
                descends,
                selectors: Vec::new(),
            });
            at += end;
        }
    }
}

/// Selectors in brackets, and the position after the brackets.
type Selectors<'t> = (Vec<(&'t str, std::ops::Range<usize>)>, usize);

fn selectors(text: &str, start: usize) -> Option<Selectors<'_>> {
    let inside = text.get(start..)?;
    let mut depth = 0_usize;
    let mut cuts = vec![0];
    let mut end = None;
    for (at, c) in unquoted(inside) {
        match c {
            '[' | '(' => depth += 1,
            ']' if depth == 0 => {
                end = Some(at);
                break;
            }
            ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => cuts.push(at + 1),
            _ => {}
        }
    }
    let end = end?;
    let ends = cuts.iter().skip(1).map(|cut| cut - 1).chain([end]);
    let whole = start..start + end;
    let parts = cuts.iter().zip(ends);
    let selectors = parts.map(|(from, to)| Some((inside.get(*from..to)?.trim(), whole.clone())));
    Some((selectors.collect::<Option<_>>()?, start + end + 1))
}

/// Returns the characters outside quotes, with their positions.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, c)| match quote {
        Some(_) if escaped => {
            escaped = false;
            false
        }
        Some(_) if *c == '\\' => {
            escaped = true;
            false
        }
        Some(open) => {
            if *c == open {
                quote = None;
            }
            false
        }
        None if matches!(c, '\'' | '"') => {
            quote = Some(*c);
            false
        }
        None => true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{parse, pointers};
    use super::*;

    #[test]
    fn each_part_of_a_union_must_match() {
        let document = json!({
            "paths": { "/a": { "get": { "p": [{ "name": "x", "in": "query" }, { "name": "y", "in": "path" }] } },
                       "/b?c": { "put": { "p": [{ "name": "x", "in": "header" }] } } },
            "it's": { "k": 1 }, "list": [1, 2],
        });
        for (text, expected) in [
            ("$.paths['/a','/b?c']", vec![]),
            ("$.paths['/a','/gone']", vec!["'/gone'"]),
            ("$.paths['/a', '/gone'].get", vec!["'/gone'"]),
            ("$.paths['/a','/b?c'].get", vec!["'/b?c'"]),
            ("$.paths['/a','/b?c']['get','put','head']", vec!["'head'"]),
            ("$..['get','put']", vec![]),
            ("$..['get','post'].p", vec!["'post'"]),
            ("$..['/a','/gone']..name", vec!["'/gone'"]),
            ("$..p[?@.name=='x' || @.name=='y']", vec![]),
            ("$..p[?@.name=='x' || @.name=='z']", vec!["@.name=='z'"]),
            (
                "$..p[?@.in=='query' && (@.name=='x' || @.name=='y')]",
                vec!["@.name=='y'"],
            ),
            (
                "$..p[?@.name=='x' || @.name=='a||b'].in",
                vec!["@.name=='a||b'"],
            ),
            (
                "$.paths.*[?@.p[?@.name=='x' || @.name=='q']]",
                vec!["@.name=='q'"],
            ),
            ("$[\"it's\", 'none'].k", vec!["'none'"]),
            ("$['it\\'s','list'][*]", vec![]),
            ("$.list[0,1,2]", vec!["2"]),
            ("$.list[0,5:]", vec!["5:"]),
            ("$.paths[*].*", vec![]),
        ] {
            let path = parse(text).unwrap();
            let found = pointers(&path, text, &document);
            assert!(!found.is_empty(), "{text}");
            assert_eq!(idle_parts(text, &found, &document), expected, "{text}");
        }
    }
}
