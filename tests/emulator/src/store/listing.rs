//! Pages of lists: their entries and common prefixes.

use std::ops::ControlFlow;

use super::error::StoreError;

/// Parameters of a list request.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<char>,
    /// The page starts after this marker.
    pub(crate) marker: Marker,
    /// Largest number of entries and common prefixes together.
    pub(crate) limit: usize,
}

/// End of the previous page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    /// A key or a common prefix. Empty for the first page.
    pub(crate) key: String,
    /// Number of the last listed entry of the key. `None` skips all entries of the key.
    pub(crate) order: Option<u64>,
}

impl Marker {
    /// Returns the marker after all entries of a key.
    pub(crate) fn after(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            order: None,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) common_prefixes: Vec<String>,
    /// Marker of the next page, or `None` on the last page.
    pub(crate) next: Option<Marker>,
}

/// An entry of a list: its key, its number among the entries of the key, and its record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) order: u64,
    pub(super) record: Vec<u8>,
}

/// Receives one entry after another until it returns `Break`.
pub(super) type EntryVisitor<'v> = dyn FnMut(Entry) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Returns a page. `scan` visits the entries in order, starting at a key and a number. `accept`
/// parses an entry, or returns `None` to skip it.
pub(super) fn page<T>(
    query: &ListQuery,
    scan: impl Fn(&str, u64, &mut EntryVisitor<'_>) -> Result<(), StoreError>,
    mut accept: impl FnMut(&Entry) -> Result<Option<T>, StoreError>,
) -> Result<Page<T>, StoreError> {
    let mut builder = PageBuilder {
        query,
        last: Marker::default(),
        page: Page {
            entries: Vec::new(),
            common_prefixes: Vec::new(),
            next: None,
        },
    };
    // An empty page has no last entry from which the next page could start.
    let mut start = (query.limit > 0).then(|| first(query));
    while let Some((key, order)) = start.take() {
        scan(&key, order, &mut |entry| {
            if !entry.key.starts_with(&query.prefix) {
                return Ok(ControlFlow::Break(()));
            }
            let Some(accepted) = accept(&entry)? else {
                return Ok(ControlFlow::Continue(()));
            };
            if builder.add(&entry, accepted) == AddOutcome::Full {
                return Ok(ControlFlow::Break(()));
            }
            // Skips the rest of the group.
            let Some(group) = common_prefix(query, &entry.key) else {
                return Ok(ControlFlow::Continue(()));
            };
            start = successor(group).map(|key| (key, 0));
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(builder.page)
}

struct PageBuilder<'q, T> {
    query: &'q ListQuery,
    page: Page<T>,
    last: Marker,
}

#[derive(PartialEq, Eq)]
enum AddOutcome {
    /// The entry is on this page or on a previous one.
    Listed,
    /// The entry belongs to the next page.
    Full,
}

impl<T> PageBuilder<'_, T> {
    fn add(&mut self, entry: &Entry, accepted: T) -> AddOutcome {
        let marker = &self.query.marker;
        let group = common_prefix(self.query, &entry.key);
        let was_listed = match group {
            // If the marker is within a group, the group is on a previous page.
            Some(group) => group <= marker.key.as_str(),
            None => marker.order.is_none() && entry.key == marker.key,
        };
        if was_listed {
            return AddOutcome::Listed;
        }
        if self.page.entries.len() + self.page.common_prefixes.len() == self.query.limit {
            self.page.next = Some(self.last.clone());
            return AddOutcome::Full;
        }
        self.last = match group {
            Some(group) => {
                self.page.common_prefixes.push(group.to_owned());
                Marker::after(group)
            }
            None => {
                self.page.entries.push(accepted);
                Marker {
                    key: entry.key.clone(),
                    order: Some(entry.order),
                }
            }
        };
        AddOutcome::Listed
    }
}

/// Returns the key and the number at which the scan for a page starts.
fn first(query: &ListQuery) -> (String, u64) {
    let marker = &query.marker;
    if marker.key < query.prefix {
        return (query.prefix.clone(), 0);
    }
    match marker.order {
        Some(order) => match order.checked_add(1) {
            Some(next) => (marker.key.clone(), next),
            // The smallest key after the marker.
            None => (format!("{}\0", marker.key), 0),
        },
        None => (marker.key.clone(), 0),
    }
}

/// Returns the part of a key up to the first delimiter after the prefix.
fn common_prefix<'k>(query: &ListQuery, key: &'k str) -> Option<&'k str> {
    let delimiter = query.delimiter?;
    let rest = key.get(query.prefix.len()..)?;
    let end = query.prefix.len() + rest.find(delimiter)? + delimiter.len_utf8();
    key.get(..end)
}

