//! [`SortedMap`]: a small map that is sorted by its keys.

use std::borrow::Borrow;

use serde::{Serialize, Serializer};

/// A map in a sorted list, for at most some thousand entries: inserting and removing moves the entries
/// behind.
///
/// The compiler spends about ten times less on it than on a `BTreeMap`, for each pair of types. Five of
/// those were 5 % of the CPU time of the SDK's build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SortedMap<K, V>(Vec<(K, V)>);

impl<K, V> SortedMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the entries in the order of their keys.
    pub(crate) fn entries(&self) -> &[(K, V)] {
        &self.0
    }

    pub(crate) fn into_entries(self) -> Vec<(K, V)> {
        self.0
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let index = self.place(key).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let index = self.place(key).ok()?;
        self.0.get_mut(index).map(|(_, value)| value)
    }

    /// Sets the value of `key`, and returns the previous one.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(index) => {
                let (_, current) = self.0.get_mut(index)?;
                Some(std::mem::replace(current, value))
            }
            Err(index) => {
                self.0.insert(index, (key, value));
                None
            }
        }
    }

    /// Removes `key`, and returns its value.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let index = self.place(key).ok()?;
        Some(self.0.remove(index).1)
    }

    /// Returns the index of `key`, or the one at which it must be inserted.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0
            .binary_search_by(|(current, _)| current.borrow().cmp(key))
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Serialize, V: Serialize> Serialize for SortedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn does_what_the_standard_map_does(
            steps: Vec<(bool, u8, u16)>,
            asked: u8,
        ) {
            let (mut map, mut expected) = (SortedMap::new(), BTreeMap::new());
            for (is_insertion, key, value) in steps {
                let key = key % 16;
                if is_insertion {
                    prop_assert_eq!(map.insert(key, value), expected.insert(key, value));
                } else {
                    prop_assert_eq!(map.remove(&key), expected.remove(&key));
                }
                let asked = asked % 16;
                prop_assert_eq!(map.get(&asked), expected.get(&asked));
                prop_assert_eq!(map.get_mut(&asked), expected.get_mut(&asked));
                prop_assert_eq!(map.len(), expected.len());
            }
            for (value, expected) in map.values_mut().zip(expected.values_mut()) {
                *value = value.wrapping_add(1);
                *expected = expected.wrapping_add(1);
            }
            let json = serde_json::to_string(&map).unwrap();
            prop_assert_eq!(json, serde_json::to_string(&expected).unwrap());
            let expected: Vec<_> = expected.into_iter().collect();
            prop_assert_eq!(map.into_entries(), expected);
        }
    }

    #[test]
    fn a_key_is_found_by_its_borrowed_form() {
        let mut map = SortedMap::new();
        for key in ["b", "a", "c"] {
            map.insert(key.to_owned(), key);
        }
        assert_eq!(map.get("a"), Some(&"a"));
        assert_eq!(map.get("d"), None);
        assert_eq!(map.get_mut("c"), Some(&mut "c"));
        assert_eq!(map.remove("b"), Some("b"));
        assert_eq!(map.len(), 2);
    }
}
