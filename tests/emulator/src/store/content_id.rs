//! Names of contents.

use std::ffi::OsStr;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The bits of an identity that count the runs.
pub(super) const MAX_RUN: u64 = (1 << 24) - 1;

/// The name of a content. No key ever reaches the file system.
///
/// The upper half is the identity of the database whose records name the content, and of the run of
/// the emulator, so that contents of another database, or of later records, can be told from
/// leftovers. The lower half is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct ContentId(pub(super) u128);

impl ContentId {
    pub(super) fn random(identity: u64) -> Self {
        Self(u128::from(identity) << 64 | u128::from(fastrand::u64(..)))
    }

    /// Whether the content was written for the database of this identity, in any run.
    pub(super) fn is_of(self, identity: u64) -> bool {
        (self.0 >> 64) & !u128::from(MAX_RUN) == u128::from(identity & !MAX_RUN)
    }

    /// Whether the content was written for the database of this identity, but in a later run.
    pub(super) fn is_newer_than(self, identity: u64) -> bool {
        self.is_of(identity) && self.0 >> 64 > u128::from(identity)
    }

    /// Reads the name of a file; `None` if it is not the name of a content.
    pub(super) fn from_file_name(name: &OsStr) -> Option<Self> {
        let name = name.to_str()?;
        let id = Self::try_from(name.to_owned()).ok()?;
        // Each content has exactly one name.
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<ContentId> for String {
    fn from(id: ContentId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ContentId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}
