//! Mistakes of clients, as changes of the string to sign.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::SystemTime;

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
    /// Two common mistakes in one part. Never tried in pairs.
    Double,
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

/// Completes "the signature matches if". Most descriptions are never used, so those of many similar
/// mistakes are only written if they are needed.
#[derive(Clone, Debug)]
pub(super) enum Description {
    /// Empty for a variant that the emulator accepts.
    Text(Cow<'static, str>),
    /// A text, followed by a time.
    Time(&'static str, SystemTime),
    /// The difference of a time zone from GMT, in seconds.
    LocalTime(i64),
}

impl Description {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Description {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Description {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Time(text, time) => {
                write!(formatter, "{text} `{}`", httpdate::fmt_http_date(*time))
            }
            Self::LocalTime(offset) => {
                let sign = if *offset < 0 { '-' } else { '+' };
                let minutes = offset.abs() / 60;
                write!(
                    formatter,
                    "the date is local time (UTC{sign}{:02}:{:02}) instead of GMT",
                    minutes / 60,
                    minutes % 60
                )
            }
        }
    }
}

/// A typical mistake.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) description: Description,
    pub(super) change: Change,
    pub(super) likelihood: Likelihood,
    /// Bit set of what the mistake changes.
    pub(super) changed: u16,
    /// Index of the first piece of the string that the mistake changes.
    pub(super) first_piece: usize,
    /// Number of earlier mistakes.
    pub(super) number: usize,
    /// Number of earlier mistakes with this likelihood that change the same parts.
    rank: usize,
}

impl Change {
    /// Returns a bit set of what the mistake changes.
    fn bits(&self) -> u16 {
        match self {
            Self::Parts(parts) => parts
                .iter()
                .fold(0, |set, (part, _)| set | 1 << *part as u16),
            Self::Layout(Layout::BeforeResource(_)) => 1 << 11,
            Self::Layout(Layout::Suffix(_)) => 1 << 12,
            Self::Layout(_) => 1 << 13 | 1 << 11 | 1 << 12,
            Self::Algorithm(_) => 1 << 14,
            Self::Secret(_) => 1 << 15,
        }
    }

    /// Returns the index of the first piece that the mistake changes.
    fn first_piece(&self) -> usize {
        match self {
            Self::Parts(parts) => {
                let pieces = parts.iter().map(|(part, _)| part.piece());
                pieces.min().unwrap_or(0)
            }
            Self::Layout(layout) => layout.piece().map_or(0, |(index, _)| index),
            Self::Algorithm(_) | Self::Secret(_) => 0,
        }
    }
}

/// Mistakes that change the string to sign of one request.
#[derive(Debug)]
pub(super) struct Mistakes<'a> {
    right: &'a StringParts,
    list: Vec<Mistake>,
}

impl<'a> Mistakes<'a> {
    pub(super) fn new(right: &'a StringParts) -> Self {
        Self {
            right,
            list: Vec::new(),
        }
    }

    /// Returns a part of the right string.
    pub(super) fn right(&self, part: Part) -> &'a [u8] {
        self.right.get(part as usize).map_or(b"", Vec::as_slice)
    }

    /// Adds a mistake, unless it does not change anything.
    pub(super) fn add(
        &mut self,
        likelihood: Likelihood,
        change: Change,
        description: impl Into<Description>,
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
        self.list.push(Mistake {
            description: description.into(),
            changed: change.bits(),
            first_piece: change.first_piece(),
            change,
            likelihood,
            number: 0,
            rank: 0,
        });
    }

    /// Adds a mistake that replaces one part.
    pub(super) fn part(
        &mut self,
        likelihood: Likelihood,
        part: Part,
        bytes: impl Into<Vec<u8>>,
        description: impl Into<Description>,
    ) {
        let change = Change::Parts(vec![(part, bytes.into())]);
        self.add(likelihood, change, description);
    }

    /// Returns the mistakes in the order of the search: by likelihood, and then in turn from each
    /// kind of mistake. If several have the same effect, only the first one remains.
    pub(super) fn into_sorted(self) -> Vec<Mistake> {
        let mut list = self.list;
        list.sort_by_key(|mistake| mistake.likelihood);
        let mut changes = HashSet::new();
        let is_new = list
            .iter()
            .map(|mistake| changes.insert(&mistake.change))
            .collect::<Vec<_>>();
        let mut is_new = is_new.into_iter();
        list.retain(|_| is_new.next().unwrap_or_default());
        let mut counts = HashMap::new();
        for mistake in &mut list {
            let key = (mistake.likelihood, mistake.changed);
            let count = counts.entry(key).or_insert(0);
            mistake.rank = *count;
            *count += 1;
        }
        list.sort_by_key(|mistake| (mistake.likelihood, mistake.rank));
        for (number, mistake) in list.iter_mut().enumerate() {
            mistake.number = number;
        }
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
