//! Targets of actions: JSONPath expressions, and the pointers of their matches.

mod union;

use std::cmp::Ordering;
use std::ptr;

use crate::source::escape_token;
use serde_json_path::JsonPath;
pub(crate) use union::idle_parts;

/// Maximum length of a target in bytes.
const MAX_LENGTH: usize = 4096;

/// Maximum depth of nested brackets.
const MAX_NESTING: usize = 16;

/// Maximum number of descents (`..`) and of root references in filters. Each of them multiplies the
/// search time by the size of the document.
const MAX_DESCENTS: usize = 2;

/// Parses a target. Refuses targets whose search could take very long.
pub(crate) fn parse(text: &str) -> Result<JsonPath, String> {
    let plain = without_quoted(text);
    if text.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} bytes"));
    }
    let mut nesting = 0_usize;
    for byte in plain.bytes() {
        match byte {
            b'[' | b'(' => nesting += 1,
            b']' | b')' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if nesting > MAX_NESTING {
            return Err(format!("it nests brackets deeper than {MAX_NESTING}"));
        }
    }
    let descents = plain.matches("..").count() + plain.matches('$').count().saturating_sub(1);
    if descents > MAX_DESCENTS {
        return Err(format!(
            "it searches the whole document more than {MAX_DESCENTS} times"
        ));
    }
    JsonPath::parse(text).map_err(|error| error.to_string())
}

/// Returns the text without its quoted parts.
fn without_quoted(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match quote {
            Some(_) if c == '\\' => drop(characters.next()),
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => plain.push(c),
        }
    }
    plain
}

/// Returns the JSON pointers of all matches, without duplicates, in document order.
pub(super) fn pointers(path: &JsonPath, text: &str, mirror: &serde_json::Value) -> Vec<String> {
    let mut pointers = Vec::new();
    if text.contains("..") {
        // Only computes the pointers of matches. The library would create a path for every visited
        // value.
        let found = path.query(mirror);
        let found = found.iter().map(|value| ptr::from_ref(*value));
        Search::new(found.collect()).visit(mirror, &mut pointers);
    } else {
        let found = path.query_located(mirror);
        pointers.extend(found.locations().map(|path| path.to_json_pointer()));
    }
    pointers.sort_by(|a, b| in_order(a, b));
    pointers.dedup();
    pointers
}

/// Compares pointers in document order: indices by number, and a value before its members.
fn in_order(a: &str, b: &str) -> Ordering {
    let tokens = a.split('/').zip(b.split('/'));
    let differs = |(a, b): (&str, &str)| match (a.parse::<usize>(), b.parse::<usize>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    };
    let first = tokens.map(differs).find(|order| order.is_ne());
    first.unwrap_or_else(|| a.split('/').count().cmp(&b.split('/').count()))
}

/// A step into a JSON value.
enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

impl Step<'_> {
    fn token(&self) -> String {
        match self {
            Step::Key(key) => format!("/{}", escape_token(key)),
            Step::Index(index) => format!("/{index}"),
        }
    }
}

/// A search for values whose addresses are known.
struct Search<'v> {
    /// Addresses of the wanted values, sorted and without duplicates. A binary search is faster
    /// than a hash set here, because few of many values match.
    wanted: Vec<*const serde_json::Value>,
    path: Vec<Step<'v>>,
}

impl<'v> Search<'v> {
    fn new(mut wanted: Vec<*const serde_json::Value>) -> Self {
        wanted.sort_unstable();
        wanted.dedup();
        Self {
            wanted,
            path: Vec::new(),
        }
    }

    /// Adds the pointers of wanted values below a value, until all are found.
    fn visit(&mut self, value: &'v serde_json::Value, found: &mut Vec<String>) {
        if found.len() == self.wanted.len() {
            return;
        }
        if self.wanted.binary_search(&ptr::from_ref(value)).is_ok() {
            found.push(self.path.iter().map(Step::token).collect());
        }
        match value {
            serde_json::Value::Object(object) => {
                for (key, value) in object {
                    self.step(Step::Key(key), value, found);
                }
            }
            serde_json::Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.step(Step::Index(index), value, found);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, step: Step<'v>, value: &'v serde_json::Value, found: &mut Vec<String>) {
        self.path.push(step);
        self.visit(value, found);
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_are_sorted_and_unique() {
        let document = json!({ "a": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, { "b": 1 }], "b": 2 });
        for (text, expected) in [
            ("$.a[10,2,2,0]", vec!["/a/0", "/a/2", "/a/10"]),
            ("$..b", vec!["/a/11/b", "/b"]),
            ("$['b','a'][11]['b','b']", vec!["/a/11/b"]),
        ] {
            let path = parse(text).unwrap();
            assert_eq!(pointers(&path, text, &document), expected, "{text}");
        }
    }

    #[test]
    fn expensive_targets_are_refused() {
        for text in [
            format!("$[?{}@.a{}]", "(".repeat(30), ")".repeat(30)),
            "$..[?@..a == $.b]".to_owned(),
            "$..*..*..*".to_owned(),
            format!("$.{}", "a".repeat(5000)),
        ] {
            parse(&text).unwrap_err();
        }
        parse("$..parameters[?@['$ref'] == '#/a..b..c' && @.x == \"$..\\\"..\"]").unwrap();
    }
}
