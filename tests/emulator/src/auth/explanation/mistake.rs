//! Mistakes of clients, as changes of the string to sign.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::auth::explanation::digest::Algorithm;
use crate::auth::explanation::layout::Layout;
use crate::auth::signature::{Part, StringParts};

/// How early the search tries a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Likelihood {
    /// Tried first, and in pairs with all other common mistakes.
    Common,
    /// Tried in pairs with common mistakes.
    Rare,
    /// Never tried in pairs.
    Alone,
}

/// The part that a mistake changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Change {
    Parts(Vec<(Part, Vec<u8>)>),
    Layout(Layout),
    Algorithm(Algorithm),
    /// Index of another secret.
    Secret(usize),
}

/// A typical mistake.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    /// Completes "the signature matches if". Empty for a variant that the emulator accepts.
    pub(super) description: Cow<'static, str>,
    pub(super) change: Change,
    pub(super) likelihood: Likelihood,
    /// Number of earlier mistakes with this likelihood that change the same parts.
    rank: usize,
}

impl Mistake {
    /// Returns a bit set of what the mistake changes.
    pub(super) fn changed(&self) -> u16 {
        match &self.change {
            Change::Parts(parts) => parts
                .iter()
                .fold(0, |set, (part, _)| set | 1 << *part as u16),
            Change::Layout(_) => 1 << 13,
            Change::Algorithm(_) => 1 << 14,
            Change::Secret(_) => 1 << 15,
        }
    }
}

/// Mistakes that change the string to sign of one request.
#[derive(Debug)]
pub(super) struct Mistakes<'a> {
    right: &'a StringParts,
    list: Vec<Mistake>,
    changes: HashSet<Change>,
}

impl<'a> Mistakes<'a> {
    pub(super) fn new(right: &'a StringParts) -> Self {
        Self {
            right,
            list: Vec::new(),
            changes: HashSet::new(),
        }
    }

    /// Returns a part of the right string.
    pub(super) fn right(&self, part: Part) -> &'a [u8] {
        self.right.get(part as usize).map_or(b"", Vec::as_slice)
    }

    /// Adds a mistake, unless it does not change anything or is already present.
    pub(super) fn add(
        &mut self,
        likelihood: Likelihood,
        change: Change,
        description: impl Into<Cow<'static, str>>,
    ) {
        let change = match change {
            Change::Parts(mut parts) => {
                parts.retain(|(part, bytes)| self.right(*part) != bytes);
                if parts.is_empty() {
                    return;
                }
                Change::Parts(parts)
            }
            other => other,
        };
        if self.changes.insert(change.clone()) {
            self.list.push(Mistake {
                description: description.into(),
                change,
                likelihood,
                rank: 0,
            });
        }
    }

    /// Adds a mistake that replaces one part.
    pub(super) fn part(
        &mut self,
        likelihood: Likelihood,
        part: Part,
        bytes: impl Into<Vec<u8>>,
        description: impl Into<Cow<'static, str>>,
    ) {
        let change = Change::Parts(vec![(part, bytes.into())]);
        self.add(likelihood, change, description);
    }

    /// Returns the mistakes in the order of the search: by likelihood, and then in turn from each
    /// kind of mistake.
    pub(super) fn into_sorted(self) -> Vec<Mistake> {
        let mut counts = HashMap::new();
        let mut list = self.list;
        for mistake in &mut list {
            let key = (mistake.likelihood, mistake.changed());
            let count = counts.entry(key).or_insert(0);
            mistake.rank = *count;
            *count += 1;
        }
        list.sort_by_key(|mistake| (mistake.likelihood, mistake.rank));
        list
    }
}

/// Returns the text with a line feed.
pub(super) fn line(text: impl AsRef<[u8]>) -> Vec<u8> {
    [text.as_ref(), b"\n"].concat()
}

/// Quotes a name of the request for a description. Long names are cut.
pub(super) fn quote(name: &str) -> String {
    const MAX_LENGTH: usize = 60;
    let mut short = name.chars().take(MAX_LENGTH).collect::<String>();
    if short.len() < name.len() {
        short.push_str("...");
    }
    format!("`{}`", short.escape_debug())
}
