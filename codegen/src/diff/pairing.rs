//! Pairs the items of the old and the new model.

use std::collections::HashMap;
use std::hash::Hash;

/// Result of pairing two lists.
pub(super) struct Pairs<'a, T> {
    /// Paired items, in the order of the new list.
    pub(super) both: Vec<(&'a T, &'a T)>,
    /// Items that are only in the old list.
    pub(super) removed: Vec<&'a T>,
    /// Items that are only in the new list.
    pub(super) added: Vec<&'a T>,
}

/// Pairs two lists in several passes. Each pass considers the items that are not paired yet.
pub(super) struct Pairing<'a, T> {
    old: Vec<&'a T>,
    new: Vec<&'a T>,
    /// For each item of `old`, the index of its partner in `new`.
    found: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl<'a, T> Pairing<'a, T> {
    pub(super) fn new(old: &[&'a T], new: &[&'a T]) -> Self {
        Self {
            found: vec![None; old.len()],
            taken: vec![false; new.len()],
            old: old.to_vec(),
            new: new.to_vec(),
        }
    }

    /// Pairs items whose key is equal and unique on both sides. An item without a key is left for
    /// the next pass.
    pub(super) fn by<K: Eq + Hash>(self, key: impl Fn(&'a T) -> Option<K>) -> Self {
        self.by_both(&key, &key)
    }

    /// Like [`Pairing::by`], with a separate key function for each side.
    pub(super) fn by_both<K: Eq + Hash>(
        mut self,
        old_key: impl Fn(&'a T) -> Option<K>,
        new_key: impl Fn(&'a T) -> Option<K>,
    ) -> Self {
        let mut known: HashMap<K, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (index, one) in self.old.iter().copied().enumerate() {
            let open = self.found.get(index).is_some_and(Option::is_none);
            if let Some(key) = old_key(one).filter(|_| open) {
                known.entry(key).or_default().0.push(index);
            }
        }
        for (index, one) in self.new.iter().copied().enumerate() {
            let open = self.taken.get(index).is_some_and(|taken| !taken);
            if let Some(key) = new_key(one).filter(|_| open) {
                known.entry(key).or_default().1.push(index);
            }
        }
        for (old, new) in known.into_values() {
            if let ([old], [new]) = (&old[..], &new[..])
                && let Some(found) = self.found.get_mut(*old)
                && let Some(taken) = self.taken.get_mut(*new)
            {
                *found = Some(*new);
                *taken = true;
            }
        }
        self
    }

    pub(super) fn pairs(self) -> Pairs<'a, T> {
        let mut partners: Vec<Option<&T>> = vec![None; self.new.len()];
        let mut removed = Vec::new();
        for (one, found) in self.old.iter().zip(&self.found) {
            match found.and_then(|index| partners.get_mut(index)) {
                Some(partner) => *partner = Some(one),
                None => removed.push(*one),
            }
        }
        let mut both = Vec::new();
        let mut added = Vec::new();
        for (one, partner) in self.new.iter().zip(partners) {
            match partner {
                Some(old) => both.push((old, *one)),
                None => added.push(*one),
            }
        }
        Pairs {
            both,
            removed,
            added,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_pairs_remaining_unique_items() {
        let old = ["a", "b", "cc", "dd", "e"];
        let new = ["b", "a", "C", "dx", "dy"];
        let old: Vec<&&str> = old.iter().collect();
        let new: Vec<&&str> = new.iter().collect();
        let pairs = Pairing::new(&old, &new)
            .by(|text| Some(text.to_string()))
            .by(|text| text.chars().next().map(|c| c.to_ascii_lowercase()))
            .pairs();
        assert_eq!(pairs.both, [(&"b", &"b"), (&"a", &"a"), (&"cc", &"C")]);
        // Two items could be the partner of `dd`, so it has none.
        assert_eq!(pairs.removed, [&"dd", &"e"]);
        assert_eq!(pairs.added, [&"dx", &"dy"]);
    }
}