/// Returns the smallest string greater than all strings with the prefix `prefix`. Strings are
/// ordered by code points.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Skips the surrogates.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(prefix: &str, delimiter: &str, marker: &str, limit: usize) -> ListQuery {
        ListQuery {
            prefix: prefix.to_owned(),
            delimiter: delimiter.chars().next(),
            marker: Marker::after(marker),
            limit,
        }
    }

    /// Lists keys with their numbers. Keys that contain an exclamation mark are skipped.
    fn page_of(entries: &[(&str, u64)], query: &ListQuery) -> Page<String> {
        let mut entries = entries
            .iter()
            .map(|(key, order)| Entry {
                key: (*key).to_owned(),
                order: *order,
                record: Vec::new(),
            })
            .collect::<Vec<_>>();
        entries.sort();
        page(
            query,
            |key, order, visit| {
                for entry in &entries {
                    let is_before = (entry.key.as_str(), entry.order) < (key, order);
                    if !is_before && visit(entry.clone())?.is_break() {
                        break;
                    }
                }
                Ok(())
            },
            |entry| {
                let is_wanted = !entry.key.contains('!');
                Ok(is_wanted.then(|| format!("{}:{}", entry.key, entry.order)))
            },
        )
        .unwrap()
    }

    /// Returns keys, common prefixes and next key as text.
    fn list(keys: &[&str], query: &ListQuery) -> String {
        let entries = keys.iter().map(|key| (*key, 0)).collect::<Vec<_>>();
        let page = page_of(&entries, query);
        format!(
            "{} | {} | {}",
            page.entries.join(" ").replace(":0", ""),
            page.common_prefixes.join(" "),
            page.next.map(|next| next.key).unwrap_or_default()
        )
    }

    #[test]
    fn pages_have_entries_common_prefixes_and_a_next_key() {
        let keys = ["a", "b/1", "b/2", "b/c/3", "b", "c/1", "d", "x!/y", "x!"];
        for (query, expected) in [
            (query("", "", "", 100), "a b b/1 b/2 b/c/3 c/1 d |  | "),
            (query("", "/", "", 100), "a b d | b/ c/ | "),
            (query("b/", "/", "", 100), "b/1 b/2 | b/c/ | "),
            (query("b/c/3", "/", "", 100), "b/c/3 |  | "),
            (query("b", "", "", 100), "b b/1 b/2 b/c/3 |  | "),
            (query("x", "/", "", 100), " |  | "),
            (query("", "", "b/1", 2), "b/2 b/c/3 |  | b/c/3"),
            (query("", "/", "", 3), "a b | b/ | b/"),
            (query("", "/", "b/", 3), "d | c/ | "),
            (query("", "/", "b/1", 3), "d | c/ | "),
            (query("b/", "", "a", 1), "b/1 |  | b/1"),
            (query("b/", "", "c", 9), " |  | "),
            (query("", "", "d", 9), " |  | "),
            (query("", "", "", 7), "a b b/1 b/2 b/c/3 c/1 d |  | "),
            (query("", "", "", 0), " |  | "),
        ] {
            assert_eq!(list(&keys, &query), expected, "{query:?}");
        }
    }

    #[test]
    fn sorts_by_bytes_and_supports_delimiters_of_several_bytes() {
        let keys = ["\u{4e2d}\u{3001}x", "Z", "a", "\u{1f600}"];
        assert_eq!(
            list(&keys, &query("", "", "", 9)),
            "Z a \u{4e2d}\u{3001}x \u{1f600} |  | "
        );
        assert_eq!(
            list(&keys, &query("", "\u{3001}", "", 9)),
            "Z a \u{1f600} | \u{4e2d}\u{3001} | "
        );
    }

    #[test]
    fn a_key_equal_to_a_common_prefix_is_part_of_the_group() {
        let keys = ["dir/", "dir/a"];
        assert_eq!(list(&keys, &query("", "/", "", 9)), " | dir/ | ");
        assert_eq!(list(&keys, &query("dir/", "/", "", 9)), "dir/ dir/a |  | ");
    }

    #[test]
    fn successor_is_greater_than_all_strings_with_the_prefix() {
        for (text, expected) in [
            ("a/", Some("a0")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(successor(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn all_pages_together_are_the_complete_list() {
        let entries = [
            ("a", 1),
            ("a", 2),
            ("b/1", 0),
            ("b/2", 7),
            ("b/c/3", 0),
            ("b", 0),
            ("c/1", 3),
            ("c/1", 4),
            ("d", 5),
            ("d", 6),
            ("d", u64::MAX),
            ("e!", 0),
            ("f", 0),
        ];
        for delimiter in ["", "/"] {
            let whole = page_of(&entries, &query("", delimiter, "", 100));
            assert!(whole.next.is_none());
            for limit in 1..=entries.len() {
                let (mut found, mut groups) = (Vec::new(), Vec::new());
                let mut query = query("", delimiter, "", limit);
                loop {
                    let page = page_of(&entries, &query);
                    assert!(page.entries.len() + page.common_prefixes.len() <= limit);
                    found.extend(page.entries);
                    groups.extend(page.common_prefixes);
                    match page.next {
                        Some(next) => query.marker = next,
                        None => break,
                    }
                }
                assert_eq!(found, whole.entries, "limit {limit}");
                assert_eq!(groups, whole.common_prefixes, "limit {limit}");
            }
        }
    }
}
