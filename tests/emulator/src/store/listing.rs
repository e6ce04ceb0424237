//! Which keys and common prefixes stand on one page of a list.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::records::ObjectRecord;

/// What a caller wants to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<char>,
    /// Entries, keys or common prefixes, that sort after it are listed.
    pub(crate) marker: String,
    /// Of keys and common prefixes together.
    pub(crate) limit: usize,
}

/// One page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Arc<ObjectRecord>>,
    pub(crate) common_prefixes: Vec<String>,
    /// The last entry of this page if another page follows.
    pub(crate) next_marker: Option<String>,
}

/// Makes a page, in the byte order of the keys.
pub(super) fn page(objects: &BTreeMap<String, Arc<ObjectRecord>>, query: &ListQuery) -> Page {
    let mut page = Page::default();
    // A page of nothing has no last entry that a next page could start from.
    if query.limit == 0 {
        return page;
    }
    let start = if query.marker > query.prefix {
        Bound::Excluded(query.marker.as_str())
    } else {
        Bound::Included(query.prefix.as_str())
    };
    let mut last = None::<&str>;
    for (key, object) in objects.range::<str, _>((start, Bound::Unbounded)) {
        let Some(rest) = key.strip_prefix(&query.prefix) else {
            break;
        };
        let common_prefix = query.delimiter.and_then(|delimiter| {
            let end = rest.find(delimiter)? + delimiter.len_utf8();
            key.get(..query.prefix.len() + end)
        });
        let entry = common_prefix.unwrap_or(key);
        // `<=` and not `==`: a marker may stand within a group, and the group was listed before it.
        if entry <= query.marker.as_str() || last == Some(entry) && common_prefix.is_some() {
            continue;
        }
        if page.objects.len() + page.common_prefixes.len() == query.limit {
            page.next_marker = last.map(str::to_owned);
            break;
        }
        match common_prefix {
            Some(common_prefix) => page.common_prefixes.push(common_prefix.to_owned()),
            None => page.objects.push(Arc::clone(object)),
        }
        last = Some(entry);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::record;

    fn objects(keys: &[&str]) -> BTreeMap<String, Arc<ObjectRecord>> {
        keys.iter()
            .map(|key| {
                let object = record(key, "", 0);
                ((*key).to_owned(), Arc::new(object))
            })
            .collect()
    }

    fn query(prefix: &str, delimiter: &str, marker: &str, limit: usize) -> ListQuery {
        ListQuery {
            prefix: prefix.to_owned(),
            delimiter: delimiter.chars().next(),
            marker: marker.to_owned(),
            limit,
        }
    }

    /// Keys, common prefixes and next marker, in words.
    fn list(keys: &[&str], query: &ListQuery) -> String {
        let page = page(&objects(keys), query);
        let keys = page.objects.iter().map(|object| object.key.as_str());
        format!(
            "{} | {} | {}",
            keys.collect::<Vec<_>>().join(" "),
            page.common_prefixes.join(" "),
            page.next_marker.unwrap_or_default()
        )
    }

    #[test]
    fn lists() {
        let keys = ["a", "b/1", "b/2", "b/c/3", "b", "c/1", "d"];
        for (query, expected) in [
            (query("", "", "", 100), "a b b/1 b/2 b/c/3 c/1 d |  | "),
            (query("", "/", "", 100), "a b d | b/ c/ | "),
            (query("b/", "/", "", 100), "b/1 b/2 | b/c/ | "),
            (query("b/c/3", "/", "", 100), "b/c/3 |  | "),
            (query("b", "", "", 100), "b b/1 b/2 b/c/3 |  | "),
            (query("x", "", "", 100), " |  | "),
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
    fn order_is_by_bytes_and_delimiters_may_be_wide() {
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
    fn a_key_equal_to_a_prefix_is_part_of_its_group() {
        let keys = ["dir/", "dir/a"];
        assert_eq!(list(&keys, &query("", "/", "", 9)), " | dir/ | ");
        assert_eq!(list(&keys, &query("dir/", "/", "", 9)), "dir/ dir/a |  | ");
    }

    #[test]
    fn pages_together_are_the_whole_list() {
        let keys = [
            "a", "b/1", "b/2", "b/c/3", "b", "c/1", "d", "e/1", "e/2", "f",
        ];
        let objects = objects(&keys);
        for delimiter in ["", "/"] {
            let whole = page(&objects, &query("", delimiter, "", 100));
            for limit in 1..=keys.len() {
                let (mut found, mut groups, mut marker) = (Vec::new(), Vec::new(), String::new());
                loop {
                    let page = page(&objects, &query("", delimiter, &marker, limit));
                    assert!(page.objects.len() + page.common_prefixes.len() <= limit);
                    found.extend(page.objects);
                    groups.extend(page.common_prefixes);
                    match page.next_marker {
                        Some(next) => marker = next,
                        None => break,
                    }
                }
                assert_eq!(found, whole.objects, "limit {limit}");
                assert_eq!(groups, whole.common_prefixes, "limit {limit}");
            }
        }
    }
}
